/*
 * heap.c: malloc and its family over memory that the program has given. Blocks lie one behind the other,
 * each with its size before it; the first that is free and large enough serves, and free neighbours are
 * joined when somebody looks for room. The runtime has few blocks, so walking them is no work.
 */
#include "smelt/model.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16 };

/* Before its memory. `bytes` are those of both, a multiple of ALIGNMENT. */
typedef struct {
  _Alignas(ALIGNMENT) size_t bytes;
  size_t is_used;
} block;

/* Memory that was given: blocks from its first to its end. */
typedef struct region {
  struct region *next;
  uint8_t *first, *end;
} region;

static region *regions;

static uintptr_t round_up(uintptr_t value, size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

void smelt_give_memory(void *memory, size_t bytes) {
  uintptr_t begin = round_up((uintptr_t)memory, ALIGNMENT), end = (uintptr_t)memory + bytes;
  end -= end % ALIGNMENT;
  uintptr_t first = begin + round_up(sizeof(region), ALIGNMENT);
  if (!memory || end < first || end - first <= sizeof(block)) return;
  region *r = (region *)begin;
  *r = (region){regions, (uint8_t *)first, (uint8_t *)end};
  *(block *)r->first = (block){.bytes = end - first};
  regions = r;
}

static block *block_after(block *b) {
  return (block *)((uint8_t *)b + b->bytes);
}

static void join_with_next(const region *r, block *b) {
  for (block *next = block_after(b); (uint8_t *)next < r->end && !next->is_used; next = block_after(b))
    b->bytes += next->bytes;
}

/* The part of a free block from `bytes` on becomes a block of its own, where that leaves room for one. */
static void split(block *b, size_t bytes) {
  if (b->bytes - bytes <= sizeof(block)) return;
  block *rest = (block *)((uint8_t *)b + bytes);
  *rest = (block){.bytes = b->bytes - bytes};
  b->bytes = bytes;
}

/* Memory at a multiple of `alignment` in the free block `b`, or NULL. */
static void *take(block *b, size_t alignment, size_t bytes) {
  uintptr_t begin = (uintptr_t)b, memory = round_up(begin + sizeof(block), alignment);
  while (memory - sizeof(block) != begin && memory - sizeof(block) - begin <= sizeof(block))
    memory += alignment; /* what is left before it has to be a block */
  size_t before = memory - sizeof(block) - begin, needed = bytes + sizeof(block);
  if (before > b->bytes || b->bytes - before < needed) return NULL;
  if (before) {
    split(b, before);
    b = block_after(b);
  }
  split(b, needed);
  b->is_used = true;
  return b + 1;
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  if (bytes > SIZE_MAX / 2) return NULL;
  bytes = round_up(bytes ? bytes : 1, ALIGNMENT);
  if (alignment < ALIGNMENT) alignment = ALIGNMENT;
  for (region *r = regions; r; r = r->next) {
    for (block *b = (block *)r->first; (uint8_t *)b < r->end; b = block_after(b)) {
      if (b->is_used) continue;
      join_with_next(r, b);
      void *memory = take(b, alignment, bytes);
      if (memory) return memory;
    }
  }
  return NULL;
}

void *malloc(size_t bytes) {
  return aligned_alloc(ALIGNMENT, bytes);
}

void *calloc(size_t count, size_t bytes) {
  size_t all;
  if (__builtin_mul_overflow(count, bytes, &all)) return NULL;
  void *memory = malloc(all);
  return memory ? memset(memory, 0, all) : NULL;
}

void free(void *memory) {
  if (memory) ((block *)memory - 1)->is_used = false;
}

void *realloc(void *memory, size_t bytes) {
  size_t had = memory ? ((block *)memory - 1)->bytes - sizeof(block) : 0;
  if (memory && bytes <= had) return memory;
  void *moved = malloc(bytes);
  if (!moved) return NULL;
  if (memory) memcpy(moved, memory, had);
  free(memory);
  return moved;
}
