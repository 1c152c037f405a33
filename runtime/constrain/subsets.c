/*
 * subsets.c: deterministic automata: each state is a set of states that have
 * choices (Rabin and Scott, "Finite automata and their decision problems",
 * 1959). The call of a rule is a symbol like a byte.
 */
#include "constrain/automaton.h"

#include <string.h>

enum { MOST_STATES = 1 << 17, MOST_WORDS = 1 << 24, MOST_MEMBERS = 1 << 20 };

/* Few states with choices can make many sets, each large: a tenth of a second is enough. */
enum { MOST_WORK = 1 << 24 };

/* A set of states: members[first .. first + count), sorted. Set i is state first_state + i. */
typedef struct {
  uint32_t first, count;
} subset;

/* Where an edge of some member leads, in the bucket of its class. */
typedef struct {
  uint32_t to, next;
} move;

typedef struct {
  con_automaton *automaton;
  const con_nfa *nfa;
  uint32_t end, first_state;
  CON_LIST(subset) sets;
  CON_LIST(uint32_t) members;
  uint32_t *table, table_size; /* open addressing: number of a set + 1 */
  uint32_t *stamps, stamp;     /* of each state with choices: the last closure that met it */
  CON_LIST(uint32_t) closure;
  CON_LIST(move) moves;
  uint32_t buckets[256];    /* first move of each class, or CON_NONE */
  CON_LIST(con_edge) calls; /* of the members */
} subsets;

/* ---- sets -------------------------------------------------------------------------------- */

static uint32_t hash_of(const uint32_t *items, uint32_t count) {
  uint64_t hash = count;
  for (uint32_t i = 0; i < count; i++) hash = (hash ^ items[i]) * 0x9e3779b97f4a7c15u;
  return (uint32_t)(hash >> 32);
}

static uint32_t place_of(const subsets *s, const uint32_t *items, uint32_t count) {
  uint32_t mask = s->table_size - 1, at = hash_of(items, count) & mask;
  for (; s->table[at]; at = (at + 1) & mask) {
    subset found = s->sets.items[s->table[at] - 1];
    if (found.count == count && memcmp(s->members.items + found.first, items, count * sizeof *items) == 0)
      break;
  }
  return at;
}

static void enlarge(subsets *s) {
  s->table_size = s->table_size ? 2 * s->table_size : 64;
  s->table = con_take(s->nfa->memory, s->table_size * sizeof *s->table);
  for (uint32_t i = 0; i < s->sets.count; i++) {
    subset set = s->sets.items[i];
    s->table[place_of(s, s->members.items + set.first, set.count)] = i + 1;
  }
}

static void sort(uint32_t *items, uint32_t count) {
  for (uint32_t gap = count / 2; gap > 0; gap /= 2) {
    for (uint32_t i = gap; i < count; i++) {
      uint32_t item = items[i], at = i;
      for (; at >= gap && items[at - gap] > item; at -= gap) items[at] = items[at - gap];
      items[at] = item;
    }
  }
}

static void work(subsets *s, uint64_t steps) {
  con_automaton *a = s->automaton;
  a->work += steps;
  if (a->work > MOST_WORK)
    con_fail(s->nfa->memory,
             "the constraint is too large: it may be in too many states at once; repeat less, or make "
             "what follows a repetition begin differently");
}

static void meet(subsets *s, uint32_t state) {
  if (s->stamps[state] == s->stamp) return;
  s->stamps[state] = s->stamp;
  *con_add(s->nfa->memory, &s->closure) = state;
}

/* Members that only pass on are left out: sets are then the same more often. */
static bool matters(const subsets *s, uint32_t state) {
  if (state == s->end) return true;
  for (uint32_t i = s->nfa->states.items[state]; i != CON_NONE; i = s->nfa->edges.items[i].next)
    if (s->nfa->edges.items[i].kind != CON_EDGE_FREE) return true;
  return false;
}

/* Follows edges that read nothing; what matters stays in s->closure. */
static void close_set(subsets *s) {
  uint32_t kept = 0, edges = 0;
  for (uint32_t i = 0; i < s->closure.count; i++) {
    uint32_t state = s->closure.items[i];
    for (uint32_t k = s->nfa->states.items[state]; k != CON_NONE; k = s->nfa->edges.items[k].next, edges++)
      if (s->nfa->edges.items[k].kind == CON_EDGE_FREE) meet(s, s->nfa->edges.items[k].to);
  }
  work(s, 4 * (uint64_t)s->closure.count + edges); /* they are sorted, too */
  for (uint32_t i = 0; i < s->closure.count; i++)
    if (matters(s, s->closure.items[i])) s->closure.items[kept++] = s->closure.items[i];
  s->closure.count = kept;
  sort(s->closure.items, kept);
}

static void begin_set(subsets *s) {
  s->stamp++;
  s->closure.count = 0;
}

