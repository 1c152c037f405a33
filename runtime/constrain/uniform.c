/* uniform.c: characters that all lead from one state to one other, and the tokens made of them. */
#include "constrain/uniform.h"

#include <string.h>

enum { FEW = 8 /* characters that are not worth a set */, MOST_SETS = 12 };

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
  uint8_t count;     /* of characters; CON_NOT_UNIFORM: it has others */
  uint8_t left;      /* bytes of the last one that have not come */
  uint8_t low, high; /* of the next of them */
} progress;

static progress go_on_by(progress at, uint8_t byte, const con_characters *set) {
  const progress wrong = {.count = CON_NOT_UNIFORM};
  if (at.count >= CON_NOT_UNIFORM - 1) return wrong;
  if (at.left > 0) {
    if (byte < at.low || byte > at.high) return wrong;
    return (progress){(uint8_t)(at.count + (at.left == 1)), (uint8_t)(at.left - 1), 0x80, 0xbf};
  }
  if (byte < 128) {
    at.count++;
    return set->ascii[byte / 64] >> byte % 64 & 1 ? at : wrong;
  }
  for (int i = 0; i < START_COUNT && set->others; i++)
    if (byte >= starts[i].first && byte <= starts[i].last)
      return (progress){at.count, starts[i].left, starts[i].low, starts[i].high};
  return wrong;
}

/* `longest` of each token by itself; nodes without one have 0. */
static void measure_tokens(const con_uniforms *u, const con_characters *set, uint8_t *longest) {
  const con_vocabulary *v = u->vocabulary;
  progress *levels = con_take(u->memory, (CON_LONGEST_TOKEN + 1) * sizeof *levels);
  for (uint32_t i = 0; i < v->node_count; i++) {
    const con_trie_node *node = &v->nodes[i];
    progress at = levels[node->depth + 1] = go_on_by(levels[node->depth], node->byte, set);
    if (node->token != TOK_NONE) longest[i] = at.left ? CON_NOT_UNIFORM : at.count;
  }
}

static void make_set(con_uniforms *u, con_uniform *set) {
  const con_vocabulary *v = u->vocabulary;
  set->longest = con_take(u->memory, v->node_count);
  measure_tokens(u, &set->characters, set->longest);
  for (int i = 0; i <= CON_MOST_UNIFORM; i++)
    set->tokens[i] = con_take(u->memory, v->words * sizeof(uint64_t));
  for (uint32_t i = v->node_count; i-- > 0;) {
    const con_trie_node *node = &v->nodes[i];
    if (node->token != TOK_NONE && set->longest[i] <= CON_MOST_UNIFORM)
      con_add_token(v, node->token, set->tokens[set->longest[i]]);
    for (uint32_t k = i + 1; k < node->skip; k = v->nodes[k].skip)
      if (set->longest[k] > set->longest[i]) set->longest[i] = set->longest[k];
  }
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
  if (u->sets.count == MOST_SETS) return NULL;
  con_uniform *set = con_add(u->memory, &u->sets);
  *set = (con_uniform){.characters = *characters};
  make_set(u, set);
  return set;
}

const con_uniform *con_uniform_of(con_uniforms *u, uint32_t state, uint8_t *most) {
  const con_uniform_state *at = know_state(u, state);
  con_characters characters = at->characters;
  if (at->target == CON_DEAD) return NULL;
  for (*most = 1; *most < CON_MOST_UNIFORM; ++*most) {
    at = know_state(u, at->target);
    if (at->target == CON_DEAD || !has_all(&at->characters, &characters)) break;
  }
  return set_of(u, &characters);
}

void con_uniforms_make(con_uniforms *u, con_memory *m, const con_automaton *a, const con_vocabulary *v) {
  *u = (con_uniforms){.memory = m, .automaton = a, .vocabulary = v};
  u->states = con_take(m, a->states.count * sizeof *u->states);
}
