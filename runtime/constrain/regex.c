/*
 * regex.c: regular expressions, in the syntax that ECMAScript, Perl and Python
 * share. What no finite automaton does (back references, looking around) is
 * refused.
 */
#include "constrain/grammar.h"

#include <string.h>

typedef struct {
  con_grammar *grammar;
  con_source *source;
  con_spell *spell;
  int nesting;
} reading;

static uint32_t read_choice(reading *r);

/* ---- sets of characters --------------------------------------------------------------------- */

/*
 * Classes that letters stand for, in pairs of first and last. Dialects differ beyond ASCII: each class has
 * what it has in all of them, so \s has ASCII's white space, and \S no white space of Unicode's either.
 */
#define ASCII_SPACE '\t', '\r', ' ', ' '
static const struct {
  char letter;
  bool is_inverse;
  uint8_t count;
  uint32_t ranges[24];
} letter_classes[] = {
    {'d', false, 1, {'0', '9'}},
    {'D', true, 1, {'0', '9'}},
    {'w', false, 4, {'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}},
    {'W', true, 4, {'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}},
    {'s', false, 2, {ASCII_SPACE}},
    {'S', true, 12, {ASCII_SPACE, 0x1c,   0x1f,   0x85,   0x85,   0xa0,   0xa0,
                     0x1680,      0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f,
                     0x202f,      0x205f, 0x205f, 0x3000, 0x3000, 0xfeff, 0xfeff}},
};

/* Adds the class of \letter, if there is one. */
static bool add_letter_class(con_memory *m, con_set *set, uint8_t letter) {
  for (size_t i = 0; i < sizeof letter_classes / sizeof letter_classes[0]; i++) {
    if (letter != (uint8_t)letter_classes[i].letter) continue;
    con_set class = {0};
    for (uint8_t k = 0; k < letter_classes[i].count; k++)
      con_set_add(m, &class, letter_classes[i].ranges[2 * k], letter_classes[i].ranges[2 * k + 1]);
    con_set_normalise(m, &class);
    if (letter_classes[i].is_inverse) class = con_set_inverse(m, &class);
    for (uint32_t k = 0; k < class.count; k++) con_set_add(m, set, class.items[k].first, class.items[k].last);
    return true;
  }
  return false;
}

static uint32_t set_node(reading *r, con_set *set) {
  con_set_normalise(r->source->memory, set);
  return r->spell ? r->spell(r->grammar, set) : con_one_of(r->grammar, set);
}

/* All but the ends of lines. */
static void add_dot(con_memory *m, con_set *set) {
  static const uint32_t line_ends[] = {'\n', '\r', 0x2028, 0x2029};
  uint32_t next = 0;
  for (size_t i = 0; i < sizeof line_ends / sizeof line_ends[0]; next = line_ends[i++] + 1)
    if (line_ends[i] > next) con_set_add(m, set, next, line_ends[i] - 1);
  con_set_add(m, set, next, CON_LAST_CODE);
}

static uint32_t any_text(reading *r) {
  con_set all = {0};
  con_set_add(r->source->memory, &all, 0, CON_LAST_CODE);
  return con_repeat(r->grammar, set_node(r, &all), 0, CON_MANY);
}

/* ---- characters -------------------------------------------------------------------------------- */

/* What \u{...} stands for, from the brace on. */
static uint32_t read_braced(con_source *s) {
  size_t first = s->at++, end = s->at;
  while (end < s->bytes && s->text[end] != '}' && end - s->at < 7) end++;
  uint32_t code = con_hex(s, (int)(end - s->at));
  if (end == first + 1 || !con_skip(s, '}')) con_fail_at(s, first, "expected 1 to 6 digits in braces");
  return code;
}

/* The character that an escape stands for, from behind its backslash. */
static uint32_t read_escape(con_source *s) {
  static const char letters[] = "nrtfv", meant[] = "\n\r\t\f\v";
  uint8_t c = con_peek(s, 0);
  const char *letter = c ? strchr(letters, c) : NULL;
  bool is_letter = (c | 32) - 'a' < 26u, is_digit = c - '0' < 10u;
  if (c == 'x' || c == 'u') {
    s->at++;
    if (c == 'u' && con_peek(s, 0) == '{') return read_braced(s);
    return con_hex(s, c == 'x' ? 2 : 4);
  }
  if (c == 'b' || c == 'B') con_fail_at(s, s->at - 1, "\\%c (the edge of a word) cannot be kept to", c);
  if (c == 'p' || c == 'P')
    con_fail_at(s, s->at - 1, "\\%c: classes of Unicode are not known; list ranges", c);
  if (is_digit && c != '0') con_fail_at(s, s->at - 1, "\\%c (what a group matched) cannot be kept to", c);
  if ((is_letter && !letter) || s->at >= s->bytes)
    con_fail_at(s, s->at - 1, "unknown escape: \\ before %s; write \\\\ for a backslash", con_found(s));
  if (!letter && c != '0') return con_code_point(s);
  s->at++;
  return letter ? (uint8_t)meant[letter - letters] : 0;
}

/* One character of a class, or true where it is a class of its own, which is added to the set. */
static bool read_class_item(con_source *s, con_set *set, uint32_t *code) {
  if (!con_skip(s, '\\')) {
    *code = con_code_point(s);
    return false;
  }
  if (add_letter_class(s->memory, set, con_peek(s, 0))) {
    s->at++;
    return true;
  }
  *code = con_peek(s, 0) == 'b' ? '\b' : CON_LAST_CODE + 1;
  if (*code == '\b')
    s->at++;
  else
    *code = read_escape(s);
  return false;
}

static uint32_t read_class(reading *r) {
  con_source *s = r->source;
  size_t first = s->at++;
  bool is_inverse = con_skip(s, '^');
  con_set set = {0};
  if (con_peek(s, 0) == ']') con_fail_at(s, s->at, "an empty class; write \\] for a bracket in it");
  while (!con_skip(s, ']')) {
    if (s->at >= s->bytes) con_fail_at(s, first, "the class has no closing ]");
    size_t at = s->at;
    uint32_t low, high;
    bool is_class = read_class_item(s, &set, &low);
    bool is_range = con_peek(s, 0) == '-' && con_peek(s, 1) != ']' && s->at + 1 < s->bytes;
    if (is_range) {
      s->at++;
      is_class |= read_class_item(s, &set, &high);
      if (is_class) con_fail_at(s, at, "a range from or to a class; write \\- for a hyphen");
    }
    if (is_class) continue;
    if (!is_range) high = low;
    if (high < low) con_fail_at(s, at, "the range ends before it begins");
    con_set_add(s->memory, &set, low, high);
  }
  con_set_normalise(s->memory, &set);
  if (is_inverse) set = con_set_inverse(s->memory, &set);
  return set_node(r, &set);
}

/* ---- groups and sequences ------------------------------------------------------------------------ */

/* What stands behind "(?": only that the group has a name, or none. */
static void skip_group_kind(con_source *s, size_t first) {
  if (!con_skip(s, '?')) return;
  if (con_skip(s, ':')) return;
  if (con_peek(s, 0) == 'P' && con_peek(s, 1) == '<') s->at++;
  uint8_t next = con_peek(s, 1);
  if (con_peek(s, 0) != '<' || next == '=' || next == '!')
    con_fail_at(s, first, "only plain groups can be kept to: (...), (?:...) and (?<name>...)");
  while (s->at < s->bytes && con_peek(s, 0) != '>') s->at++;
  if (!con_skip(s, '>')) con_fail_at(s, first, "the name of the group has no closing >");
}

static uint32_t read_group(reading *r) {
  con_source *s = r->source;
  size_t first = s->at++;
  if (++r->nesting > CON_MOST_NESTING)
    con_fail_at(s, first, "more than %d groups in groups", CON_MOST_NESTING);
  skip_group_kind(s, first);
  uint32_t node = read_choice(r);
  if (!con_skip(s, ')')) con_fail_at(s, first, "the group has no closing )");
  r->nesting--;
  return node;
}

static uint32_t read_atom(reading *r) {
  con_source *s = r->source;
  con_set set = {0};
  uint8_t c = con_peek(s, 0);
  if (c == '(') return read_group(r);
  if (c == '[') return read_class(r);
  if (c && strchr("*+?{", c)) con_fail_at(s, s->at, "%s repeats nothing; write a \\ before it", con_found(s));
  if (c && strchr("]}", c)) con_fail_at(s, s->at, "%s closes nothing; write a \\ before it", con_found(s));
  if (c == '^' || c == '$')
    con_fail_at(s, s->at, "%s inside the expression; write a \\ before it, or put it outside all groups",
                con_found(s));
  if (c == '.') {
    s->at++;
    add_dot(s->memory, &set);
  } else if (!con_skip(s, '\\')) {
    uint32_t code = con_code_point(s);
    con_set_add(s->memory, &set, code, code);
  } else if (add_letter_class(s->memory, &set, con_peek(s, 0))) {
    s->at++;
  } else {
    uint32_t code = read_escape(s);
    con_set_add(s->memory, &set, code, code);
  }
  return set_node(r, &set);
}

/* Whether the sequence ends here: the text, the group, another choice, or $ at the end of a choice outside
 * groups. */
static bool is_end(const reading *r) {
  const con_source *s = r->source;
  size_t ahead = 0;
  while (r->nesting == 0 && con_peek(s, ahead) == '$') ahead++;
  return s->at + ahead >= s->bytes || con_peek(s, ahead) == '|' || (con_peek(s, 0) == ')');
}

static uint32_t read_sequence(reading *r) {
  con_source *s = r->source;
  CON_LIST(uint32_t) nodes = {0};
  while (!is_end(r)) {
    uint32_t node = read_atom(r);
    uint8_t c = con_peek(s, 0);
    if (c && strchr("*+?{", c)) {
      node = con_read_repeat(r->grammar, s, node, false);
      con_skip(s, '?'); /* which of the matches is found does not matter */
      c = con_peek(s, 0);
      if (c && strchr("*+?{", c))
        con_fail_at(s, s->at, "%s repeats a repetition; put that in a group", con_found(s));
    }
    *con_add(s->memory, &nodes) = node;
  }
  return con_all(r->grammar, nodes.items, nodes.count);
}

static uint32_t read_choice(reading *r) {
  CON_LIST(uint32_t) nodes = {0};
  do *con_add(r->source->memory, &nodes) = read_sequence(r);
  while (con_skip(r->source, '|'));
  return con_any(r->grammar, nodes.items, nodes.count);
}

uint32_t con_regex_node(con_grammar *g, con_source *s, con_spell *spell, bool anywhere) {
  reading r = {.grammar = g, .source = s, .spell = spell};
  CON_LIST(uint32_t) nodes = {0};
  do {
    bool begins = false, ends = false;
    while (con_skip(s, '^')) begins = true;
    uint32_t node = read_sequence(&r);
    while (con_skip(s, '$')) ends = true;
    if (anywhere && !begins) node = con_sequence(g, any_text(&r), node);
    if (anywhere && !ends) node = con_sequence(g, node, any_text(&r));
    *con_add(s->memory, &nodes) = node;
  } while (con_skip(s, '|'));
  if (s->at < s->bytes) con_fail_at(s, s->at, "%s closes nothing; write a \\ before it", con_found(s));
  return con_any(g, nodes.items, nodes.count);
}

void con_read_regex(con_grammar *g, con_source *s) {
  g->root = con_new_rule(g, "root");
  uint32_t node = con_regex_node(g, s, NULL, false);
  g->rules.items[g->root].node = node;
}
