/* arena.c: a chain of blocks, each at least as large as what was asked for. */
#include "base.h"

#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer the rest of a block, and a gap behind each piece, may not be touched. */
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
enum { ARENA_GAP_BYTES = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(start, bytes)   ((void)(start), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(start, bytes) ((void)(start), (void)(bytes))
enum { ARENA_GAP_BYTES = 0 };
#endif

struct arena_block {
  struct arena_block *previous;
  size_t capacity_bytes;
  _Alignas(16) char bytes[];
};

enum { ARENA_BLOCK_BYTES = 256 * 1024, ARENA_ALIGN = 16 };

static _Noreturn void out_of_memory(size_t bytes) {
  fprintf(stderr, "error: out of memory: %zu bytes could not be allocated\n", bytes);
  exit(STATUS_DEFECT);
}

void *arena_alloc(arena *a, size_t bytes) {
  size_t wanted = bytes;
  if (bytes > SIZE_MAX / 2) out_of_memory(bytes);
  bytes = (bytes + ARENA_GAP_BYTES + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
  if (!a->newest || a->newest->capacity_bytes - a->used_bytes < bytes) {
    size_t capacity = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
    struct arena_block *block = calloc(1, sizeof *block + capacity);
    if (!block) out_of_memory(capacity);
    block->previous = a->newest;
    block->capacity_bytes = capacity;
    ASAN_POISON_MEMORY_REGION(block->bytes, capacity);
    a->newest = block;
    a->used_bytes = 0;
  }
  void *result = a->newest->bytes + a->used_bytes;
  ASAN_UNPOISON_MEMORY_REGION(result, wanted);
  a->used_bytes += bytes;
  return result;
}

void arena_free(arena *a) {
  while (a->newest) {
    struct arena_block *previous = a->newest->previous;
    free(a->newest);
    a->newest = previous;
  }
  a->used_bytes = 0;
}

void *arena_array(arena *a, size_t count, size_t element_bytes) {
  if (element_bytes && count > SIZE_MAX / 2 / element_bytes) out_of_memory(SIZE_MAX);
  return arena_alloc(a, count * element_bytes);
}

void *arena_copy(arena *a, const void *source, size_t bytes) {
  void *copy = arena_alloc(a, bytes);
  if (bytes) memcpy(copy, source, bytes);
  return copy;
}

char *arena_text(arena *a, const char *text) {
  return text ? arena_copy(a, text, strlen(text) + 1) : NULL;
}

char *arena_vformat(arena *a, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length < 0) return arena_text(a, format);
  char *result = arena_alloc(a, (size_t)length + 1);
  vsnprintf(result, (size_t)length + 1, format, args);
  return result;
}

char *arena_format(arena *a, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *result = arena_vformat(a, format, args);
  va_end(args);
  return result;
}

void *arena_grow(arena *a, void *items, size_t count, size_t *capacity, size_t element_bytes) {
  if (count < *capacity) return items;
  size_t wanted = *capacity ? *capacity * 2 : 8;
  void *moved = arena_array(a, wanted, element_bytes);
  if (count) memcpy(moved, items, count * element_bytes);
  *capacity = wanted;
  return moved;
}
