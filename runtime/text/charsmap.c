/* charsmap.c: SentencePiece's normalisation: at each place the longest text that has a rule is replaced; and
 * runs of spaces become one. */
#include "text/encoder.h"

/* A unit of the trie (charsmap_units), which is checked where it is used. */
static uint32_t unit_base(uint32_t unit) {
  return unit >> 10 << ((unit & 1u << 9) >> 6);
}

/* The longest text at `at` that has a rule: sets its length, and where the rule's result is in
 * charsmap_texts. */
static bool find_rule(const rt_tokenizer *t, rt_slice text, size_t at, size_t *length, uint32_t *result) {
  uint32_t node = unit_base(t->charsmap_units[0]);
  bool found = false;
  for (size_t i = at; i < text.count; i++) {
    node ^= text.bytes[i];
    if (node >= t->charsmap_units_count) break;
    uint32_t unit = t->charsmap_units[node];
    if ((unit & 0x800000ffu) != text.bytes[i]) break;
    node ^= unit_base(unit);
    if (!(unit & 1u << 8)) continue;
    if (node >= t->charsmap_units_count) break;
    *result = t->charsmap_units[node] & 0x7fffffffu;
    *length = i + 1 - at;
    found = *result < t->charsmap_texts_count;
  }
  return found;
}

bool rt_apply_charsmap(const rt_tokenizer *t, rt_slice text, rt_bytes *out) {
  size_t done = 0;
  for (size_t at = 0; at < text.count;) {
    size_t length;
    uint32_t result, code;
    if (!find_rule(t, text, at, &length, &result)) {
      at += utf8_next(text.bytes + at, text.count - at, &code);
      continue;
    }
    const char *replacement = (const char *)t->charsmap_texts + result;
    if (!rt_append(out, text.bytes + done, at - done) || !rt_append(out, replacement, strlen(replacement)))
      return false;
    done = at += length;
  }
  return rt_append(out, text.bytes + done, text.count - done);
}

static bool ends_with(const rt_bytes *text, const void *end, size_t count) {
  return count && text->count >= count && memcmp(text->bytes + text->count - count, end, count) == 0;
}

bool rt_squeeze_spaces(rt_slice text, rt_slice mark, rt_bytes *out) {
  for (size_t at = 0; at < text.count;) {
    size_t begin = at;
    while (at < text.count && text.bytes[at] == ' ') at++;
    size_t spaces = at - begin, word = at;
    while (at < text.count && text.bytes[at] != ' ') at++;
    bool spaced = spaces && begin && word < text.count;
    if (!rt_append(out, text.bytes + word - spaced, at - word + spaced)) return false;
  }
  for (bool is_mark; (is_mark = ends_with(out, mark.bytes, mark.count)) || ends_with(out, " ", 1);)
    out->count -= is_mark ? mark.count : 1;
  return true;
}
