/* normalize.c: what the normaliser's steps make of a text, at build time: for added tokens. */
#include "tokenizer/two_level.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static tok_string normal_form(arena *a, tok_string string, utf8proc_option_t form) {
  utf8proc_uint8_t *result;
  utf8proc_ssize_t count = utf8proc_map((const utf8proc_uint8_t *)string.bytes,
                                        (utf8proc_ssize_t)string.count, &result, UTF8PROC_STABLE | form);
  if (count < 0) return string;
  tok_string copy = {arena_copy(a, result, (size_t)count), (size_t)count};
  free(result);
  return copy;
}

/* A capital sigma is in no added token, so that final sigma needs no care. */
static tok_string map_codes(const tok_build *b, const uint16_t *map, tok_string string) {
  char *bytes = NULL;
  size_t count = 0, capacity = 0;
  for (size_t at = 0; at < string.count;) {
    utf8proc_int32_t code;
    utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)string.bytes + at,
                                               (utf8proc_ssize_t)(string.count - at), &code);
    if (length <= 0) return string;
    tok_string to = {string.bytes + at, (size_t)length};
    uint16_t value = map[code];
    if (value >= TOK_MAP_REPLACEMENT) to = b->replacements[value - TOK_MAP_REPLACEMENT];
    if (value == TOK_MAP_SPACED) ARENA_PUSH(b->a, bytes, count, capacity) = ' ';
    for (size_t i = 0; i < to.count; i++) ARENA_PUSH(b->a, bytes, count, capacity) = to.bytes[i];
    if (value == TOK_MAP_SPACED) ARENA_PUSH(b->a, bytes, count, capacity) = ' ';
    at += (size_t)length;
  }
  return (tok_string){bytes, count};
}

static tok_string strip(tok_string string, bool left, bool right) {
  static const char spaces[] = " \t\n\v\f\r"; /* no added token has others at its ends */
  while (left && string.count && strchr(spaces, string.bytes[0])) string.bytes++, string.count--;
  while (right && string.count && strchr(spaces, string.bytes[string.count - 1])) string.count--;
  return string;
}

/* The last automaton is kept: one step mostly serves all added tokens. */
static tok_string replace_matches(tok_build *b, uint32_t split, tok_string string, tok_string to) {
  if (!b->normalizing.dfa.transitions || b->normalizing.split != split) {
    b->normalizing.split = split;
    if (regex_classify(b->a, &b->programs[split], 1, &b->normalizing.classes) ||
        regex_determinize(b->a, &b->programs[split], &b->normalizing.classes, &b->normalizing.dfa))
      return string; /* tok_pack_splits says why */
  }
  char *bytes = NULL;
  size_t count = 0, capacity = 0;
  for (size_t at = 0; at < string.count;) {
    size_t end =
        regex_match_end(&b->normalizing.dfa, &b->normalizing.classes, string.bytes, string.count, at);
    bool hit = end != SIZE_MAX && end > at;
    for (size_t i = 0; hit && i < to.count; i++) ARENA_PUSH(b->a, bytes, count, capacity) = to.bytes[i];
    if (!hit) ARENA_PUSH(b->a, bytes, count, capacity) = string.bytes[at];
    at = hit ? end : at + 1;
  }
  return (tok_string){bytes, count};
}

tok_string tok_normalize(tok_build *b, tok_string string) {
  for (uint32_t i = 0; i < b->header.normalizer_steps; i++) {
    const tok_step *step = &b->steps[i];
    tok_string first = {b->step_bytes + step->a_offset, step->a_bytes};
    tok_string second = {b->step_bytes + step->b_offset, step->b_bytes};
    if (step->kind == TOK_STEP_PREPEND && string.count)
      string = (tok_string){
          arena_format(b->a, "%.*s%.*s", (int)first.count, first.bytes, (int)string.count, string.bytes),
          first.count + string.count};
    if (step->kind == TOK_STEP_REPLACE) string = tok_replace_all(b->a, string, first, second);
    if (step->kind == TOK_STEP_REPLACE_MATCHES) string = replace_matches(b, step->a_offset, string, second);
    if (step->kind == TOK_STEP_STRIP_LEFT || step->kind == TOK_STEP_STRIP_RIGHT)
      string = strip(string, step->kind == TOK_STEP_STRIP_LEFT, step->kind == TOK_STEP_STRIP_RIGHT);
    if (step->kind == TOK_STEP_NFC) string = normal_form(b->a, string, UTF8PROC_COMPOSE);
    if (step->kind == TOK_STEP_NFD) string = normal_form(b->a, string, UTF8PROC_DECOMPOSE);
    if (step->kind == TOK_STEP_MAP || step->kind == TOK_STEP_LOWERCASE)
      string = map_codes(b, b->maps[step->a_offset / TOK_TABLE_BLOCKS], string);
  }
  return string;
}
