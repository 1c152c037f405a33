/* uniform.c: characters that all lead from one state to one other, and the tokens made of them. */
#include "constrain/uniform.h"

#include <string.h>

enum {
  FEW = 8,                /* characters that are not worth a set */
  WORTH_STATES = 3,       /* of the same characters: a set for fewer costs more than it saves */
  MOST_SETS = 8,          /* of tokens; each takes a few ms, and up to 1.5 MB */
  MOST_CANDIDATES = 64,   /* sets of characters */
  MOST_EXAMINED = 1 << 14 /* states */
};

/* The ways in which characters beyond ASCII begin (Unicode 15, table 3-7). */
static const struct {
  uint8_t first, last; /* of the first byte */
  uint8_t low, high;   /* of the second one */
  uint8_t left;        /* bytes that follow the first */
} starts[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2}, {0xe1, 0xec, 0x80, 0xbf, 2},
    {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2}, {0xf0, 0xf0, 0x90, 0xbf, 3},
    {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
};
enum { START_COUNT = sizeof starts / sizeof starts[0] };

/* ---- states --------------------------------------------------------------------------- */

static uint32_t next_of(const con_uniforms *u, uint32_t state, unsigned byte) {
  return con_next(u->automaton, state, u->automaton->classes[byte]);
}

/* The state that most characters of ASCII lead to, which are then *found. */
static uint32_t find_target(const con_uniforms *u, uint32_t state, uint64_t found[2]) {
  uint32_t target = CON_DEAD, most = FEW - 1;
  for (unsigned byte = 0; byte < 128; byte++) {
    uint32_t to = next_of(u, state, byte), count = 0;
    uint64_t set[2] = {0, 0};
    if (to == CON_DEAD || to == target) continue;
    for (unsigned other = byte; other < 128; other++) {
      if (next_of(u, state, other) != to) continue;
      set[other / 64] |= (uint64_t)1 << other % 64;
      count++;
    }
    if (count <= most) continue;
    most = count;
    target = to;
    memcpy(found, set, sizeof set);
  }
  return target;
}

/*
 * Whether all bytes from low to high that the vocabulary has, and `left` - 1 more behind each, lead to
 * `target`. good[left]: the last state of which that is known for the bytes that go on.
 */
static bool go_on(const con_uniforms *u, uint32_t state, unsigned low, unsigned high, unsigned left,
                  uint32_t target, uint32_t good[4]) {
  for (unsigned byte = low; byte <= high; byte++) {
    if (!u->vocabulary->bytes_there[byte]) continue;
    uint32_t to = next_of(u, state, byte);
    if (left == 1) {
      if (to != target) return false;
      continue;
    }
    if (to == CON_DEAD) return false;
    if (good[left] == to) continue;
    if (!go_on(u, to, 0x80, 0xbf, left - 1, target, good)) return false;
    good[left] = to;
  }
  return true;
}

static bool others_lead(const con_uniforms *u, uint32_t state, uint32_t target) {
  uint32_t good[4] = {0, 0, 0, 0};
  for (int i = 0; i < START_COUNT; i++) {
    for (unsigned byte = starts[i].first; byte <= starts[i].last; byte++) {
      if (!u->vocabulary->bytes_there[byte]) continue;
      uint32_t to = next_of(u, state, byte);
      if (to == CON_DEAD || !go_on(u, to, starts[i].low, starts[i].high, starts[i].left, target, good))
        return false;
    }
  }
  return true;
}

static const con_uniform_state *know_state(con_uniforms *u, uint32_t state) {
  con_uniform_state *known = &u->states[state];
  if (known->is_known) return known;
  known->is_known = true;
  known->target = find_target(u, state, known->characters.ascii);
  known->characters.others = known->target != CON_DEAD && others_lead(u, state, known->target);
  return known;
}

/* ---- tokens ------------------------------------------------------------------------------ */

/* How far a text is as characters of the set. */
typedef struct {
  uint8_t count;     /* of whole characters */
  uint8_t left;      /* bytes of the last one that have not come */
  uint8_t low, high; /* of the next of them */
  uint8_t lead;      /* bytes of it that have come */
  bool is_wrong;     /* the last byte was none of them */
} progress;

