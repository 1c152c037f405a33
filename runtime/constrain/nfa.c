/*
 * nfa.c: nodes as states and edges (Thompson, "Regular expression search
 * algorithm", 1968); characters become sequences of UTF-8 bytes.
 */
#include "constrain/automaton.h"

#include "text/utf8.h"

enum { MOST_STATES = 1 << 20 };

/* Inside which rule the making is. */
typedef struct {
  con_nfa *nfa;
  uint32_t rule, start; /* CON_NONE: in none */
} making;

uint32_t con_nfa_state(con_nfa *n) {
  if (n->states.count == MOST_STATES)
    con_fail(n->memory, "the constraint is too large: it has more than %d states; repeat less", MOST_STATES);
  *con_add(n->memory, &n->states) = CON_NONE;
  return n->states.count - 1;
}

void con_nfa_edge(con_nfa *n, uint32_t from, con_edge edge) {
  edge.next = n->states.items[from];
  *con_add(n->memory, &n->edges) = edge;
  n->states.items[from] = n->edges.count - 1;
}

static void free_edge(con_nfa *n, uint32_t from, uint32_t to) {
  if (from != to) con_nfa_edge(n, from, (con_edge){.kind = CON_EDGE_FREE, .to = to});
}

static void byte_edge(con_nfa *n, uint32_t from, uint8_t first, uint8_t last, uint32_t to) {
  con_nfa_edge(n, from, (con_edge){.kind = CON_EDGE_BYTES, .first = first, .last = last, .to = to});
}

/* ---- characters ----------------------------------------------------------------------- */

/* Where 0 to 3 bytes of any kind that goes on a character lead to the set's end. */
typedef uint32_t tails[4];

static uint32_t tail(con_nfa *n, tails t, int bytes) {
  if (t[bytes] == CON_NONE) {
    uint32_t rest = tail(n, t, bytes - 1);
    t[bytes] = con_nfa_state(n);
    byte_edge(n, t[bytes], 0x80, 0xbf, rest);
  }
  return t[bytes];
}

static bool is_all(const uint8_t *bytes, int count, uint8_t byte) {
  for (int i = 0; i < count; i++)
    if (bytes[i] != byte) return false;
  return true;
}

/* All sequences of `count` bytes from `low` to `high`. */
static void add_sequences(con_nfa *n, tails t, uint32_t from, const uint8_t *low, const uint8_t *high,
                          int count) {
  static const uint8_t lowest[] = {0x80, 0x80, 0x80}, highest[] = {0xbf, 0xbf, 0xbf};
  uint8_t first = low[0], last = high[0];
  if (count == 1) {
    byte_edge(n, from, first, last, t[0]);
    return;
  }
  if (first == last && !(is_all(low + 1, count - 1, 0x80) && is_all(high + 1, count - 1, 0xbf))) {
    uint32_t middle = con_nfa_state(n);
    byte_edge(n, from, first, first, middle);
    add_sequences(n, t, middle, low + 1, high + 1, count - 1);
    return;
  }
  if (!is_all(low + 1, count - 1, 0x80)) {
    uint32_t middle = con_nfa_state(n);
    byte_edge(n, from, first, first, middle);
    add_sequences(n, t, middle, low + 1, highest, count - 1);
    first++;
  }
  if (!is_all(high + 1, count - 1, 0xbf)) {
    uint32_t middle = con_nfa_state(n);
    byte_edge(n, from, last, last, middle);
    add_sequences(n, t, middle, lowest, high + 1, count - 1);
    last--;
  }
  if (first <= last) byte_edge(n, from, first, last, tail(n, t, count - 1));
}

static void add_set(con_nfa *n, const con_node *node, uint32_t from, uint32_t to) {
  static const uint32_t longest[] = {0x7f, 0x7ff, 0xffff, CON_LAST_CODE}; /* of 1 to 4 bytes */
  tails t = {to, CON_NONE, CON_NONE, CON_NONE};
  for (uint32_t i = 0; i < node->b; i++) {
    con_range range = n->grammar->ranges.items[node->a + i];
    for (int count = 1; count <= 4; count++) {
      uint32_t last = range.last < longest[count - 1] ? range.last : longest[count - 1];
      if (range.first > last) continue;
      uint8_t low[4], high[4];
      utf8_put(low, range.first);
      utf8_put(high, last);
      add_sequences(n, t, from, low, high, count);
      range.first = last + 1;
    }
  }
}

