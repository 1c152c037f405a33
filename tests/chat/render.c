/*
 * render.c: compiles a chat template and renders it, for tests.
 *
 *   render TEMPLATE [NAME=TEXT...] < LINES
 *       Each line: {"messages": [{"role": ..., "content": ...}, ...], "add_generation_prompt": ...}, and
 * "set": texts of values by name. Prints a line for each: {"text": ...} or {"error": ...}. NAME is a variable
 * of the template: NAME= is none. render TEMPLATE blob > BLOB render BLOB damaged < LINES The same over the
 * compiled form, whatever became of it; prints nothing.
 *
 * Ends with 1 and the failure, FILE: line N: CAUSE, where the template is not compiled.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "chat/chat.h"
#include "base/base.h"

/* Both sides have a header of that name. */
#include "../../runtime/chat/chat.h"

enum { MOST_MESSAGES = 64, MOST_VARIABLES = 16 };

static status compile(arena *a, int argc, char **argv, text *blob) {
  chat_variable variables[MOST_VARIABLES];
  size_t count = 0;
  file_view source;
  TRY(file_map(a, argv[1], &source));
  for (int i = 2; i < argc && count < MOST_VARIABLES; i++) {
    char *name = arena_text(a, argv[i]), *equals = strchr(name, '=');
    if (!equals) continue;
    *equals = 0;
    variables[count++] = (chat_variable){name, equals[1] ? equals + 1 : NULL};
  }
  status s = chat_compile(a, (const char *)source.bytes, source.count, variables, count, blob);
  s = fail_file(a, s, argv[1]);
  file_unmap(&source);
  return s;
}

static void render_line(const rt_chat *chat, json_t *line, bool is_quiet) {
  rt_message messages[MOST_MESSAGES];
  size_t count = 0, i;
  json_t *message;
  json_array_foreach(json_object_get(line, "messages"), i, message) {
    json_t *content = json_object_get(message, "content");
    if (count == MOST_MESSAGES) break;
    messages[count++] = (rt_message){json_string_value(json_object_get(message, "role")),
                                     json_string_value(content), json_string_length(content)};
  }
  rt_chat_variable variables[MOST_VARIABLES];
  size_t variable_count = 0;
  const char *name;
  json_t *value;
  json_object_foreach(json_object_get(line, "set"), name, value) {
    if (variable_count == MOST_VARIABLES || !rt_chat_knows(chat, name, strlen(name))) continue;
    variables[variable_count++] = (rt_chat_variable){name, strlen(name), json_string_value(value)};
  }
  rt_chat_result result;
  bool ok =
      rt_chat_render(chat, messages, count, json_is_true(json_object_get(line, "add_generation_prompt")),
                     variables, variable_count, &result);
  json_t *answer = ok ? json_pack("{s:s%}", "text", result.text ? result.text : "", result.bytes)
                      : json_pack("{s:s}", "error", result.error);
  if (!is_quiet) {
    json_dumpf(answer, stdout, JSON_COMPACT);
    putchar('\n');
  }
  json_decref(answer);
  rt_chat_free(&result);
}

static int render_all(const void *blob, size_t bytes, bool is_quiet) {
  rt_chat chat;
  json_t *line;
  const char *wrong = rt_chat_open(&chat, blob, bytes);
  if (wrong) {
    fprintf(stderr, "%s\n", wrong);
    return 1;
  }
  while ((line = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL))) {
    render_line(&chat, line, is_quiet);
    json_decref(line);
  }
  return 0;
}

int main(int argc, char **argv) {
  arena a = {0};
  text blob = {0};
  int code = 0;
  bool is_blob = argc == 3 && strcmp(argv[2], "damaged") == 0;
  if (argc < 2) return 2;
  status s = OK;
  if (is_blob) {
    file_view view;
    s = file_map(&a, argv[1], &view);
    if (!s) text_append(&blob, view.bytes, view.count);
    if (!s) file_unmap(&view);
  } else {
    s = compile(&a, argc, argv, &blob);
  }
  if (s) {
    fprintf(stderr, "%s: %s: %s\n", s->file ? s->file : "", s->node ? s->node : "", s->cause);
    code = 1;
  } else if (argc == 3 && strcmp(argv[2], "blob") == 0) {
    fwrite(blob.bytes, 1, blob.count, stdout);
  } else {
    void *copy = arena_copy(&a, blob.bytes, blob.count); /* aligned */
    code = render_all(copy, blob.count, is_blob);
  }
  text_free(&blob);
  arena_free(&a);
  return code;
}
