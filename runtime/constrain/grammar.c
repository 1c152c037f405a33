/* grammar.c: nodes of grammars, simplified as they are made. */
#include "constrain/grammar.h"

#include <string.h>

static uint32_t new_node(con_grammar *g, con_node node) {
  *con_add(g->memory, &g->nodes) = node;
  return g->nodes.count - 1;
}

static con_kind kind_of(const con_grammar *g, uint32_t node) {
  return (con_kind)g->nodes.items[node].kind;
}

uint32_t con_nothing(con_grammar *g) {
  return new_node(g, (con_node){.kind = CON_NOTHING});
}

uint32_t con_empty(con_grammar *g) {
  return new_node(g, (con_node){.kind = CON_EMPTY});
}

uint32_t con_text(con_grammar *g, const void *bytes, size_t count) {
  if (count == 0) return con_empty(g);
  uint32_t first = g->bytes.count;
  for (size_t i = 0; i < count; i++) *con_add(g->memory, &g->bytes) = ((const uint8_t *)bytes)[i];
  return new_node(g, (con_node){.kind = CON_TEXT, .a = first, .b = (uint32_t)count});
}

uint32_t con_word(con_grammar *g, const char *text) {
  return con_text(g, text, strlen(text));
}

uint32_t con_one_of(con_grammar *g, const con_set *normalised) {
  if (normalised->count == 0) return con_nothing(g);
  uint32_t first = g->ranges.count;
  for (uint32_t i = 0; i < normalised->count; i++) *con_add(g->memory, &g->ranges) = normalised->items[i];
  return new_node(g, (con_node){.kind = CON_SET, .a = first, .b = normalised->count});
}

uint32_t con_sequence(con_grammar *g, uint32_t a, uint32_t b) {
  con_kind first = kind_of(g, a), second = kind_of(g, b);
  if (first == CON_NOTHING || second == CON_EMPTY) return a;
  if (second == CON_NOTHING || first == CON_EMPTY) return b;
  return new_node(g, (con_node){.kind = CON_SEQUENCE, .a = a, .b = b});
}

uint32_t con_choice(con_grammar *g, uint32_t a, uint32_t b) {
  if (kind_of(g, a) == CON_NOTHING) return b;
  if (kind_of(g, b) == CON_NOTHING) return a;
  return new_node(g, (con_node){.kind = CON_CHOICE, .a = a, .b = b});
}

uint32_t con_repeat(con_grammar *g, uint32_t a, uint32_t least, uint32_t most) {
  con_kind kind = kind_of(g, a);
  if (kind == CON_EMPTY || (kind == CON_NOTHING && least > 0)) return a;
  if (kind == CON_NOTHING || most == 0) return con_empty(g);
  if (least == 1 && most == 1) return a;
  return new_node(g, (con_node){.kind = CON_REPEAT, .a = a, .b = least, .c = most});
}

uint32_t con_rule_node(con_grammar *g, uint32_t rule) {
  return new_node(g, (con_node){.kind = CON_RULE, .a = rule});
}

uint32_t con_both(con_grammar *g, uint32_t a, uint32_t b) {
  if (kind_of(g, a) == CON_NOTHING) return a;
  if (kind_of(g, b) == CON_NOTHING) return b;
  return new_node(g, (con_node){.kind = CON_BOTH, .a = a, .b = b});
}

uint32_t con_all(con_grammar *g, const uint32_t *items, size_t count) {
  uint32_t node = count ? items[count - 1] : con_empty(g);
  for (size_t i = count; i-- > 1;) node = con_sequence(g, items[i - 1], node);
  return node;
}

uint32_t con_any(con_grammar *g, const uint32_t *items, size_t count) {
  uint32_t node = count ? items[count - 1] : con_nothing(g);
  for (size_t i = count; i-- > 1;) node = con_choice(g, items[i - 1], node);
  return node;
}

uint32_t con_new_rule(con_grammar *g, const char *name) {
  if (g->rules.count == CON_MOST_RULES) con_fail(g->memory, "more than %d rules", CON_MOST_RULES);
  *con_add(g->memory, &g->rules) = (con_rule){.name = name, .node = UINT32_MAX};
  return g->rules.count - 1;
}
