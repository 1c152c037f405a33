/* lines.h: the lines of a file as texts: one after the other, or several that the model reads together. */
#ifndef RT_LINES_H
#define RT_LINES_H

#include "app/app.h"

#include <sys/types.h>

/* Bytes that were read and not yet used: bytes[begin .. count). */
typedef struct {
  int file;
  char *bytes;
  size_t begin, count, capacity;
  bool at_end;
} app_source;

/* How far it is, on a terminal: lines, and of a file what part of it. */
typedef struct {
  bool is_shown;
  off_t file_bytes; /* 0: unknown */
  off_t done_bytes;
  int64_t shown_percent, shown_lines;
} app_progress;

typedef struct {
  app_source source;
  app_progress progress;
  bool failed; /* the file cannot be read */
} app_lines;

/* Those that --lines names; "-" is standard input. False: the file cannot be opened. */
bool app_open_lines(app_lines *lines, const app_options *options);
/* The next line without its end, until the one after it is read; false where there is none. */
bool app_next_line(app_lines *lines, app_text *text);
/* Tells, where someone sees it, that so many lines are done. */
void app_show_lines(app_lines *lines, int64_t line);
void app_close_lines(app_lines *lines);

/* Writes what `work` makes of a text, a line (texts.c). Returns an exit code, after a message. */
int app_work_on(smelt_model *model, const app_text *text, app_text_work *work, app_output *out);

/*
 * The same of all lines, of which the model reads several at once (batch.c): only in programs whose graph
 * can. Results and messages come in the order of the lines, and are those of the lines alone. A line is not
 * kept waiting for others that are not there yet.
 */
int app_work_on_batches(smelt_model *model, const app_options *options, app_lines *lines, app_text_work *work,
                        app_output *out);

#endif
