/* split.c: running the pre-tokenizer's DFAs over UTF-8. */
#include "text/encoder.h"

#define NO_MATCH SIZE_MAX

/*
 * The end of the leftmost-first match that starts at `begin`, or NO_MATCH.
 * Acceptance is seen one code point late, on the transition (tok_split).
 */
static size_t match_end(const rt_tokenizer *t, const tok_split *split, rt_slice text, size_t begin) {
  const uint16_t *transitions = t->transitions + split->first;
  const uint8_t *ascii = t->classes + t->class_blocks[0] * TOK_CLASS_BLOCK;
  uint32_t class_count = t->header->class_count, state = 1;
  size_t found = NO_MATCH, at = begin;
  while (at < text.count) {
    size_t length = 1;
    uint32_t class = ascii[text.bytes[at] & 0x7f];
    if (text.bytes[at] >= 0x80) {
      uint32_t code;
      length = utf8_next(text.bytes + at, text.count - at, &code);
      class =
          code < TOK_CODE_POINTS ? table_two_level(t->class_blocks, t->classes, code) : t->header->bad_class;
    }
    uint32_t transition = transitions[state * class_count + class];
    if (transition & 1) found = at;
    state = transition >> 1;
    if (!state) return found;
    at += length;
  }
  if (transitions[state * class_count + class_count - 1] & 1) found = at;
  return found;
}

static bool encode_part(rt_encoder *e, rt_slice text, size_t begin, size_t end, uint32_t level) {
  if (begin == end) return true;
  rt_slice part = {text.bytes + begin, end - begin};
  return level == e->tokenizer->splits_count ? rt_encode_piece(e, part) : rt_encode_split(e, part, level);
}

/* Recursion is as deep as there are splits, at most TOK_MAX_SPLITS. */
bool rt_encode_split(rt_encoder *e, rt_slice text, uint32_t level) {
  const rt_tokenizer *t = e->tokenizer;
  if (level == t->splits_count) return encode_part(e, text, 0, text.count, level);
  const tok_split *split = &t->splits[level];
  size_t gap = 0, at = 0; /* text[gap .. at) belongs to no match */
  while (at < text.count) {
    size_t end = match_end(t, split, text, at);
    if (end == NO_MATCH || end == at) {
      uint32_t code;
      at += utf8_next(text.bytes + at, text.count - at, &code);
      continue;
    }
    if (split->kind != TOK_SPLIT_KEEP_MATCHES && !encode_part(e, text, gap, at, level + 1)) return false;
    if (split->kind != TOK_SPLIT_REMOVE_MATCHES && !encode_part(e, text, at, end, level + 1)) return false;
    gap = at = end;
  }
  return split->kind == TOK_SPLIT_KEEP_MATCHES || encode_part(e, text, gap, text.count, level + 1);
}
