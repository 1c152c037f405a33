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

/* A part of what split `level` - 1 has cut. */
static bool encode_part(rt_encoder *e, rt_slice text, size_t begin, size_t end, uint32_t level,
                        bool is_first) {
  const rt_tokenizer *t = e->tokenizer;
  rt_slice part = {text.bytes + begin, end - begin};
  if (begin == end) return true;
  bool is_piece = level == t->splits_count && t->splits[level - 1].steps_end == t->steps_count;
  return is_piece ? rt_encode_piece(e, part) : rt_encode_split(e, part, level, is_first);
}

static bool cut(rt_encoder *e, rt_slice text, uint32_t level, bool is_first) {
  const rt_tokenizer *t = e->tokenizer;
  const tok_split *split = &t->splits[level];
  size_t gap = 0, at = 0; /* text[gap .. at) belongs to no match */
  while (at < text.count) {
    size_t end = match_end(t, split, text, at);
    if (end == NO_MATCH || end == at) {
      uint32_t code;
      at += utf8_next(text.bytes + at, text.count - at, &code);
      continue;
    }
    if (split->kind != TOK_SPLIT_KEEP_MATCHES && !encode_part(e, text, gap, at, level + 1, is_first))
      return false;
    if (split->kind != TOK_SPLIT_REMOVE_MATCHES && !encode_part(e, text, at, end, level + 1, is_first))
      return false;
    gap = at = end;
  }
  return split->kind == TOK_SPLIT_KEEP_MATCHES || encode_part(e, text, gap, text.count, level + 1, is_first);
}

/* Recursion is as deep as there are splits, at most TOK_MAX_SPLITS; each level has its own buffers. */
bool rt_encode_split(rt_encoder *e, rt_slice text, uint32_t level, bool is_first) {
  const rt_tokenizer *t = e->tokenizer;
  bool is_last = level == t->splits_count;
  uint32_t first = level ? t->splits[level - 1].steps_end : t->header->normalizer_steps;
  uint32_t end = is_last ? t->steps_count : t->splits[level].steps_end;
  if (first < end && !rt_apply_steps(e, t->steps + first, end - first, e->prepared[level], is_first, &text))
    return false;
  if (!is_last) return cut(e, text, level, is_first);
  return !text.count || rt_encode_piece(e, text);
}
