/* automaton.c: a grammar's rules as automata that call each other; what is of no use goes, what never ends is
 * refused. */
#include "constrain/automaton.h"

#include <string.h>

typedef struct {
  con_automaton *automaton;
  con_memory *memory;
  const con_grammar *grammar;
  uint32_t *starts;  /* of each rule; CON_DEAD where it has no automaton */
  uint32_t *rule_of; /* of each state */
  bool *is_live;     /* whether an end can be reached from the state */
  bool *is_nullable; /* whether the rule allows the empty text */
} making;

/* ---- classes of bytes ----------------------------------------------------------------- */

/* Bytes between which no edge and no gap of the vocabulary begins or ends are one class. */
static void find_classes(con_automaton *a, const con_nfa *n, const bool bytes_there[256]) {
  bool begins[257] = {true};
  for (uint32_t i = 0; i < n->edges.count; i++) {
    if (n->edges.items[i].kind != CON_EDGE_BYTES) continue;
    begins[n->edges.items[i].first] = true;
    begins[n->edges.items[i].last + 1] = true;
  }
  for (int i = 1; i < 256; i++) begins[i] |= bytes_there[i] != bytes_there[i - 1];
  for (int i = 0, class = -1; i < 256; i++) {
    class += begins[i];
    a->classes[i] = (uint8_t)class;
    a->class_count = (uint32_t)class + 1;
  }
}

/* ---- one automaton a rule ----------------------------------------------------------------- */

static void make_rules(making *m, const bool bytes_there[256]) {
  con_automaton *a = m->automaton;
  uint32_t rule_count = m->grammar->rules.count;
  const con_rule_facts *facts = con_rules_examine(m->grammar);
  con_nfa n = {.memory = m->memory, .grammar = m->grammar, .rules = facts};
  uint32_t *first = con_take(m->memory, rule_count * sizeof *first);
  uint32_t *last = con_take(m->memory, rule_count * sizeof *last);
  for (uint32_t r = 0; r < rule_count; r++) {
    if (!facts[r].is_used || (facts[r].is_part && r != m->grammar->root)) continue;
    first[r] = con_nfa_state(&n);
    last[r] = con_nfa_state(&n);
    con_nfa_rule(&n, r, first[r], last[r]);
  }
  find_classes(a, &n, bytes_there);
  for (uint32_t i = 0; i < CON_FIRST_STATE; i++) {
    *con_add(m->memory, &a->states) = (con_state){0};
    for (uint32_t k = 0; k < a->class_count; k++) *con_add(m->memory, &a->next) = CON_DEAD;
  }
  for (uint32_t r = 0; r < rule_count; r++)
    if (last[r]) m->starts[r] = con_subsets(a, &n, bytes_there, first[r], last[r]);
}

/* Calls know starts rather than rules from here on. */
static void resolve_calls(making *m) {
  con_automaton *a = m->automaton;
  for (uint32_t i = 0; i < a->calls.count; i++) a->calls.items[i].start = m->starts[a->calls.items[i].start];
  m->rule_of = con_take(m->memory, a->states.count * sizeof *m->rule_of);
  for (uint32_t r = 0; r < m->grammar->rules.count; r++)
    if (m->starts[r]) m->rule_of[m->starts[r]] = r;
  for (uint32_t i = CON_FIRST_STATE + 1; i < a->states.count; i++)
    if (m->starts[m->rule_of[i]] != i) m->rule_of[i] = m->rule_of[i - 1];
}

/* ---- what leads to an end ------------------------------------------------------------------- */

static bool leads_on(const making *m, uint32_t state) {
  const con_automaton *a = m->automaton;
  const con_state *s = &a->states.items[state];
  if (s->accepts) return true;
  for (uint32_t class = 0; class < a->class_count; class++)
    if (m->is_live[con_next(a, state, (uint8_t)class)]) return true;
  for (uint32_t i = s->first_call; i < s->first_call + s->call_count; i++)
    if (m->is_live[a->calls.items[i].start] && m->is_live[a->calls.items[i].next]) return true;
  return false;
}

