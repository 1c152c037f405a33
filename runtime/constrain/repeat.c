/* repeat.c: how often something comes, as grammars and regular expressions write it. */
#include "constrain/grammar.h"

static void skip_space(con_source *s, bool spaced) {
  while (spaced && (con_peek(s, 0) == ' ' || con_peek(s, 0) == '\t')) s->at++;
}

static uint32_t read_number(con_source *s, bool spaced) {
  uint32_t number = 0;
  skip_space(s, spaced);
  size_t first = s->at;
  for (; con_peek(s, 0) - '0' < 10u; s->at++) {
    number = number * 10 + con_peek(s, 0) - '0';
    if (number > CON_MOST_REPEATS) con_fail_at(s, first, "more than %d repetitions", CON_MOST_REPEATS);
  }
  if (s->at == first) con_fail_at(s, first, "expected a number of repetitions, found %s", con_found(s));
  skip_space(s, spaced);
  return number;
}

uint32_t con_read_repeat(con_grammar *g, con_source *s, uint32_t node, bool spaced) {
  if (con_skip(s, '*')) return con_repeat(g, node, 0, CON_MANY);
  if (con_skip(s, '+')) return con_repeat(g, node, 1, CON_MANY);
  if (con_skip(s, '?')) return con_repeat(g, node, 0, 1);
  size_t first = s->at++;
  skip_space(s, spaced);
  uint32_t least = con_peek(s, 0) == ',' ? 0 : read_number(s, spaced), most = least;
  if (con_skip(s, ',')) {
    skip_space(s, spaced);
    most = con_peek(s, 0) == '}' ? CON_MANY : read_number(s, spaced);
  }
  if (!con_skip(s, '}')) con_fail_at(s, s->at, "expected }, found %s", con_found(s));
  if (most < least)
    con_fail_at(s, first, "at least %u times but at most %u", (unsigned)least, (unsigned)most);
  return con_repeat(g, node, least, most);
}
