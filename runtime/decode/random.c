/*
 * random.c: xoshiro256** by Blackman and Vigna, "Scrambled Linear Pseudorandom
 * Number Generators" (2021), seeded by splitmix64 as they advise.
 */
#include "decode/decode.h"

static uint64_t splitmix64(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

rt_random rt_random_seeded(uint64_t seed) {
  rt_random random;
  for (int i = 0; i < 4; i++) random.words[i] = splitmix64(&seed);
  return random;
}

uint64_t rt_random_seed_of(uint64_t seed, int32_t index) {
  for (int32_t i = 0; i < index; i++) seed = splitmix64(&(uint64_t){seed});
  return seed;
}

static uint64_t rotate_left(uint64_t x, int bits) {
  return (x << bits) | (x >> (64 - bits));
}

double rt_random_unit(rt_random *random) {
  uint64_t *s = random->words;
  uint64_t result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 45);
  return (double)(result >> 11) * 0x1p-53;
}