/* Up and down in turn, for rules may call those before them or those behind them. */
static void find_live(making *m) {
  uint32_t count = m->automaton->states.count - CON_FIRST_STATE;
  m->is_live = con_take(m->memory, m->automaton->states.count);
  for (bool found = true, is_down = true; found; is_down = !is_down) {
    found = false;
    for (uint32_t k = 0; k < count; k++) {
      uint32_t i = CON_FIRST_STATE + (is_down ? count - 1 - k : k);
      if (!m->is_live[i] && leads_on(m, i)) m->is_live[i] = found = true;
    }
  }
}

/* Edges to dead states go. */
static void trim(making *m) {
  con_automaton *a = m->automaton;
  find_live(m);
  for (uint32_t i = CON_FIRST_STATE; i < a->states.count; i++) {
    con_state *s = &a->states.items[i];
    uint32_t *next = a->next.items + (size_t)i * a->class_count, kept = 0;
    bool goes_on = false;
    for (uint32_t class = 0; class < a->class_count; class++) {
      if (!m->is_live[next[class]]) next[class] = CON_DEAD;
      goes_on |= next[class] != CON_DEAD;
    }
    for (uint32_t k = 0; k < s->call_count; k++) {
      con_call call = a->calls.items[s->first_call + k];
      if (m->is_live[call.start] && m->is_live[call.next]) a->calls.items[s->first_call + kept++] = call;
    }
    s->call_count = kept;
    s->is_last = s->accepts && !goes_on && !kept;
  }
}

/* ---- left recursion --------------------------------------------------------------------------- */

/* Per rule, the states that are reached without reading a byte: is_open[state]. */
static void open_states(const making *m, bool *is_open) {
  const con_automaton *a = m->automaton;
  for (uint32_t r = 0; r < m->grammar->rules.count; r++)
    if (m->starts[r]) is_open[m->starts[r]] = true;
  for (bool found = true; found;) {
    found = false;
    for (uint32_t i = CON_FIRST_STATE; i < a->states.count; i++) {
      const con_state *s = &a->states.items[i];
      if (!is_open[i]) continue;
      if (s->accepts && !m->is_nullable[m->rule_of[i]]) m->is_nullable[m->rule_of[i]] = found = true;
      for (uint32_t k = s->first_call; k < s->first_call + s->call_count; k++) {
        con_call call = a->calls.items[k];
        if (call.start == CON_DEAD || !m->is_nullable[m->rule_of[call.start]] || is_open[call.next]) continue;
        is_open[call.next] = found = true;
      }
    }
  }
}

/* Rules that call none but good ones before they read a byte are good; what is left goes round. */
static void refuse_left_recursion(making *m) {
  const con_automaton *a = m->automaton;
  uint32_t rule_count = m->grammar->rules.count, wrong = CON_NONE;
  bool *is_open = con_take(m->memory, a->states.count);
  bool *is_good = con_take(m->memory, rule_count), *is_bad = con_take(m->memory, rule_count);
  m->is_nullable = con_take(m->memory, rule_count);
  open_states(m, is_open);
  for (bool found = true; found;) {
    found = false;
    memset(is_bad, 0, rule_count);
    for (uint32_t i = CON_FIRST_STATE; i < a->states.count; i++) {
      const con_state *s = &a->states.items[i];
      for (uint32_t k = s->first_call; k < s->first_call + s->call_count && is_open[i]; k++) {
        uint32_t start = a->calls.items[k].start;
        if (start != CON_DEAD) is_bad[m->rule_of[i]] |= !is_good[m->rule_of[start]];
      }
    }
    wrong = CON_NONE;
    for (uint32_t r = 0; r < rule_count; r++) {
      if (is_bad[r] && wrong == CON_NONE) wrong = r;
      if (!is_bad[r] && !is_good[r]) is_good[r] = found = true;
    }
  }
  if (wrong != CON_NONE)
    con_fail(m->memory,
             "the rule %s comes back to itself before it reads anything (left recursion); "
             "write the repetition with * or let the rule come last",
             m->grammar->rules.items[wrong].name);
}

void con_automaton_make(con_automaton *a, const con_grammar *g, const bool bytes_there[256]) {
  making m = {.automaton = a, .memory = g->memory, .grammar = g};
  m.starts = con_take(g->memory, g->rules.count * sizeof *m.starts);
  make_rules(&m, bytes_there);
  resolve_calls(&m);
  refuse_left_recursion(&m);
  trim(&m);
  a->start = m.starts[g->root];
  if (!m.is_live[a->start])
    con_fail(g->memory, "the constraint allows no text that the model's vocabulary can spell");
}
