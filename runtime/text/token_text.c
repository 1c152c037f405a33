/* token_text.c: the text of a token: stored, or put together from the tokens that merged into it. */
#include "text/tables.h"

static const uint8_t *stored_text(const rt_tokenizer *t, uint32_t source, size_t *bytes) {
  uint32_t i = source - t->header->merge_count;
  *bytes = 0;
  if (i >= t->text_starts_count - 1) return NULL;
  return table_string(t->text_starts, t->text_bytes, t->text_bytes_count, i, bytes);
}

/* Copies that overlap, without a call: most parts have few bytes. */
static void copy_short(uint8_t *to, const uint8_t *from, size_t bytes) {
  if (!bytes) return;
  if (bytes < 4) {
    uint8_t first = from[0], middle = from[bytes / 2], last = from[bytes - 1];
    to[0] = first, to[bytes / 2] = middle, to[bytes - 1] = last;
    return;
  }
  for (size_t i = 0; i + 4 < bytes; i += 4) memcpy(to + i, from + i, 4);
  memcpy(to + bytes - 4, from + bytes - 4, 4);
}

/*
 * Goes down the tree of merges, left to right; `later` holds the right parts
 * still to come. A tree of at most TOK_MERGED_BYTES leaves has fewer than twice
 * as many nodes, which also ends the walk where a broken blob has cycles.
 */
static size_t merged_text(const rt_tokenizer *t, uint32_t source, uint8_t text[TOK_MERGED_BYTES]) {
  uint32_t later[TOK_MERGED_BYTES];
  size_t later_count = 0, count = 0;
  for (size_t nodes = 1; nodes < 2 * TOK_MERGED_BYTES; nodes++) {
    if (source < t->header->merge_count) {
      if (later_count == TOK_MERGED_BYTES) return 0;
      later[later_count++] = table_source(t, table_number(t, t->merges, 2 * source + 1));
      source = table_source(t, table_number(t, t->merges, 2 * source));
      continue;
    }
    size_t length;
    const uint8_t *part = stored_text(t, source, &length);
    if (length > TOK_MERGED_BYTES - count) return 0;
    copy_short(text + count, part, length);
    count += length;
    if (!later_count) return count;
    source = later[--later_count];
  }
  return 0;
}

const uint8_t *rt_token_text(const rt_tokenizer *t, uint32_t id, uint8_t buffer[TOK_MERGED_BYTES],
                             size_t *bytes) {
  uint32_t source = table_source(t, id);
  if (source >= t->header->merge_count) return stored_text(t, source, bytes);
  *bytes = merged_text(t, source, buffer);
  return buffer;
}