/* The state of what begin_set and meet collected. */
static uint32_t end_set(subsets *s) {
  con_memory *m = s->nfa->memory;
  con_automaton *a = s->automaton;
  close_set(s);
  if (s->closure.count == 0) return CON_DEAD;
  if (2 * s->sets.count >= s->table_size) enlarge(s);
  uint32_t at = place_of(s, s->closure.items, s->closure.count);
  if (s->table[at]) return s->first_state + s->table[at] - 1;
  if (a->states.count == MOST_STATES || s->members.count > MOST_MEMBERS ||
      a->states.count * (uint64_t)a->class_count > MOST_WORDS)
    con_fail(m, "the constraint is too large: its automaton has more than %u states; repeat less",
             (unsigned)a->states.count);
  *con_add(m, &s->sets) = (subset){s->members.count, s->closure.count};
  for (uint32_t i = 0; i < s->closure.count; i++) *con_add(m, &s->members) = s->closure.items[i];
  s->table[at] = s->sets.count;
  *con_add(m, &a->states) = (con_state){0};
  for (uint32_t i = 0; i < a->class_count; i++) *con_add(m, &a->next) = CON_DEAD;
  return a->states.count - 1;
}

/* ---- edges of a set -------------------------------------------------------------------------- */

static void collect_moves(subsets *s, con_edge edge) {
  const uint8_t *classes = s->automaton->classes;
  work(s, 1 + classes[edge.last] - classes[edge.first]);
  for (uint32_t class = classes[edge.first]; class <= classes[edge.last]; class++) {
    *con_add(s->nfa->memory, &s->moves) = (move){edge.to, s->buckets[class]};
    s->buckets[class] = s->moves.count - 1;
  }
}

static void collect(subsets *s, subset set) {
  s->moves.count = s->calls.count = 0;
  memset(s->buckets, 0xff, sizeof s->buckets);
  for (uint32_t i = 0; i < set.count; i++) {
    uint32_t state = s->members.items[set.first + i];
    for (uint32_t k = s->nfa->states.items[state]; k != CON_NONE; k = s->nfa->edges.items[k].next) {
      con_edge edge = s->nfa->edges.items[k];
      if (edge.kind == CON_EDGE_BYTES) collect_moves(s, edge);
      if (edge.kind == CON_EDGE_CALL) *con_add(s->nfa->memory, &s->calls) = edge;
    }
  }
}

static bool same_bucket(const subsets *s, uint32_t x, uint32_t y) {
  uint32_t i = s->buckets[x], k = s->buckets[y];
  while (i != CON_NONE && k != CON_NONE && s->moves.items[i].to == s->moves.items[k].to)
    i = s->moves.items[i].next, k = s->moves.items[k].next;
  return i == k; /* both at their ends */
}

static void follow_bytes(subsets *s, uint32_t state, const bool *classes_there) {
  con_automaton *a = s->automaton;
  uint32_t before = CON_NONE, to = CON_DEAD;
  for (uint32_t class = 0; class < a->class_count; class++) {
    if (s->buckets[class] == CON_NONE || !classes_there[class]) continue;
    if (before == CON_NONE || !same_bucket(s, before, class)) {
      begin_set(s);
      for (uint32_t i = s->buckets[class]; i != CON_NONE; i = s->moves.items[i].next)
        meet(s, s->moves.items[i].to);
      to = end_set(s);
    }
    before = class;
    a->next.items[(size_t)state * a->class_count + class] = to;
  }
}

static void follow_calls(subsets *s, uint32_t state) {
  con_automaton *a = s->automaton;
  uint32_t first_call = a->calls.count;
  for (uint32_t i = 0; i < s->calls.count; i++) {
    uint32_t rule = s->calls.items[i].rule;
    bool is_done = false;
    for (uint32_t k = first_call; k < a->calls.count; k++) is_done |= a->calls.items[k].start == rule;
    if (is_done) continue;
    begin_set(s);
    for (uint32_t k = i; k < s->calls.count; k++)
      if (s->calls.items[k].rule == rule) meet(s, s->calls.items[k].to);
    uint32_t next = end_set(s);
    *con_add(s->nfa->memory, &a->calls) = (con_call){.start = rule, .next = next};
  }
  a->states.items[state].first_call = first_call;
  a->states.items[state].call_count = a->calls.count - first_call;
}

uint32_t con_subsets(con_automaton *a, const con_nfa *n, const bool bytes_there[256], uint32_t start,
                     uint32_t end) {
  subsets s = {.automaton = a, .nfa = n, .end = end, .first_state = a->states.count};
  bool classes_there[256] = {0};
  for (int i = 0; i < 256; i++) classes_there[a->classes[i]] |= bytes_there[i];
  s.stamps = con_take(n->memory, n->states.count * sizeof *s.stamps);
  begin_set(&s);
  meet(&s, start);
  end_set(&s);
  for (uint32_t i = 0; i < s.sets.count; i++) {
    subset set = s.sets.items[i];
    uint32_t state = s.first_state + i;
    for (uint32_t k = 0; k < set.count; k++)
      a->states.items[state].accepts |= s.members.items[set.first + k] == end;
    collect(&s, set);
    follow_bytes(&s, state, classes_there);
    follow_calls(&s, state);
  }
  return s.sets.count ? s.first_state : CON_DEAD;
}
