/*
 * gbnf.c: grammars as llama.cpp's users write them:
 *
 *     root ::= item ("," item)*      # a comment
 *     item ::= [a-z]+ | "\"" [^"]{0,20} "\""
 *
 * A rule ends at the end of its line, but in parentheses and after "::=" and
 * "|". Rules may be defined in any order.
 */
#include "constrain/grammar.h"

#include "text/utf8.h"

typedef struct {
  const uint8_t *name;
  size_t bytes;
} rule_name;

typedef struct {
  con_grammar *grammar;
  con_source *source;
  CON_LIST(rule_name) names; /* of the grammar's rules, which count alike */
  int nesting;
} reading;

static uint32_t read_choice(reading *r);

/* ---- white space, names -------------------------------------------------------------------- */

/* Spaces and comments; new lines too, where they do not matter. */
static void skip_space(reading *r, bool lines) {
  con_source *s = r->source;
  for (;;) {
    uint8_t c = con_peek(s, 0);
    if (c == '#')
      while (s->at < s->bytes && con_peek(s, 0) != '\n') s->at++;
    else if (c == ' ' || c == '\t' || c == '\r' || (lines && c == '\n'))
      s->at++;
    else
      return;
  }
}

static bool is_name(uint8_t c) {
  return (c | 32) - 'a' < 26u || c - '0' < 10u || c == '-' || c == '_';
}

/* The rule of the name that comes next. */
static uint32_t read_name(reading *r) {
  con_source *s = r->source;
  size_t first = s->at;
  while (is_name(con_peek(s, 0))) s->at++;
  if (s->at == first) con_fail_at(s, first, "expected the name of a rule, found %s", con_found(s));
  rule_name name = {s->text + first, s->at - first};
  for (uint32_t i = 0; i < r->names.count; i++) {
    rule_name known = r->names.items[i];
    if (known.bytes == name.bytes && memcmp(known.name, name.name, name.bytes) == 0) return i;
  }
  char *text = con_take(s->memory, name.bytes + 1);
  memcpy(text, name.name, name.bytes);
  *con_add(s->memory, &r->names) = name;
  uint32_t rule = con_new_rule(r->grammar, text);
  r->grammar->rules.items[rule].used_at = first;
  return rule;
}

/* ---- characters ------------------------------------------------------------------------------ */

/* One character as literals and classes write it. */
static uint32_t read_character(con_source *s) {
  static const char letters[] = "nrt\\\"[]'-^/", meant[] = "\n\r\t\\\"[]'-^/";
  if (!con_skip(s, '\\')) return con_code_point(s);
  uint8_t c = con_peek(s, 0);
  if (c == 'x' || c == 'u' || c == 'U') {
    s->at++;
    return con_hex(s, c == 'x' ? 2 : c == 'u' ? 4 : 8);
  }
  const char *letter = c ? strchr(letters, c) : NULL;
  if (!letter)
    con_fail_at(s, s->at - 1, "unknown escape: \\ before %s; write \\\\ for a backslash", con_found(s));
  s->at++;
  return (uint8_t)meant[letter - letters];
}

static uint32_t read_literal(reading *r) {
  con_source *s = r->source;
  size_t first = s->at++;
  CON_LIST(uint8_t) text = {0};
  while (!con_skip(s, '"')) {
    if (s->at >= s->bytes || con_peek(s, 0) == '\n') con_fail_at(s, first, "the text has no closing \"");
    uint8_t bytes[4];
    size_t count = utf8_put(bytes, read_character(s));
    for (size_t i = 0; i < count; i++) *con_add(s->memory, &text) = bytes[i];
  }
  return con_text(r->grammar, text.items, text.count);
}

static uint32_t read_class(reading *r) {
  con_source *s = r->source;
  size_t first = s->at++;
  bool is_inverse = con_skip(s, '^');
  con_set set = {0};
  while (!con_skip(s, ']')) {
    if (s->at >= s->bytes) con_fail_at(s, first, "the class has no closing ]");
    size_t at = s->at;
    uint32_t low = read_character(s), high = low;
    if (con_peek(s, 0) == '-' && con_peek(s, 1) != ']' && s->at + 1 < s->bytes) {
      s->at++;
      high = read_character(s);
    }
    if (high < low) con_fail_at(s, at, "the range ends before it begins");
    con_set_add(s->memory, &set, low, high);
  }
  con_set_normalise(s->memory, &set);
  if (is_inverse) set = con_set_inverse(s->memory, &set);
  return con_one_of(r->grammar, &set);
}

