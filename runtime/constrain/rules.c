/*
 * rules.c: which rules become parts of those that use them: fewer calls, and
 * more that is known of what may follow. Only flat rules can; large ones that
 * are used often stay apart, so that what is found out about their states is
 * found out once.
 */
#include "constrain/automaton.h"

enum {
  PART_SIZE = 8,      /* of rules that are parts wherever they are used */
  MOST_LEVELS = 32,   /* of parts in parts */
  MOST_SIZE = 1 << 24 /* where sizes are as good as endless */
};

typedef struct {
  uint32_t user, used;
} reference;

typedef struct {
  const con_grammar *grammar;
  con_rule_facts *facts;
  CON_LIST(reference) references;
  CON_LIST(uint32_t) reached; /* rules used from the root, in the order they are met */
} examination;

static uint32_t product(uint32_t x, uint32_t y) {
  uint64_t size = (uint64_t)x * y;
  return size > MOST_SIZE ? MOST_SIZE : (uint32_t)size;
}

/* Notes what `node`, part of rule `user` `times` times, refers to. `at_end`: of that rule. */
static void examine(examination *x, uint32_t user, uint32_t node, uint32_t times, bool at_end) {
  for (;;) {
    const con_node *n = &x->grammar->nodes.items[node];
    if (n->kind == CON_RULE) {
      con_rule_facts *used = &x->facts[n->a];
      used->uses = used->uses + times > MOST_SIZE ? MOST_SIZE : used->uses + times;
      if (!used->is_used) *con_add(x->grammar->memory, &x->reached) = n->a;
      used->is_used = true;
      if (n->a != user || !at_end) *con_add(x->grammar->memory, &x->references) = (reference){user, n->a};
      return;
    }
    bool once = n->kind == CON_REPEAT && n->b <= 1 && n->c == 1;
    if (n->kind == CON_REPEAT) {
      times = product(times, n->c == CON_MANY ? n->b + 1 : n->c);
      at_end &= once;
    } else if (n->kind == CON_SEQUENCE || n->kind == CON_CHOICE || n->kind == CON_BOTH) {
      examine(x, user, n->a, times, at_end && n->kind == CON_CHOICE);
      at_end &= n->kind != CON_BOTH;
    } else {
      return;
    }
    node = n->kind == CON_REPEAT ? n->a : n->b;
  }
}

/* Rules that refer to flat ones only, again and again until no more are found. */
static void find_flat(examination *x) {
  uint32_t rule_count = x->grammar->rules.count;
  bool *refers = con_take(x->grammar->memory, rule_count);
  for (bool found = true; found;) {
    found = false;
    for (uint32_t r = 0; r < rule_count; r++) refers[r] = false;
    for (uint32_t i = x->references.count; i-- > 0;)
      if (!x->facts[x->references.items[i].used].is_flat) refers[x->references.items[i].user] = true;
    for (uint32_t r = 0; r < rule_count; r++) {
      if (refers[r] || x->facts[r].is_flat) continue;
      x->facts[r].is_flat = found = true;
    }
  }
}

static uint32_t size_of(const examination *x, uint32_t node, uint32_t *level) {
  uint32_t size = 0;
  for (;; node = x->grammar->nodes.items[node].b) {
    const con_node *n = &x->grammar->nodes.items[node];
    const con_rule_facts *rule = n->kind == CON_RULE ? &x->facts[n->a] : NULL;
    switch ((con_kind)n->kind) {
    case CON_SEQUENCE:
    case CON_CHOICE:
      size += size_of(x, n->a, level);
      if (size > MOST_SIZE) return MOST_SIZE;
      continue;
    case CON_BOTH:
      return size + product(size_of(x, n->a, level), size_of(x, n->b, level));
    case CON_REPEAT:
      return size + product(size_of(x, n->a, level), n->c == CON_MANY ? n->b + 1 : n->c);
    case CON_RULE:
      if (rule->is_part && rule->level > *level) *level = rule->level;
      return size + (rule->is_part ? rule->size : 1);
    case CON_TEXT:
      return size + n->b;
    case CON_SET:
      return size + 1 + n->b;
    case CON_NOTHING:
    case CON_EMPTY:
      return size;
    }
  }
}

/* Flat rules in an order in which those that a rule refers to come before it. */
static void choose_parts(examination *x) {
  uint32_t rule_count = x->grammar->rules.count;
  bool *waits = con_take(x->grammar->memory, rule_count), *is_done = con_take(x->grammar->memory, rule_count);
  for (bool found = true; found;) {
    found = false;
    for (uint32_t r = 0; r < rule_count; r++) waits[r] = false;
    for (uint32_t i = 0; i < x->references.count; i++)
      if (!is_done[x->references.items[i].used]) waits[x->references.items[i].user] = true;
    for (uint32_t r = 0; r < rule_count; r++) {
      con_rule_facts *rule = &x->facts[r];
      if (!rule->is_used || !rule->is_flat || is_done[r] || waits[r]) continue;
      rule->size = size_of(x, x->grammar->rules.items[r].node, &rule->level);
      rule->level++;
      rule->is_part = rule->level < MOST_LEVELS && (rule->size <= PART_SIZE || rule->uses == 1);
      is_done[r] = found = true;
    }
  }
}

con_rule_facts *con_rules_examine(const con_grammar *g) {
  examination x = {.grammar = g, .facts = con_take(g->memory, g->rules.count * sizeof *x.facts)};
  x.facts[g->root].is_used = true;
  *con_add(g->memory, &x.reached) = g->root;
  for (uint32_t i = 0; i < x.reached.count; i++)
    examine(&x, x.reached.items[i], g->rules.items[x.reached.items[i]].node, 1, true);
  find_flat(&x);
  choose_parts(&x);
  return x.facts;
}
