/* stdlib.h: memory, sorting, and the environment. */
#ifndef RT_MACOS_STDLIB_H
#define RT_MACOS_STDLIB_H

#include <stddef.h>

void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void *realloc(void *memory, size_t bytes);
void *aligned_alloc(size_t alignment, size_t bytes);
void free(void *memory);
void qsort(void *items, size_t count, size_t bytes, int (*compare)(const void *, const void *));
char *getenv(const char *name);

#endif
