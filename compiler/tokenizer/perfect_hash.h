/* perfect_hash.h: minimal perfect hashing of 64-bit hashes, found at build time and read by tok_bucket,
 * tok_slot. */
#ifndef SMELT_TOKENIZER_PERFECT_HASH_H
#define SMELT_TOKENIZER_PERFECT_HASH_H

#include "base/base.h"

typedef struct {
  uint32_t *seeds;
  uint32_t seed_count;
  uint32_t *slots; /* of each key: a permutation of 0 .. count - 1 */
} perfect_hash;

/*
 * Hash, displace (Belazzougui et al.): buckets of about four keys, largest
 * first, each with the lowest seed that sends its keys to free slots. False if
 * two hashes are equal. Expected time O(n log n), 1 byte of seeds per key.
 */
bool perfect_hash_build(arena *a, const uint64_t *hashes, uint32_t count, perfect_hash *result);

#endif
