/* diagnostics.c: one line per failure, one line of progress. */
#define _POSIX_C_SOURCE 200809L
#include "driver/diagnostics.h"

#include <string.h>
#include <unistd.h>

enum { DIAGNOSTIC_MAX_BYTES = 2000 };

/* File and node names come from hostile files: nothing that moves a terminal's cursor may pass. */
static void make_printable(text *line) {
  if (line->count > DIAGNOSTIC_MAX_BYTES) {
    line->count = DIAGNOSTIC_MAX_BYTES;
    text_print(line, " ...");
  }
  for (size_t i = 0; i < line->count; i++) {
    unsigned char c = (unsigned char)line->bytes[i];
    if (c < 0x20 || c == 0x7f) line->bytes[i] = '?';
  }
}

static void print_line(const char *kind, status s) {
  text line = {0};
  text_print(&line, "%s: ", kind);
  if (s->file) text_print(&line, "%s: ", s->file);
  if (s->node) text_print(&line, "%s: ", s->node);
  text_print(&line, "%s", s->cause ? s->cause : "failed");
  if (s->expected && s->found) {
    text_print(&line, " (expected %s, found %s)", s->expected, s->found);
  } else if (s->expected) {
    text_print(&line, " (expected %s)", s->expected);
  } else if (s->found) {
    text_print(&line, " (found %s)", s->found);
  }
  if (s->hint) text_print(&line, "; %s", s->hint);
  if (s->code == STATUS_DEFECT) text_print(&line, "; this is a defect in smelt, please report it");
  make_printable(&line);
  fprintf(stderr, "%s\n", line.bytes);
  text_free(&line);
}

void print_failure(status s) {
  print_line("error", s);
}

void print_warning(status s) {
  print_line("warning", s);
}

progress progress_begin(bool quiet) {
  return (progress){.is_shown = !quiet && isatty(STDERR_FILENO)};
}

void progress_show(const progress *p, const char *stage, size_t done, size_t total) {
  enum { BAR_WIDTH = 24 };
  if (!p->is_shown) return;
  fprintf(stderr, "\r\033[K%-24s", stage);
  if (total) {
    size_t filled = done * BAR_WIDTH / total;
    fputs(" [", stderr);
    for (size_t i = 0; i < BAR_WIDTH; i++) fputc(i < filled ? '#' : '.', stderr);
    fprintf(stderr, "] %zu/%zu", done, total);
  }
  fflush(stderr);
}

void progress_end(const progress *p) {
  if (p->is_shown) fputs("\r\033[K", stderr);
}
