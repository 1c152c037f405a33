/* names.c: open addressing with linear probing. */
#include "onnx/names.h"

#include <string.h>

/* The slot that holds `name`, or the empty one where it belongs. slot_count is a power of two. */
static onnx_name **find_slot(onnx_name **slots, size_t slot_count, const char *name) {
  size_t mask = slot_count - 1;
  size_t at = name_hash(name) & mask;
  while (slots[at] && strcmp(slots[at]->name, name) != 0) at = (at + 1) & mask;
  return &slots[at];
}

onnx_name *onnx_names_find(const onnx_names *names, const char *name) {
  return names->slot_count ? *find_slot(names->slots, names->slot_count, name) : NULL;
}

static void grow(arena *a, onnx_names *names) {
  size_t slot_count = names->slot_count ? names->slot_count * 2 : 64;
  onnx_name **slots = ARENA_ARRAY(a, onnx_name *, slot_count);
  for (size_t i = 0; i < names->slot_count; i++) {
    if (names->slots[i]) *find_slot(slots, slot_count, names->slots[i]->name) = names->slots[i];
  }
  names->slots = slots;
  names->slot_count = slot_count;
}

onnx_name *onnx_names_add(arena *a, onnx_names *names, const char *name, bool *was_there) {
  if (2 * (names->count + 1) > names->slot_count) grow(a, names);
  onnx_name **slot = find_slot(names->slots, names->slot_count, name);
  if (was_there) *was_there = *slot != NULL;
  if (!*slot) {
    *slot = ARENA_NEW(a, onnx_name);
    (*slot)->name = name;
    names->count++;
  }
  return *slot;
}
