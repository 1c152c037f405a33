/*
 * json_number.c: numbers of JSON and their bounds: a range of integers is a
 * choice of ranges whose numbers have as many digits, and those go down digit
 * by digit.
 */
#include "constrain/json_schema.h"

#include <stdio.h>

enum {
  DIGITS = 16,      /* of integers that no bound limits; of fractions */
  MOST_DIGITS = 19, /* of bounds, which are kept within +-10^18 */
};
#define NO_BOUND INT64_MAX

static uint32_t digits(con_grammar *g, char first, char last, uint32_t least, uint32_t most) {
  con_set set = {0};
  if (first > last) return con_nothing(g);
  con_set_add(g->memory, &set, (uint32_t)first, (uint32_t)last);
  return con_repeat(g, con_one_of(g, &set), least, most);
}

static uint32_t any_digits(con_grammar *g, size_t count) {
  return digits(g, '0', '9', (uint32_t)count, (uint32_t)count);
}

/* ---- ranges of integers ----------------------------------------------------------------------- */

/* Numbers of strlen(low) digits from `low`, or to `high`; NULL: no bound on that side. */
static uint32_t of_length(con_grammar *g, const char *low, const char *high, size_t count) {
  if (count == 0) return con_empty(g);
  if (!low && !high) return any_digits(g, count);
  char first = low ? *low : '0', last = high ? *high : '9';
  const char *low_rest = low ? low + 1 : NULL, *high_rest = high ? high + 1 : NULL;
  if (low && high && first == last)
    return con_sequence(g, con_text(g, low, 1), of_length(g, low_rest, high_rest, count - 1));
  uint32_t node = con_sequence(g, digits(g, low ? first + 1 : first, high ? last - 1 : last, 1, 1),
                               any_digits(g, count - 1));
  if (low)
    node = con_choice(g, con_sequence(g, con_text(g, low, 1), of_length(g, low_rest, NULL, count - 1)), node);
  if (high)
    node =
        con_choice(g, con_sequence(g, con_text(g, high, 1), of_length(g, NULL, high_rest, count - 1)), node);
  return node;
}

/* Integers from low to high, none negative, without zeros in front. high NO_BOUND: any above. */
static uint32_t whole_numbers(con_grammar *g, int64_t low, int64_t high) {
  if (low > high) return con_nothing(g);
  char low_text[24], high_text[24];
  size_t low_count = (size_t)snprintf(low_text, sizeof low_text, "%lld", (long long)low);
  size_t high_count = (size_t)snprintf(high_text, sizeof high_text, "%lld", (long long)high);
  if (high == NO_BOUND) high_count = low_count < DIGITS ? DIGITS : low_count;
  uint32_t node = con_nothing(g);
  for (size_t count = low_count; count <= high_count; count++) {
    const char *from = count == low_count ? low_text : NULL;
    const char *to = count == high_count && high != NO_BOUND ? high_text : NULL;
    uint32_t some = from ? of_length(g, from, to, count)
                         : of_length(g, "1000000000000000000" /* as many of them as count */, to, count);
    node = con_choice(g, some, node);
  }
  return node;
}

static int64_t larger(int64_t x, int64_t y) {
  return x > y ? x : y;
}

/* Those below 0 are the mirror of those above. */
static uint32_t integers(con_grammar *g, int64_t low, int64_t high) {
  uint32_t above = whole_numbers(g, larger(low, 0), high);
  int64_t deepest = low == -NO_BOUND ? NO_BOUND : -low, least = high == NO_BOUND ? 1 : larger(1, -high);
  uint32_t below = low < 0 ? whole_numbers(g, least, deepest) : con_nothing(g);
  return con_choice(g, above, con_sequence(g, con_word(g, "-"), below));
}

/* ---- numbers with fractions ------------------------------------------------------------------------ */

static uint32_t maybe(con_grammar *g, uint32_t node) {
  return con_repeat(g, node, 0, 1);
}

static uint32_t fraction(con_grammar *g) {
  return con_sequence(g, con_word(g, "."), digits(g, '0', '9', 1, DIGITS));
}

