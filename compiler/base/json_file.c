/* json_file.c: see json_file.h. */
#include "base/json_file.h"

#include <string.h>

enum { MOST_DIGITS = 18 };

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* The end of a string that begins at `at`. */
static size_t string_end(const char *bytes, size_t count, size_t at) {
  for (at++; at < count && bytes[at] != '"'; at++)
    if (bytes[at] == '\\') at++;
  return at + 1;
}

/* Rewrites integers that are too large for 64 bits, in place: nines, and spaces for the digits that are too
 * many. */
static void shorten_integers(char *bytes, size_t count) {
  for (size_t at = 0; at < count;) {
    if (bytes[at] == '"') {
      at = string_end(bytes, count, at);
      continue;
    }
    size_t begin = at;
    bool is_integer = true;
    while (at < count && (is_digit(bytes[at]) || strchr(".eE+-", bytes[at]))) {
      is_integer = is_integer && (is_digit(bytes[at]) || (bytes[at] == '-' && at == begin));
      if (!bytes[at]) break;
      at++;
    }
    bool is_signed = begin < count && bytes[begin] == '-';
    if (is_integer && at - begin > MOST_DIGITS + (size_t)is_signed) {
      memset(bytes + begin + is_signed, '9', MOST_DIGITS);
      memset(bytes + begin + is_signed + MOST_DIGITS, ' ', at - begin - is_signed - MOST_DIGITS);
    }
    if (at == begin) at++;
  }
}

status json_file_read(arena *a, const char *path, json_t **document) {
  file_view file;
  json_error_t error;
  TRY(file_map(a, path, &file));
  *document = json_loadb((const char *)file.bytes, file.count, JSON_ALLOW_NUL, &error);
  if (!*document && json_error_code(&error) == json_error_numeric_overflow) {
    char *copy = arena_copy(a, file.bytes, file.count);
    shorten_integers(copy, file.count);
    *document = json_loadb(copy, file.count, JSON_ALLOW_NUL, &error);
  }
  file_unmap(&file);
  if (*document) return OK;
  return fail_file(a, fail(a, STATUS_INPUT, "not valid JSON, line %d: %s", error.line, error.text), path);
}
