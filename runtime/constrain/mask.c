/* mask.c: walks over the trie of tokens. */
#include "constrain/mask.h"

#include "smelt/tokenizer.h"

/*
 * A row says where each class of bytes leads from a place inside a rule: to
 * another row, 2 * row, and 1 more where the rule may end there.
 */
enum { UNKNOWN = 0, NO_ROW = 1, MAY_EXIT = 1 };

typedef struct {
  const con_stacks *stacks;
  uint64_t *tokens;
  const con_uniform *there; /* of which tokens of at most `most` characters are there already; or NULL */
  uint8_t most;
} result;

/* ---- rows ------------------------------------------------------------------------------ */

/* As `next` has it. */
static uint32_t row_of(con_mask *m, uint32_t place) {
  if (place == CON_NOWHERE) return NO_ROW;
  while (m->row_of.count <= place) *con_add(m->memory, &m->row_of) = 0;
  if (m->row_of.items[place]) return m->row_of.items[place];
  uint32_t row = 2 * m->row_places.count;
  *con_add(m->memory, &m->row_places) = place;
  for (uint32_t i = 0; i < m->automaton->class_count; i++) *con_add(m->memory, &m->next) = UNKNOWN;
  con_open_place(&m->inside, place);
  if (con_draft_has(&m->inside, CON_BASE)) row |= MAY_EXIT;
  m->row_of.items[place] = row;
  return row;
}

static uint32_t find_next(con_mask *m, uint32_t row, uint8_t class) {
  con_open_place(&m->inside, m->row_places.items[row]);
  uint32_t next = row_of(m, con_step_open(&m->inside, class));
  m->next.items[row * m->automaton->class_count + class] = next;
  return next;
}

static uint32_t row_of_state(con_mask *m, uint32_t state) {
  return row_of(m, con_place_of(&m->inside, state, CON_ANYWHERE));
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
  uint32_t class_count = m->automaton->class_count, *levels = m->levels;
  if (first == end) return;
  levels[nodes[first].depth] = start >> 1;
  for (uint32_t i = first; i < end; m->visits++) {
    const con_trie_node *node = &nodes[i];
    uint32_t row = levels[node->depth];
    uint32_t next = m->next.items[row * class_count + classes[node->byte]];
    if (next == UNKNOWN) next = find_next(m, row, classes[node->byte]);
    if (next == NO_ROW || (r.there && r.there->longest[i] <= r.most)) {
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

static const con_state_mask *know_state(con_mask *m, uint32_t state) {
  con_state_mask *known = &m->states[state];
  if (known->tokens) return known;
  uint64_t *tokens = con_take(m->memory, m->vocabulary->words * sizeof *tokens);
  m->exits.count = 0;
  uint32_t start = row_of_state(m, state);
  result r = {.tokens = tokens};
  r.there = con_uniform_of(&m->uniforms, state, &r.most);
  if (r.there) memcpy(tokens, r.there->tokens[r.most], m->vocabulary->words * sizeof *tokens);
  walk(m, 0, m->vocabulary->node_count, start, CON_NOWHERE, r);
  known->may_end = start & MAY_EXIT;
  known->exit_count = m->exits.count;
  known->exits = con_take(m->memory, m->exits.count * sizeof *known->exits);
  if (m->exits.count) memcpy(known->exits, m->exits.items, m->exits.count * sizeof *known->exits);
  known->tokens = tokens;
  return known;
}

static void add_entry(con_mask *m, con_entry entry, result r) {
  const con_trie_node *nodes = m->vocabulary->nodes;
  const con_state_mask *known = know_state(m, entry.state);
  for (uint32_t i = 0; i < m->vocabulary->words; i++) r.tokens[i] |= known->tokens[i];
  if (known->may_end) con_mask_add(m, r.stacks, entry.below, r.tokens);
  for (uint32_t i = 0; i < known->exit_count; i++) {
    uint32_t node = known->exits[i];
    walk_place(m, node + 1, nodes[node].skip, entry.below, r);
  }
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

void con_mask_prepare(con_mask *m, uint64_t visits) {
  uint64_t most = m->visits + visits;
  for (uint32_t i = CON_FIRST_STATE; i < m->automaton->states.count && m->visits < most; i++)
    know_state(m, i);
}

void con_mask_make(con_mask *m, con_memory *memory, const con_automaton *a, const con_vocabulary *v) {
  *m = (con_mask){.memory = memory, .automaton = a, .vocabulary = v};
  con_stacks_make(&m->inside, memory, a);
  con_uniforms_make(&m->uniforms, memory, a, v);
  m->states = con_take(memory, a->states.count * sizeof *m->states);
  m->levels = con_take(memory, (CON_LONGEST_TOKEN + 1) * sizeof *m->levels);
  *con_add(memory, &m->row_places) = CON_NOWHERE; /* there is no row 0 */
  for (uint32_t i = 0; i < a->class_count; i++) *con_add(memory, &m->next) = UNKNOWN;
}
