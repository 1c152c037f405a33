/* line_editor.h: lines typed at a terminal, with keys to move and change what was typed. Private to
 * runtime/app. */
#ifndef RT_APP_LINE_EDITOR_H
#define RT_APP_LINE_EDITOR_H

#include <stdbool.h>
#include <stddef.h>

typedef enum { LINE_READ, LINE_INTERRUPTED, LINE_END, LINE_FAILED } line_result;

enum { LINE_HISTORY = 100 };

typedef struct {
  int input, output;
  const char *prompt; /* of characters one column wide */
  bool edits;         /* the terminal has keys; else lines are read as they come */
  char *text;         /* the line, [count] */
  size_t count, capacity;
  size_t cursor; /* a byte */
  char *history[LINE_HISTORY];
  int history_count, history_at; /* history_at: which line is shown; history_count: the one being typed */
  char pending[256];             /* read and not yet used */
  size_t pending_begin, pending_count;
} line_editor;

void line_editor_init(line_editor *e, int input, int output, const char *prompt);
void line_editor_free(line_editor *e);

/*
 * Reads one line, without its end, into e->text. LINE_INTERRUPTED: Ctrl-C, or a signal; LINE_END: Ctrl-D in
 * an empty line, or the input's end; LINE_FAILED: it cannot be read, or there is no memory.
 */
line_result line_editor_read(line_editor *e);

#endif
