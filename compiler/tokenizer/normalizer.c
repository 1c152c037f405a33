/* normalizer.c: normalizer -> steps. */
#include "tokenizer/build.h"

#include <string.h>
#include <stdlib.h>
#include <utf8proc.h>

static tok_string store(tok_build *b, tok_string string, uint32_t *offset) {
  *offset = (uint32_t)b->step_bytes_count;
  for (size_t i = 0; i < string.count; i++)
    ARENA_PUSH(b->a, b->step_bytes, b->step_bytes_count, b->step_bytes_capacity) = string.bytes[i];
  return string;
}

void tok_add_step(tok_build *b, tok_step_kind kind, tok_string first, tok_string second) {
  tok_step step = {.kind = kind, .a_bytes = (uint32_t)first.count, .b_bytes = (uint32_t)second.count};
  store(b, first, &step.a_offset);
  store(b, second, &step.b_offset);
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

static status read_replace(tok_build *b, const json_view *view) {
  tok_string from, to;
  TRY(tok_read_replace(b, view, &from, &to));
  tok_add_step(b, TOK_STEP_REPLACE, from, to);
  return OK;
}

static status read_nfc(tok_build *b, const json_view *view) {
  (void)view;
  tok_add_step(b, TOK_STEP_NFC, (tok_string){0}, (tok_string){0});
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
} types[] = {
    {"Sequence", read_sequence}, {"Prepend", read_prepend}, {"Replace", read_replace}, {"NFC", read_nfc}};

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

/* ---- the steps, at build time --------------------------------------------------------- */

static tok_string replace_all(arena *a, tok_string string, tok_string from, tok_string to) {
  char *bytes = NULL;
  size_t count = 0, capacity = 0;
  for (size_t at = 0; at < string.count;) {
    bool hit = string.count - at >= from.count && memcmp(string.bytes + at, from.bytes, from.count) == 0;
    for (size_t i = 0; hit && i < to.count; i++) ARENA_PUSH(a, bytes, count, capacity) = to.bytes[i];
    if (!hit) ARENA_PUSH(a, bytes, count, capacity) = string.bytes[at];
    at += hit ? from.count : 1;
  }
  return (tok_string){bytes, count};
}

static tok_string nfc(arena *a, tok_string string) {
  utf8proc_uint8_t *result;
  utf8proc_ssize_t count =
      utf8proc_map((const utf8proc_uint8_t *)string.bytes, (utf8proc_ssize_t)string.count, &result,
                   UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  if (count < 0) return string;
  tok_string copy = {arena_copy(a, result, (size_t)count), (size_t)count};
  free(result);
  return copy;
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
    if (step->kind == TOK_STEP_REPLACE) string = replace_all(b->a, string, first, second);
    if (step->kind == TOK_STEP_NFC) string = nfc(b->a, string);
  }
  return string;
}
