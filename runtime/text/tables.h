/* tables.h: looking things up in an opened tokenizer. Values from the blob are checked here, where they are
 * used. */
#ifndef SMELT_RUNTIME_TABLES_H
#define SMELT_RUNTIME_TABLES_H

#include "text/text.h"
#include "text/utf8.h"

/* String i of a string table (smelt/tokenizer.h), starts[i + 1] being there; empty where the table is broken.
 */
static inline const uint8_t *table_string(const uint32_t *starts, const uint8_t *bytes, uint32_t byte_count,
                                          uint32_t i, size_t *length) {
  uint32_t begin = starts[i], end = starts[i + 1];
  *length = 0;
  if (end < begin || end > byte_count) return bytes;
  *length = end - begin;
  return bytes + begin;
}

static inline uint32_t table_load16(const uint8_t *bytes) {
  uint16_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

/* Packed number i of a section that has it. */
static inline uint32_t table_number(const rt_tokenizer *t, const tok_packed *numbers, uint32_t i) {
  if (t->header->number_bytes == 2) return table_load16(numbers + 2 * (size_t)i);
  const uint8_t *bytes = numbers + 3 * (size_t)i;
  return table_load16(bytes) | (uint32_t)bytes[2] << 16;
}

/* The id that the tables give for exactly these bytes, or TOK_NONE. */
static inline uint32_t table_piece(const rt_tokenizer *t, const uint8_t *bytes, size_t count) {
  if (count > t->header->longest_piece_bytes || !t->piece_ids_count) return TOK_NONE;
  uint64_t hash = tok_hash_bytes(bytes, count);
  uint32_t seed = t->piece_seeds[tok_bucket(hash, t->piece_seeds_count)];
  uint32_t slot = tok_slot(hash, seed, t->piece_ids_count);
  size_t length;
  const uint8_t *spelling =
      table_string(t->piece_starts, t->piece_bytes, t->piece_bytes_count, slot, &length);
  if (length != count || memcmp(spelling, bytes, count) != 0) return TOK_NONE;
  return t->piece_ids[slot] < t->header->vocab_size ? t->piece_ids[slot] : TOK_NONE;
}

/* The rank at which two neighbouring symbols merge, which is the merge's number, or TOK_NONE. */
static inline uint32_t table_rank(const rt_tokenizer *t, uint32_t left, uint32_t right) {
  if (!t->header->merge_count) return TOK_NONE;
  uint64_t hash = tok_hash_pair(left, right);
  uint32_t seed = t->merge_seeds[tok_bucket(hash, t->merge_seeds_count)];
  uint32_t rank = table_number(t, t->merge_slots, tok_slot(hash, seed, t->merge_slot_count));
  if (rank >= t->header->merge_count || table_number(t, t->merges, 2 * rank) != left ||
      table_number(t, t->merges, 2 * rank + 1) != right)
    return TOK_NONE;
  return rank;
}

/* What the merge of that rank makes: always an id of the vocabulary, also in a broken blob. */
static inline uint32_t table_merged(const rt_tokenizer *t, uint32_t rank) {
  uint32_t id =
      t->merged_ids_count ? table_number(t, t->merged_ids, rank) : t->header->first_merged_id + rank;
  return id < t->header->vocab_size ? id : 0;
}

/* What a token's text is made of (smelt/tokenizer.h). `id` may be out of range; the result may be, too. */
static inline uint32_t table_source(const rt_tokenizer *t, uint32_t id) {
  if (id >= t->header->vocab_size) return UINT32_MAX;
  return t->sources_count ? table_number(t, t->sources, id) : tok_usual_source(t->header, id);
}

/* TOK_SPECIAL and the like. */
static inline uint32_t table_flags(const rt_tokenizer *t, uint32_t id) {
  uint32_t low = 0, high = t->flagged_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (t->flagged[middle].id < id)
      low = middle + 1;
    else
      high = middle;
  }
  return low < t->flagged_count && t->flagged[low].id == id ? t->flagged[low].flags : 0;
}

/* Where the value of a code point is among those of a two-level table. */
static inline uint32_t table_place(const uint16_t *blocks, uint32_t block_count, uint32_t code) {
  uint32_t block = code / TOK_CLASS_BLOCK;
  return blocks[block < block_count ? block : block_count - 1] * TOK_CLASS_BLOCK + code % TOK_CLASS_BLOCK;
}

/* Value of a code point in a two-level table. */
static inline uint8_t table_two_level(const uint16_t *blocks, uint32_t block_count, const uint8_t *values,
                                      uint32_t code) {
  return values[table_place(blocks, block_count, code)];
}

/* What `letters` knows of a code point; nothing where the table is left out. */
static inline uint8_t table_letter(const rt_tokenizer *t, uint32_t code) {
  if (code >= TOK_CODE_POINTS || !t->letters_count) return 0;
  return table_two_level(t->letter_blocks, t->letter_blocks_count, t->letters, code);
}

/* The child of a unit of the trie by `byte`, or TOK_NONE. */
static inline uint32_t table_child(const rt_tokenizer *t, uint32_t unit, uint8_t byte) {
  if (unit >= t->units_count) return TOK_NONE;
  uint32_t child = tok_unit_base(t->units[unit]) ^ byte;
  return child < t->units_count && tok_unit_has_byte(t->units[child], byte) ? child : TOK_NONE;
}

/* The id of the spelling that ends at a unit of the trie, or TOK_NONE. */
static inline uint32_t table_unit_id(const rt_tokenizer *t, uint32_t unit) {
  uint32_t at = tok_unit_base(t->units[unit]);
  if (!(t->units[unit] & TOK_UNIT_ENDS) || at >= t->units_count) return TOK_NONE;
  uint32_t id = t->units[at] & ~TOK_UNIT_VALUE;
  return id < t->header->vocab_size ? id : TOK_NONE;
}

#endif
