/* normalizer.c: normalizer -> steps. */
#include "tokenizer/build.h"
#include "tokenizer/letters.h"

#include <string.h>
#include <utf8proc.h>

uint32_t tok_store_step_bytes(tok_build *b, tok_string string) {
  uint32_t offset = (uint32_t)b->step_bytes_count;
  for (size_t i = 0; i < string.count; i++)
    ARENA_PUSH(b->a, b->step_bytes, b->step_bytes_count, b->step_bytes_capacity) = string.bytes[i];
  return offset;
}

void tok_add_step(tok_build *b, tok_step_kind kind, tok_string first, tok_string second) {
  tok_step step = {.kind = kind, .a_bytes = (uint32_t)first.count, .b_bytes = (uint32_t)second.count};
  step.a_offset = tok_store_step_bytes(b, first);
  step.b_offset = tok_store_step_bytes(b, second);
  ARENA_PUSH(b->a, b->steps, b->step_count, b->step_capacity) = step;
}

/* ---- one function per type --------------------------------------------------------- */

static status read_one(tok_build *b, const json_view *view);

static status read_prepend(tok_build *b, const json_view *view) {
  tok_string prefix;
  json_view member = view_member(view, "prepend");
  TRY(view_string(b->a, &member, &prefix.bytes, &prefix.count));
  tok_add_step(b, TOK_STEP_PREPEND, prefix, (tok_string){0});
  return OK;
}

status tok_read_replace(tok_build *b, const json_view *view, tok_string *from, tok_string *to) {
  json_view pattern = view_member(view, "pattern"), content = view_member(view, "content");
  TRY(view_object(b->a, &pattern));
  json_view string = view_member(&pattern, "String");
  if (view_is_absent(&string))
    return view_fail(b->a, &pattern, "only patterns of type String are supported here");
  TRY(view_string(b->a, &string, &from->bytes, &from->count));
  TRY(view_string(b->a, &content, &to->bytes, &to->count));
  return from->count ? OK : view_fail(b->a, &string, "the pattern is empty");
}

/* Matches of a regular expression; the split is the step's own. */
static status read_replace_matches(tok_build *b, const json_view *view, const json_view *regex) {
  tok_string pattern, to;
  json_view content = view_member(view, "content");
  TRY(view_string(b->a, regex, &pattern.bytes, &pattern.count));
  TRY(view_string(b->a, &content, &to.bytes, &to.count));
  tok_add_step(b, TOK_STEP_REPLACE_MATCHES, (tok_string){0}, to);
  b->steps[b->step_count - 1].a_offset = (uint32_t)b->split_count;
  return tok_add_split_of(b, regex, pattern.bytes, pattern.count, TOK_SPLIT_ISOLATED);
}

static status read_replace(tok_build *b, const json_view *view) {
  tok_string from, to;
  json_view pattern = view_member(view, "pattern"), regex = view_member(&pattern, "Regex");
  if (!view_is_absent(&regex)) return read_replace_matches(b, view, &regex);
  TRY(tok_read_replace(b, view, &from, &to));
  tok_add_step(b, TOK_STEP_REPLACE, from, to);
  return OK;
}

static void add_plain_step(tok_build *b, tok_step_kind kind) {
  tok_add_step(b, kind, (tok_string){0}, (tok_string){0});
}

static status read_nfc(tok_build *b, const json_view *view) {
  (void)view;
  add_plain_step(b, TOK_STEP_NFC);
  return OK;
}

static status read_nfd(tok_build *b, const json_view *view) {
  (void)view;
  add_plain_step(b, TOK_STEP_NFD);
  return OK;
}

/* A compatibility form is the canonical one of what compatibility mappings leave. */
static status read_nfkc(tok_build *b, const json_view *view) {
  tok_map_compatible(b, tok_add_map(b, TOK_STEP_MAP));
  return read_nfc(b, view);
}

static status read_nfkd(tok_build *b, const json_view *view) {
  tok_map_compatible(b, tok_add_map(b, TOK_STEP_MAP));
  return read_nfd(b, view);
}