static progress go_on_by(progress at, uint8_t byte, const con_characters *set) {
  const progress wrong = {.is_wrong = true};
  if (at.count >= CON_LONGEST_UNIFORM) return wrong;
  if (at.left > 0) {
    if (byte < at.low || byte > at.high) return wrong;
    if (at.left == 1) return (progress){.count = (uint8_t)(at.count + 1)};
    return (progress){at.count, (uint8_t)(at.left - 1), 0x80, 0xbf, (uint8_t)(at.lead + 1), false};
  }
  if (byte < 128) {
    at.count++;
    return set->ascii[byte / 64] >> byte % 64 & 1 ? at : wrong;
  }
  for (int i = 0; i < START_COUNT && set->others; i++)
    if (byte >= starts[i].first && byte <= starts[i].last)
      return (progress){at.count, starts[i].left, starts[i].low, starts[i].high, 1, false};
  return wrong;
}

/* ---- sets ------------------------------------------------------------------------------------ */

typedef struct {
  con_uniforms *uniforms;
  con_uniform *set;
  uint32_t *at;     /* per count and class: where its next node goes, or how many there are */
  uint32_t *path;   /* nodes above the one at hand, by depth */
  progress *levels; /* likewise: how far they are */
  bool is_counting;
} making;

static void add_deep_node(making *m, uint32_t node, progress before, bool goes_on) {
  const con_trie_node *nodes = m->uniforms->vocabulary->nodes;
  con_deep_node deep = {.node = node, .count = before.count, .lead = before.lead, .goes_on = goes_on};
  for (int i = 0; i < before.lead; i++)
    deep.bytes[i] = nodes[m->path[nodes[node].depth - before.lead + i]].byte;
  *con_add(m->uniforms->memory, &m->set->deep_nodes) = deep;
}

static void add_node(making *m, uint32_t node, progress before, progress after) {
  const con_automaton *a = m->uniforms->automaton;
  uint8_t class = a->classes[m->uniforms->vocabulary->nodes[node].byte];
  if (before.lead == 0 && before.count <= CON_MOST_UNIFORM) {
    uint32_t key = before.count * a->class_count + class;
    if (!m->is_counting) m->set->nodes[m->at[key]] = node;
    if (m->is_counting) m->set->below[key] += m->uniforms->vocabulary->nodes[node].skip - node;
    m->at[key]++;
  } else if (m->is_counting && (before.lead == 0 || after.is_wrong)) {
    add_deep_node(m, node, before, !after.is_wrong);
  }
}

static void add_token(making *m, uint32_t token, progress at) {
  uint32_t count = at.count + (at.left > 0);
  if (token == TOK_NONE || !m->is_counting) return;
  if (count <= CON_MOST_UNIFORM)
    con_add_token(m->uniforms->vocabulary, token, m->set->tokens[count]);
  else
    *con_add(m->uniforms->memory, &m->set->deep_tokens) = (con_deep_token){token, (uint8_t)count};
}

/* Over all nodes down to where tokens leave the set. */
static void walk_set(making *m) {
  const con_vocabulary *v = m->uniforms->vocabulary;
  for (uint32_t i = 0; i < v->node_count;) {
    const con_trie_node *node = &v->nodes[i];
    progress before = m->levels[node->depth], after = go_on_by(before, node->byte, &m->set->characters);
    m->path[node->depth] = i;
    add_node(m, i, before, after);
    if (!after.is_wrong) add_token(m, node->token, after);
    m->levels[node->depth + 1] = after;
    i = after.is_wrong ? node->skip : i + 1;
  }
}

