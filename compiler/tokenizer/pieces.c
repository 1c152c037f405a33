/*
 * pieces.c: a perfect hash of what encoding looks up by its spelling: single
 * characters, and with ignore_merges the tokens that merging would not give.
 */
#include "tokenizer/build.h"

#include <string.h>
#include <utf8proc.h>

enum { MAX_PIECE_SYMBOLS = 300 };

/* Bytes of the character at the start of `string`, or 0 where there is none. */
static size_t character_bytes(tok_string string) {
  utf8proc_int32_t code;
  utf8proc_ssize_t length =
      utf8proc_iterate((const utf8proc_uint8_t *)string.bytes, (utf8proc_ssize_t)string.count, &code);
  return length > 0 ? (size_t)length : 0;
}

static uint32_t *find_byte_ids(tok_build *b) {
  uint32_t *ids = ARENA_ARRAY(b->a, uint32_t, 256);
  for (uint32_t byte = 0; byte < 256; byte++) {
    json_t *value = json_object_get(b->vocab, arena_format(b->a, "<0x%02X>", byte));
    ids[byte] = b->byte_fallback && value ? (uint32_t)json_integer_value(value) : TOK_NONE;
  }
  if (!(b->header.flags & TOK_BYTE_LEVEL)) return ids;
  for (uint32_t byte = 0; byte < 256; byte++) ids[byte] = TOK_NONE;
  for (uint32_t id = 0; id < b->vocab_size; id++)
    if (b->key[id].count == 1) ids[(uint8_t)b->key[id].bytes[0]] = id;
  return ids;
}

static size_t symbol_bytes(const tok_build *b, tok_string string) {
  return b->header.flags & TOK_BYTE_LEVEL ? string.count > 0 : character_bytes(string);
}

/* Whether a piece's symbol is spelled so: one character, as it is or marked by its place in a word. */
static bool is_symbol(const tok_build *b, tok_string key) {
  for (int inside = 0; inside < 2; inside++) {
    for (int last = 0; last < 2; last++) {
      tok_string rest = key, before = {0}, after = {0};
      if (inside) before = b->continuing_prefix;
      if (last) after = b->ending;
      if (!tok_begins_with(rest, before)) continue;
      rest = (tok_string){rest.bytes + before.count, rest.count - before.count};
      if (!tok_ends_with(rest, after)) continue;
      rest.count -= after.count;
      if (rest.count && symbol_bytes(b, rest) == rest.count) return true;
    }
  }
  return false;
}

static bool has_affixes(const tok_build *b) {
  return b->continuing_prefix.count || b->ending.count;
}

/* The initial symbols of a key; false where there are too many, or a character that is no token. */
static bool key_symbols(const tok_build *b, const uint32_t *byte_ids, tok_string key, uint32_t *symbols,
                        size_t *count) {
  *count = 0;
  if (has_affixes(b)) return false;
  while (key.count) {
    size_t length = symbol_bytes(b, key);
    uint32_t id = byte_ids[(uint8_t)key.bytes[0]];
    if (!length) return false;
    if (!(b->header.flags & TOK_BYTE_LEVEL)) {
      char character[5] = {0};
      memcpy(character, key.bytes, length);
      json_t *value = json_object_get(b->vocab, character);
      id = value ? (uint32_t)json_integer_value(value) : TOK_NONE;
    }
    if (id == TOK_NONE || *count == MAX_PIECE_SYMBOLS) return false;
    symbols[(*count)++] = id;
    key = (tok_string){key.bytes + length, key.count - length};
  }
  return true;
}

/* Whether byte pair encoding of the token's key gives the token. */
static bool merges_to_itself(const tok_build *b, const uint32_t *byte_ids, uint32_t id) {
  uint32_t symbols[MAX_PIECE_SYMBOLS];
  size_t count;
  if (!key_symbols(b, byte_ids, b->key[id], symbols, &count)) return false;
  for (;;) {
    uint32_t best_rank = TOK_NONE;
    size_t best = 0;
    for (size_t i = 0; i + 1 < count; i++) {
      uint32_t rank = tok_rank(b, symbols[i], symbols[i + 1]);
      if (rank < best_rank) best_rank = rank, best = i;
    }
    if (best_rank == TOK_NONE) return count == 1 && symbols[0] == id;
    symbols[best] = b->merges[best_rank].merged;
    memmove(symbols + best + 1, symbols + best + 2, (count - best - 2) * sizeof *symbols);
    count--;
  }
}

static bool is_looked_up(const tok_build *b, const uint32_t *byte_ids, uint32_t id) {
  tok_string key = b->key[id];
  if (!key.count) return false;
  if (b->header.model != TOK_MODEL_BPE) return b->header.model == TOK_MODEL_WORD_LEVEL;
  if ((!(b->header.flags & TOK_BYTE_LEVEL) || has_affixes(b)) && is_symbol(b, key)) return true;
  return b->ignore_merges && !merges_to_itself(b, byte_ids, id);
}

/* Spellings in the order of slots; free slots have none. */
static void pack_spellings(tok_build *b, const uint32_t *ids, uint32_t slot_count) {
  uint32_t *starts = ARENA_ARRAY(b->a, uint32_t, (size_t)slot_count + 1);
  char *bytes = NULL;
  size_t count = 0, capacity = 0;
  for (uint32_t slot = 0; slot < slot_count; slot++) {
    tok_string key = ids[slot] == TOK_NONE ? (tok_string){0} : b->key[ids[slot]];
    for (size_t i = 0; i < key.count; i++) ARENA_PUSH(b->a, bytes, count, capacity) = key.bytes[i];
    if (key.count > b->header.longest_piece_bytes) b->header.longest_piece_bytes = (uint32_t)key.count;
    starts[slot + 1] = (uint32_t)count;
  }
  TOK_SET_SECTION(b, piece_starts, starts, (size_t)slot_count + 1);
  TOK_SET_SECTION(b, piece_bytes, bytes, count);
}

status tok_pack_pieces(tok_build *b) {
  uint32_t *ids = ARENA_ARRAY(b->a, uint32_t, b->vocab_size), count = 0;
  uint64_t *hashes = ARENA_ARRAY(b->a, uint64_t, b->vocab_size);
  uint32_t *byte_ids = find_byte_ids(b);
  for (uint32_t id = 0; id < b->vocab_size; id++) {
    if (!is_looked_up(b, byte_ids, id)) continue;
    hashes[count] = tok_hash_bytes((const uint8_t *)b->key[id].bytes, b->key[id].count);
    ids[count++] = id;
  }
  perfect_hash hash;
  if (!perfect_hash_build(b->a, hashes, count, &hash))
    return fail(b->a, STATUS_INPUT, "two token spellings hash alike");
  uint32_t *ordered = ARENA_ARRAY(b->a, uint32_t, hash.slot_count);
  for (uint32_t i = 0; i < hash.slot_count; i++) ordered[i] = TOK_NONE;
  for (uint32_t i = 0; i < count; i++) ordered[hash.slots[i]] = ids[i];
  TOK_SET_SECTION(b, byte_ids, byte_ids, 256);
  TOK_SET_SECTION(b, piece_seeds, hash.seeds, hash.seed_count);
  TOK_SET_SECTION(b, piece_ids, ordered, hash.slot_count);
  pack_spellings(b, ordered, hash.slot_count);
  return OK;
}
