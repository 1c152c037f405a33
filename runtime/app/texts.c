/* texts.c: the texts that commands work on: one from the command line or standard input, or lines of a file.
 */
#define _GNU_SOURCE
#include "app/lines.h"
#include "text/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Linked only into programs whose graph reads several texts at once, else NULL. */
#pragma weak app_work_on_batches

/* What one text becomes, as a line that is out before the next text is read where someone may wait for it. Of
 * many texts one that fails has a line without a result. */
int app_work_on(smelt_model *model, const app_text *text, app_text_work *work, app_output *out) {
  int code = work(model, text, out);
  if (code && (!text->line || code == APP_USAGE)) return code;
  if (code && !text->options->binary) app_write_text(out, text->options->json ? "null" : "");
  app_write_text(out, text->options->binary ? "" : "\n");
  if (app_flush(out)) return code;
  return app_fail(APP_INPUT, "%s: the result cannot be written", text->options->program);
}

static int each_line(smelt_model *model, const app_options *options, app_text_work *work, app_output *out) {
  app_lines lines;
  if (!app_open_lines(&lines, options))
    return app_fail(APP_INPUT, "%s: %s: the file cannot be opened", options->program, options->lines_path);
  app_text text = {.options = options};
  int code = APP_OK;
  if (app_work_on_batches) code = app_work_on_batches(model, options, &lines, work, out);
  while (code != APP_USAGE && !out->failed && app_next_line(&lines, &text)) {
    int worked = app_work_on(model, &text, work, out);
    if (worked) code = worked;
    app_show_lines(&lines, text.line);
  }
  if (lines.failed)
    code = app_fail(APP_INPUT, "%s: %s: the file cannot be read", options->program, options->lines_path);
  app_close_lines(&lines);
  return code;
}

/* ---- all texts ----------------------------------------------------------------------------- */

int app_each_text(smelt_model *model, const app_options *options, app_text_work *work) {
  app_output out = app_output_on(options->output_file ? options->output_file : STDOUT_FILENO);
  bool has_text = options->prompt || options->prompt_ids;
  if (options->lines_path && has_text)
    return app_fail(APP_USAGE, "%s: --lines and --prompt exclude each other", options->program);
  if (options->prompt && options->prompt_ids)
    return app_fail(APP_USAGE, "%s: --prompt and --prompt-ids exclude each other", options->program);
  if (options->lines_path) return each_line(model, options, work, &out);
  if (!has_text && isatty(STDIN_FILENO))
    return app_fail(APP_USAGE, "%s: no text: give one with -p TEXT, or pipe it in; --help says more",
                    options->program);
  app_text text = {.options = options, .bytes = options->prompt ? options->prompt : options->prompt_ids};
  char *read = NULL;
  int code = APP_OK;
  if (has_text)
    text.count = strlen(text.bytes);
  else
    code = app_read_stdin(options, &read, &text.count);
  if (read) text.bytes = read;
  if (code == APP_OK) code = app_work_on(model, &text, work, &out);
  free(read);
  return code;
}

int app_fail_text(const app_text *text, const char *format, ...) {
  char message[400];
  va_list arguments;
  if (text->batch && text->batch->asks) return APP_INPUT; /* it is told when it is answered */
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (!text->line) return app_fail(APP_INPUT, "%s: %s", text->options->program, message);
  return app_fail(APP_INPUT, "%s: line %lld: %s", text->options->program, (long long)text->line, message);
}

/* ---- token ids ------------------------------------------------------------------------------- */

static bool is_between_ids(char c) {
  return c == ' ' || c == ',' || c == '\t' || c == '\n' || c == '\r';
}

bool app_parse_ids(const char *text, size_t bytes, int32_t **ids, int32_t *count) {
  *count = 0;
  *ids = calloc(bytes / 2 + 1, sizeof **ids);
  if (!*ids || bytes > INT32_MAX) return false;
  for (size_t at = 0; at < bytes;) {
    if (is_between_ids(text[at])) {
      at++;
      continue;
    }
    int64_t id = 0;
    size_t first = at;
    for (; at < bytes && text[at] >= '0' && text[at] <= '9' && id <= INT32_MAX; at++)
      id = id * 10 + (text[at] - '0');
    if (at == first || id > INT32_MAX || (at < bytes && !is_between_ids(text[at]))) return false;
    (*ids)[(*count)++] = (int32_t)id;
  }
  return true;
}

