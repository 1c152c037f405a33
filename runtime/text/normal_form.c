/*
 * normal_form.c: Unicode normalization forms C and D (UAX #15; Unicode 15,
 * section 3.11): decompose, put marks in canonical order, compose. Only stretches that
 * hold a code point with a mark (tok_header, marks) are worked on; all else is
 * copied.
 */
#include "text/encoder.h"

enum {
  HANGUL_S = 0xac00,
  HANGUL_L = 0x1100,
  HANGUL_V = 0x1161,
  HANGUL_T = 0x11a7,
  HANGUL_L_COUNT = 19,
  HANGUL_V_COUNT = 21,
  HANGUL_T_COUNT = 28,
  HANGUL_S_COUNT = HANGUL_L_COUNT * HANGUL_V_COUNT * HANGUL_T_COUNT,
  MAX_DECOMPOSITION_DEPTH = 8, /* Unicode needs 4; a broken table could go round in circles */
};

static uint8_t mark_of(const rt_tokenizer *t, uint32_t code) {
  return code < TOK_CODE_POINTS ? table_two_level(t->mark_blocks, t->mark_blocks_count, t->marks, code) : 0;
}

static uint8_t combining_class(const rt_tokenizer *t, uint32_t code) {
  uint8_t mark = mark_of(t, code);
  return mark == TOK_MARK_STARTER ? 0 : mark;
}

static bool decompose(rt_encoder *e, uint32_t code, int depth) {
  const rt_tokenizer *t = e->tokenizer;
  if (code - HANGUL_S < HANGUL_S_COUNT) {
    uint32_t s = code - HANGUL_S, tail = s % HANGUL_T_COUNT;
    return rt_push(&e->codes, HANGUL_L + s / (HANGUL_V_COUNT * HANGUL_T_COUNT)) &&
           rt_push(&e->codes, HANGUL_V + s / HANGUL_T_COUNT % HANGUL_V_COUNT) &&
           (!tail || rt_push(&e->codes, HANGUL_T + tail));
  }
  uint32_t low = 0, high = t->decompositions_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (t->decompositions[middle].code < code)
      low = middle + 1;
    else
      high = middle;
  }
  const tok_decomposition *found = &t->decompositions[low];
  if (low == t->decompositions_count || found->code != code || depth == MAX_DECOMPOSITION_DEPTH)
    return rt_push(&e->codes, code);
  return decompose(e, found->first, depth + 1) && (!found->second || decompose(e, found->second, depth + 1));
}

/* Puts each run of combining marks in order of their classes, stably: a counting sort, linear in the run. */
static bool order_marks(rt_encoder *e) {
  const rt_tokenizer *t = e->tokenizer;
  uint32_t *codes = e->codes.items;
  if (!rt_reserve(&e->sorted.items, &e->sorted.capacity, e->codes.count, sizeof *codes)) return false;
  for (size_t begin = 0, end; begin < e->codes.count; begin = end) {
    end = begin + 1;
    if (!combining_class(t, codes[begin])) continue;
    size_t starts[257] = {0};
    for (end = begin; end < e->codes.count && combining_class(t, codes[end]); end++)
      starts[combining_class(t, codes[end]) + 1]++;
    if (end - begin == 1) continue;
    for (int i = 0; i < 256; i++) starts[i + 1] += starts[i];
    for (size_t i = begin; i < end; i++) e->sorted.items[starts[combining_class(t, codes[i])]++] = codes[i];
    memcpy(codes + begin, e->sorted.items, (end - begin) * sizeof *codes);
  }
  return true;
}

/* The primary composite of two code points, or 0. */
static uint32_t composite(const rt_tokenizer *t, uint32_t first, uint32_t second) {
  if (first - HANGUL_L < HANGUL_L_COUNT && second - HANGUL_V < HANGUL_V_COUNT)
    return HANGUL_S + ((first - HANGUL_L) * HANGUL_V_COUNT + second - HANGUL_V) * HANGUL_T_COUNT;
  if (first - HANGUL_S < HANGUL_S_COUNT && (first - HANGUL_S) % HANGUL_T_COUNT == 0 &&
      second - HANGUL_T - 1 < HANGUL_T_COUNT - 1)
    return first + second - HANGUL_T;
  uint32_t low = 0, high = t->compositions_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const tok_composition *row = &t->compositions[middle];
    if (row->first == first && row->second == second) return row->code;
    if (row->first < first || (row->first == first && row->second < second))
      low = middle + 1;
    else
      high = middle;
  }
  return 0;
}

/* Composes e->codes in place. A code point is blocked from the starter by one of the same or a higher class.
 */
static void compose(rt_encoder *e) {
  const rt_tokenizer *t = e->tokenizer;
  uint32_t *codes = e->codes.items;
  size_t count = 0, starter = SIZE_MAX;
  uint8_t previous_class = 0;
  for (size_t i = 0; i < e->codes.count; i++) {
    uint8_t class = combining_class(t, codes[i]);
    bool blocked = starter == SIZE_MAX || (count > starter + 1 && previous_class >= class);
    uint32_t whole = blocked ? 0 : composite(t, codes[starter], codes[i]);
    if (whole) {
      codes[starter] = whole;
      continue;
    }
    if (!class) starter = count;
    previous_class = class;
    codes[count++] = codes[i];
  }
  e->codes.count = count;
}

/* Appends the normal form of `part`, which holds no broken UTF-8. */
static bool normal_part(rt_encoder *e, rt_slice part, bool composed, rt_bytes *out) {
  e->codes.count = 0;
  for (size_t at = 0; at < part.count;) {
    uint32_t code;
    at += utf8_next(part.bytes + at, part.count - at, &code);
    if (!decompose(e, code, 0)) return false;
  }
  if (!order_marks(e)) return false;
  if (composed) compose(e);
  for (size_t i = 0; i < e->codes.count; i++) {
    uint8_t bytes[4];
    if (!rt_append(out, bytes, utf8_put(bytes, e->codes.items[i]))) return false;
  }
  return true;
}

bool rt_normal_form(rt_encoder *e, rt_slice text, bool composed, rt_bytes *out) {
  const rt_tokenizer *t = e->tokenizer;
  size_t done = 0;            /* text before it is in `out` */
  size_t starter = 0, at = 0; /* the last code point that marks may compose with */
  bool has_starter = false;
  while (at < text.count) {
    uint32_t code;
    size_t length = text.bytes[at] < 0x80 ? 1 : utf8_next(text.bytes + at, text.count - at, &code);
    if (length == 1 || !mark_of(t, code)) { /* broken bytes are single or have no mark */
      has_starter = text.bytes[at] < 0x80 || (length > 1 && code < TOK_CODE_POINTS);
      starter = at;
      at += length;
      continue;
    }
    size_t begin = has_starter && composed ? starter : at;
    for (at += length; at < text.count; at += length) {
      length = utf8_next(text.bytes + at, text.count - at, &code);
      if (!mark_of(t, code) || (!composed && !combining_class(t, code)))
        break; /* nothing goes past a starter */
    }
    if (!rt_append(out, text.bytes + done, begin - done) ||
        !normal_part(e, (rt_slice){text.bytes + begin, at - begin}, composed, out))
      return false;
    done = at;
    has_starter = false;
  }
  return rt_append(out, text.bytes + done, text.count - done);
}
