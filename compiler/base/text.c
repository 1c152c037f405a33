/* text.c: bytes that grow by appending; hashes of names. */
#include "base.h"

#include <stdlib.h>
#include <string.h>

static void text_reserve(text *t, size_t more) {
  if (t->capacity - t->count > more) return;
  size_t capacity = t->capacity ? t->capacity : 256;
  while (capacity - t->count <= more) capacity *= 2;
  char *bytes = realloc(t->bytes, capacity);
  if (!bytes) {
    fprintf(stderr, "error: out of memory: %zu bytes could not be allocated\n", capacity);
    exit(STATUS_DEFECT);
  }
  t->bytes = bytes;
  t->capacity = capacity;
}

void text_append(text *t, const void *bytes, size_t count) {
  text_reserve(t, count);
  if (count) memcpy(t->bytes + t->count, bytes, count);
  t->count += count;
  t->bytes[t->count] = 0;
}

void text_print(text *t, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length > 0) {
    text_reserve(t, (size_t)length);
    vsnprintf(t->bytes + t->count, (size_t)length + 1, format, args);
    t->count += (size_t)length;
  }
  va_end(args);
}

void text_free(text *t) {
  free(t->bytes);
  *t = (text){0};
}

/* FNV-1a (Fowler, Noll, Vo); its upper half joins the lower, which tables use. */
uint64_t name_hash(const char *name) {
  uint64_t hash = 14695981039346656037u;
  for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 1099511628211u;
  return hash ^ hash >> 32;
}
