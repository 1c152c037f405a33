/* both.c: what two automata allow together: their states in pairs, as far as they are reached. */
#include "constrain/automaton.h"

typedef struct {
  uint32_t x, y;
  uint32_t state; /* of the pair */
} pair;

typedef struct {
  con_nfa *nfa;
  CON_LIST(pair) pairs; /* in the order they are met */
  uint32_t *table;      /* open addressing: number of a pair + 1 */
  uint32_t table_size;  /* a power of two */
} product;

static uint32_t place_of(const product *p, uint32_t x, uint32_t y) {
  uint32_t mask = p->table_size - 1, at = (x * 0x9e3779b1u ^ y * 0x85ebca6bu) & mask;
  while (p->table[at]) {
    const pair *found = &p->pairs.items[p->table[at] - 1];
    if (found->x == x && found->y == y) break;
    at = (at + 1) & mask;
  }
  return at;
}

static void enlarge(product *p) {
  p->table_size = p->table_size ? 2 * p->table_size : 64;
  p->table = con_take(p->nfa->memory, p->table_size * sizeof *p->table);
  for (uint32_t i = 0; i < p->pairs.count; i++)
    p->table[place_of(p, p->pairs.items[i].x, p->pairs.items[i].y)] = i + 1;
}

static uint32_t state_of(product *p, uint32_t x, uint32_t y) {
  if (2 * p->pairs.count >= p->table_size) enlarge(p);
  uint32_t at = place_of(p, x, y);
  if (!p->table[at]) {
    *con_add(p->nfa->memory, &p->pairs) = (pair){x, y, con_nfa_state(p->nfa)};
    p->table[at] = p->pairs.count;
  }
  return p->pairs.items[p->table[at] - 1].state;
}

/* Edges of one side that read nothing: the other side waits. */
static void move_one(product *p, pair from, bool is_x) {
  for (uint32_t i = p->nfa->states.items[is_x ? from.x : from.y], next; i != CON_NONE; i = next) {
    con_edge edge = p->nfa->edges.items[i];
    next = edge.next;
    if (edge.kind != CON_EDGE_FREE) continue;
    uint32_t to = is_x ? state_of(p, edge.to, from.y) : state_of(p, from.x, edge.to);
    con_nfa_edge(p->nfa, from.state, (con_edge){.kind = CON_EDGE_FREE, .to = to});
  }
}

static void move_both(product *p, pair from) {
  for (uint32_t i = p->nfa->states.items[from.x]; i != CON_NONE; i = p->nfa->edges.items[i].next) {
    con_edge x = p->nfa->edges.items[i];
    if (x.kind != CON_EDGE_BYTES) continue;
    for (uint32_t k = p->nfa->states.items[from.y]; k != CON_NONE; k = p->nfa->edges.items[k].next) {
      con_edge y = p->nfa->edges.items[k];
      uint8_t first = x.first > y.first ? x.first : y.first, last = x.last < y.last ? x.last : y.last;
      if (y.kind != CON_EDGE_BYTES || first > last) continue;
      uint32_t to = state_of(p, x.to, y.to);
      con_nfa_edge(p->nfa, from.state,
                   (con_edge){.kind = CON_EDGE_BYTES, .first = first, .last = last, .to = to});
    }
  }
}

void con_nfa_both(con_nfa *n, uint32_t x, uint32_t x_end, uint32_t y, uint32_t y_end, uint32_t from,
                  uint32_t to) {
  product p = {.nfa = n};
  con_nfa_edge(n, from, (con_edge){.kind = CON_EDGE_FREE, .to = state_of(&p, x, y)});
  for (uint32_t i = 0; i < p.pairs.count; i++) {
    pair at = p.pairs.items[i];
    if (at.x == x_end && at.y == y_end)
      con_nfa_edge(n, at.state, (con_edge){.kind = CON_EDGE_FREE, .to = to});
    move_one(&p, at, true);
    move_one(&p, at, false);
    move_both(&p, at);
  }
}
