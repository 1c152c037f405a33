/* source_config.c: what forms other than tokenizer.json take from the files beside them. */
#include "tokenizer/source.h"

#include <stdlib.h>
#include <string.h>

const char *tok_source_class(arena *a, const tok_source *source) {
  const char *class = json_string_value(json_object_get(source->config, "tokenizer_class"));
  if (class) {
    size_t count = strlen(class), fast = strlen("Fast");
    bool is_fast = count > fast && strcmp(class + count - fast, "Fast") == 0;
    return arena_format(a, "%.*s", (int)(is_fast ? count - fast : count), class);
  }
  json_t *config = NULL;
  const char *path = file_join(a, source->folder, "config.json");
  if (!file_exists(path) || json_file_read(a, path, &config)) return "";
  const char *type = json_string_value(json_object_get(config, "model_type"));
  class = type ? arena_text(a, type) : "";
  json_decref(config);
  return class;
}

bool tok_config_flag(const tok_source *source, const char *name, bool when_absent) {
  const json_t *flag = json_object_get(source->config, name);
  return json_is_boolean(flag) ? json_is_true(flag) : when_absent;
}

const char *tok_config_token(const tok_source *source, const char *name, const char *when_absent) {
  const json_t *token = json_object_get(source->config, name);
  const char *spelling = json_string_value(json_is_object(token) ? json_object_get(token, "content") : token);
  return spelling ? spelling : when_absent;
}

static json_t *added_tokens(const tok_source *source) {
  json_t *tokens = json_object_get(source->document, "added_tokens");
  if (tokens) return tokens;
  json_object_set_new(source->document, "added_tokens", json_array());
  return json_object_get(source->document, "added_tokens");
}

static bool is_added(const tok_source *source, json_int_t id) {
  size_t i;
  json_t *token;
  json_array_foreach(added_tokens(source), i, token) {
    if (json_integer_value(json_object_get(token, "id")) == id) return true;
  }
  return false;
}

void tok_add_source_token(tok_source *source, uint32_t id, const char *content, unsigned flags,
                          bool normalized) {
  if (is_added(source, id)) return;
  json_array_append_new(added_tokens(source),
                        json_pack("{s:I, s:s, s:b, s:b, s:b}", "id", (json_int_t)id, "content", content,
                                  "special", (flags & TOK_SPECIAL) != 0, "lstrip", (flags & TOK_LSTRIP) != 0,
                                  "normalized", normalized));
}

void tok_add_named_token(tok_source *source, const char *name, const char *when_absent, unsigned flags) {
  const char *spelling = tok_config_token(source, name, when_absent);
  uint32_t id = spelling ? tok_source_id(source, spelling) : TOK_NONE;
  if (id != TOK_NONE) tok_add_source_token(source, id, spelling, flags, false);
}

/* added_tokens.json: ids by spelling. */
static status add_plain_list(arena *a, tok_source *source) {
  const char *path = file_join(a, source->folder, "added_tokens.json"), *spelling;
  json_t *list = NULL, *id;
  if (!file_exists(path)) return OK;
  TRY(json_file_read(a, path, &list));
  json_view view = {.value = list};
  status s = view_object(a, &view);
  json_object_foreach(list, spelling, id) {
    json_view entry = view_member(&view, spelling);
    uint32_t number;
    if (!s) s = view_unsigned(a, &entry, TOK_MAX_IDS, &number);
    if (!s) tok_add_source_token(source, number, spelling, TOK_SPECIAL, false);
  }
  json_decref(list);
  return s ? fail_file(a, s, path) : OK;
}

status tok_add_listed_tokens(arena *a, tok_source *source) {
  const char *key;
  json_t *token, *list = json_object_get(source->config, "added_tokens_decoder");
  json_object_foreach(list, key, token) {
    char *end;
    unsigned long id = strtoul(key, &end, 10);
    if (*end || end == key || id >= TOK_MAX_IDS || !json_is_object(token))
      return fail_file(a,
                       fail_node(a, fail(a, STATUS_INPUT, "not an id below 2^22 with an object"),
                                 "added_tokens_decoder.%s", key),
                       file_join(a, source->folder, "tokenizer_config.json"));
    if (is_added(source, (json_int_t)id)) continue;
    json_t *copy = json_copy(token);
    json_object_set_new(copy, "id", json_integer((json_int_t)id));
    json_array_append_new(added_tokens(source), copy);
  }
  return add_plain_list(a, source);
}

uint32_t tok_source_id(const tok_source *source, const char *spelling) {
  size_t i;
  json_t *token;
  json_array_foreach(added_tokens(source), i, token) {
    const char *content = json_string_value(json_object_get(token, "content"));
    if (content && strcmp(content, spelling) == 0)
      return (uint32_t)json_integer_value(json_object_get(token, "id"));
  }
  json_t *vocab = json_object_get(json_object_get(source->document, "model"), "vocab");
  if (json_is_array(vocab)) {
    json_array_foreach(vocab, i, token) {
      const char *content = json_string_value(json_array_get(token, 0));
      if (content && strcmp(content, spelling) == 0) return (uint32_t)i;
    }
    return TOK_NONE;
  }
  json_t *id = json_object_get(vocab, spelling);
  return json_is_integer(id) ? (uint32_t)json_integer_value(id) : TOK_NONE;
}

/* ---- templates --------------------------------------------------------------------------------- */

static void add_token_item(const tok_source *source, json_t *items, json_t *table, const char *spelling,
                           int type) {
  uint32_t id = spelling ? tok_source_id(source, spelling) : TOK_NONE;
  if (id == TOK_NONE) return;
  json_array_append_new(items, json_pack("{s:{s:s, s:i}}", "SpecialToken", "id", spelling, "type_id", type));
  json_object_set_new(
      table, spelling,
      json_pack("{s:s, s:[I], s:[s]}", "id", spelling, "ids", (json_int_t)id, "tokens", spelling));
}

static json_t *make_items(const tok_source *source, json_t *table, const char *form,
                          const tok_template_tokens *tokens, bool types) {
  json_t *items = json_array();
  int type = 0;
  for (; *form; form++) {
    if (*form == 'B' && types) type = 1;
    if (*form == 'A' || *form == 'B')
      json_array_append_new(items,
                            json_pack("{s:{s:s%, s:i}}", "Sequence", "id", form, (size_t)1, "type_id", type));
    else
      add_token_item(source, items, table,
                     *form == 'b'   ? tokens->before
                     : *form == 'e' ? tokens->after
                                    : tokens->language,
                     type);
  }
  return items;
}

void tok_set_template(tok_source *source, const char *single, const char *pair,
                      const tok_template_tokens *tokens, bool types) {
  json_t *table = json_object(), *one = make_items(source, table, single, tokens, types);
  json_t *two = make_items(source, table, pair, tokens, types);
  json_object_set_new(source->document, "post_processor",
                      json_pack("{s:s, s:o, s:o, s:o}", "type", "TemplateProcessing", "single", one, "pair",
                                two, "special_tokens", table));
}
