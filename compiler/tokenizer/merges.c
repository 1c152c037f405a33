/* merges.c: model.merges -> a perfect hash of pairs, and one of the pieces that are a single token. */
#include "tokenizer/build.h"

#include <string.h>
#include <utf8proc.h>

#include "tokenizer/perfect_hash.h"

enum { MAX_PIECE_SYMBOLS = 300 }; /* longer tokens are reached by merging at run time; slower, never wrong */

typedef struct {
  tok_merge *merges; /* in the order of the file, later in the order of slots */
  uint32_t *merged;  /* by rank */
  uint32_t count;
  perfect_hash hash;
} merge_table;

/* ---- reading --------------------------------------------------------------------------- */

/* A merge is "left right" or ["left", "right"]. Texts are NUL-terminated and live in the arena or document.
 */
static status read_pair(tok_build *b, const json_view *item, const char **left, const char **right) {
  const char *bytes;
  size_t count;
  if (json_is_array(item->value)) {
    json_view first = view_item(item, 0), second = view_item(item, 1);
    TRY(view_string(b->a, &first, left, &count));
    return view_string(b->a, &second, right, &count);
  }
  TRY(view_string(b->a, item, &bytes, &count));
  const char *space = strchr(bytes, ' ');
  if (!space || strchr(space + 1, ' '))
    return view_fail(b->a, item, "a merge is two tokens with a space between");
  char *copy = arena_copy(b->a, bytes, count + 1);
  copy[space - bytes] = 0;
  *left = copy;
  *right = copy + (space - bytes) + 1;
  return OK;
}

static status find_token(tok_build *b, const json_view *item, const char *spelling, uint32_t *id) {
  json_t *value = json_object_get(b->vocab, spelling);
  if (!value)
    return view_fail(b->a, item, "the merge needs the token '%s', which is not in the vocabulary", spelling);
  *id = (uint32_t)json_integer_value(value);
  return OK;
}

static status read_merges(tok_build *b, const json_view *items, merge_table *table) {
  size_t count = view_item_count(items);
  table->merges = ARENA_ARRAY(b->a, tok_merge, count);
  table->merged = ARENA_ARRAY(b->a, uint32_t, count);
  for (size_t i = 0; i < count; i++) {
    json_view item = view_item(items, i);
    const char *left, *right;
    tok_merge *merge = &table->merges[i];
    TRY(read_pair(b, &item, &left, &right));
    TRY(find_token(b, &item, left, &merge->left));
    TRY(find_token(b, &item, right, &merge->right));
    TRY(find_token(b, &item, arena_format(b->a, "%s%s", left, right), &table->merged[i]));
    merge->rank = (uint32_t)i;
  }
  table->count = (uint32_t)count;
  return OK;
}

/* Puts the merges into the order of their slots. False: some pair is there twice. */
static bool order_by_slot(tok_build *b, merge_table *table) {
  uint64_t *hashes = ARENA_ARRAY(b->a, uint64_t, table->count);
  for (uint32_t i = 0; i < table->count; i++)
    hashes[i] = tok_hash_pair(table->merges[i].left, table->merges[i].right);
  if (!perfect_hash_build(b->a, hashes, table->count, &table->hash)) return false;
  tok_merge *ordered = ARENA_ARRAY(b->a, tok_merge, table->count);
  for (uint32_t i = 0; i < table->count; i++) ordered[table->hash.slots[i]] = table->merges[i];
  table->merges = ordered;
  return true;
}

/* ---- which tokens encode to themselves ----------------------------------------------------- */

static uint32_t rank_of(const merge_table *table, uint32_t left, uint32_t right) {
  if (!table->count) return TOK_NONE;
  uint64_t hash = tok_hash_pair(left, right);
  uint32_t seed = table->hash.seeds[tok_bucket(hash, table->hash.seed_count)];
  const tok_merge *merge = &table->merges[tok_slot(hash, seed, table->count)];
  return merge->left == left && merge->right == right ? merge->rank : TOK_NONE;
}

