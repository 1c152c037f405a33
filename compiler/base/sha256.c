/* sha256.c: SHA-256 (FIPS 180-4), by the processor's own instructions where it has them: models are large. */
#include "base/sha256.h"

#include <stdbool.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* The fractions of the square roots of the first 8 primes, and of the cube roots of the first 64. */
static const uint32_t first_state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* ---- blocks of 64 bytes ---- */

static uint32_t turned(uint32_t x, int bits) {
  return x >> bits | x << (32 - bits);
}

static void add_blocks_plainly(uint32_t state[8], const uint8_t *bytes, size_t count) {
  for (; count > 0; count--, bytes += 64) {
    uint32_t w[64], s[8];
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 16; i++) {
      uint32_t word;
      memcpy(&word, bytes + 4 * i, sizeof word);
      w[i] = __builtin_bswap32(word);
    }
    for (int i = 16; i < 64; i++) {
      uint32_t a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + (turned(a, 7) ^ turned(a, 18) ^ a >> 3) + w[i - 7] +
             (turned(b, 17) ^ turned(b, 19) ^ b >> 10);
    }
    for (int i = 0; i < 64; i++) {
      uint32_t a = s[0], e = s[4];
      uint32_t t = s[7] + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & s[5]) ^ (~e & s[6])) +
                   constants[i] + w[i];
      uint32_t u = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
      memmove(s + 1, s, 7 * sizeof *s);
      s[4] += t;
      s[0] = t + u;
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
  }
}

#ifdef __x86_64__
/* The instructions keep the state as two vectors, from the highest lane A B E F and C D G H. */
__attribute__((target("sha,sse4.1"))) static void add_blocks_fast(uint32_t state[8], const uint8_t *bytes,
                                                                  size_t count) {
  const __m128i order = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  __m128i abef = _mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]);
  __m128i cdgh = _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7]);
  for (; count > 0; count--, bytes += 64) {
    __m128i w[4], old_abef = abef, old_cdgh = cdgh;
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) { /* four rounds each */
      __m128i *now = &w[i % 4], one = w[(i + 1) % 4], two = w[(i + 2) % 4], three = w[(i + 3) % 4];
      *now = i < 4
                 ? _mm_shuffle_epi8(_mm_loadu_si128((const __m128i_u *)(bytes + 16 * i)), order)
                 : _mm_sha256msg2_epu32(
                       _mm_add_epi32(_mm_sha256msg1_epu32(*now, one), _mm_alignr_epi8(three, two, 4)), three);
      __m128i sum = _mm_add_epi32(*now, _mm_loadu_si128((const __m128i_u *)(constants + 4 * i)));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
    }
    abef = _mm_add_epi32(abef, old_abef);
    cdgh = _mm_add_epi32(cdgh, old_cdgh);
  }
  uint32_t lanes[8];
  _mm_storeu_si128((__m128i_u *)lanes, abef);
  _mm_storeu_si128((__m128i_u *)(lanes + 4), cdgh);
  const uint32_t in_order[8] = {lanes[3], lanes[2], lanes[7], lanes[6],
                                lanes[1], lanes[0], lanes[5], lanes[4]};
  memcpy(state, in_order, sizeof in_order);
}

static bool is_fast(void) {
  unsigned a, b, c, d;
  __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0), "c"(0));
  if (a < 7 || !__builtin_cpu_supports("sse4.1")) return false;
  __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
  return b >> 29 & 1;
}
#endif

static void add_blocks(uint32_t state[8], const uint8_t *bytes, size_t count) {
#ifdef __x86_64__
  if (is_fast()) {
    add_blocks_fast(state, bytes, count);
    return;
  }
#endif
  add_blocks_plainly(state, bytes, count);
}

/* ---- any number of bytes ---- */

void sha256_begin(sha256 *hash) {
  *hash = (sha256){0};
  memcpy(hash->state, first_state, sizeof first_state);
}

void sha256_add(sha256 *hash, const void *bytes, size_t count) {
  const uint8_t *at = bytes;
  size_t held = hash->count % 64;
  hash->count += count;
  if (held) {
    size_t more = count < 64 - held ? count : 64 - held;
    memcpy(hash->block + held, at, more);
    if (held + more < 64) return;
    add_blocks(hash->state, hash->block, 1);
    at += more;
    count -= more;
  }
  if (count >= 64) add_blocks(hash->state, at, count / 64);
  if (count % 64) memcpy(hash->block, at + count / 64 * 64, count % 64);
}

void sha256_end(sha256 *hash, char text[SHA256_TEXT_BYTES]) {
  static const char digits[] = "0123456789abcdef";
  uint64_t bits = __builtin_bswap64(hash->count * 8);
  uint8_t padding[64] = {0x80};
  sha256_add(hash, padding, 1 + (119 - hash->count % 64) % 64);
  sha256_add(hash, &bits, sizeof bits);
  for (int i = 0; i < 64; i++) text[i] = digits[hash->state[i / 8] >> (28 - i % 8 * 4) & 15];
  text[64] = '\0';
}
