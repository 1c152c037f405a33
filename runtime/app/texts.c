/* texts.c: the texts that commands work on: one from the command line or standard input, or lines of a file.
 */
#define _GNU_SOURCE
#include "app/app.h"
#include "text/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes that were read and not yet used: bytes[begin .. count). */
typedef struct {
  int file;
  char *bytes;
  size_t begin, count, capacity;
  bool at_end;
} source;

/* Reads more behind what is there. False: out of memory, or the file cannot be read. */
static bool read_more(source *s) {
  if (s->begin > 0 && s->begin == s->count) s->begin = s->count = 0;
  if (s->count == s->capacity && s->begin > 0) {
    memmove(s->bytes, s->bytes + s->begin, s->count - s->begin);
    s->count -= s->begin;
    s->begin = 0;
  }
  if (s->count == s->capacity) {
    size_t capacity = s->capacity ? 2 * s->capacity : 4096;
    char *grown = realloc(s->bytes, capacity);
    if (!grown) return false;
    s->bytes = grown;
    s->capacity = capacity;
  }
  ssize_t got;
  do got = read(s->file, s->bytes + s->count, s->capacity - s->count);
  while (got < 0 && errno == EINTR);
  if (got < 0) return false;
  s->at_end = got == 0;
  s->count += (size_t)got;
  return true;
}

bool app_read_all(int file, char **bytes, size_t *count) {
  source s = {.file = file};
  bool ok = true;
  while (ok && !s.at_end) ok = read_more(&s);
  *bytes = s.bytes;
  *count = s.count;
  return ok;
}

int app_read_stdin(const app_options *options, char **bytes, size_t *count) {
  bool ok = app_read_all(STDIN_FILENO, bytes, count);
  if (*count > 0 && (*bytes)[*count - 1] == '\n') --*count;
  return ok ? APP_OK : app_fail(APP_INPUT, "%s: standard input cannot be read", options->program);
}

/* ---- lines ------------------------------------------------------------------------------- */

/* How far it is, on a terminal: lines, and of a file what part of it. */
typedef struct {
  bool is_shown;
  off_t file_bytes; /* 0: unknown */
  off_t done_bytes;
  int64_t shown_percent, shown_lines;
} progress;

static progress begin_progress(int file) {
  struct stat info;
  progress p = {.is_shown = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO), .shown_percent = -1};
  if (fstat(file, &info) == 0 && S_ISREG(info.st_mode)) p.file_bytes = info.st_size;
  return p;
}

static void show_progress(progress *p, int64_t line) {
  if (!p->is_shown) return;
  int64_t percent = p->file_bytes > 0 ? p->done_bytes * 100 / p->file_bytes : -1;
  if (percent == p->shown_percent && line < p->shown_lines + 100) return;
  p->shown_percent = percent;
  p->shown_lines = line;
  app_output err = app_output_on(STDERR_FILENO);
  app_write_text(&err, "\r\033[K");
  app_write_integer(&err, line);
  app_write_text(&err, " lines");
  if (percent >= 0) app_write_text(&err, ", ");
  if (percent >= 0) app_write_integer(&err, percent);
  app_write_text(&err, percent >= 0 ? " %" : "");
  app_flush(&err);
}

static void end_progress(const progress *p) {
  app_output err = app_output_on(STDERR_FILENO);
  if (p->is_shown) app_write_text(&err, "\r\033[K");
  app_flush(&err);
}

/* The next line without its end; false where there is none. *ok turns false where it cannot be read. */
static bool next_line(source *s, progress *p, app_text *text, bool *ok) {
  size_t looked = 0;
  char *end = NULL;
  while (*ok) {
    size_t there = s->count - s->begin;
    if (there > looked) end = memchr(s->bytes + s->begin + looked, '\n', there - looked);
    if (end || s->at_end) break;
    looked = there;
    *ok = read_more(s);
  }
  size_t count = end ? (size_t)(end - s->bytes) - s->begin : s->count - s->begin;
  if (!*ok || (!end && count == 0)) return false;
  text->bytes = s->bytes + s->begin;
  text->count = count > 0 && text->bytes[count - 1] == '\r' ? count - 1 : count;
  text->line++;
  s->begin += count + (end != NULL);
  p->done_bytes += (off_t)(count + (end != NULL));
  return true;
}

/* What one text becomes, as a line that is out before the next text is read where someone may wait for it. Of
 * many texts one that fails has a line without a result. */
static int work_on(smelt_model *model, const app_text *text, app_text_work *work, app_output *out) {
  int code = work(model, text, out);
  if (code && (!text->line || code == APP_USAGE)) return code;
  if (code && !text->options->binary) app_write_text(out, text->options->json ? "null" : "");
  app_write_text(out, text->options->binary ? "" : "\n");
  if (app_flush(out)) return code;
  return app_fail(APP_INPUT, "%s: the result cannot be written", text->options->program);
}

static int each_line(smelt_model *model, const app_options *options, app_text_work *work, app_output *out) {
  const char *path = options->lines_path;
  bool is_stdin = strcmp(path, "-") == 0, ok = true;
  source s = {.file = is_stdin ? STDIN_FILENO : rt_host_open(path)};
  if (s.file < 0) return app_fail(APP_INPUT, "%s: %s: the file cannot be opened", options->program, path);
  progress p = begin_progress(s.file);
  app_text text = {.options = options};
  int code = APP_OK;
  while (code != APP_USAGE && !out->failed && next_line(&s, &p, &text, &ok)) {
    int worked = work_on(model, &text, work, out);
    if (worked) code = worked;
    show_progress(&p, text.line);
  }
  end_progress(&p);
  if (!ok) code = app_fail(APP_INPUT, "%s: %s: the file cannot be read", options->program, path);
  if (!is_stdin) close(s.file);
  free(s.bytes);
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
  if (code == APP_OK) code = work_on(model, &text, work, &out);
  free(read);
  return code;
}

int app_fail_text(const app_text *text, const char *format, ...) {
  char message[400];
  va_list arguments;
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

/* Cuts a text's ids to `most`: at its end, or where the tokenizer says so at its start; special ones stay. */
static void truncate_ids(const smelt_model *model, bool has_special, int64_t most, int32_t *ids,
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
  if (*count > most && options->truncates) truncate_ids(model, has_special, most, *ids, count);
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
