/* mask.c: walks over the trie of tokens. */
#include "constrain/mask.h"

#include "smelt/tokenizer.h"

#include <string.h>

/*
 * A row says where each class of bytes leads from a place inside a rule: to
 * another row, 2 * row, and 1 more where the rule may end there.
 */
enum { UNKNOWN = 0, NO_ROW = 1, MAY_EXIT = 1 };

enum { KEPT_WALK_NODES = 256, WIDE_NODES = 512 };

typedef struct {
  const con_stacks *stacks;
  uint64_t *tokens;
} result;

/* ---- rows ------------------------------------------------------------------------------ */

/* The one state that a place inside a rule is, if that calls no rule; or CON_DEAD. */
static uint32_t plain_state(const con_mask *m, uint32_t place) {
  con_place at = m->inside.places.items[place];
  con_entry entry = m->inside.entries.items[at.first];
  bool is_plain = at.count == 1 && entry.below == CON_ANYWHERE;
  return is_plain && m->automaton->states.items[entry.state].call_count == 0 ? entry.state : CON_DEAD;
}

static bool may_exit(con_mask *m, uint32_t place) {
  uint32_t state = plain_state(m, place);
  if (state != CON_DEAD) return m->automaton->states.items[state].accepts;
  con_open_place(&m->inside, place);
  return con_draft_has(&m->inside, CON_BASE);
}

/* As `next` has it. */
static uint32_t row_of(con_mask *m, uint32_t place) {
  if (place == CON_NOWHERE) return NO_ROW;
  while (m->row_of.count <= place) *con_add(m->memory, &m->row_of) = 0;
  if (m->row_of.items[place]) return m->row_of.items[place];
  uint32_t row = 2 * m->row_places.count;
  *con_add(m->memory, &m->row_places) = place;
  for (uint32_t i = 0; i < m->automaton->class_count; i++) *con_add(m->memory, &m->next) = UNKNOWN;
  if (may_exit(m, place)) row |= MAY_EXIT;
  m->row_of.items[place] = row;
  return row;
}

static uint32_t row_of_state(con_mask *m, uint32_t state) {
  return row_of(m, con_place_of(&m->inside, state, CON_ANYWHERE));
}

static uint32_t find_next(con_mask *m, uint32_t row, uint8_t class) {
  uint32_t place = m->row_places.items[row], state = plain_state(m, place), next;
  if (state != CON_DEAD) {
    uint32_t to = con_next(m->automaton, state, class);
    next = to == CON_DEAD ? NO_ROW : row_of_state(m, to);
  } else {
    con_open_place(&m->inside, place);
    next = row_of(m, con_step_open(&m->inside, class));
  }
  m->next.items[row * m->automaton->class_count + class] = next;
  return next;
}

static uint32_t next_of(con_mask *m, uint32_t row, uint8_t class) {
  uint32_t next = m->next.items[row * m->automaton->class_count + class];
  return next == UNKNOWN ? find_next(m, row, class) : next;
}

/* ---- walks ------------------------------------------------------------------------------- */

static void walk_place(con_mask *m, uint32_t first, uint32_t end, uint32_t place, result r);

/*
 * Adds what nodes[first .. end) allow from `start` on. Where the rule may end,
 * reading goes on at the place `below`; CON_NOWHERE: such nodes go to m->exits.
 */
static void walk(con_mask *m, uint32_t first, uint32_t end, uint32_t start, uint32_t below, result r) {
  const con_trie_node *nodes = m->vocabulary->nodes;
  const uint8_t *classes = m->automaton->classes;
  uint32_t *levels = m->levels;
  if (first == end) return;
  levels[nodes[first].depth] = start >> 1;
  for (uint32_t i = first; i < end; m->visits++) {
    const con_trie_node *node = &nodes[i];
    uint32_t next = next_of(m, levels[node->depth], classes[node->byte]);
    if (next == NO_ROW) {
      i = node->skip;
      continue;
    }
    if (node->token != TOK_NONE) con_add_token(m->vocabulary, node->token, r.tokens);
    i++;
    if (next & MAY_EXIT && i < node->skip) {
      if (below == CON_NOWHERE)
        *con_add(m->memory, &m->exits) = i - 1;
      else
        walk_place(m, i, node->skip, below, r);
    }
    levels[node->depth + 1] = next >> 1;
  }
}

