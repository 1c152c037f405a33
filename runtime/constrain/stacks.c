/* stacks.c: sets of stacks, stored once each. */
#include "constrain/stacks.h"

#include <string.h>

enum {
  FIRST_TABLE = 1 << 16 /* enlarging takes longer than a step should; untouched memory costs nothing */
};

/* ---- stored sets ------------------------------------------------------------------------- */

static uint32_t hash_of(const con_entry *entries, uint32_t count) {
  uint64_t hash = count;
  for (uint32_t i = 0; i < count; i++)
    hash = (hash ^ ((uint64_t)entries[i].state << 32 | entries[i].below)) * 0x9e3779b97f4a7c15u,
    hash ^= hash >> 29;
  return (uint32_t)(hash >> 32);
}

static uint32_t slot_of(const con_stacks *s, const con_entry *entries, uint32_t count) {
  uint32_t mask = s->table_size - 1, at = hash_of(entries, count) & mask;
  for (; s->table[at]; at = (at + 1) & mask) {
    con_place found = s->places.items[s->table[at] - 1];
    if (found.count == count && memcmp(s->entries.items + found.first, entries, count * sizeof *entries) == 0)
      break;
  }
  return at;
}

static void enlarge(con_stacks *s) {
  s->table_size *= 2;
  s->table = con_take(s->memory, s->table_size * sizeof *s->table);
  for (uint32_t i = 1; i < s->places.count; i++) {
    con_place place = s->places.items[i];
    s->table[slot_of(s, s->entries.items + place.first, place.count)] = i + 1;
  }
}

/* The number of the set of entries[count], sorted, which are not among s->entries. */
static uint32_t store(con_stacks *s, const con_entry *entries, uint32_t count) {
  if (count == 0) return CON_NOWHERE;
  if (2 * s->places.count >= s->table_size) enlarge(s);
  uint32_t at = slot_of(s, entries, count);
  if (s->table[at]) return s->table[at] - 1;
  con_place place = {.first = s->entries.count, .count = count};
  for (uint32_t i = 0; i < count; i++) {
    uint32_t height = s->places.items[entries[i].below].height + 1;
    if (height > place.height) place.height = height;
    *con_add(s->memory, &s->entries) = entries[i];
  }
  *con_add(s->memory, &s->places) = place;
  s->table[at] = s->places.count;
  return s->places.count - 1;
}

uint32_t con_place_of(con_stacks *s, uint32_t state, uint32_t below) {
  con_entry entry = {state, below};
  return store(s, &entry, 1);
}

void con_stacks_make(con_stacks *s, con_memory *m, const con_automaton *a) {
  *s = (con_stacks){.memory = m, .automaton = a};
  s->stamps = con_take(m, a->states.count * sizeof *s->stamps);
  s->slots = con_take(m, a->states.count * sizeof *s->slots);
  s->joins = con_take(m, CON_JOINS * sizeof *s->joins);
  *con_add(m, &s->places) = (con_place){0}; /* CON_NOWHERE, which the table never has */
  s->table_size = FIRST_TABLE;
  s->table = con_take(m, s->table_size * sizeof *s->table);
  con_place_of(s, CON_END, CON_NOWHERE);
  con_place_of(s, CON_BASE, CON_NOWHERE);
}

static uint32_t join(con_stacks *s, uint32_t x, uint32_t y);

/* Sets without a common number, both with entries. */
static uint32_t merge(con_stacks *s, uint32_t x, uint32_t y) {
  con_place a = s->places.items[x], b = s->places.items[y];
  con_entry *merged = con_take(s->memory, (a.count + b.count) * sizeof *merged);
  uint32_t count = 0;
  for (uint32_t i = 0, k = 0; i < a.count || k < b.count;) {
    con_entry one = i < a.count ? s->entries.items[a.first + i] : (con_entry){UINT32_MAX, 0};
    con_entry other = k < b.count ? s->entries.items[b.first + k] : (con_entry){UINT32_MAX, 0};
    if (one.state == other.state) one.below = join(s, one.below, other.below);
    i += one.state <= other.state;
    k += other.state <= one.state;
    merged[count++] = one.state <= other.state ? one : other;
  }
  return store(s, merged, count);
}

