/* vocabulary.c: model.vocab and added_tokens: which spelling has which id. */
#include "tokenizer/build.h"

#include <string.h>

static status read_added_token(tok_build *b, const json_view *item) {
  TRY(view_object(b->a, item));
  tok_added_token *token = &ARENA_PUSH(b->a, b->added, b->added_count, b->added_capacity);
  *token = (tok_added_token){0};
  json_view content = view_member(item, "content"), id = view_member(item, "id");
  json_view normalized = view_member(item, "normalized");
  json_view special_member = view_member(item, "special");
  bool special;
  TRY(view_string(b->a, &content, &token->content.bytes, &token->content.count));
  TRY(view_unsigned(b->a, &id, TOK_MAX_IDS, &token->id));
  TRY(view_bool(b->a, &special_member, false, &special));
  TRY(view_bool(b->a, &normalized, !special, &token->normalized));
  if (token->id >= b->vocab_size) b->vocab_size = token->id + 1;
  return OK;
}

/* The flags of the added tokens, once there is room for them. */
static status read_added_flags(tok_build *b, const json_view *items) {
  static const struct {
    const char *name;
    uint8_t flag;
  } rows[] = {{"special", TOK_SPECIAL},
              {"lstrip", TOK_LSTRIP},
              {"rstrip", TOK_RSTRIP},
              {"single_word", TOK_SINGLE_WORD}};
  for (size_t i = 0; i < b->added_count; i++) {
    json_view item = view_item(items, i);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
      json_view member = view_member(&item, rows[r].name);
      bool on;
      TRY(view_bool(b->a, &member, false, &on));
      if (on) b->flags[b->added[i].id] |= rows[r].flag;
    }
  }
  return OK;
}

status tok_read_spellings(tok_build *b, const json_view *model) {
  json_view vocab = view_member(model, "vocab");
  const char *spelling;
  json_t *value;
  TRY(view_object(b->a, &vocab));
  json_object_foreach(vocab.value, spelling, value) {
    json_view entry = view_member(&vocab, spelling);
    uint32_t id;
    TRY(view_unsigned(b->a, &entry, TOK_MAX_IDS, &id));
    if (id >= b->vocab_size) b->vocab_size = id + 1;
  }
  b->spelling = ARENA_ARRAY(b->a, tok_string, b->vocab_size);
  json_object_foreach(vocab.value, spelling, value) {
    tok_string *slot = &b->spelling[json_integer_value(value)];
    json_view entry = view_member(&vocab, spelling);
    if (slot->bytes)
      return view_fail(b->a, &entry, "two tokens have the id %lld", (long long)json_integer_value(value));
    *slot = (tok_string){spelling, strlen(spelling)};
  }
  b->vocab = vocab.value;
  return OK;
}

status tok_read_vocabulary(tok_build *b, const json_view *root) {
  json_view model, added = view_member(root, "added_tokens");
  TRY(tok_read_model(b, root, &model));
  if (!view_is_absent(&added)) TRY(view_array(b->a, &added));
  for (size_t i = 0; i < view_item_count(&added); i++) {
    json_view item = view_item(&added, i);
    TRY(read_added_token(b, &item));
  }
  b->header.unknown_id = TOK_NONE;
  TRY(b->model->read_spellings(b, &model));
  json_view vocab = view_member(&model, "vocab");
  if (!b->vocab_size) return view_fail(b->a, &vocab, "the vocabulary is empty");
  b->key = ARENA_ARRAY(b->a, tok_string, b->vocab_size);
  b->text = ARENA_ARRAY(b->a, tok_string, b->vocab_size);
  b->flags = ARENA_ARRAY(b->a, uint8_t, b->vocab_size);
  for (uint32_t i = 0; i < b->vocab_size; i++) b->key[i] = b->spelling[i];
  for (size_t i = 0; i < b->added_count; i++) b->spelling[b->added[i].id] = b->added[i].content;
  TRY(read_added_flags(b, &added));

  json_view unknown = view_member(&model, "unk_token");
  if (!view_is_absent(&unknown)) {
    const char *spelling;
    size_t count;
    TRY(view_string(b->a, &unknown, &spelling, &count));
    b->header.unknown_id = tok_find(b, spelling);
    if (b->header.unknown_id == TOK_NONE)
      return view_fail(b->a, &unknown, "the token '%s' is not in the vocabulary", spelling);
  }
  return OK;
}

uint32_t tok_find(const tok_build *b, const char *spelling) {
  for (size_t i = 0; i < b->added_count; i++)
    if (strcmp(b->added[i].content.bytes, spelling) == 0) return b->added[i].id;
  json_t *id = json_object_get(b->vocab, spelling);
  return json_is_integer(id) ? (uint32_t)json_integer_value(id) : TOK_NONE;
}
