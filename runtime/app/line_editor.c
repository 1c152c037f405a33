/*
 * line_editor.c: a line of a terminal that is put into raw mode while it is
 * typed. The line is shown in one row, scrolled sideways where it is longer.
 */
#define _GNU_SOURCE
#include "app/line_editor.h"
#include "app/app.h"
#include "app/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void line_editor_init(line_editor *e, int input, int output, const char *prompt) {
  *e = (line_editor){.input = input, .output = output, .prompt = prompt};
  e->edits = rt_host_terminal_has_keys(input, output);
}

void line_editor_free(line_editor *e) {
  for (int i = 0; i < e->history_count; i++) free(e->history[i]);
  free(e->text);
}

/* ---- the text ------------------------------------------------------------------------------------ */

/* Puts bytes where the cursor is. */
static bool insert(line_editor *e, const char *bytes, size_t count) {
  if (e->count + count > e->capacity) {
    size_t capacity = 2 * (e->count + count) + 64;
    char *grown = realloc(e->text, capacity);
    if (!grown) return false;
    e->text = grown;
    e->capacity = capacity;
  }
  memmove(e->text + e->cursor + count, e->text + e->cursor, e->count - e->cursor);
  memcpy(e->text + e->cursor, bytes, count);
  e->count += count;
  e->cursor += count;
  return true;
}

/* Takes away text[begin .. end); the cursor is then at begin. */
static void erase(line_editor *e, size_t begin, size_t end) {
  memmove(e->text + begin, e->text + end, e->count - end);
  e->count -= end - begin;
  e->cursor = begin;
}

static size_t before(const line_editor *e, size_t at) {
  return columns_before(e->text, at);
}

static size_t after(const line_editor *e, size_t at) {
  return columns_after(e->text, e->count, at);
}

/* Where the word before the cursor begins. */
static size_t word_before(const line_editor *e) {
  size_t at = e->cursor;
  while (at > 0 && e->text[at - 1] == ' ') at--;
  while (at > 0 && e->text[at - 1] != ' ') at--;
  return at;
}

/* ---- history --------------------------------------------------------------------------------------- */

static void remember(line_editor *e) {
  if (e->count == 0) return;
  char *copy = malloc(e->count + 1);
  if (!copy) return;
  memcpy(copy, e->text, e->count);
  copy[e->count] = 0;
  if (e->history_count == LINE_HISTORY) {
    free(e->history[0]);
    memmove(e->history, e->history + 1, (LINE_HISTORY - 1) * sizeof e->history[0]);
    e->history_count--;
  }
  e->history[e->history_count++] = copy;
}

/* Shows an older (-1) or newer (1) line; behind the newest is an empty one. */
static void recall(line_editor *e, int step) {
  int wanted = e->history_at + step;
  if (wanted < 0 || wanted > e->history_count) return;
  e->history_at = wanted;
  e->count = e->cursor = 0;
  if (wanted < e->history_count) insert(e, e->history[wanted], strlen(e->history[wanted]));
}

/* ---- the screen --------------------------------------------------------------------------------------- */

static int terminal_columns(const line_editor *e) {
  enum { USUAL = 80, LEAST = 16 };
  int columns = rt_host_terminal_columns(e->output);
  return columns < LEAST ? USUAL : columns;
}

/* Writes the part of the line around the cursor, and puts the cursor there. */
static void show(const line_editor *e) {
  app_output out = app_output_on(e->output);
  int room = terminal_columns(e) - (int)strlen(e->prompt) - 1;
  size_t begin = 0, end;
  while (columns_of(e->text + begin, e->cursor - begin) > room) begin = after(e, begin);
  for (end = e->cursor; end < e->count && columns_of(e->text + begin, after(e, end) - begin) <= room;)
    end = after(e, end);
  app_write_text(&out, "\r");
  app_write_text(&out, e->prompt);
  app_write(&out, e->text + begin, end - begin);
  app_write_text(&out, "\033[K\r\033[");
  app_write_integer(&out, (int64_t)strlen(e->prompt) + columns_of(e->text + begin, e->cursor - begin));
  app_write_text(&out, "C");
  app_flush(&out);
}

/* ---- keys ------------------------------------------------------------------------------------------------
 */

typedef enum { GOES_ON, DONE, INTERRUPTED, ENDED, FAILED } key_result;

enum { NO_BYTE_AT_END = -1, NO_BYTE_BY_SIGNAL = -2, NO_BYTE_READ = -3 };

/* One byte, or why there is none. */
static int next_byte(line_editor *e) {
  if (e->pending_begin == e->pending_count) {
    ssize_t got = read(e->input, e->pending, sizeof e->pending);
    if (got == 0) return NO_BYTE_AT_END;
    if (got < 0) return errno == EINTR ? NO_BYTE_BY_SIGNAL : NO_BYTE_READ;
    e->pending_begin = 0;
    e->pending_count = (size_t)got;
  }
  return (unsigned char)e->pending[e->pending_begin++];
}

static key_result go_left(line_editor *e) {
  e->cursor = before(e, e->cursor);
  return GOES_ON;
}

static key_result go_right(line_editor *e) {
  e->cursor = after(e, e->cursor);
  return GOES_ON;
}

static key_result go_home(line_editor *e) {
  e->cursor = 0;
  return GOES_ON;
}

static key_result go_to_end(line_editor *e) {
  e->cursor = e->count;
  return GOES_ON;
}

static key_result go_up(line_editor *e) {
  recall(e, -1);
  return GOES_ON;
}

