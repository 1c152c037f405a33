/* name_map.c: open addressing with linear probing. */
#include "base/name_map.h"

#include <string.h>

static size_t slot_of(const name_map *map, const char *name) {
  size_t i = name_hash(name) & (map->capacity - 1);
  while (map->names[i] && strcmp(map->names[i], name) != 0) i = (i + 1) & (map->capacity - 1);
  return i;
}

void *name_map_get(const name_map *map, const char *name) {
  return map->capacity ? map->values[slot_of(map, name)] : NULL;
}

void name_map_set(arena *a, name_map *map, const char *name, void *value) {
  if (map->count * 2 >= map->capacity) {
    name_map larger = {.count = map->count, .capacity = map->capacity ? map->capacity * 2 : 64};
    larger.names = ARENA_ARRAY(a, const char *, larger.capacity);
    larger.values = ARENA_ARRAY(a, void *, larger.capacity);
    for (size_t i = 0; i < map->capacity; i++) {
      if (!map->names[i]) continue;
      size_t to = slot_of(&larger, map->names[i]);
      larger.names[to] = map->names[i];
      larger.values[to] = map->values[i];
    }
    *map = larger;
  }
  size_t i = slot_of(map, name);
  map->count += map->names[i] == NULL;
  map->names[i] = name;
  map->values[i] = value;
}
