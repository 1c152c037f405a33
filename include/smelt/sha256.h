/*
 * sha256.h: SHA-256, by which a program knows its weights: plain and small. The compiler, whose files are
 * large, adds blocks by the processor's own instructions where it has them (compiler/base/sha256.c). [FIPS
 * 180-4]
 *
 *     smelt_sha256 hash = SMELT_SHA256;
 *     smelt_sha256_add(&hash, bytes, count);            // as often as there are parts
 *     smelt_sha256_end(&hash, digest);
 */
#ifndef SMELT_SHA256_H
#define SMELT_SHA256_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SMELT_SHA256_BYTES = 32, SMELT_SHA256_BLOCK = 64 };

typedef struct {
  uint32_t state[8];
  uint64_t bytes; /* so far */
  uint8_t block[SMELT_SHA256_BLOCK];
} smelt_sha256;

#define SMELT_SHA256                                                                                         \
  {{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}, 0, {0}}

/* The fractions of the cube roots of the first 64 primes. */
static const uint32_t smelt_sha256_rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t smelt_sha256_turn(uint32_t x, int bits) {
  return x >> bits | x << (32 - bits);
}

static inline void smelt_sha256_block(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
           block[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (smelt_sha256_turn(a, 7) ^ smelt_sha256_turn(a, 18) ^ a >> 3) +
           (smelt_sha256_turn(b, 17) ^ smelt_sha256_turn(b, 19) ^ b >> 10);
  }
  memcpy(v, state, sizeof v);
  for (int i = 0; i < 64; i++) {
    uint32_t e = v[4], a = v[0];
    uint32_t t = v[7] + smelt_sha256_rounds[i] + w[i] + ((e & v[5]) ^ (~e & v[6])) +
                 (smelt_sha256_turn(e, 6) ^ smelt_sha256_turn(e, 11) ^ smelt_sha256_turn(e, 25));
    uint32_t u = ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2])) +
                 (smelt_sha256_turn(a, 2) ^ smelt_sha256_turn(a, 13) ^ smelt_sha256_turn(a, 22));
    memmove(v + 1, v, 7 * sizeof v[0]);
    v[4] += t;
    v[0] = t + u;
  }
  for (int i = 0; i < 8; i++) state[i] += v[i];
}

static inline void smelt_sha256_add(smelt_sha256 *hash, const void *bytes, size_t count) {
  const uint8_t *at = bytes;
  size_t held = hash->bytes % SMELT_SHA256_BLOCK;
  hash->bytes += count;
  while (count) {
    size_t part = SMELT_SHA256_BLOCK - held < count ? SMELT_SHA256_BLOCK - held : count;
    if (part == SMELT_SHA256_BLOCK) {
      smelt_sha256_block(hash->state, at);
    } else {
      memcpy(hash->block + held, at, part);
      if (held + part == SMELT_SHA256_BLOCK) smelt_sha256_block(hash->state, hash->block);
    }
    held = 0;
    at += part;
    count -= part;
  }
}

static inline void smelt_sha256_end(smelt_sha256 *hash, uint8_t digest[SMELT_SHA256_BYTES]) {
  static const uint8_t padding[SMELT_SHA256_BLOCK] = {0x80};
  uint64_t bits = hash->bytes * 8;
  size_t held = hash->bytes % SMELT_SHA256_BLOCK, room = SMELT_SHA256_BLOCK - 8;
  smelt_sha256_add(hash, padding, held < room ? room - held : room + SMELT_SHA256_BLOCK - held);
  uint8_t length[8];
  for (int i = 0; i < 8; i++) length[i] = (uint8_t)(bits >> (56 - 8 * i));
  smelt_sha256_add(hash, length, sizeof length);
  for (int i = 0; i < SMELT_SHA256_BYTES; i++)
    digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

#endif
