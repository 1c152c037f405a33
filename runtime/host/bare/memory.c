/* memory.c: a model's large memory, from the same heap as the rest. */
#include "host/host.h"

#include <stdlib.h>
#include <string.h>

uint8_t *rt_host_map(uint64_t bytes) {
  enum { ALIGNMENT = 64 };
  if (bytes > SIZE_MAX / 2) return NULL;
  uint8_t *memory = aligned_alloc(ALIGNMENT, (size_t)bytes);
  return memory ? memset(memory, 0, (size_t)bytes) : NULL;
}

void rt_host_unmap(uint8_t *memory, uint64_t bytes) {
  (void)bytes;
  free(memory);
}

void rt_host_give_back(uint8_t *memory, uint64_t bytes) {
  (void)memory, (void)bytes;
}

void rt_host_prefer_huge_pages(const uint8_t *memory, uint64_t bytes) {
  (void)memory, (void)bytes;
}
