/* What libzstd compresses comes out as it went in; damaged frames are refused as libzstd does, or harmless.
 */
#include "weights/unzstd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <zstd.h>

enum { MOST_BYTES = 700000, ROOM = MOST_BYTES + MOST_BYTES / 4 };

static uint8_t plain[MOST_BYTES], packed[ROOM], unpacked[MOST_BYTES], theirs[MOST_BYTES];

/* Bytes of one kind after the other: noise, few symbols, repeated stretches, one byte, numbers with alike
 * exponents. */
static void fill(uint8_t *bytes, size_t count, int kind) {
  float *numbers = (float *)(void *)bytes;
  switch (kind) {
  case 0:
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)rand();
    break;
  case 1:
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)("aaaabbbccd"[rand() % 10]);
    break;
  case 2:
    for (size_t i = 0; i < count; i++)
      bytes[i] = i > 100 && rand() % 50 ? bytes[i - 1 - (size_t)rand() % 3 * 33] : (uint8_t)rand();
    break;
  case 3:
    memset(bytes, 7, count);
    break;
  case 4:
    for (size_t i = 0; i < count / sizeof(float); i++) numbers[i] = (float)(rand() % 2001 - 1000) / 3000.0f;
    break;
  default:
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)(i * i >> 7 ^ i);
    break;
  }
}
enum { KINDS = 6 };

static size_t pack(size_t count, int level) {
  size_t bytes = ZSTD_compress(packed, sizeof packed, plain, count, level);
  assert_false(ZSTD_isError(bytes));
  return bytes;
}

static void unpacks_what_libzstd_packs(void **state) {
  (void)state;
  static const size_t counts[] = {0,   1,   2,    5,    6,     7,      31,     63,        64,
                                  100, 257, 1000, 5000, 65536, 131072, 131073, MOST_BYTES};
  static const int levels[] = {-5, 1, 3, 9, 19};
  for (int kind = 0; kind < KINDS; kind++) {
    fill(plain, sizeof plain, kind);
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
      for (size_t l = 0; l < sizeof levels / sizeof levels[0]; l++) {
        size_t bytes = pack(counts[c], levels[l]);
        uint8_t *exact = malloc(bytes), *out = malloc(counts[c] + 1); /* the sanitizer sees a byte too far */
        memcpy(exact, packed, bytes);
        assert_null(rt_unzstd(exact, bytes, out, counts[c], 0, 1));
        assert_memory_equal(out, plain, counts[c]);
        assert_non_null(rt_unzstd(exact, bytes, out, counts[c] + 1, 0, 1));
        if (counts[c]) assert_non_null(rt_unzstd(exact, bytes, out, counts[c] - 1, 0, 1));
        for (size_t cut = 0; cut < bytes; cut += 1 + bytes / 7)
          assert_non_null(rt_unzstd(exact, cut, out, counts[c], 0, 1));
        free(exact);
        free(out);
      }
    }
  }
}

static void unpacks_streams_of_unknown_length(void **state) {
  (void)state;
  ZSTD_CCtx *context = ZSTD_createCCtx();
  fill(plain, sizeof plain, 2);
  ZSTD_inBuffer in = {plain, sizeof plain, 0};
  ZSTD_outBuffer out = {packed, sizeof packed, 0};
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue), 0);
  in = (ZSTD_inBuffer){plain, 100, 0};
  while (ZSTD_compressStream2(context, &out, &in, ZSTD_e_end)) continue;
  ZSTD_freeCCtx(context);
  uint8_t *all = malloc(sizeof plain + 100);
  assert_null(rt_unzstd(packed, out.pos, all, sizeof plain + 100, 0, 1));
  assert_memory_equal(all, plain, sizeof plain);
  assert_memory_equal(all + sizeof plain, plain, 100);
  free(all);
}