/* ---- nodes -------------------------------------------------------------------------------- */

static void add_text(con_nfa *n, const con_node *node, uint32_t from, uint32_t to) {
  for (uint32_t i = 0; i < node->b; i++) {
    uint32_t next = i + 1 < node->b ? con_nfa_state(n) : to;
    uint8_t byte = n->grammar->bytes.items[node->a + i];
    byte_edge(n, from, byte, byte, next);
    from = next;
  }
}

static void add_node(making m, uint32_t node, uint32_t from, uint32_t to, bool at_end);

static void add_repeat(making m, const con_node *node, uint32_t from, uint32_t to, bool at_end) {
  con_node repeat = *node; /* nodes move when there are more */
  for (uint32_t i = 0; i < repeat.b; i++) {
    uint32_t next = con_nfa_state(m.nfa);
    add_node(m, repeat.a, from, next, false);
    from = next;
  }
  if (repeat.c == CON_MANY) {
    uint32_t loop = con_nfa_state(m.nfa);
    free_edge(m.nfa, from, loop);
    add_node(m, repeat.a, loop, loop, false);
    free_edge(m.nfa, loop, to);
    return;
  }
  for (uint32_t i = repeat.b; i < repeat.c; i++) {
    bool is_last = i + 1 == repeat.c;
    uint32_t next = is_last ? to : con_nfa_state(m.nfa);
    free_edge(m.nfa, from, to);
    add_node(m, repeat.a, from, next, at_end && repeat.c == 1);
    from = next;
  }
  if (repeat.b == repeat.c) free_edge(m.nfa, from, to);
}

static void add_rule(making m, uint32_t rule, uint32_t from, uint32_t to, bool at_end) {
  if (rule == m.rule && at_end) { /* the rule again, at its own end: a loop */
    free_edge(m.nfa, from, m.start);
    return;
  }
  if (m.nfa->rules && !m.nfa->rules[rule].is_part) {
    con_nfa_edge(m.nfa, from, (con_edge){.kind = CON_EDGE_CALL, .rule = rule, .to = to});
    return;
  }
  con_nfa_rule(m.nfa, rule, from, to);
}

static void add_both(making m, const con_node *node, uint32_t from, uint32_t to) {
  uint32_t ends[4], nodes[] = {node->a, node->b};
  for (int i = 0; i < 4; i++) ends[i] = con_nfa_state(m.nfa);
  for (int i = 0; i < 2; i++) con_nfa_node(m.nfa, nodes[i], ends[2 * i], ends[2 * i + 1]);
  con_nfa_both(m.nfa, ends[0], ends[1], ends[2], ends[3], from, to);
}

/* No edge leads back to `from` or out of `to` but where they are the same. `at_end`: of m.rule. */
static void add_node(making m, uint32_t node, uint32_t from, uint32_t to, bool at_end) {
  for (;;) {
    const con_node *n = &m.nfa->grammar->nodes.items[node];
    uint32_t middle;
    switch ((con_kind)n->kind) {
    case CON_SEQUENCE:
      middle = con_nfa_state(m.nfa);
      add_node(m, n->a, from, middle, false);
      from = middle;
      break;
    case CON_CHOICE:
      add_node(m, n->a, from, to, at_end);
      break;
    case CON_NOTHING:
      return;
    case CON_EMPTY:
      free_edge(m.nfa, from, to);
      return;
    case CON_TEXT:
      add_text(m.nfa, n, from, to);
      return;
    case CON_SET:
      add_set(m.nfa, n, from, to);
      return;
    case CON_REPEAT:
      add_repeat(m, n, from, to, at_end);
      return;
    case CON_RULE:
      add_rule(m, n->a, from, to, at_end);
      return;
    case CON_BOTH:
      add_both(m, n, from, to);
      return;
    }
    node = n->b;
  }
}

/* States of its own: a rule that loops must not lead back to what comes before it. */
void con_nfa_rule(con_nfa *n, uint32_t rule, uint32_t from, uint32_t to) {
  uint32_t start = con_nfa_state(n);
  free_edge(n, from, start);
  add_node((making){n, rule, start}, n->grammar->rules.items[rule].node, start, to, true);
}

void con_nfa_node(con_nfa *n, uint32_t node, uint32_t from, uint32_t to) {
  add_node((making){n, CON_NONE, CON_NONE}, node, from, to, false);
}
