/* split.c: running the pre-tokenizer's DFAs over UTF-8. */
#include "text/encoder.h"

#define NO_MATCH SIZE_MAX

/*
 * The end of the leftmost-first match that starts at `begin`, or NO_MATCH.
 * Acceptance is seen one code point late, on the transition (tok_split). Inlined
 * for `cut`, which is where the time of byte-level encoding goes.
 */
__attribute__((always_inline)) static inline size_t match_end(const rt_tokenizer *t, const tok_split *split,
                                                              rt_slice text, size_t begin) {
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

bool rt_next_match(const rt_tokenizer *t, const tok_split *split, rt_slice text, size_t *begin, size_t *end) {
  for (size_t at = *begin; at < text.count;) {
    size_t found = match_end(t, split, text, at);
    if (found != NO_MATCH && found != at) {
      *begin = at, *end = found;
      return true;
    }
    uint32_t code;
    at += utf8_next(text.bytes + at, text.count - at, &code);
  }
  return false;
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
  const tok_split *split = &e->tokenizer->splits[level];
  size_t gap = 0, at = 0; /* text[gap .. at) belongs to no match */
  while (at < text.count) {
    size_t end = match_end(e->tokenizer, split, text, at);
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

/* Whether a match or gap belongs to the piece before, whose last part was a match or a gap. */
static bool joins(uint32_t kind, bool is_match, bool after_match) {
  return kind == TOK_SPLIT_JOIN_PREVIOUS ? is_match && !after_match
         : kind == TOK_SPLIT_JOIN_NEXT   ? !is_match && after_match
                                         : is_match == after_match;
}

/* Cuts into matches and gaps, some of which join the one before. */
static bool cut_joined(rt_encoder *e, rt_slice text, uint32_t level, bool is_first) {
  const tok_split *split = &e->tokenizer->splits[level];
  size_t piece = 0, done = 0, begin = 0, end = 0; /* text[piece .. done) is a piece that may yet grow */
  bool after_match = false;
  while (done < text.count) {
    if (done == end && !rt_next_match(e->tokenizer, split, text, &begin, &end)) begin = end = text.count;
    bool in_match = done == begin && begin < end;
    bool is_match = in_match != (split->inverted != 0);
    if (done > piece && !joins(split->kind, is_match, after_match)) {
      if (!encode_part(e, text, piece, done, level + 1, is_first)) return false;
      piece = done;
    }
    done = in_match ? end : begin;
    if (in_match) begin = end;
    after_match = is_match;
  }
  return encode_part(e, text, piece, done, level + 1, is_first);
}

/* Recursion is as deep as there are splits, at most TOK_MAX_SPLITS; each level has its own buffers. */
bool rt_encode_split(rt_encoder *e, rt_slice text, uint32_t level, bool is_first) {
  const rt_tokenizer *t = e->tokenizer;
  bool is_last = level == t->splits_count;
  uint32_t first =
      level > t->header->first_split ? t->splits[level - 1].steps_end : t->header->normalizer_steps;
  uint32_t end = is_last ? t->steps_count : t->splits[level].steps_end;
  if (first < end && !rt_apply_steps(e, t->steps + first, end - first, e->prepared[level], is_first, &text))
    return false;
  if (is_last) return !text.count || rt_encode_piece(e, text);
  return t->splits[level].kind < TOK_SPLIT_JOIN_PREVIOUS ? cut(e, text, level, is_first)
                                                         : cut_joined(e, text, level, is_first);
}