/* The initial symbols of a token's key; false where there are too many, or a character that is no token. */
static bool key_symbols(const tok_build *b, const uint32_t *byte_ids, tok_string key, uint32_t *symbols,
                        size_t *count) {
  *count = 0;
  for (size_t at = 0; at < key.count;) {
    utf8proc_int32_t code;
    utf8proc_ssize_t length = 1;
    uint32_t id = byte_ids[(uint8_t)key.bytes[at]];
    if (!(b->header.flags & TOK_BYTE_LEVEL)) {
      char character[5] = {0};
      length = utf8proc_iterate((const utf8proc_uint8_t *)key.bytes + at, (utf8proc_ssize_t)(key.count - at),
                                &code);
      if (length <= 0) return false;
      memcpy(character, key.bytes + at, (size_t)length);
      json_t *value = json_object_get(b->vocab, character);
      id = value ? (uint32_t)json_integer_value(value) : TOK_NONE;
    }
    if (id == TOK_NONE || *count == MAX_PIECE_SYMBOLS) return false;
    symbols[(*count)++] = id;
    at += (size_t)length;
  }
  return true;
}

/* Whether byte pair encoding of the token's key gives the token. */
static bool encodes_to_itself(const tok_build *b, const merge_table *table, const uint32_t *byte_ids,
                              uint32_t id) {
  uint32_t symbols[MAX_PIECE_SYMBOLS];
  size_t count;
  if (!b->key[id].count || !key_symbols(b, byte_ids, b->key[id], symbols, &count)) return false;
  for (;;) {
    uint32_t best_rank = TOK_NONE;
    size_t best = 0;
    for (size_t i = 0; i + 1 < count; i++) {
      uint32_t rank = rank_of(table, symbols[i], symbols[i + 1]);
      if (rank < best_rank) best_rank = rank, best = i;
    }
    if (best_rank == TOK_NONE) return count == 1 && symbols[0] == id;
    symbols[best] = table->merged[best_rank];
    memmove(symbols + best + 1, symbols + best + 2, (count - best - 2) * sizeof *symbols);
    count--;
  }
}

/* ---- packing ------------------------------------------------------------------------------ */

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

static status pack_pieces(tok_build *b, const merge_table *table, const uint32_t *byte_ids) {
  uint32_t *ids = ARENA_ARRAY(b->a, uint32_t, b->vocab_size), count = 0;
  uint64_t *hashes = ARENA_ARRAY(b->a, uint64_t, b->vocab_size);
  for (uint32_t id = 0; id < b->vocab_size; id++) {
    tok_string key = b->key[id];
    if (!key.count || !(b->ignore_merges || encodes_to_itself(b, table, byte_ids, id))) continue;
    hashes[count] = tok_hash_bytes((const uint8_t *)key.bytes, key.count);
    ids[count++] = id;
    if (key.count > b->header.longest_key_bytes) b->header.longest_key_bytes = (uint32_t)key.count;
  }
  perfect_hash hash;
  if (!perfect_hash_build(b->a, hashes, count, &hash))
    return fail(b->a, STATUS_INPUT, "two token spellings hash alike");
  uint32_t *ordered = ARENA_ARRAY(b->a, uint32_t, count);
  for (uint32_t i = 0; i < count; i++) ordered[hash.slots[i]] = ids[i];
  TOK_SET_SECTION(b, piece_seeds, hash.seeds, hash.seed_count);
  TOK_SET_SECTION(b, piece_ids, ordered, count);
  return OK;
}

status tok_read_merges(tok_build *b, const json_view *model) {
  json_view items = view_member(model, "merges");
  merge_table table = {0};
  TRY(view_array(b->a, &items));
  TRY(read_merges(b, &items, &table));
  if (!order_by_slot(b, &table)) return view_fail(b->a, &items, "a pair of tokens is merged twice");

  bool in_order = true; /* ids follow ranks, so that no table of results is needed */
  for (uint32_t i = 1; i < table.count; i++) in_order = in_order && table.merged[i] == table.merged[0] + i;
  if (table.count && in_order) b->header.first_merged_id = table.merged[0];
  TOK_SET_SECTION(b, merged_ids, table.merged, in_order ? 0 : table.count);
  TOK_SET_SECTION(b, merge_seeds, table.hash.seeds, table.hash.seed_count);
  TOK_SET_SECTION(b, merges, table.merges, table.count);

  uint32_t *byte_ids = find_byte_ids(b);
  TOK_SET_SECTION(b, byte_ids, byte_ids, 256);
  return pack_pieces(b, &table, byte_ids);
}
