/* stdlib.h: memory, as heap.c serves it from what smelt_give_memory was given; sorting. */
#ifndef RT_BARE_STDLIB_H
#define RT_BARE_STDLIB_H

#include <stddef.h>

void *malloc(size_t bytes) __asm__("rt_malloc");
void *calloc(size_t count, size_t bytes) __asm__("rt_calloc");
void *realloc(void *memory, size_t bytes) __asm__("rt_realloc");
void *aligned_alloc(size_t alignment, size_t bytes) __asm__("rt_aligned_alloc");
void free(void *memory) __asm__("rt_free");

void qsort(void *items, size_t count, size_t bytes,
           int (*compare)(const void *, const void *)) __asm__("rt_qsort");

/* There is no environment. */
static inline char *getenv(const char *name) {
  (void)name;
  return NULL;
}

#endif