void app_truncate_ids(const smelt_model *model, bool has_special, int64_t most, int32_t *ids,
                      int32_t *count) {
  const rt_tokenizer *t = &model->tokenizer;
  bool cuts_start = t->header->flags & TOK_TRUNCATE_START;
  int64_t kept = !has_special ? 0 : cuts_start ? t->prefix_ids_count : t->suffix_ids_count;
  if (kept > most) kept = most;
  int64_t first = cuts_start ? kept : most - kept;
  memmove(ids + first, ids + *count - (most - first), (size_t)(most - first) * sizeof *ids);
  *count = (int32_t)most;
}

int app_text_ids(smelt_model *model, const app_text *text, int64_t most, int32_t **ids, int32_t *count) {
  const app_options *options = text->options;
  bool has_special = !options->no_special && !options->prompt_ids;
  *ids = NULL;
  if (options->prompt_ids) {
    if (!app_parse_ids(text->bytes, text->count, ids, count))
      return app_fail(APP_USAGE, "%s: --prompt-ids: expected token ids, found '%s'", options->program,
                      options->prompt_ids);
  } else {
    int64_t made = smelt_encode(model, text->bytes, text->count, has_special, NULL, 0);
    if (made < 0 || made > INT32_MAX) return app_fail_text(text, "the text is too long");
    *count = (int32_t)made;
    *ids = malloc(((size_t)made + 1) * sizeof **ids);
    if (!*ids) return app_fail_text(text, "out of memory");
    memcpy(*ids, model->encoder.ids.items, (size_t)made * sizeof **ids);
  }
  if (*count > most && options->truncates) app_truncate_ids(model, has_special, most, *ids, count);
  if (*count > most)
    return app_fail_text(text, "the text has %d tokens, the model reads at most %d; --truncate cuts it",
                         (int)*count, (int)most);
  return APP_OK;
}

/* ---- tokens as text ---------------------------------------------------------------------------- */

static bool is_utf8(const uint8_t *bytes, size_t count) {
  for (size_t at = 0; at < count;) {
    uint32_t code;
    at += utf8_next(bytes + at, count - at, &code);
    if (code == UTF8_BROKEN || code == UTF8_SHORT) return false;
  }
  return true;
}

void app_write_json_token(app_output *out, const smelt_model *model, int32_t id) {
  uint8_t buffer[TOK_MERGED_BYTES];
  size_t count;
  const uint8_t *bytes = rt_token_text(&model->tokenizer, (uint32_t)id, buffer, &count);
  app_write_text(out, "\"id\":");
  app_write_integer(out, id);
  if (is_utf8(bytes, count)) {
    app_write_text(out, ",\"text\":");
    app_write_json_bytes(out, bytes, count);
    return;
  }
  app_write_text(out, ",\"bytes\":[");
  for (size_t i = 0; i < count; i++) {
    if (i > 0) app_write_text(out, ",");
    app_write_integer(out, bytes[i]);
  }
  app_write_text(out, "]");
}

void app_write_visible(app_output *out, const uint8_t *bytes, size_t count) {
  static const char hex[] = "0123456789abcdef";
  bool is_text = is_utf8(bytes, count);
  for (size_t i = 0; i < count; i++) {
    const char escaped[] = {'\\', 'x', hex[bytes[i] >> 4], hex[bytes[i] & 15]};
    if (bytes[i] < 0x20 || bytes[i] == 0x7f || bytes[i] == '\\' || (bytes[i] >= 0x80 && !is_text))
      app_write(out, escaped, sizeof escaped);
    else
      app_write(out, &bytes[i], 1);
  }
}

void app_write_token(app_output *out, const smelt_model *model, int32_t id) {
  uint8_t buffer[TOK_MERGED_BYTES];
  size_t count;
  const uint8_t *bytes = rt_token_text(&model->tokenizer, (uint32_t)id, buffer, &count);
  app_write_visible(out, bytes, count);
}
