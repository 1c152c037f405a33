/* option_values.c: what options are set to: numbers, and words that stand for numbers. */
#include "app/option_table.h"

#include <string.h>

bool app_parse_integer(const char *text, uint64_t *value) {
  *value = 0;
  if (!*text) return false;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return false;
    uint64_t digit = (uint64_t)(*text - '0');
    if (__builtin_mul_overflow(*value, 10u, value) || __builtin_add_overflow(*value, digit, value))
      return false;
  }
  return true;
}

/* "0.8", "1", "-.5": what strtod takes of such texts, without its 8 kB. */
bool app_parse_decimal(const char *text, double *value) {
  double digits = 0, scale = 1;
  int digit_count = 0;
  bool after_point = false, is_negative = *text == '-';
  for (text += is_negative; *text; text++) {
    if (*text == '.' && !after_point) {
      after_point = true;
      continue;
    }
    if (*text < '0' || *text > '9' || ++digit_count > 15) return false;
    digits = digits * 10 + (*text - '0');
    if (after_point) scale *= 10;
  }
  *value = is_negative ? -(digits / scale) : digits / scale;
  return digit_count > 0;
}

/* The place of `text` among words[count], or -1. */
static int find_word(const char *text, const char *const *words, int count) {
  int i = count - 1;
  while (i >= 0 && strcmp(text, words[i]) != 0) i--;
  return i;
}

bool app_parse_stopping(const char *text, smelt_early_stopping *value) {
  static const char *const words[] = {
      [SMELT_STOP_BY_ESTIMATE] = "false", [SMELT_STOP_EARLY] = "true", [SMELT_STOP_NEVER] = "never"};
  int found = find_word(text, words, SMELT_STOP_KINDS);
  *value = (smelt_early_stopping)found;
  return found >= 0;
}

bool app_parse_guessing(const char *text, smelt_generate_options *options) {
  static const char *const words[] = {
      [SMELT_GUESS_BOTH] = "both", [SMELT_GUESS_LOOKUP] = "lookup", [SMELT_GUESS_DRAFT] = "draft"};
  int found = find_word(text, words, SMELT_GUESS_KINDS);
  options->guessing = (smelt_guessing)found;
  options->speculate = true;
  return found >= 0;
}
