/*
 * jpeg_samples.c: the inverse cosine transform in whole numbers, by Loeffler, Ligtenberg and Moschytz (1989):
 * columns first, with 2 bits more than the samples have, then rows. The constants have 13 bits behind the
 * point; where they are rounded decides the last bit of a sample, and is as libjpeg's "islow" has it.
 */
#include "vision/jpeg.h"

#include <string.h>

enum { CONSTANT_BITS = 13, EXTRA_BITS = 2 };

/* Sums wrap as unsigned numbers do: damaged files reach sizes that sound ones do not. */
typedef uint32_t word;

#define CONSTANT(x) ((word)(int32_t)((x) * (1 << CONSTANT_BITS) + 0.5))

/* in[0], in[step] .. in[7 * step] to as many sums, each with CONSTANT_BITS more than what goes in. */
static void transform_eight(const int32_t *in, int step, word out[8]) {
  word x[8];
  for (int i = 0; i < 8; i++) x[i] = (word)in[i * step];
  word shared = (x[2] + x[6]) * CONSTANT(0.541196100);
  word low2 = shared - x[6] * CONSTANT(1.847759065), low3 = shared + x[2] * CONSTANT(0.765366865);
  word low0 = (x[0] + x[4]) << CONSTANT_BITS, low1 = (x[0] - x[4]) << CONSTANT_BITS;
  const word even[4] = {low0 + low3, low1 + low2, low1 - low2, low0 - low3};
  word z5 = (x[7] + x[3] + x[5] + x[1]) * CONSTANT(1.175875602);
  word z1 = 0 - (x[7] + x[1]) * CONSTANT(0.899976223), z2 = 0 - (x[5] + x[3]) * CONSTANT(2.562915447);
  word z3 = z5 - (x[7] + x[3]) * CONSTANT(1.961570560), z4 = z5 - (x[5] + x[1]) * CONSTANT(0.390180644);
  const word odd[4] = {x[1] * CONSTANT(1.501321110) + z1 + z4, x[3] * CONSTANT(3.072711026) + z2 + z3,
                       x[5] * CONSTANT(2.053119869) + z2 + z4, x[7] * CONSTANT(0.298631336) + z1 + z3};
  for (int i = 0; i < 4; i++) {
    out[i] = even[i] + odd[i];
    out[7 - i] = even[i] - odd[i];
  }
}

static int32_t rounded(word sum, int bits) {
  return (int32_t)(sum + (1u << (bits - 1))) >> bits;
}

static uint8_t clamped(int32_t value) {
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static bool has_only_dc(const int16_t *block) {
  uint64_t words[JPEG_BLOCK / 4], any = 0;
  memcpy(words, block, sizeof words);
  for (int i = 1; i < JPEG_BLOCK / 4; i++) any |= words[i];
  return !any && !block[1] && !block[2] && !block[3];
}

static void transform_block(const int16_t *block, const uint16_t *quantiser, uint8_t *to, size_t stride) {
  int32_t values[JPEG_BLOCK];
  word sums[8];
  if (has_only_dc(block)) {
    int32_t dc = (int16_t)(block[0] * quantiser[0]) * (1 << EXTRA_BITS);
    uint8_t sample = clamped(rounded((word)dc, EXTRA_BITS + 3) + 128);
    for (int y = 0; y < 8; y++) memset(to + (size_t)y * stride, sample, 8);
    return;
  }
  for (int i = 0; i < JPEG_BLOCK; i++) values[i] = (int16_t)(block[i] * quantiser[i]);
  for (int x = 0; x < 8; x++) {
    transform_eight(values + x, 8, sums);
    for (int y = 0; y < 8; y++) values[8 * y + x] = rounded(sums[y], CONSTANT_BITS - EXTRA_BITS);
  }
  for (int y = 0; y < 8; y++, to += stride) {
    transform_eight(values + 8 * y, 1, sums);
    for (int x = 0; x < 8; x++) to[x] = clamped(rounded(sums[x], CONSTANT_BITS + EXTRA_BITS + 3) + 128);
  }
}

void rt_jpeg_transform(const jpeg *j, jpeg_component *c) {
  const uint16_t *quantiser = j->quantisers[c->table];
  const int16_t *block = c->coefficients;
  size_t stride = (size_t)c->columns * 8;
  for (int32_t row = 0; row < c->rows; row++)
    for (int32_t column = 0; column < c->columns; column++, block += JPEG_BLOCK)
      transform_block(block, quantiser, c->samples + (size_t)row * 8 * stride + (size_t)column * 8, stride);
}
