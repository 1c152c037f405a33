/* lexer.c: a template as lexemes, with Jinja's rules for the white space around tags. */
#include "chat/template.h"

#include <string.h>
#include <utf8proc.h>

typedef struct {
  arena *arena;
  const char *source;
  size_t at, bytes;
  int line;
  bool line_starts; /* what was read last ended a line, or nothing was read */
  lexeme *lexemes;
  size_t count, capacity;
} lexer;

static status fail_at(lexer *x, const char *cause) {
  return fail_node(x->arena, fail(x->arena, STATUS_INPUT, "%s", cause), "line %d", x->line);
}

static void push(lexer *x, lex_kind kind, const char *bytes, size_t count) {
  char *copy = ARENA_ARRAY(x->arena, char, count + 1);
  if (count) memcpy(copy, bytes, count);
  ARENA_PUSH(x->arena, x->lexemes, x->count, x->capacity) =
      (lexeme){.kind = kind, .text = copy, .bytes = count, .line = x->line};
}

static void advance(lexer *x, size_t count) {
  for (size_t i = 0; i < count; i++) x->line += x->source[x->at + i] == '\n';
  if (count) x->line_starts = x->source[x->at + count - 1] == '\n';
  x->at += count;
}

static bool is_next(const lexer *x, const char *text) {
  size_t count = strlen(text);
  return count <= x->bytes - x->at && memcmp(x->source + x->at, text, count) == 0;
}

static bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_space(lexer *x) {
  size_t count = 0;
  while (x->at + count < x->bytes && is_space(x->source[x->at + count])) count++;
  advance(x, count);
}

/* ---- tags ---------------------------------------------------------------------------------- */

/* What stands before a tag, less the white space that the tag takes away. */
static void push_data(lexer *x, const char *data, size_t count, bool lines_start, char sign, bool is_print) {
  if (sign == '-') {
    while (count && is_space(data[count - 1])) count--;
  } else if (sign != '+' && !is_print) { /* lstrip_blocks */
    size_t line = count;
    while (line && data[line - 1] != '\n') line--;
    size_t end = line;
    while (end < count && is_space(data[end])) end++;
    if (end == count && (line > 0 || lines_start)) count = line;
  }
  if (count) push(x, LEX_DATA, data, count);
}

/* The end of a tag: takes white space, or with trim_blocks one newline. False: it is not here. */
static bool take_end(lexer *x, const char *end, bool is_print) {
  bool strips = is_next(x, "-"), keeps = is_next(x, "+") && !is_print;
  size_t sign = strips || keeps;
  if (x->bytes - x->at < sign + 2 || memcmp(x->source + x->at + sign, end, 2) != 0) return false;
  advance(x, sign + 2);
  if (strips)
    skip_space(x);
  else if (!keeps && !is_print && is_next(x, "\n"))
    advance(x, 1);
  return true;
}

/* Passes the sign behind a tag's beginning; 0: none. */
static char take_sign(lexer *x) {
  char sign = x->at < x->bytes ? x->source[x->at] : 0;
  if (sign != '-' && sign != '+') return 0;
  advance(x, 1);
  return sign;
}

static status skip_comment(lexer *x) {
  while (x->at < x->bytes) {
    if (take_end(x, "#}", false)) return OK;
    advance(x, 1);
  }
  return fail_at(x, "a comment does not end");
}

/* ---- what is inside of tags ------------------------------------------------------------------ */

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Behind a backslash, as Python has them. */
static status take_escape(lexer *x, text *t) {
  static const char letters[] = "ntrabfv0\\'\"", values[] = "\n\t\r\a\b\f\v\0\\'\"";
  char c = x->at < x->bytes ? x->source[x->at] : 0;
  size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  const char *letter = c ? strchr(letters, c) : NULL;
  uint32_t code = 0;
  if (letter) {
    text_append(t, &values[letter - letters], 1);
  } else if (c == '\n') { /* a line that goes on */
  } else if (!digits) {
    text_append(t, "\\", 1);
    return OK;
  }
  advance(x, 1);
  for (size_t i = 0; i < digits; i++) {
    int value = x->at < x->bytes ? hex_value(x->source[x->at]) : -1;
    if (value < 0) return fail_at(x, "an escape in a string lacks digits");
    code = code << 4 | (uint32_t)value;
    advance(x, 1);
  }
  if (!digits) return OK;
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    return fail_at(x, "an escape in a string is no character");
  utf8proc_uint8_t bytes[4];
  text_append(t, bytes, (size_t)utf8proc_encode_char((utf8proc_int32_t)code, bytes));
  return OK;
}