/* ---- sequences --------------------------------------------------------------------------------- */

static uint32_t read_group(reading *r) {
  con_source *s = r->source;
  size_t first = s->at++;
  if (++r->nesting > CON_MOST_NESTING)
    con_fail_at(s, first, "more than %d groups in groups", CON_MOST_NESTING);
  skip_space(r, true);
  uint32_t node = read_choice(r);
  skip_space(r, true);
  if (!con_skip(s, ')')) con_fail_at(s, s->at, "expected ), found %s", con_found(s));
  r->nesting--;
  return node;
}

/* An element, or false where none begins. */
static bool read_element(reading *r, uint32_t *node) {
  con_source *s = r->source;
  uint8_t c = con_peek(s, 0);
  if (c == '"') {
    *node = read_literal(r);
  } else if (c == '[') {
    *node = read_class(r);
  } else if (c == '(') {
    *node = read_group(r);
  } else if (c == '.') {
    con_set all = {0};
    s->at++;
    con_set_add(s->memory, &all, 0, CON_LAST_CODE);
    *node = con_one_of(r->grammar, &all);
  } else if (is_name(c)) {
    *node = con_rule_node(r->grammar, read_name(r));
  } else {
    return false;
  }
  return true;
}

static uint32_t read_sequence(reading *r) {
  con_source *s = r->source;
  CON_LIST(uint32_t) nodes = {0};
  bool lines = r->nesting > 0;
  for (uint32_t node;;) {
    uint8_t c = con_peek(s, 0);
    if (c && strchr("*+?{", c)) {
      if (nodes.count == 0) con_fail_at(s, s->at, "%s repeats nothing", con_found(s));
      uint32_t *last = &nodes.items[nodes.count - 1];
      *last = con_read_repeat(r->grammar, s, *last, true);
    } else if (read_element(r, &node)) {
      *con_add(s->memory, &nodes) = node;
    } else {
      return con_all(r->grammar, nodes.items, nodes.count);
    }
    skip_space(r, lines);
  }
}

static uint32_t read_choice(reading *r) {
  CON_LIST(uint32_t) nodes = {0};
  for (;;) {
    *con_add(r->source->memory, &nodes) = read_sequence(r);
    size_t end = r->source->at;
    skip_space(r, true); /* the next line may begin with another choice */
    if (!con_skip(r->source, '|')) {
      r->source->at = end;
      return con_any(r->grammar, nodes.items, nodes.count);
    }
    skip_space(r, true);
  }
}

/* ---- rules -------------------------------------------------------------------------------------- */

static void read_rule(reading *r) {
  con_source *s = r->source;
  size_t first = s->at;
  uint32_t rule = read_name(r);
  skip_space(r, false);
  if (con_peek(s, 0) != ':' || con_peek(s, 1) != ':' || con_peek(s, 2) != '=')
    con_fail_at(s, s->at, "expected ::= behind the name of a rule, found %s", con_found(s));
  s->at += 3;
  if (r->grammar->rules.items[rule].node != UINT32_MAX)
    con_fail_at(s, first, "the rule %s is there already", r->grammar->rules.items[rule].name);
  skip_space(r, true);
  uint32_t node = read_choice(r);
  r->grammar->rules.items[rule].node = node;
  if (s->at < s->bytes && con_peek(s, 0) != '\n')
    con_fail_at(s, s->at, "expected the end of the rule, found %s", con_found(s));
}

void con_read_gbnf(con_grammar *g, con_source *s) {
  reading r = {.grammar = g, .source = s};
  for (skip_space(&r, true); s->at < s->bytes; skip_space(&r, true)) read_rule(&r);
  bool has_root = false;
  for (uint32_t i = 0; i < g->rules.count; i++) {
    if (g->rules.items[i].node == UINT32_MAX)
      con_fail_at(s, g->rules.items[i].used_at, "there is no rule %s", g->rules.items[i].name);
    if (strcmp(g->rules.items[i].name, "root") != 0) continue;
    g->root = i;
    has_root = true;
  }
  if (!has_root) con_fail_at(s, s->bytes, "there is no rule root, with which the text begins");
}
