/*
 * word_piece.c: WordPiece (Wu et al., "Google's Neural Machine Translation
 * System"): the longest token that the word begins with, then the longest inside
 * of a word that its rest begins with, and so on. Time is O(n) in the word times
 * the longest token, and words of more than longest_word_codes are not tried.
 */
#include "text/encoder.h"

static size_t count_codes(rt_slice text) {
  size_t count = 0;
  for (size_t i = 0; i < text.count; i++) count += (text.bytes[i] & 0xc0) != 0x80;
  return count;
}

/* The longest spelling at text[at ..) that the trie has below `unit`: its id and end. */
static uint32_t longest_token(const rt_tokenizer *t, uint32_t unit, rt_slice text, size_t at, size_t *end) {
  uint32_t found = TOK_NONE;
  while (at < text.count && (unit = table_child(t, unit, text.bytes[at])) != TOK_NONE) {
    at++;
    uint32_t id = table_unit_id(t, unit);
    if (id != TOK_NONE) found = id, *end = at;
  }
  return found;
}

bool rt_encode_word_piece(rt_encoder *e, rt_slice piece) {
  const rt_tokenizer *t = e->tokenizer;
  size_t begin = e->ids.count, at = 0;
  bool known = count_codes(piece) <= t->header->longest_word_codes;
  for (uint32_t unit = 0; known && at < piece.count; unit = t->header->continuing_unit) {
    uint32_t id = longest_token(t, unit, piece, at, &at);
    known = id != TOK_NONE;
    if (known && !rt_push(&e->ids, id)) return false;
  }
  if (known) return true;
  e->ids.count = begin;
  return t->header->unknown_id == TOK_NONE || rt_push(&e->ids, t->header->unknown_id);
}
