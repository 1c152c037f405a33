/* sha256.h: SHA-256 (FIPS 180-4). */
#ifndef SMELT_SHA256_H
#define SMELT_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_TEXT_BYTES = 65 };

typedef struct {
  uint32_t state[8];
  uint64_t count;    /* bytes so far */
  uint8_t block[64]; /* count % 64 of them that are no whole block yet */
} sha256;

void sha256_begin(sha256 *hash);
void sha256_add(sha256 *hash, const void *bytes, size_t count);
/* 64 hexadecimal digits and a NUL. The hash is then used up. */
void sha256_end(sha256 *hash, char text[SHA256_TEXT_BYTES]);

#endif