static key_result go_down(line_editor *e) {
  recall(e, 1);
  return GOES_ON;
}

static key_result delete_left(line_editor *e) {
  if (e->cursor > 0) erase(e, before(e, e->cursor), e->cursor);
  return GOES_ON;
}

static key_result delete_right(line_editor *e) {
  size_t cursor = e->cursor;
  if (cursor < e->count) erase(e, cursor, after(e, cursor));
  return GOES_ON;
}

static key_result delete_to_end(line_editor *e) {
  erase(e, e->cursor, e->count);
  return GOES_ON;
}

static key_result delete_to_start(line_editor *e) {
  erase(e, 0, e->cursor);
  return GOES_ON;
}

static key_result delete_word(line_editor *e) {
  erase(e, word_before(e), e->cursor);
  return GOES_ON;
}

static key_result end_or_delete(line_editor *e) {
  return e->count == 0 ? ENDED : delete_right(e);
}

static key_result finish(line_editor *e) {
  (void)e;
  return DONE;
}

static key_result interrupt(line_editor *e) {
  (void)e;
  return INTERRUPTED;
}

static const struct {
  int byte;
  key_result (*act)(line_editor *e);
} control_keys[] = {
    {'A' - 64, go_home},         {'B' - 64, go_left},     {'C' - 64, interrupt},   {'D' - 64, end_or_delete},
    {'E' - 64, go_to_end},       {'F' - 64, go_right},    {'H' - 64, delete_left}, {'J' - 64, finish},
    {'K' - 64, delete_to_end},   {'M' - 64, finish},      {'N' - 64, go_down},     {'P' - 64, go_up},
    {'U' - 64, delete_to_start}, {'W' - 64, delete_word}, {127, delete_left},
};

/* What follows ESC, less a "[" or "O" before it. */
static const struct {
  const char *code;
  key_result (*act)(line_editor *e);
} escape_keys[] = {
    {"A", go_up},         {"B", go_down},   {"C", go_right},   {"D", go_left},
    {"H", go_home},       {"F", go_to_end}, {"1~", go_home},   {"4~", go_to_end},
    {"3~", delete_right}, {"7~", go_home},  {"8~", go_to_end},
};

/* A key that sends several bytes: up to a letter or "~". Unknown ones do nothing. */
static key_result take_escape(line_editor *e) {
  char code[8];
  size_t count = 0;
  int byte = next_byte(e);
  if (byte != '[' && byte != 'O') return byte == NO_BYTE_AT_END ? ENDED : GOES_ON;
  do {
    byte = next_byte(e);
    if (byte < 0) return ENDED;
    if (count + 1 < sizeof code) code[count++] = (char)byte;
  } while (!(byte >= 'A' && byte <= 'Z') && !(byte >= 'a' && byte <= 'z') && byte != '~');
  code[count] = 0;
  for (size_t i = 0; i < sizeof escape_keys / sizeof escape_keys[0]; i++)
    if (strcmp(escape_keys[i].code, code) == 0) return escape_keys[i].act(e);
  return GOES_ON;
}

static key_result take_key(line_editor *e) {
  int byte = next_byte(e);
  if (byte == NO_BYTE_BY_SIGNAL) return INTERRUPTED;
  if (byte == NO_BYTE_READ) return FAILED;
  if (byte < 0) return ENDED;
  if (byte == 27) return take_escape(e);
  for (size_t i = 0; i < sizeof control_keys / sizeof control_keys[0]; i++)
    if (control_keys[i].byte == byte) return control_keys[i].act(e);
  if (byte < 32 && byte != '\t') return GOES_ON;
  const char letter = byte == '\t' ? ' ' : (char)byte;
  return insert(e, &letter, 1) ? GOES_ON : FAILED;
}

/* ---- lines -----------------------------------------------------------------------------------------------
 */

static line_result edit(line_editor *e) {
  static const line_result results[] = {
      [DONE] = LINE_READ, [INTERRUPTED] = LINE_INTERRUPTED, [ENDED] = LINE_END, [FAILED] = LINE_FAILED};
  if (!rt_host_terminal_take_keys(e->input)) return LINE_FAILED;
  e->history_at = e->history_count;
  key_result result;
  do {
    if (e->pending_begin == e->pending_count) show(e);
    result = take_key(e);
  } while (result == GOES_ON);
  show(e);
  rt_host_terminal_give_back();
  app_output out = app_output_on(e->output);
  app_write_text(&out, result == INTERRUPTED ? "^C\n" : "\n");
  app_flush(&out);
  if (result == DONE) remember(e);
  return results[result];
}

static line_result read_plain(line_editor *e) {
  if (isatty(e->input)) {
    app_output out = app_output_on(e->output);
    app_write_text(&out, e->prompt);
    app_flush(&out);
  }
  for (;;) {
    int byte = next_byte(e);
    const char letter = (char)byte;
    if (byte == NO_BYTE_BY_SIGNAL) return LINE_INTERRUPTED;
    if (byte == NO_BYTE_READ) return LINE_FAILED;
    if (byte < 0) return e->count > 0 ? LINE_READ : LINE_END;
    if (letter == '\n') break;
    if (!insert(e, &letter, 1)) return LINE_FAILED;
  }
  if (e->count > 0 && e->text[e->count - 1] == '\r') e->count--;
  return LINE_READ;
}

line_result line_editor_read(line_editor *e) {
  e->count = e->cursor = 0;
  return e->edits ? edit(e) : read_plain(e);
}