static void make_set(con_uniforms *u, con_uniform *set) {
  const con_vocabulary *v = u->vocabulary;
  uint32_t class_count = u->automaton->class_count, keys = (CON_MOST_UNIFORM + 1) * class_count;
  making m = {.uniforms = u, .set = set, .is_counting = true};
  set->is_made = true;
  for (unsigned byte = 0; byte < 256; byte++)
    if (!go_on_by((progress){0}, (uint8_t)byte, &set->characters).is_wrong)
      set->classes[u->automaton->classes[byte]] = true;
  for (int i = 0; i <= CON_MOST_UNIFORM; i++)
    set->tokens[i] = con_take(u->memory, v->words * sizeof(uint64_t));
  set->starts = con_take(u->memory, (keys + 1) * sizeof *set->starts);
  set->below = con_take(u->memory, keys * sizeof *set->below);
  set->walks = con_take(u->memory, keys * sizeof *set->walks);
  m.at = con_take(u->memory, keys * sizeof *m.at);
  m.path = con_take(u->memory, (CON_LONGEST_TOKEN + 1) * sizeof *m.path);
  m.levels = con_take(u->memory, (CON_LONGEST_TOKEN + 1) * sizeof *m.levels);
  walk_set(&m);
  for (uint32_t i = 0; i < keys; i++) {
    set->starts[i + 1] = set->starts[i] + m.at[i];
    m.at[i] = set->starts[i];
  }
  set->nodes = con_take(u->memory, set->starts[keys] * sizeof *set->nodes);
  m.is_counting = false;
  walk_set(&m);
  for (int i = 1; i <= CON_MOST_UNIFORM; i++)
    for (uint32_t k = 0; k < v->words; k++) set->tokens[i][k] |= set->tokens[i - 1][k];
}

static bool has_all(const con_characters *x, const con_characters *y) {
  return !(y->ascii[0] & ~x->ascii[0]) && !(y->ascii[1] & ~x->ascii[1]) && (x->others || !y->others);
}

static con_uniform *set_of(con_uniforms *u, const con_characters *characters) {
  for (uint32_t i = 0; i < u->sets.count; i++) {
    con_uniform *set = &u->sets.items[i];
    if (has_all(&set->characters, characters) && has_all(characters, &set->characters)) return set;
  }
  return NULL;
}

/* Reading from there on stands at one state, inside one rule. */
static bool is_plain(const con_uniforms *u, uint32_t state) {
  const con_state *s = &u->automaton->states.items[state];
  return !s->accepts && s->call_count == 0;
}

const con_uniform *con_uniform_of(con_uniforms *u, uint32_t state, uint32_t path[CON_LONGEST_UNIFORM + 1],
                                  uint32_t *most) {
  const con_uniform_state *at = know_state(u, state);
  const con_uniform *set = at->target == CON_DEAD ? NULL : set_of(u, &at->characters);
  if (!set || !set->is_made) return NULL;
  path[0] = state;
  if (!is_plain(u, state)) return NULL;
  for (*most = 0; *most < CON_LONGEST_UNIFORM; path[++*most] = at->target) {
    at = know_state(u, path[*most]);
    if (at->target == CON_DEAD || !has_all(&at->characters, &set->characters)) break;
    if (!is_plain(u, at->target)) return NULL;
  }
  return set;
}

/* Finds out which characters states have. */
static void examine_states(con_uniforms *u) {
  for (uint32_t i = CON_FIRST_STATE; i < u->automaton->states.count && i < MOST_EXAMINED; i++) {
    const con_uniform_state *at = know_state(u, i);
    if (at->target == CON_DEAD) continue;
    con_uniform *set = set_of(u, &at->characters);
    if (!set && u->sets.count < MOST_CANDIDATES) {
      set = con_add(u->memory, &u->sets);
      *set = (con_uniform){.characters = at->characters};
    }
    if (set) set->states++;
  }
}

static void make_sets(con_uniforms *u) {
  for (int made = 0; made < MOST_SETS; made++) {
    con_uniform *most = NULL;
    for (uint32_t i = 0; i < u->sets.count; i++) {
      con_uniform *set = &u->sets.items[i];
      if (!set->is_made && set->states >= WORTH_STATES && (!most || set->states > most->states)) most = set;
    }
    if (!most) break;
    make_set(u, most);
  }
}

void con_uniforms_make(con_uniforms *u, con_memory *m, const con_automaton *a, const con_vocabulary *v) {
  *u = (con_uniforms){.memory = m, .automaton = a, .vocabulary = v};
  u->states = con_take(m, a->states.count * sizeof *u->states);
  examine_states(u);
  make_sets(u);
}

void con_uniforms_forget_walks(con_uniforms *u) {
  size_t bytes = (CON_MOST_UNIFORM + 1) * u->automaton->class_count * sizeof(uint32_t);
  for (uint32_t i = 0; i < u->sets.count; i++)
    if (u->sets.items[i].is_made) memset(u->sets.items[i].walks, 0, bytes);
}