static status read_strip(tok_build *b, const json_view *view) {
  json_view left_member = view_member(view, "strip_left"), right_member = view_member(view, "strip_right");
  bool left, right;
  TRY(view_bool(b->a, &left_member, true, &left));
  TRY(view_bool(b->a, &right_member, true, &right));
  if (left) add_plain_step(b, TOK_STEP_STRIP_LEFT);
  if (right) add_plain_step(b, TOK_STEP_STRIP_RIGHT);
  return OK;
}

/* All marks, as the reference has it; the Rust library takes non-spacing ones only. */
static status read_strip_accents(tok_build *b, const json_view *view) {
  (void)view;
  tok_map_away(b, tok_add_map(b, TOK_STEP_MAP), TOK_CATEGORY(MN) | TOK_CATEGORY(MC) | TOK_CATEGORY(ME));
  return OK;
}

static bool is_one_of(uint32_t code, const code_range *ranges, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (code >= ranges[i].first && code <= ranges[i].last) return true;
  return false;
}

/*
 * SentencePiece's nmt_nfkc. The charsmap of the file is not read, as the
 * reference does not read it: what is dropped, what becomes a space, and NFKC
 * for all but U+FF5E is written down there.
 */
static status read_precompiled(tok_build *b, const json_view *view) {
  static const code_range dropped[] = {{0x01, 0x08}, {0x0b, 0x0b}, {0x0e, 0x1f},
                                       {0x7f, 0x7f}, {0x8f, 0x8f}, {0x9f, 0x9f}};
  static const code_range spaces[] = {{0x09, 0x0a},     {0x0c, 0x0d},     {0xa0, 0xa0},     {0x1680, 0x1680},
                                      {0x2000, 0x200f}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
                                      {0x2581, 0x2581}, {0x3000, 0x3000}, {0xfeff, 0xfeff}, {0xfffd, 0xfffd}};
  const uint32_t wide_tilde = 0xff5e;
  uint16_t *map = tok_add_map(b, TOK_STEP_MAP);
  tok_map_compatible(b, map);
  map[wide_tilde] = TOK_MAP_SAME;
  for (uint32_t code = 0; code < TOK_CODE_POINTS; code++) {
    if (is_one_of(code, dropped, sizeof dropped / sizeof *dropped))
      tok_map_to(b, map, code, (tok_string){0});
    else if (is_one_of(code, spaces, sizeof spaces / sizeof *spaces))
      tok_map_to(b, map, code, (tok_string){" ", 1});
  }
  return read_nfc(b, view);
}

static status read_lowercase(tok_build *b, const json_view *view) {
  (void)view;
  tok_map_lowercase(b, tok_add_map(b, TOK_STEP_LOWERCASE));
  return OK;
}

static status read_sequence(tok_build *b, const json_view *view) {
  json_view items = view_member(view, "normalizers");
  TRY(view_array(b->a, &items));
  for (size_t i = 0; i < view_item_count(&items); i++) {
    json_view item = view_item(&items, i);
    TRY(read_one(b, &item));
  }
  return OK;
}

static const struct {
  const char *type;
  status (*read)(tok_build *b, const json_view *view);
} types[] = {{"Sequence", read_sequence},
             {"Prepend", read_prepend},
             {"Replace", read_replace},
             {"NFC", read_nfc},
             {"NFD", read_nfd},
             {"NFKC", read_nfkc},
             {"NFKD", read_nfkd},
             {"Lowercase", read_lowercase},
             {"Precompiled", read_precompiled},
             {"Strip", read_strip},
             {"StripAccents", read_strip_accents},
             {"BertNormalizer", tok_read_bert_normalizer}};

static status read_one(tok_build *b, const json_view *view) {
  const char *type;
  TRY(view_type(b->a, view, &type));
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(type, types[i].type) == 0) return types[i].read(b, view);
  return view_fail(b->a, view, "normalizers of type %s are not supported", type);
}

status tok_read_normalizer(tok_build *b, const json_view *root) {
  json_view view = view_member(root, "normalizer");
  if (!view_is_absent(&view)) TRY(read_one(b, &view));
  b->header.normalizer_steps = (uint32_t)b->step_count;
  return OK;
}
