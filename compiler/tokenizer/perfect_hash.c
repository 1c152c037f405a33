/* perfect_hash.c: see perfect_hash.h. */
#include "tokenizer/perfect_hash.h"

#include "smelt/tokenizer.h"

enum { KEYS_PER_BUCKET = 4, LARGEST_BUCKET = 64, KEYS_PER_FREE_SLOT = 64 };

/* Keys grouped by bucket: bucket b has keys[starts[b] .. starts[b + 1]). */
typedef struct {
  uint32_t *keys, *starts, count;
} buckets;

static buckets group(arena *a, const uint64_t *hashes, uint32_t count) {
  buckets b = {.count = (count + KEYS_PER_BUCKET - 1) / KEYS_PER_BUCKET};
  b.keys = ARENA_ARRAY(a, uint32_t, count);
  b.starts = ARENA_ARRAY(a, uint32_t, (size_t)b.count + 1);
  uint32_t *next = ARENA_ARRAY(a, uint32_t, (size_t)b.count + 1);
  for (uint32_t i = 0; i < count; i++) b.starts[tok_bucket(hashes[i], b.count) + 1]++;
  for (uint32_t i = 0; i < b.count; i++) b.starts[i + 1] += b.starts[i];
  for (uint32_t i = 0; i < b.count; i++) next[i] = b.starts[i];
  for (uint32_t i = 0; i < count; i++) b.keys[next[tok_bucket(hashes[i], b.count)]++] = i;
  return b;
}

/* Sends the keys to free slots under `seed` and takes these, or leaves all as it was. */
static bool place(const uint64_t *hashes, uint32_t slot_count, const uint32_t *keys, uint32_t key_count,
                  uint32_t seed, bool *taken, uint32_t *slots) {
  uint32_t placed = 0;
  for (; placed < key_count; placed++) {
    uint32_t slot = tok_slot(hashes[keys[placed]], seed, slot_count);
    if (taken[slot]) break;
    taken[slot] = true;
    slots[keys[placed]] = slot;
  }
  if (placed == key_count) return true;
  while (placed-- > 0) taken[slots[keys[placed]]] = false;
  return false;
}

static bool has_equal_hashes(const uint64_t *hashes, const uint32_t *keys, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t k = 0; k < i; k++)
      if (hashes[keys[i]] == hashes[keys[k]]) return true;
  return false;
}

/* False where a bucket finds no seed. */
static bool place_all(arena *a, const uint64_t *hashes, const buckets *b, perfect_hash *result) {
  bool *taken = ARENA_ARRAY(a, bool, result->slot_count);
  for (uint32_t size = LARGEST_BUCKET + 1; size-- > 0;) {
    for (uint32_t i = 0; i < b->count; i++) {
      const uint32_t *keys = b->keys + b->starts[i];
      uint32_t key_count = b->starts[i + 1] - b->starts[i], seed = 0;
      if (key_count != size) continue;
      while (!place(hashes, result->slot_count, keys, key_count, seed, taken, result->slots))
        if (++seed > UINT16_MAX) return false;
      result->seeds[i] = (uint16_t)seed;
    }
  }
  return true;
}

static bool can_be_placed(const uint64_t *hashes, const buckets *b) {
  for (uint32_t i = 0; i < b->count; i++) {
    uint32_t key_count = b->starts[i + 1] - b->starts[i];
    if (key_count > LARGEST_BUCKET || has_equal_hashes(hashes, b->keys + b->starts[i], key_count))
      return false;
  }
  return true;
}

bool perfect_hash_build(arena *a, const uint64_t *hashes, uint32_t count, perfect_hash *result) {
  *result = (perfect_hash){0};
  if (!count) return true;
  buckets b = group(a, hashes, count);
  if (!can_be_placed(hashes, &b)) return false;
  result->seeds = ARENA_ARRAY(a, uint16_t, b.count);
  result->seed_count = b.count;
  result->slot_count = count + count / KEYS_PER_FREE_SLOT;
  result->slots = ARENA_ARRAY(a, uint32_t, count);
  /* Few keys may leave the last buckets too few free slots: then there are more. */
  while (!place_all(a, hashes, &b, result)) result->slot_count += count / KEYS_PER_FREE_SLOT + 1;
  return true;
}