/* Numbers from low to high, both integers, neither negative. */
static uint32_t numbers_above(con_grammar *g, int64_t low, bool without_low, int64_t high,
                              bool without_high) {
  uint32_t zeros = con_sequence(g, con_word(g, "."), digits(g, '0', '0', 1, DIGITS));
  uint32_t more = con_all(g,
                          (uint32_t[]){con_word(g, "."), digits(g, '0', '9', 0, DIGITS / 2),
                                       digits(g, '1', '9', 1, 1), digits(g, '0', '9', 0, DIGITS / 2)},
                          4);
  uint32_t node = con_nothing(g);
  if (low > high) return node;
  if (without_low && low < high) node = con_sequence(g, whole_numbers(g, low, low), more);
  int64_t first = low + without_low, last = high == NO_BOUND ? high : high - 1;
  node = con_choice(g, con_sequence(g, whole_numbers(g, first, last), maybe(g, fraction(g))), node);
  if (high != NO_BOUND && !without_high && first <= high)
    node = con_choice(g, con_sequence(g, whole_numbers(g, high, high), maybe(g, zeros)), node);
  return node;
}

static uint32_t numbers(con_grammar *g, int64_t low, bool without_low, int64_t high, bool without_high) {
  uint32_t above = high < 0 ? con_nothing(g)
                            : numbers_above(g, larger(low, 0), without_low && low >= 0, high, without_high);
  if (low >= 0) return above;
  int64_t deepest = low == -NO_BOUND ? NO_BOUND : -low;
  bool meets_zero = high == NO_BOUND || high > 0;
  uint32_t below =
      numbers_above(g, meets_zero ? 0 : -high, !meets_zero && without_high, deepest, without_low);
  return con_choice(g, above, con_sequence(g, con_word(g, "-"), below));
}

/* ---- bounds ------------------------------------------------------------------------------------------ */

typedef struct {
  int64_t low, high;
  bool without_low, without_high;
} bounds;

/* The nearest integer that is within: for numbers that leaves some out, never one too many in. */
static void narrow(const con_schema *c, const con_layer *layer, const char *name, bool is_low, bool without,
                   bounds *b) {
  const con_json *number = con_schema_keyword(c, layer, name, CON_JSON_NUMBER);
  if (!number) return;
  bool is_exact;
  int64_t bound = con_json_floor(number, &is_exact);
  if (is_low) bound += !is_exact;
  without &= is_exact;
  if (is_low ? bound > b->low : bound < b->high) {
    *(is_low ? &b->low : &b->high) = bound;
    *(is_low ? &b->without_low : &b->without_high) = without;
  } else if (bound == (is_low ? b->low : b->high)) {
    *(is_low ? &b->without_low : &b->without_high) |= without;
  }
}

/* Any number: as JSON has it, but not longer than any machine's numbers. */
static uint32_t any_number(con_grammar *g) {
  static const char any[] = "-?(0|[1-9]\\d{0,15})(\\.\\d{1,16})?([eE][+-]?\\d{1,2})?";
  con_source source = {.memory = g->memory, .text = (const uint8_t *)any, .bytes = sizeof any - 1};
  return con_regex_node(g, &source, NULL, false);
}

uint32_t con_schema_number(con_schema *c, const con_layers *layers, bool is_integer) {
  bounds b = {-NO_BOUND, NO_BOUND, false, false};
  for (uint32_t i = 0; i < layers->count; i++) {
    narrow(c, &layers->items[i], "minimum", true, false, &b);
    narrow(c, &layers->items[i], "exclusiveMinimum", true, true, &b);
    narrow(c, &layers->items[i], "maximum", false, false, &b);
    narrow(c, &layers->items[i], "exclusiveMaximum", false, true, &b);
  }
  if (!is_integer && b.low == -NO_BOUND && b.high == NO_BOUND) return any_number(c->grammar);
  if (is_integer) return integers(c->grammar, b.low + b.without_low, b.high - b.without_high);
  return numbers(c->grammar, b.low, b.without_low, b.high, b.without_high);
}
