/* name_map.h: a map keyed by text: the values of a graph, the symbols of an object. */
#ifndef SMELT_BASE_NAME_MAP_H
#define SMELT_BASE_NAME_MAP_H

#include "base/base.h"

/* NULL is not a value. Zero-initialise; names are not copied. */
typedef struct {
  const char **names;
  void **values;
  size_t count, capacity; /* capacity is 0 or a power of two */
} name_map;

void *name_map_get(const name_map *map, const char *name); /* NULL: not there */
void name_map_set(arena *a, name_map *map, const char *name, void *value);

#endif
