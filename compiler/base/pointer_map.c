/* pointer_map.c: open addressing with linear probing, at most half full. */
#include "base.h"

static size_t slot_of(const pointer_map *map, const void *key) {
  size_t i = ((uintptr_t)key >> 4) * (size_t)0x9E3779B97F4A7C15u >> 20;
  for (i &= map->capacity - 1; map->keys[i] && map->keys[i] != key;) i = (i + 1) & (map->capacity - 1);
  return i;
}

void *pointer_map_get(const pointer_map *map, const void *key) {
  return map->capacity ? map->values[slot_of(map, key)] : NULL;
}

static void grow(arena *a, pointer_map *map) {
  pointer_map larger = {.capacity = map->capacity ? map->capacity * 2 : 64};
  larger.keys = ARENA_ARRAY(a, const void *, larger.capacity);
  larger.values = ARENA_ARRAY(a, void *, larger.capacity);
  for (size_t i = 0; i < map->capacity; i++) {
    if (map->keys[i]) pointer_map_set(a, &larger, map->keys[i], map->values[i]);
  }
  *map = larger;
}

void pointer_map_set(arena *a, pointer_map *map, const void *key, void *value) {
  if (map->count * 2 >= map->capacity) grow(a, map);
  size_t i = slot_of(map, key);
  if (!map->keys[i]) map->count++;
  map->keys[i] = key;
  map->values[i] = value;
}
