/* perfect_hash.h: perfect hashing of 64-bit hashes, found at build time and read by tok_bucket, tok_slot. */
#ifndef SMELT_TOKENIZER_PERFECT_HASH_H
#define SMELT_TOKENIZER_PERFECT_HASH_H

#include "base/base.h"

typedef struct {
  uint16_t *seeds;
  uint32_t seed_count, slot_count; /* one slot in 64 is free, or more */
  uint32_t *slots;                 /* of each key: different numbers below slot_count */
} perfect_hash;

/*
 * Hash, displace (Belazzougui et al.): buckets of about four keys, largest
 * first, each with the lowest seed that sends its keys to free slots; the free
 * slots keep seeds short. False if two hashes are equal. Expected time O(n),
 * half a byte of seeds per key.
 */
bool perfect_hash_build(arena *a, const uint64_t *hashes, uint32_t count, perfect_hash *result);

#endif
