/* sha256.c: SHA-256 (FIPS 180-4), by the processor's own instructions where it has them: models are large. */
#include "base/sha256.h"

#include <stdbool.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

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
      __m128i sum = _mm_add_epi32(*now, _mm_loadu_si128((const __m128i_u *)(smelt_sha256_rounds + 4 * i)));
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
  for (; count > 0; count--, bytes += SMELT_SHA256_BLOCK) smelt_sha256_block(state, bytes);
}

/* ---- any number of bytes ---- */

void sha256_begin(sha256 *hash) {
  *hash = (sha256)SMELT_SHA256;
}

void sha256_add(sha256 *hash, const void *bytes, size_t count) {
  size_t held = hash->bytes % SMELT_SHA256_BLOCK;
  size_t first = held ? SMELT_SHA256_BLOCK - held : 0; /* to the end of the block that is begun */
  if (count <= first + SMELT_SHA256_BLOCK) {
    smelt_sha256_add(hash, bytes, count);
    return;
  }
  const uint8_t *at = (const uint8_t *)bytes + first;
  size_t whole = (count - first) / SMELT_SHA256_BLOCK;
  smelt_sha256_add(hash, bytes, first);
  add_blocks(hash->state, at, whole);
  hash->bytes += whole * SMELT_SHA256_BLOCK;
  smelt_sha256_add(hash, at + whole * SMELT_SHA256_BLOCK, (count - first) % SMELT_SHA256_BLOCK);
}

void sha256_end(sha256 *hash, char text[SHA256_TEXT_BYTES]) {
  static const char digits[] = "0123456789abcdef";
  uint8_t digest[SMELT_SHA256_BYTES];
  smelt_sha256_end(hash, digest);
  for (int i = 0; i < 2 * SMELT_SHA256_BYTES; i++) text[i] = digits[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
  text[2 * SMELT_SHA256_BYTES] = '\0';
}

static void take_part(void *hash, const void *bytes, size_t count) {
  sha256_add(hash, bytes, count);
}

status sha256_file(arena *a, const char *path, char text[SHA256_TEXT_BYTES]) {
  sha256 hash;
  sha256_begin(&hash);
  TRY(file_pass(a, path, take_part, &hash));
  sha256_end(&hash, text);
  return OK;
}
