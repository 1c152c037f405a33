/* conversation.c: finds a folder's chat template and the tokens that it names. */
#include "driver/conversation.h"
#include "chat/chat.h"

#include <jansson.h>
#include <string.h>

/* What transformers hands to templates: of the tokens those that are set. */
static const char *const token_names[] = {"bos_token", "eos_token", "pad_token", "unk_token",
                                          "sep_token", "cls_token", "mask_token"};
static const char *const absent_names[] = {"tools", "documents"};
enum {
  TOKENS = sizeof token_names / sizeof *token_names,
  ABSENT = sizeof absent_names / sizeof *absent_names
};

/* A token is a text, or an object with its text as "content". */
static const char *token_text(const json_t *file, const char *name) {
  const json_t *token = json_object_get(file, name);
  return json_string_value(json_is_object(token) ? json_object_get(token, "content") : token);
}

static size_t collect_variables(const json_t *config, const json_t *map, chat_variable *variables) {
  size_t count = 0;
  for (int i = 0; i < ABSENT; i++) variables[count++] = (chat_variable){absent_names[i], NULL};
  for (int i = 0; i < TOKENS; i++) {
    const char *text = token_text(config, token_names[i]);
    if (!text) text = token_text(map, token_names[i]);
    if (text) variables[count++] = (chat_variable){token_names[i], text};
  }
  return count;
}

/* "chat_template": a text, or a list of named ones, of which "default" is taken. */
static const json_t *choose_template(const json_t *config) {
  const json_t *templates = json_object_get(config, "chat_template"), *row;
  size_t i;
  if (!json_is_array(templates)) return templates;
  json_array_foreach(templates, i, row) {
    const char *name = json_string_value(json_object_get(row, "name"));
    if (name && strcmp(name, "default") == 0) return json_object_get(row, "template");
  }
  return json_null();
}

static status compile_file(compilation *c, const char *path, const chat_variable *variables, size_t count) {
  file_view view;
  TRY(file_map(&c->arena, path, &view));
  status s = chat_compile(&c->arena, (const char *)view.bytes, view.count, variables, count, &c->chat);
  file_unmap(&view);
  return fail_file(&c->arena, s, path);
}

static status compile_value(compilation *c, const char *path, const json_t *config,
                            const chat_variable *variables, size_t count) {
  const json_t *template = choose_template(config);
  if (!template) return OK;
  status s = json_is_string(template)
                 ? chat_compile(&c->arena, json_string_value(template), json_string_length(template),
                                variables, count, &c->chat)
                 : fail_expected(&c->arena, fail(&c->arena, STATUS_INPUT, "has the wrong type"),
                                 "a text, or a list of which one is called \"default\"");
  s = fail_node(&c->arena, s, "\"chat_template\"");
  if (s && strncmp(s->node, "line", 4) == 0) {
    failure *with_key = arena_copy(&c->arena, s, sizeof *s);
    with_key->node = arena_format(&c->arena, "\"chat_template\": %s", s->node);
    s = with_key;
  }
  return fail_file(&c->arena, s, path);
}

static status read_if_there(compilation *c, const char *path, json_t **value) {
  return file_exists(path) ? folder_read_json(&c->arena, path, value) : OK;
}

static status describe(compilation *c) {
  arena *a = &c->arena;
  const char *alone = file_join(a, c->folder.home, "chat_template.jinja"),
             *config_path = file_join(a, c->folder.home, "tokenizer_config.json"),
             *map_path = file_join(a, c->folder.home, "special_tokens_map.json");
  json_t *config = NULL, *map = NULL;
  chat_variable variables[TOKENS + ABSENT];
  status s = read_if_there(c, config_path, &config);
  if (!s) s = read_if_there(c, map_path, &map);
  if (!s) {
    size_t count = collect_variables(config, map, variables);
    s = file_exists(alone) ? compile_file(c, alone, variables, count)
                           : compile_value(c, config_path, config, variables, count);
  }
  json_decref(config);
  json_decref(map);
  return s;
}

void conversation_describe(compilation *c) {
  if (!c->is_generator || c->folder.encoder || !c->tokenizer.count) return;
  status s = describe(c);
  if (s) print_warning(fail_hint(&c->arena, s, "the program has no chat"));
}
