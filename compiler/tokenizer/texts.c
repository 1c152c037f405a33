/*
 * texts.c: what decoding gives for each token: the texts of the two tokens that
 * merged into it, wherever that is right, else a text of its own. Of a large
 * vocabulary most texts so need no bytes at all.
 */
#include "tokenizer/build.h"

#include <string.h>

enum { COMMON_MERGES = 16384 }; /* what the first merges make is frequent: stored, for speed */

#define STORED (TOK_NONE - 1) /* a source: decided to be stored, not yet numbered */

static bool joins(tok_string whole, tok_string left, tok_string right) {
  return left.count && right.count && whole.count == left.count + right.count &&
         whole.count <= TOK_MERGED_BYTES && memcmp(whole.bytes, left.bytes, left.count) == 0 &&
         memcmp(whole.bytes + left.count, right.bytes, right.count) == 0;
}

/* A token's parts are settled before the token is, so that no text is made of itself. */
static void find_sources(const tok_build *b, uint32_t first_merge, uint32_t *sources) {
  for (uint32_t id = 0; id < b->vocab_size; id++) sources[id] = TOK_NONE;
  for (uint32_t i = first_merge; i < b->header.merge_count; i++) {
    const tok_merge *merge = &b->merges[i];
    if (sources[merge->merged] != TOK_NONE ||
        !joins(b->text[merge->merged], b->text[merge->left], b->text[merge->right]))
      continue;
    if (sources[merge->left] == TOK_NONE) sources[merge->left] = STORED;
    if (sources[merge->right] == TOK_NONE) sources[merge->right] = STORED;
    sources[merge->merged] = i;
  }
}

static status store_texts(tok_build *b, uint32_t *sources, uint32_t *stored_count) {
  uint32_t *starts = ARENA_ARRAY(b->a, uint32_t, (size_t)b->vocab_size + 1), count = 0;
  char *bytes = NULL;
  size_t bytes_count = 0, bytes_capacity = 0;
  for (uint32_t id = 0; id < b->vocab_size; id++) {
    if (sources[id] < STORED) continue;
    tok_string text = b->text[id];
    for (size_t i = 0; i < text.count; i++)
      ARENA_PUSH(b->a, bytes, bytes_count, bytes_capacity) = text.bytes[i];
    if (bytes_count > INT32_MAX) return fail(b->a, STATUS_INPUT, "the tokens' texts are larger than 2 GiB");
    sources[id] = b->header.merge_count + count;
    starts[++count] = (uint32_t)bytes_count;
  }
  TOK_SET_SECTION(b, text_starts, starts, (size_t)count + 1);
  TOK_SET_SECTION(b, text_bytes, bytes, bytes_count);
  *stored_count = count;
  return OK;
}

/* Whether all sources are as the reader computes them without a table. */
static bool are_usual(const tok_build *b, const uint32_t *sources) {
  for (uint32_t id = 0; id < b->vocab_size; id++)
    if (sources[id] != tok_usual_source(&b->header, id)) return false;
  return true;
}

status tok_pack_texts(tok_build *b) {
  tok_header *header = &b->header;
  uint32_t *sources = ARENA_ARRAY(b->a, uint32_t, b->vocab_size), stored_count;
  uint32_t common = header->merge_count < COMMON_MERGES ? header->merge_count : COMMON_MERGES;
  if (header->merge_count) header->first_merged_id = b->merges[0].merged;
  header->first_parted_id = header->first_merged_id + common;
  find_sources(b, common, sources);
  TRY(store_texts(b, sources, &stored_count));
  if (are_usual(b, sources)) return tok_set_number_bytes(b, b->vocab_size);

  /* A table of sources: the fewer texts are stored, the sooner two bytes are enough. */
  find_sources(b, 0, sources);
  TRY(store_texts(b, sources, &stored_count));
  uint32_t source_count = header->merge_count + stored_count;
  TRY(tok_set_number_bytes(b, source_count > b->vocab_size ? source_count : b->vocab_size));
  tok_pack_numbers(b, TOK_SECTION_sources, sources, b->vocab_size);
  return OK;
}