/* Frames one behind the other, made by any number of threads; each has a checksum, which damage changes. */
static void unpacks_frames_with_checksums(void **state) {
  (void)state;
  enum { FRAMES = 3, PART = 30000, ALL = FRAMES * PART };
  ZSTD_CCtx *context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  size_t ends[FRAMES], bytes = 0;
  fill(plain, ALL, 4);
  for (int f = 0; f < FRAMES; f++) {
    bytes += ZSTD_compress2(context, packed + bytes, sizeof packed - bytes, plain + f * PART, PART);
    ends[f] = bytes;
  }
  ZSTD_freeCCtx(context);
  for (int sharers = 1; sharers <= FRAMES + 1; sharers++) {
    memset(unpacked, 0, ALL);
    for (int share = 0; share < sharers; share++)
      assert_null(rt_unzstd(packed, bytes, unpacked, ALL, share, sharers));
    assert_memory_equal(unpacked, plain, ALL);
  }
  for (int f = 0; f < FRAMES; f++) {
    packed[ends[f] - 1] ^= 1;
    assert_string_equal(rt_unzstd(packed, bytes, unpacked, ALL, 0, 1), "its checksum is another");
    packed[ends[f] - 1] ^= 1;
    assert_non_null(rt_unzstd(packed, ends[f] - 1, unpacked, ALL, 0, 1));
  }
  assert_non_null(rt_unzstd(packed, ends[1], unpacked, ALL, 0, 1));
}

/* Where both take a damaged frame, they make the same of it. (libzstd lets streams of Huffman codes end where
 * they should not; these frames have no checksum.) */
static void agrees_about_damaged_frames(void **state) {
  (void)state;
  enum { BYTES = 20000, ROUNDS = 3000, FRAME_HEADER = 7 /* of which less is looked at */ };
  int taken = 0, refused = 0;
  for (int kind = 0; kind < KINDS; kind++) {
    fill(plain, BYTES, kind);
    size_t bytes = pack(BYTES, 1 + 6 * (kind & 3));
    for (int round = 0; round < ROUNDS / KINDS * 4; round++) {
      uint8_t *damaged = malloc(bytes);
      memcpy(damaged, packed, bytes);
      size_t reach = (round & 1 || bytes < 200 ? bytes : 200) - FRAME_HEADER;
      for (int i = 0; i <= round % 3; i++)
        damaged[FRAME_HEADER + (size_t)rand() % reach] ^= (uint8_t)(1 << rand() % 8);
      size_t made = ZSTD_decompress(theirs, BYTES, damaged, bytes);
      const char *wrong = rt_unzstd(damaged, bytes, unpacked, BYTES, 0, 1);
      bool they_take = !ZSTD_isError(made) && made == BYTES;
      if (!wrong && they_take) assert_memory_equal(unpacked, theirs, BYTES);
      taken += !wrong && they_take;
      refused += wrong != NULL;
      free(damaged);
    }
  }
  assert_true(taken > ROUNDS / 10 && refused > ROUNDS / 10);
}

static void survives_noise(void **state) {
  (void)state;
  for (int round = 0; round < 20000; round++) {
    size_t bytes = 6 + (size_t)rand() % 300;
    uint8_t *noise = malloc(bytes);
    fill(noise, bytes / 4 * 4, 0);
    memcpy(noise, "\x28\xb5\x2f\xfd\x00\x58", 6);
    if (bytes > 9)
      noise[6] = (uint8_t)(5 | (bytes - 9) << 3), noise[7] = (uint8_t)((bytes - 9) >> 5), noise[8] = 0;
    rt_unzstd(noise, bytes, unpacked, 5000, 0, 1);
    free(noise);
  }
  assert_string_equal(rt_unzstd((const uint8_t *)"no frame", 8, unpacked, 1, 0, 1), "this is no zstd frame");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unpacks_what_libzstd_packs),
      cmocka_unit_test(unpacks_streams_of_unknown_length),
      cmocka_unit_test(unpacks_frames_with_checksums),
      cmocka_unit_test(agrees_about_damaged_frames),
      cmocka_unit_test(survives_noise),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
