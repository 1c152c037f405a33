/* lines.c: the lines of a file or of standard input, one after the other. */
#define _GNU_SOURCE
#include "app/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads more behind what is there. False: out of memory, or the file cannot be read. */
static bool read_more(app_source *s) {
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
  app_source s = {.file = file};
  bool ok = true;
  while (ok && !s.at_end) ok = read_more(&s);
  *bytes = s.bytes;
  *count = s.count;
  return ok;
}

int app_read_stdin(const app_options *options, char **bytes, size_t *count) {
  bool ok = app_read_all(STDIN_FILENO, bytes, count);
  if (*count > 0 && (*bytes)[*count - 1] == '\n') --*count;
  if (*count > 0 && (*bytes)[*count - 1] == '\r') --*count;
  return ok ? APP_OK : app_fail(APP_INPUT, "%s: standard input cannot be read", options->program);
}

/* ---- lines ------------------------------------------------------------------------------- */

static app_progress begin_progress(int file) {
  struct stat info;
  app_progress p = {.is_shown = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO), .shown_percent = -1};
  if (fstat(file, &info) == 0 && S_ISREG(info.st_mode)) p.file_bytes = info.st_size;
  return p;
}

void app_show_lines(app_lines *lines, int64_t line) {
  app_progress *p = &lines->progress;
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

static void end_progress(const app_progress *p) {
  app_output err = app_output_on(STDERR_FILENO);
  if (p->is_shown) app_write_text(&err, "\r\033[K");
  app_flush(&err);
}

bool app_open_lines(app_lines *lines, const app_options *options) {
  const char *path = options->lines_path;
  bool is_stdin = strcmp(path, "-") == 0;
  *lines = (app_lines){.source.file = is_stdin ? STDIN_FILENO : rt_host_open(path)};
  if (lines->source.file < 0) return false;
  lines->progress = begin_progress(lines->source.file);
  return true;
}

bool app_next_line(app_lines *lines, app_text *text) {
  app_source *s = &lines->source;
  size_t looked = 0;
  char *end = NULL;
  while (!lines->failed) {
    size_t there = s->count - s->begin;
    if (there > looked) end = memchr(s->bytes + s->begin + looked, '\n', there - looked);
    if (end || s->at_end) break;
    looked = there;
    lines->failed = !read_more(s);
  }
  size_t count = end ? (size_t)(end - s->bytes) - s->begin : s->count - s->begin;
  if (lines->failed || (!end && count == 0)) return false;
  text->bytes = s->bytes + s->begin;
  text->count = count > 0 && text->bytes[count - 1] == '\r' ? count - 1 : count;
  text->line++;
  s->begin += count + (end != NULL);
  lines->progress.done_bytes += (off_t)(count + (end != NULL));
  return true;
}

void app_close_lines(app_lines *lines) {
  end_progress(&lines->progress);
  if (lines->source.file != STDIN_FILENO) close(lines->source.file);
  free(lines->source.bytes);
}
