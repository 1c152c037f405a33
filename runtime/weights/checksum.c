/* checksum.c: four sums over every fourth word, joined, and what is left over. */
#include "weights/checksum.h"
#include "weights/unzstd_entropy.h"

enum { SUMS = 4, WORD_BYTES = 8, STRIPE_BYTES = SUMS * WORD_BYTES };
static const uint64_t P1 = 0x9e3779b185ebca87, P2 = 0xc2b2ae3d27d4eb4f, P3 = 0x165667b19e3779f9,
                      P4 = 0x85ebca77c2b2ae63, P5 = 0x27d4eb2f165667c5;

static uint64_t turn(uint64_t x, int bits) {
  return x << bits | x >> (64 - bits);
}

static uint64_t add(uint64_t sum, uint64_t word) {
  return turn(sum + word * P2, 31) * P1;
}

/* Moves *at over all whole stripes. */
static uint64_t sum_stripes(const uint8_t **at, size_t count) {
  static const int turns[SUMS] = {1, 7, 12, 18};
  uint64_t sums[SUMS] = {P1 + P2, P2, 0, -P1}, all = 0;
  for (const uint8_t *last = *at + count / STRIPE_BYTES * STRIPE_BYTES; *at < last; *at += STRIPE_BYTES)
    for (int i = 0; i < SUMS; i++) sums[i] = add(sums[i], zstd_load_whole(*at + WORD_BYTES * i));
  for (int i = 0; i < SUMS; i++) all += turn(sums[i], turns[i]);
  for (int i = 0; i < SUMS; i++) all = (all ^ add(0, sums[i])) * P1 + P4;
  return all;
}

uint64_t rt_checksum(const uint8_t *bytes, size_t count) {
  const uint8_t *at = bytes, *end = bytes + count;
  uint64_t sum = (count < STRIPE_BYTES ? P5 : sum_stripes(&at, count)) + count;
  for (; end - at >= WORD_BYTES; at += WORD_BYTES)
    sum = turn(sum ^ add(0, zstd_load_whole(at)), 27) * P1 + P4;
  if (end - at >= 4) {
    sum = turn(sum ^ (zstd_load(at, end) & UINT32_MAX) * P1, 23) * P2 + P3;
    at += 4;
  }
  for (; at < end; at++) sum = turn(sum ^ *at * P5, 11) * P1;
  sum = (sum ^ sum >> 33) * P2;
  sum = (sum ^ sum >> 29) * P3;
  return sum ^ sum >> 32;
}
