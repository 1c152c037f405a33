/* bytes.c: bytes and texts, as string.h has them. Compilers call the first four by themselves. */
#include <stdint.h>
#include <string.h>

#undef memcpy
#undef memmove
#undef memset
#define WEAK __attribute__((weak))

typedef uintptr_t __attribute__((may_alias)) word;

/* By words where both are aligned to them: weights are in rows of bytes, copies of tensors are not small. */
WEAK void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if (((uintptr_t)t | (uintptr_t)f) % sizeof(word) == 0)
    for (; bytes >= sizeof(word); bytes -= sizeof(word), t += sizeof(word), f += sizeof(word))
      *(word *)t = *(const word *)f;
  while (bytes--) *t++ = *f++;
  return to;
}

WEAK void *memmove(void *to, const void *from, size_t bytes) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if ((uintptr_t)t - (uintptr_t)f >= bytes) return memcpy(to, from, bytes);
  while (bytes--) t[bytes] = f[bytes];
  return to;
}

WEAK void *memset(void *to, int value, size_t bytes) {
  uint8_t *t = to;
  word pattern = (uint8_t)value * (UINTPTR_MAX / 0xff);
  for (; bytes && (uintptr_t)t % sizeof(word); bytes--) *t++ = (uint8_t)value;
  for (; bytes >= sizeof(word); bytes -= sizeof(word), t += sizeof(word)) *(word *)t = pattern;
  while (bytes--) *t++ = (uint8_t)value;
  return to;
}

WEAK int memcmp(const void *a, const void *b, size_t bytes) {
  const uint8_t *p = a, *q = b;
  for (; bytes; bytes--, p++, q++)
    if (*p != *q) return *p - *q;
  return 0;
}

void *memchr(const void *text, int byte, size_t bytes) {
  for (const uint8_t *t = text; bytes; bytes--, t++)
    if (*t == (uint8_t)byte) return (void *)(uintptr_t)t;
  return NULL;
}

size_t strlen(const char *text) {
  const char *end = text;
  while (*end) end++;
  return (size_t)(end - text);
}

int strcmp(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (uint8_t)*a - (uint8_t)*b;
}

char *strchr(const char *text, int byte) {
  return memchr(text, byte, strlen(text) + 1);
}

char *strcpy(char *restrict to, const char *restrict from) {
  return memcpy(to, from, strlen(from) + 1);
}
