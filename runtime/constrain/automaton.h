/*
 * automaton.h: a grammar as deterministic automata over bytes, one per rule,
 * that call each other: reading goes on by a byte, by the start of a called
 * rule, or, where a rule may end, behind its call. Non-recursive rules that are
 * small or used once are part of those that use them (rules.c).
 */
#ifndef RT_CONSTRAIN_AUTOMATON_H
#define RT_CONSTRAIN_AUTOMATON_H

#include "constrain/grammar.h"

/* ---- which rules are parts of others (rules.c) ----------------------------------------- */

typedef struct {
  bool is_used;   /* from the root */
  bool is_part;   /* of the rules that use it */
  bool is_flat;   /* calls nothing that recurs; calling itself at its end is a loop */
  uint32_t uses;  /* counted as often as it is repeated */
  uint32_t size;  /* states that it takes, about */
  uint32_t level; /* of parts in parts */
} con_rule_facts;

/* [g->rules.count] */
con_rule_facts *con_rules_examine(const con_grammar *g);

/* ---- with choices open (nfa.c, both.c) --------------------------------------------------- */

typedef enum { CON_EDGE_FREE, CON_EDGE_BYTES, CON_EDGE_CALL } con_edge_kind;

typedef struct {
  uint32_t to, next; /* next: of the same state, or CON_NONE */
  uint32_t rule;     /* called */
  uint8_t kind;      /* con_edge_kind */
  uint8_t first, last;
} con_edge;
#define CON_NONE UINT32_MAX

typedef struct {
  con_memory *memory;
  const con_grammar *grammar;
  const con_rule_facts *rules;
  CON_LIST(con_edge) edges;
  CON_LIST(uint32_t) states; /* the first edge of each, or CON_NONE */
} con_nfa;

uint32_t con_nfa_state(con_nfa *n);
void con_nfa_edge(con_nfa *n, uint32_t from, con_edge edge);
/* What rule `rule` says, between two states. */
void con_nfa_rule(con_nfa *n, uint32_t rule, uint32_t from, uint32_t to);
/* What node says, which calls no rule. */
void con_nfa_node(con_nfa *n, uint32_t node, uint32_t from, uint32_t to);
/* What leads both from x to x_end and from y to y_end, over bytes alone. */
void con_nfa_both(con_nfa *n, uint32_t x, uint32_t x_end, uint32_t y, uint32_t y_end, uint32_t from,
                  uint32_t to);

/* ---- deterministic (subsets.c, automaton.c) ---------------------------------------------- */

enum { CON_DEAD, CON_END, CON_BASE, CON_FIRST_STATE }; /* END: behind the root; BASE: see stacks.h */

typedef struct {
  uint32_t start; /* of the rule that is called */
  uint32_t next;  /* where reading goes on behind it */
} con_call;

typedef struct {
  bool accepts; /* the rule may end here */
  bool is_last; /* and cannot go on: nothing comes back to it */
  uint32_t first_call, call_count;
} con_state;

typedef struct {
  uint8_t classes[256]; /* of bytes that no state tells apart */
  uint32_t class_count;
  CON_LIST(con_state) states;
  CON_LIST(uint32_t) next; /* [state][class], CON_DEAD where there is none */
  CON_LIST(con_call) calls;
  uint32_t start;
  uint64_t work; /* edges and states looked at to make it */
} con_automaton;

/*
 * Appends the deterministic automaton of what leads from `start` to `end`; its calls name rules for starts.
 * Returns its first state.
 */
uint32_t con_subsets(con_automaton *a, const con_nfa *n, const bool bytes_there[256], uint32_t start,
                     uint32_t end);

/*
 * The automaton of a grammar, over the bytes that there are. Every state of it leads to an end. Fails where
 * the grammar is left-recursive, too large, or allows nothing.
 */
void con_automaton_make(con_automaton *a, const con_grammar *g, const bool bytes_there[256]);

static inline uint32_t con_next(const con_automaton *a, uint32_t state, uint8_t class) {
  return a->next.items[(size_t)state * a->class_count + class];
}

#endif
