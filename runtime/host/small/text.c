/* text.c: what programs use of <string.h> and <stdlib.h> that is large elsewhere: for short texts, at no
 * hurry. */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

char *strstr(const char *text, const char *wanted) {
  size_t bytes = strlen(wanted);
  for (; strncmp(text, wanted, bytes) != 0; text++)
    if (!*text) return NULL;
  return (char *)(size_t)text;
}

static int digit_of(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  byte |= 'a' - 'A';
  return byte >= 'a' && byte <= 'z' ? byte - 'a' + 10 : INT_MAX;
}

typedef struct {
  unsigned long long size;
  bool is_negative;
} number;

/* Of bases 2 to 36, and no others; too large a number is the largest. */
static number read_number(const char *text, char **end, int base) {
  const char *at = text;
  bool is_large = false;
  number n = {0};
  while (*at == ' ' || (*at >= '\t' && *at <= '\r')) at++;
  n.is_negative = *at == '-';
  const char *first = at += n.is_negative || *at == '+';
  for (; digit_of(*at) < base; at++) {
    is_large |= __builtin_mul_overflow(n.size, (unsigned)base, &n.size);
    is_large |= __builtin_add_overflow(n.size, (unsigned)digit_of(*at), &n.size);
  }
  if (end) *end = (char *)(size_t)(at == first ? text : at);
  if (is_large) n.size = ULLONG_MAX;
  return n;
}

unsigned long long strtoull(const char *restrict text, char **restrict end, int base) {
  number n = read_number(text, end, base);
  return n.is_negative ? -n.size : n.size;
}

/* The C library's own functions ask for it (strftime), and would bring along all that is here. */
unsigned long strtoul(const char *restrict text, char **restrict end, int base) {
  number n = read_number(text, end, base);
  if (n.size > ULONG_MAX) return ULONG_MAX;
  return n.is_negative ? -(unsigned long)n.size : (unsigned long)n.size;
}

long strtol(const char *restrict text, char **restrict end, int base) {
  number n = read_number(text, end, base);
  if (n.is_negative) return n.size > LONG_MAX ? LONG_MIN : -(long)n.size;
  return n.size > LONG_MAX ? LONG_MAX : (long)n.size;
}
