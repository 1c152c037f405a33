/* char_map.c: maps from code points to texts, and the one rule of lower case that looks further than one. */
#include "text/encoder.h"

enum { CAPITAL_SIGMA = 0x3a3 };

/* Whether a sigma that ends at `at` ends a word: no cased letter follows, case-ignorable ones aside. */
static bool ends_word(const rt_tokenizer *t, rt_slice text, size_t at) {
  while (at < text.count) {
    uint32_t code;
    at += utf8_next(text.bytes + at, text.count - at, &code);
    uint8_t letter = table_letter(t, code);
    if (!(letter & TOK_CASE_IGNORABLE)) return !(letter & TOK_CASED);
  }
  return true;
}

/* Whether a cased letter comes before text[at], case-ignorable ones aside. */
static bool follows_cased(const rt_tokenizer *t, rt_slice text, size_t at) {
  while (at > 0) {
    size_t end = at;
    uint32_t code;
    at = utf8_last(text.bytes, end);
    utf8_next(text.bytes + at, end - at, &code);
    uint8_t letter = table_letter(t, code);
    if (!(letter & TOK_CASE_IGNORABLE)) return letter & TOK_CASED;
  }
  return false;
}

static bool append_value(const rt_tokenizer *t, uint32_t value, rt_slice character, rt_bytes *out) {
  if (value == TOK_MAP_SPACED)
    return rt_append(out, " ", 1) && rt_append(out, character.bytes, character.count) &&
           rt_append(out, " ", 1);
  size_t count;
  const uint8_t *bytes =
      table_string(t->map_starts, t->map_bytes, t->map_bytes_count, value - TOK_MAP_REPLACEMENT, &count);
  return rt_append(out, bytes, count);
}

/* Stretches that stay are copied whole. A sigma looks as far as the next one at most, so time is linear. */
bool rt_map_codes(rt_encoder *e, rt_slice text, const tok_step *step, rt_bytes *out) {
  const rt_tokenizer *t = e->tokenizer;
  const uint16_t *blocks = t->map_blocks + step->a_offset;
  uint32_t block_count = t->map_blocks_count - step->a_offset; /* or more: then other maps follow */
  const uint16_t *ascii = t->map_values + blocks[0] * TOK_CLASS_BLOCK;
  bool lowers = step->kind == TOK_STEP_LOWERCASE;
  size_t done = 0;
  for (size_t at = 0, length; at < text.count; at += length) {
    uint32_t code = text.bytes[at], value;
    length = 1;
    if (code < 0x80) {
      value = ascii[code];
    } else {
      length = utf8_next(text.bytes + at, text.count - at, &code);
      if (code >= TOK_CODE_POINTS) continue;
      value = t->map_values[table_place(blocks, block_count, code)];
    }
    if (value == TOK_MAP_SAME) continue;
    if (!rt_append(out, text.bytes + done, at - done)) return false;
    done = at + length;
    bool is_final = lowers && code == CAPITAL_SIGMA && follows_cased(t, text, at) && ends_word(t, text, done);
    rt_slice character = {text.bytes + at, length};
    if (!(is_final ? rt_append(out, "\xcf\x82", 2) : append_value(t, value, character, out))) return false;
  }
  return rt_append(out, text.bytes + done, text.count - done);
}
