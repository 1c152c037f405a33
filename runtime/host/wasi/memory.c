/*
 * memory.c: a module's memory only grows. New pages are zeros that the engine takes when they are touched; a
 * map that is no longer used is kept for the next one that fits, and zeroed then.
 */
#include "host/host.h"

#include <string.h>

enum { PAGE_BYTES = 1 << 16 };

typedef struct unused_map {
  struct unused_map *next;
  size_t pages;
} unused_map;

static unused_map *unused; /* first */

static size_t pages_for(uint64_t bytes) {
  return bytes ? (size_t)((bytes - 1) / PAGE_BYTES + 1) : 1;
}

static uint8_t *take_unused(size_t pages) {
  for (unused_map **at = &unused; *at; at = &(*at)->next) {
    unused_map *found = *at;
    if (found->pages != pages) continue;
    *at = found->next;
    return memset(found, 0, pages * PAGE_BYTES);
  }
  return NULL;
}

uint8_t *rt_host_map(uint64_t bytes) {
  if (bytes > SIZE_MAX - PAGE_BYTES) return NULL;
  size_t pages = pages_for(bytes);
  uint8_t *memory = take_unused(pages);
  if (memory) return memory;
  size_t before = __builtin_wasm_memory_grow(0, pages);
  return before == SIZE_MAX ? NULL : (uint8_t *)(before * PAGE_BYTES);
}

void rt_host_unmap(uint8_t *memory, uint64_t bytes) {
  if (!memory) return;
  unused_map *map = (unused_map *)(void *)memory;
  *map = (unused_map){.next = unused, .pages = pages_for(bytes)};
  unused = map;
}

void rt_host_give_back(uint8_t *memory, uint64_t bytes) {
  (void)memory, (void)bytes;
}

void rt_host_prefer_huge_pages(const uint8_t *memory, uint64_t bytes) {
  (void)memory, (void)bytes;
}

/* Its memory is at its largest now. */
int64_t rt_host_peak_memory(void) {
  return (int64_t)__builtin_wasm_memory_size(0) * PAGE_BYTES;
}