/* The same from all that a place has. */
static void walk_place(con_mask *m, uint32_t first, uint32_t end, uint32_t place, result r) {
  con_place at = r.stacks->places.items[place];
  for (uint32_t i = 0; i < at.count; i++) {
    con_entry entry = r.stacks->entries.items[at.first + i];
    if (entry.state < CON_FIRST_STATE) continue;
    uint32_t start = row_of_state(m, entry.state);
    if (start & MAY_EXIT) walk_place(m, first, end, entry.below, r);
    walk(m, first, end, start, entry.below, r);
  }
}

/* ---- states -------------------------------------------------------------------------------- */

/* All that is not below a byte which leads nowhere. */
static void walk_all(con_mask *m, uint32_t start, result r) {
  const con_vocabulary *v = m->vocabulary;
  for (uint32_t i = 0; i < v->root_count; i++) {
    uint32_t node = v->roots[i];
    if (next_of(m, start >> 1, m->automaton->classes[v->nodes[node].byte]) != NO_ROW)
      walk(m, node, v->nodes[node].skip, start, CON_NOWHERE, r);
  }
}

static void walk_from(con_mask *m, uint32_t node, uint32_t state, result r) {
  uint8_t class = m->automaton->classes[m->vocabulary->nodes[node].byte];
  if (con_next(m->automaton, state, class) != CON_DEAD)
    walk(m, node, m->vocabulary->nodes[node].skip, row_of_state(m, state), CON_NOWHERE, r);
}

/* Keeps what the walk has added to m->spare and to m->exits from number `first_exit` on.
 */
static uint32_t keep_walk(con_mask *m, uint32_t state, uint32_t before, uint32_t first_exit) {
  con_known_walk walk = {.state = state, .before = before, .exit_count = m->exits.count - first_exit};
  for (uint32_t i = 0; i < m->vocabulary->words; i++) walk.word_count += m->spare[i] != 0;
  walk.tokens = con_take(m->memory, walk.word_count * sizeof *walk.tokens);
  for (uint32_t i = 0, at = 0; i < m->vocabulary->words; i++)
    if (m->spare[i]) walk.tokens[at++] = (con_some_tokens){m->spare[i], i};
  walk.exits = con_take(m->memory, walk.exit_count * sizeof *walk.exits);
  if (walk.exit_count) memcpy(walk.exits, m->exits.items + first_exit, walk.exit_count * sizeof *walk.exits);
  m->exits.count = first_exit;
  *con_add(m->memory, &m->walks) = walk;
  return m->walks.count - 1;
}

/*
 * Walks from the set's nodes of a key, whose byte leads from `state` to `to`. States that count lead to the
 * same one there, so large walks are kept.
 */
static void walk_key(con_mask *m, const con_uniform *set, uint32_t key, uint32_t state, uint32_t to,
                     result r) {
  uint32_t first = set->starts[key], end = set->starts[key + 1], known = set->walks[key];
  if (set->below[key] < KEPT_WALK_NODES) {
    for (uint32_t i = first; i < end; i++) walk_from(m, set->nodes[i], state, r);
    return;
  }
  while (known && m->walks.items[known].state != to) known = m->walks.items[known].before;
  if (!known) {
    uint32_t first_exit = m->exits.count;
    memset(m->spare, 0, m->vocabulary->words * sizeof *m->spare);
    for (uint32_t i = first; i < end; i++) walk_from(m, set->nodes[i], state, (result){.tokens = m->spare});
    known = set->walks[key] = keep_walk(m, to, set->walks[key], first_exit);
  }
  const con_known_walk *walk = &m->walks.items[known];
  for (uint32_t i = 0; i < walk->word_count; i++) r.tokens[walk->tokens[i].word] |= walk->tokens[i].bits;
  for (uint32_t i = 0; i < walk->exit_count; i++) *con_add(m->memory, &m->exits) = walk->exits[i];
}

