/* split.c: running the pre-tokenizer's DFAs over UTF-8. */
#include "text/encoder.h"

#define NO_MATCH SIZE_MAX

enum { LONG_SCAN_BYTES = 64 }; /* beyond the match, for nothing: worth remembering */

/* One split over one text. Who is in `dead_state` at one of text[dead_begin .. dead_end) finds no match
 * ahead. */
typedef struct {
  const rt_tokenizer *tokenizer;
  const tok_split *split;
  rt_slice text;
  size_t dead_begin, dead_end;
  uint32_t dead_state;
} scanner;

static scanner scan_of(const rt_tokenizer *t, const tok_split *split, rt_slice text) {
  return (scanner){.tokenizer = t, .split = split, .text = text};
}

/* The bytes of the character at `at`, which is one byte in a split over bytes. */
static size_t character_bytes(const scanner *s, size_t at) {
  uint32_t code;
  return s->split->over_bytes ? 1 : utf8_next(s->text.bytes + at, s->text.count - at, &code);
}

/*
 * The state after the character at *at, times 2, plus 1 if a match ends before it: acceptance is seen one
 * code point late (tok_split). Moves *at on. At the end of the text, its class.
 */
__attribute__((always_inline)) static inline uint32_t next_transition(const scanner *s, uint32_t state,
                                                                      size_t *at) {
  const rt_tokenizer *t = s->tokenizer;
  const uint16_t *transitions = t->transitions + s->split->first;
  bool over_bytes = s->split->over_bytes;
  const uint8_t *single = over_bytes ? t->byte_classes : t->classes + t->class_blocks[0] * TOK_CLASS_BLOCK;
  uint32_t class_count = t->header->class_count;
  if (*at == s->text.count) return transitions[state * class_count + class_count - 1] & 1;
  uint32_t byte = s->text.bytes[*at], class;
  if (byte < 0x80 || over_bytes) {
    class = single[byte];
    ++*at;
  } else {
    uint32_t code;
    *at += utf8_next(s->text.bytes + *at, s->text.count - *at, &code);
    class = t->header->bad_class;
    if (code < TOK_CODE_POINTS)
      class = table_two_level(t->class_blocks, t->class_blocks_count, t->classes, code);
  }
  return transitions[state * class_count + class];
}

/* Remembers the last state of a scan from `begin` that read on and on for nothing, and since where it was in
 * it. */
__attribute__((noinline)) static void note_dead_end(scanner *s, size_t begin) {
  uint32_t state = 1, last_state = 1;
  size_t since = begin, at = begin, here = begin, found = begin;
  while (state) {
    here = at;
    if (state != last_state) since = here;
    last_state = state;
    uint32_t transition = next_transition(s, state, &at);
    if (transition & 1) found = here;
    if (here == s->text.count) break;
    state = transition >> 1;
  }
  if (found > since) return;
  s->dead_begin = since, s->dead_end = here, s->dead_state = last_state;
}

static bool is_dead_end(const scanner *s, uint32_t state, size_t at) {
  return state == s->dead_state && at >= s->dead_begin && at < s->dead_end;
}

/* match_end where a dead end may be ahead. */
__attribute__((noinline)) static size_t match_end_before(const scanner *s, size_t begin) {
  size_t found = NO_MATCH, at = begin;
  for (uint32_t state = 1; state && !is_dead_end(s, state, at);) {
    size_t here = at;
    uint32_t transition = next_transition(s, state, &at);
    if (transition & 1) found = here;
    if (here == s->text.count) break;
    state = transition >> 1;
  }
  return found;
}

/* The end of the leftmost-first match that starts at `begin`, or NO_MATCH. Inlined for `cut`, which is where
 * the time of byte-level encoding goes. */
__attribute__((always_inline)) static inline size_t match_end(scanner *s, size_t begin) {
  if (begin < s->dead_end) return match_end_before(s, begin);
  size_t found = NO_MATCH, at = begin, here = begin;
  for (uint32_t state = 1; state;) {
    here = at;
    uint32_t transition = next_transition(s, state, &at);
    if (transition & 1) found = here;
    if (here == s->text.count) break;
    state = transition >> 1;
  }
  if (here - (found == NO_MATCH ? begin : found) > LONG_SCAN_BYTES) note_dead_end(s, begin);
  return found;
}

static bool next_match(scanner *s, size_t *begin, size_t *end) {
  for (size_t at = *begin; at < s->text.count; at += character_bytes(s, at)) {
    size_t found = match_end(s, at);
    if (found != NO_MATCH && found != at) {
      *begin = at, *end = found;
      return true;
    }
  }
  return false;
}

bool rt_replace_matches(const rt_tokenizer *t, const tok_split *split, rt_slice text, rt_slice to,
                        rt_bytes *out) {
  scanner s = scan_of(t, split, text);
  size_t done = 0, begin = 0, end;
  for (; next_match(&s, &begin, &end); done = begin = end)
    if (!rt_append(out, text.bytes + done, begin - done) || !rt_append(out, to.bytes, to.count)) return false;
  return rt_append(out, text.bytes + done, text.count - done);
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
  scanner s = scan_of(e->tokenizer, split, text);
  size_t gap = 0, at = 0; /* text[gap .. at) belongs to no match */
  while (at < text.count) {
    size_t end = match_end(&s, at);
    if (end == NO_MATCH || end == at) {
      at += character_bytes(&s, at);
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
  scanner s = scan_of(e->tokenizer, split, text);
  size_t piece = 0, done = 0, begin = 0, end = 0; /* text[piece .. done) is a piece that may yet grow */
  bool after_match = false;
  while (done < text.count) {
    if (done == end && !next_match(&s, &begin, &end)) begin = end = text.count;
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
