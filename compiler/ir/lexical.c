/* lexical.c: plain and quoted names of the text form. */
#include "ir/lexical.h"

#include <string.h>

static bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool continues_name(char c) {
  return starts_name(c) || (c >= '0' && c <= '9') || c == '.';
}

size_t lexical_identifier(const char *source, size_t bytes) {
  if (!bytes || !starts_name(source[0])) return 0;
  size_t length = 1;
  while (length < bytes && continues_name(source[length])) length++;
  return length;
}

bool lexical_is_identifier(const char *name) {
  size_t length = strlen(name);
  return length && lexical_identifier(name, length) == length;
}

void lexical_print_name(text *t, const char *name, char quote) {
  if (lexical_is_identifier(name)) {
    text_append(t, name, strlen(name));
  } else {
    lexical_print_quoted(t, name, quote);
  }
}

void lexical_print_quoted(text *t, const char *name, char quote) {
  text_append(t, &quote, 1);
  for (const char *c = name; *c; c++) {
    unsigned char byte = (unsigned char)*c;
    if (*c == quote || *c == '\\') {
      text_print(t, "\\%c", *c);
    } else if (byte < 0x20 || byte == 0x7f) {
      text_print(t, "\\x%02x", byte);
    } else {
      text_append(t, c, 1);
    }
  }
  text_append(t, &quote, 1);
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads the escape after a backslash; returns its length, 0 where there is no such escape. */
static size_t read_escape(const char *source, size_t bytes, char quote, char *c) {
  if (!bytes) return 0;
  if (source[0] == quote || source[0] == '\\') return *c = source[0], 1;
  if (source[0] == 'n') return *c = '\n', 1;
  if (source[0] == 't') return *c = '\t', 1;
  if (source[0] != 'x' || bytes < 3) return 0;
  int high = hex_digit(source[1]), low = hex_digit(source[2]);
  if (high < 0 || low < 0 || (high | low) == 0) return 0;
  *c = (char)(high * 16 + low);
  return 3;
}

size_t lexical_quoted(arena *a, const char *source, size_t bytes, char **name) {
  char quote = source[0];
  size_t end = 1, length = 0;
  while (end < bytes && source[end] != quote) end += source[end] == '\\' ? 2 : 1;
  if (end >= bytes) return 0;
  *name = arena_alloc(a, end);
  for (size_t at = 1; at < end; at++) {
    char c = source[at];
    if (c == '\\') {
      size_t escape = read_escape(source + at + 1, bytes - at - 1, quote, &c);
      if (!escape) return 0;
      at += escape;
    }
    if (!c) return 0;
    (*name)[length++] = c;
  }
  return end + 1;
}