/* Walks from where tokens leave the set at path[count]. */
static void walk_behind(con_mask *m, const con_uniform *set, const uint32_t *path, uint32_t count,
                        bool is_last, result r) {
  uint32_t class_count = m->automaton->class_count;
  for (uint32_t class = 0; class < class_count; class++) {
    uint32_t to = con_next(m->automaton, path[count], (uint8_t)class);
    if (to != CON_DEAD && (is_last || !set->classes[class]))
      walk_key(m, set, count * class_count + class, path[count], to, r);
  }
}

/* The same behind many characters. */
static void walk_deep(con_mask *m, const con_uniform *set, const uint32_t *path, uint32_t most, result r) {
  for (uint32_t i = 0; i < set->deep_nodes.count; i++) {
    const con_deep_node *deep = &set->deep_nodes.items[i];
    if (deep->count > most || (deep->goes_on && deep->count < most)) continue;
    uint32_t state = path[deep->count];
    for (int k = 0; k < deep->lead; k++)
      state = con_next(m->automaton, state, m->automaton->classes[deep->bytes[k]]);
    walk_from(m, deep->node, state, r);
  }
}

static void add_uniform(con_mask *m, const con_uniform *set, const uint32_t *path, uint32_t most, result r) {
  uint32_t in_sets = most < CON_MOST_UNIFORM ? most : CON_MOST_UNIFORM;
  memcpy(r.tokens, set->tokens[in_sets], m->vocabulary->words * sizeof *r.tokens);
  for (uint32_t i = 0; i < set->deep_tokens.count; i++)
    if (set->deep_tokens.items[i].count <= most)
      con_add_token(m->vocabulary, set->deep_tokens.items[i].token, r.tokens);
  for (uint32_t count = 0; count <= in_sets; count++) walk_behind(m, set, path, count, count == most, r);
  walk_deep(m, set, path, most, r);
}

/* What follows m->exits, by class. */
static void keep_exits(con_mask *m, con_state_mask *known) {
  const con_trie_node *nodes = m->vocabulary->nodes;
  const uint8_t *classes = m->automaton->classes;
  uint32_t class_count = m->automaton->class_count, at[256] = {0};
  if (m->exits.count == 0) return;
  known->exit_starts = con_take(m->memory, (class_count + 1) * sizeof *known->exit_starts);
  for (uint32_t i = 0; i < m->exits.count; i++)
    for (uint32_t k = m->exits.items[i] + 1; k < nodes[m->exits.items[i]].skip; k = nodes[k].skip)
      known->exit_starts[classes[nodes[k].byte] + 1]++;
  for (uint32_t class = 0; class < class_count; class++) {
    at[class] = known->exit_starts[class];
    known->exit_starts[class + 1] += at[class];
  }
  known->exits = con_take(m->memory, known->exit_starts[class_count] * sizeof *known->exits);
  for (uint32_t i = 0; i < m->exits.count; i++)
    for (uint32_t k = m->exits.items[i] + 1; k < nodes[m->exits.items[i]].skip; k = nodes[k].skip)
      known->exits[at[classes[nodes[k].byte]]++] = k;
}

static const con_state_mask *know_state(con_mask *m, uint32_t state) {
  con_state_mask *known = &m->states[state];
  if (known->tokens) return known;
  uint32_t path[CON_LONGEST_UNIFORM + 1], most;
  const con_uniform *set = con_uniform_of(m->uniforms, state, path, &most);
  uint64_t *tokens = con_take(m->memory, m->vocabulary->words * sizeof *tokens);
  uint32_t start = row_of_state(m, state);
  m->exits.count = 0;
  if (set)
    add_uniform(m, set, path, most, (result){.tokens = tokens});
  else
    walk_all(m, start, (result){.tokens = tokens});
  keep_exits(m, known);
  known->may_end = start & MAY_EXIT;
  known->tokens = tokens;
  return known;
}

