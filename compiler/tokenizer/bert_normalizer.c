/*
 * bert_normalizer.c: BertNormalizer as maps: what is dropped, spaces, ideographs
 * set apart; then lower case; then decomposition without accents. As
 * @huggingface/transformers has it, ideographs beyond U+FFFF are not set apart
 * and unassigned code points stay; the Rust library has both otherwise.
 */
#include "tokenizer/build.h"
#include "tokenizer/letters.h"

#include <utf8proc.h>

static bool is_dropped(uint32_t code) {
  const uint32_t other = TOK_CATEGORY(CC) | TOK_CATEGORY(CF) | TOK_CATEGORY(CO) | TOK_CATEGORY(CS);
  if (code == '\t' || code == '\n' || code == '\r') return false;
  return code == 0xfffd || tok_category_bit(code) & other;
}

static bool is_ideograph(uint32_t code) {
  return (code >= 0x4e00 && code <= 0x9fff) || (code >= 0x3400 && code <= 0x4dbf) ||
         (code >= 0xf900 && code <= 0xfaff);
}

static void add_cleaning(tok_build *b, bool clean, bool set_apart) {
  uint16_t *map = tok_add_map(b, TOK_STEP_MAP);
  for (uint32_t code = 0; code < TOK_CODE_POINTS; code++) {
    if (clean && is_dropped(code))
      tok_map_to(b, map, code, (tok_string){0});
    else if (clean && tok_is_white_space(code))
      tok_map_to(b, map, code, (tok_string){" ", 1});
    else if (set_apart && is_ideograph(code))
      map[code] = TOK_MAP_SPACED;
  }
}

status tok_read_bert_normalizer(tok_build *b, const json_view *view) {
  json_view clean_member = view_member(view, "clean_text"), lower_member = view_member(view, "lowercase");
  json_view apart_member = view_member(view, "handle_chinese_chars");
  json_view strip_member = view_member(view, "strip_accents");
  bool clean, set_apart, lower, strip;
  TRY(view_bool(b->a, &clean_member, true, &clean));
  TRY(view_bool(b->a, &apart_member, true, &set_apart));
  TRY(view_bool(b->a, &lower_member, true, &lower));
  TRY(view_bool(b->a, &strip_member, lower, &strip)); /* null: with lower case */
  if (clean || set_apart) add_cleaning(b, clean, set_apart);
  if (lower) tok_map_lowercase(b, tok_add_map(b, TOK_STEP_LOWERCASE));
  if (!strip) return OK;
  tok_add_step(b, TOK_STEP_NFD, (tok_string){0}, (tok_string){0});
  tok_map_away(b, tok_add_map(b, TOK_STEP_MAP), TOK_CATEGORY(MN));
  return OK;
}
