/* tables.h: looking things up in an opened tokenizer. Values from the blob are checked here, where they are
 * used. */
#ifndef SMELT_RUNTIME_TABLES_H
#define SMELT_RUNTIME_TABLES_H

#include "text/text.h"
#include "text/utf8.h"

/* String i of a string table (smelt/tokenizer.h); empty where the table is broken. */
static inline const uint8_t *table_string(const uint32_t *bases, const uint16_t *ends, const uint8_t *bytes,
                                          uint32_t byte_count, uint32_t i, size_t *length) {
  uint32_t begin = i % TOK_STRINGS_PER_BASE ? ends[i - 1] : 0, end = ends[i];
  uint64_t base = bases[i / TOK_STRINGS_PER_BASE];
  *length = 0;
  if (end < begin || base + end > byte_count) return bytes;
  *length = end - begin;
  return bytes + base + begin;
}

/* The id that encoding gives for exactly these bytes, or TOK_NONE. */
static inline uint32_t table_piece(const rt_tokenizer *t, const uint8_t *bytes, size_t count) {
  if (count > t->header->longest_key_bytes || !t->piece_ids_count) return TOK_NONE;
  uint64_t hash = tok_hash_bytes(bytes, count);
  uint32_t seed = t->piece_seeds[tok_bucket(hash, t->piece_seeds_count)];
  uint32_t id = t->piece_ids[tok_slot(hash, seed, t->piece_ids_count)];
  if (id >= t->key_ends_count) return TOK_NONE;
  size_t length;
  const uint8_t *key = table_string(t->key_bases, t->key_ends, t->key_bytes, t->key_bytes_count, id, &length);
  return length == count && memcmp(key, bytes, count) == 0 ? id : TOK_NONE;
}

/* The rank at which two neighbouring symbols merge, or TOK_NONE. */
static inline uint32_t table_rank(const rt_tokenizer *t, uint32_t left, uint32_t right) {
  if (!t->merges_count) return TOK_NONE;
  uint64_t hash = tok_hash_pair(left, right);
  uint32_t seed = t->merge_seeds[tok_bucket(hash, t->merge_seeds_count)];
  const tok_merge *merge = &t->merges[tok_slot(hash, seed, t->merges_count)];
  return merge->left == left && merge->right == right && merge->rank < t->merges_count ? merge->rank
                                                                                       : TOK_NONE;
}

/* What the merge of that rank makes: always an id of the vocabulary, also in a broken blob. */
static inline uint32_t table_merged(const rt_tokenizer *t, uint32_t rank) {
  uint32_t id = t->merged_ids_count ? t->merged_ids[rank] : t->header->first_merged_id + rank;
  return id < t->header->vocab_size ? id : 0;
}

/* Value of a code point in a two-level table. */
static inline uint8_t table_two_level(const uint16_t *blocks, const uint8_t *values, uint32_t code) {
  return values[blocks[code / TOK_CLASS_BLOCK] * TOK_CLASS_BLOCK + code % TOK_CLASS_BLOCK];
}

#endif