/* ---- places --------------------------------------------------------------------------------- */

/* Tokens that end the rule of a state and go on at `place`. */
static void add_exits(con_mask *m, const con_state_mask *known, uint32_t place, result r) {
  con_place at = r.stacks->places.items[place];
  for (uint32_t i = 0; i < at.count; i++) {
    con_entry entry = r.stacks->entries.items[at.first + i];
    if (entry.state < CON_FIRST_STATE) continue;
    uint32_t start = row_of_state(m, entry.state);
    if (start & MAY_EXIT) add_exits(m, known, entry.below, r);
    for (uint32_t class = 0; class < m->automaton->class_count; class++) {
      uint32_t first = known->exit_starts[class], end = known->exit_starts[class + 1];
      if (first == end || next_of(m, start >> 1, (uint8_t)class) == NO_ROW) continue;
      for (uint32_t k = first; k < end; k++) {
        uint32_t node = known->exits[k];
        walk(m, node, m->vocabulary->nodes[node].skip, start, entry.below, r);
      }
    }
  }
}

static void add_entry(con_mask *m, con_entry entry, result r) {
  const con_state_mask *known = know_state(m, entry.state);
  for (uint32_t i = 0; i < m->vocabulary->words; i++) r.tokens[i] |= known->tokens[i];
  if (known->may_end) con_mask_add(m, r.stacks, entry.below, r.tokens);
  if (known->exit_starts) add_exits(m, known, entry.below, r);
}

void con_mask_add(con_mask *m, const con_stacks *stacks, uint32_t place, uint64_t *tokens) {
  con_place at = stacks->places.items[place];
  for (uint32_t i = 0; i < at.count; i++) {
    con_entry entry = stacks->entries.items[at.first + i];
    if (entry.state >= CON_FIRST_STATE) add_entry(m, entry, (result){.stacks = stacks, .tokens = tokens});
  }
}

void con_mask_add_part(con_mask *m, const con_stacks *stacks, uint32_t place, uint32_t first, uint32_t end,
                       uint64_t *tokens) {
  walk_place(m, first, end, place, (result){.stacks = stacks, .tokens = tokens});
}

/* Whether it may take long to find out about a state: not where few tokens begin as it wants them to. */
static bool is_wide(const con_mask *m, uint32_t state) {
  const con_vocabulary *v = m->vocabulary;
  uint32_t nodes = 0;
  for (uint32_t i = 0; i < v->root_count; i++) {
    uint32_t node = v->roots[i];
    if (con_next(m->automaton, state, m->automaton->classes[v->nodes[node].byte]) != CON_DEAD)
      nodes += v->nodes[node].skip - node;
  }
  return nodes > WIDE_NODES || m->automaton->states.items[state].call_count > 0;
}

void con_mask_prepare(con_mask *m, uint64_t visits) {
  uint64_t most = m->visits + visits;
  for (uint32_t i = CON_FIRST_STATE; i < m->automaton->states.count && m->visits < most; i++)
    if (is_wide(m, i)) know_state(m, i);
}

void con_mask_make(con_mask *m, con_memory *memory, const con_automaton *a, const con_vocabulary *v,
                   con_uniforms *uniforms) {
  *m = (con_mask){.memory = memory, .automaton = a, .vocabulary = v, .uniforms = uniforms};
  con_stacks_make(&m->inside, memory, a);
  con_uniforms_forget_walks(uniforms);
  m->states = con_take(memory, a->states.count * sizeof *m->states);
  m->levels = con_take(memory, (CON_LONGEST_TOKEN + 1) * sizeof *m->levels);
  m->spare = con_take(memory, v->words * sizeof *m->spare);
  *con_add(memory, &m->walks) = (con_known_walk){0}; /* there is no walk 0 */
  *con_add(memory, &m->row_places) = CON_NOWHERE;    /* there is no row 0 */
  for (uint32_t i = 0; i < a->class_count; i++) *con_add(memory, &m->next) = UNKNOWN;
}