/* Both sets as one; entries of one state go on from what is below either. */
static uint32_t join(con_stacks *s, uint32_t x, uint32_t y) {
  if (x == y || y == CON_NOWHERE) return x;
  if (x == CON_NOWHERE) return y;
  con_join *known = &s->joins[(x * 0x9e3779b1u ^ y * 0x85ebca6bu) % CON_JOINS];
  if (known->x != x || known->y != y) {
    uint32_t joined = merge(s, x, y);
    *known = (con_join){x, y, joined};
  }
  return known->joined;
}

/* ---- sets that are being made ------------------------------------------------------------- */

static void begin(con_stacks *s) {
  s->stamp++;
  s->draft.count = s->waiting.count = 0;
}

static void add(con_stacks *s, con_entry entry) {
  if (s->stamps[entry.state] != s->stamp) {
    s->stamps[entry.state] = s->stamp;
    s->slots[entry.state] = s->draft.count;
    *con_add(s->memory, &s->waiting) = s->draft.count;
    *con_add(s->memory, &s->draft) = entry;
    return;
  }
  uint32_t slot = s->slots[entry.state], before = s->draft.items[slot].below;
  uint32_t joined = join(s, before, entry.below);
  if (joined == before) return;
  s->draft.items[slot].below = joined;
  *con_add(s->memory, &s->waiting) = slot;
}

static void follow_calls(con_stacks *s, con_entry entry) {
  const con_automaton *a = s->automaton;
  const con_state *state = &a->states.items[entry.state];
  for (uint32_t i = state->first_call; i < state->first_call + state->call_count; i++) {
    con_call call = a->calls.items[i];
    uint32_t below = entry.below; /* what cannot go on is not gone back to: stacks stay low */
    if (!a->states.items[call.next].is_last) below = con_place_of(s, call.next, entry.below);
    if (s->places.items[below].height < CON_MOST_HEIGHT) add(s, (con_entry){call.start, below});
  }
}

static void follow_end(con_stacks *s, con_entry entry) {
  con_place below = s->places.items[entry.below];
  for (uint32_t i = 0; i < below.count; i++) add(s, s->entries.items[below.first + i]);
}

void con_open_place(con_stacks *s, uint32_t place) {
  con_place from = s->places.items[place];
  begin(s);
  for (uint32_t i = 0; i < from.count; i++) add(s, s->entries.items[from.first + i]);
  while (s->waiting.count > 0) {
    con_entry entry = s->draft.items[s->waiting.items[--s->waiting.count]];
    follow_calls(s, entry);
    if (s->automaton->states.items[entry.state].accepts) follow_end(s, entry);
  }
}

bool con_draft_has(const con_stacks *s, uint32_t state) {
  return s->stamps[state] == s->stamp;
}

uint32_t con_step_open(con_stacks *s, uint8_t class) {
  con_entries open = s->draft;
  s->draft = s->spare;
  s->spare = open; /* the open entries stay where they are while the next draft is made */
  begin(s);
  for (uint32_t i = 0; i < open.count; i++) {
    uint32_t next = con_next(s->automaton, open.items[i].state, class);
    if (next != CON_DEAD) add(s, (con_entry){next, open.items[i].below});
  }
  con_entry *entries = s->draft.items;
  for (uint32_t i = 1; i < s->draft.count; i++) {
    con_entry entry = entries[i];
    uint32_t at = i;
    for (; at > 0 && entries[at - 1].state > entry.state; at--) entries[at] = entries[at - 1];
    entries[at] = entry;
  }
  return store(s, entries, s->draft.count);
}

/* ---- into other stacks ----------------------------------------------------------------------- */

/* What is below a set was stored before it, so numbers go up. */
uint32_t con_place_copy(con_stacks *to, const con_stacks *from, uint32_t place) {
  uint32_t *copies = con_take(to->memory, (place + 1) * sizeof *copies);
  copies[place] = 1; /* 1: wanted */
  for (uint32_t i = place; i > 0; i--) {
    con_place at = from->places.items[i];
    for (uint32_t k = 0; k < at.count && copies[i]; k++) copies[from->entries.items[at.first + k].below] = 1;
  }
  copies[CON_NOWHERE] = CON_NOWHERE;
  for (uint32_t i = 1; i <= place; i++) {
    con_place at = from->places.items[i];
    if (!copies[i]) continue;
    con_entry *entries = con_take(to->memory, at.count * sizeof *entries);
    for (uint32_t k = 0; k < at.count; k++) {
      con_entry entry = from->entries.items[at.first + k];
      entries[k] = (con_entry){entry.state, copies[entry.below]};
    }
    copies[i] = store(to, entries, at.count);
  }
  return copies[place];
}