static status take_string(lexer *x) {
  text t = {0};
  char quote = x->source[x->at];
  int line = x->line;
  status s = OK;
  advance(x, 1);
  while (!s && x->at < x->bytes && x->source[x->at] != quote) {
    bool is_escape = x->source[x->at] == '\\';
    if (!is_escape) text_append(&t, x->source + x->at, 1);
    advance(x, 1);
    if (is_escape) s = take_escape(x, &t);
  }
  if (!s && x->at == x->bytes) {
    x->line = line;
    s = fail_at(x, "a string does not end");
  }
  if (!s) {
    advance(x, 1);
    push(x, LEX_STRING, t.bytes, t.count);
  }
  text_free(&t);
  return s;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void take_number(lexer *x) {
  size_t count = 0, left = x->bytes - x->at;
  const char *digits = x->source + x->at;
  while (count < left && is_digit(digits[count])) count++;
  bool is_float = count + 1 < left && digits[count] == '.' && is_digit(digits[count + 1]);
  if (is_float) count++;
  while (count < left && is_digit(digits[count])) count++;
  push(x, is_float ? LEX_FLOAT : LEX_INTEGER, digits, count);
  advance(x, count);
}

static const char *const operators[] = {"**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<",
                                        ">",  "=",  "(",  ")",  "[",  "]",  "{", "}", ",", ".", ":", "|"};

static status take_operator(lexer *x) {
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
    if (!is_next(x, operators[i])) continue;
    push(x, LEX_OPERATOR, operators[i], strlen(operators[i]));
    advance(x, strlen(operators[i]));
    return OK;
  }
  return fail_at(x, "a character that is no part of an expression");
}

/* One lexeme inside of a tag. */
static status take_lexeme(lexer *x) {
  char c = x->source[x->at];
  if (is_letter(c)) {
    size_t count = 0;
    while (x->at + count < x->bytes &&
           (is_letter(x->source[x->at + count]) || is_digit(x->source[x->at + count])))
      count++;
    push(x, LEX_NAME, x->source + x->at, count);
    advance(x, count);
    return OK;
  }
  if (c == '"' || c == '\'') return take_string(x);
  if (!is_digit(c)) return take_operator(x);
  take_number(x);
  return OK;
}

static status take_tag(lexer *x, bool is_print) {
  size_t braces = 0; /* of maps, which may end as a print does */
  push(x, is_print ? LEX_PRINT : LEX_BLOCK, "", 0);
  int line = x->line;
  for (;;) {
    skip_space(x);
    if (x->at == x->bytes) break;
    if (!braces && take_end(x, is_print ? "}}" : "%}", is_print)) {
      push(x, is_print ? LEX_PRINT_END : LEX_BLOCK_END, "", 0);
      return OK;
    }
    if (is_next(x, "{")) braces++;
    if (is_next(x, "}") && braces) braces--;
    TRY(take_lexeme(x));
  }
  x->line = line;
  return fail_at(x, "a tag does not end");
}

/* ---- the whole template ------------------------------------------------------------------------ */

/* Behind {%: "raw %}"; the text up to {% endraw %} is data. *is_raw: whether it was that. */
static status take_raw(lexer *x, bool *is_raw) {
  lexer look = *x;
  skip_space(&look);
  *is_raw = is_next(&look, "raw");
  if (*is_raw) advance(&look, 3);
  skip_space(&look);
  *is_raw = *is_raw && take_end(&look, "%}", true); /* as a print's, it leaves the newline */
  if (!*is_raw) return OK;
  *x = look;
  size_t begin = x->at;
  bool lines_start = x->line_starts;
  for (; x->at < x->bytes; advance(x, 1)) {
    if (!is_next(x, "{%")) continue;
    lexer end = *x;
    advance(&end, 2);
    char sign = take_sign(&end);
    skip_space(&end);
    if (!is_next(&end, "endraw")) continue;
    advance(&end, 6);
    skip_space(&end);
    if (!take_end(&end, "%}", false)) continue;
    push_data(&end, x->source + begin, x->at - begin, lines_start, sign, false);
    *x = end;
    return OK;
  }
  return fail_at(x, "{% raw %} does not end");
}

static status take_data(lexer *x) {
  size_t begin = x->at;
  bool lines_start = x->line_starts;
  while (x->at < x->bytes && !is_next(x, "{{") && !is_next(x, "{%") && !is_next(x, "{#")) advance(x, 1);
  const char *data = x->source + begin;
  size_t count = x->at - begin;
  if (x->at == x->bytes) {
    if (count) push(x, LEX_DATA, data, count);
    return OK;
  }
  char kind = x->source[x->at + 1];
  bool is_raw = false;
  advance(x, 2);
  push_data(x, data, count, lines_start, take_sign(x), kind == '{');
  if (kind == '#') return skip_comment(x);
  if (kind == '%') TRY(take_raw(x, &is_raw));
  return is_raw ? OK : take_tag(x, kind == '{');
}

/* Newlines as \n alone, and none at the end. */
static char *with_plain_newlines(arena *a, const char *source, size_t *bytes) {
  char *plain = ARENA_ARRAY(a, char, *bytes + 1);
  size_t count = 0;
  for (size_t i = 0; i < *bytes; i++) {
    if (source[i] == '\r' && i + 1 < *bytes && source[i + 1] == '\n') continue;
    plain[count++] = source[i] == '\r' ? '\n' : source[i];
  }
  if (count && plain[count - 1] == '\n') count--;
  *bytes = count;
  return plain;
}

status chat_lex(arena *a, const char *source, size_t bytes, lexeme **lexemes) {
  lexer x = {.arena = a, .line = 1, .line_starts = true};
  x.source = with_plain_newlines(a, source, &bytes);
  x.bytes = bytes;
  while (x.at < x.bytes) TRY(take_data(&x));
  push(&x, LEX_END, "", 0);
  *lexemes = x.lexemes;
  return OK;
}
