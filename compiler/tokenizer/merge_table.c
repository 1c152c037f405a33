/* merge_table.c: merges by number, and a perfect hash that finds the number of a pair. */
#include "tokenizer/build.h"

bool tok_index_merges(tok_build *b) {
  uint32_t count = b->header.merge_count;
  uint64_t *hashes = ARENA_ARRAY(b->a, uint64_t, count);
  for (uint32_t i = 0; i < count; i++) hashes[i] = tok_hash_pair(b->merges[i].left, b->merges[i].right);
  if (!perfect_hash_build(b->a, hashes, count, &b->merge_hash)) return false;
  b->merge_slots = ARENA_ARRAY(b->a, uint32_t, b->merge_hash.slot_count); /* free slots: some merge */
  for (uint32_t i = 0; i < count; i++) b->merge_slots[b->merge_hash.slots[i]] = i;
  return true;
}

uint32_t tok_rank(const tok_build *b, uint32_t left, uint32_t right) {
  const perfect_hash *hash = &b->merge_hash;
  if (!hash->slot_count) return TOK_NONE;
  uint64_t key = tok_hash_pair(left, right);
  uint32_t seed = hash->seeds[tok_bucket(key, hash->seed_count)];
  uint32_t rank = b->merge_slots[tok_slot(key, seed, hash->slot_count)];
  return b->merges[rank].left == left && b->merges[rank].right == right ? rank : TOK_NONE;
}

void tok_pack_merges(tok_build *b) {
  uint32_t count = b->header.merge_count;
  uint32_t *pairs = ARENA_ARRAY(b->a, uint32_t, 2 * (size_t)count);
  uint32_t *merged = ARENA_ARRAY(b->a, uint32_t, count);
  bool in_row = true;
  for (uint32_t i = 0; i < count; i++) {
    pairs[2 * i] = b->merges[i].left;
    pairs[2 * i + 1] = b->merges[i].right;
    merged[i] = b->merges[i].merged;
    in_row = in_row && merged[i] == merged[0] + i;
  }
  TOK_SET_SECTION(b, merge_seeds, b->merge_hash.seeds, b->merge_hash.seed_count);
  tok_pack_numbers(b, TOK_SECTION_merge_slots, b->merge_slots, b->merge_hash.slot_count);
  tok_pack_numbers(b, TOK_SECTION_merges, pairs, 2 * (size_t)count);
  if (!in_row) tok_pack_numbers(b, TOK_SECTION_merged_ids, merged, count);
}
