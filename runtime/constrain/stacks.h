/*
 * stacks.h: where the reading of a text may stand, all possible places at once:
 * a set of entries, each a state and what reading goes back to when that
 * state's rule ends, which is such a set again (a graph-structured stack:
 * Tomita, "Efficient Parsing for Natural Language"; as long as an entry's state
 * is the same they share). Equal sets have equal numbers.
 */
#ifndef RT_CONSTRAIN_STACKS_H
#define RT_CONSTRAIN_STACKS_H

#include "constrain/automaton.h"

typedef struct {
  uint32_t state;
  uint32_t below; /* set */
} con_entry;

typedef CON_LIST(con_entry) con_entries;

/* The last result of joining two sets. */
typedef struct {
  uint32_t x, y, joined;
} con_join;

typedef struct {
  uint32_t first, count; /* of entries, sorted by state, one a state */
  uint32_t height;
} con_place;

enum {
  CON_NOWHERE,  /* the empty set */
  CON_BEHIND,   /* {CON_END}: behind the whole text */
  CON_ANYWHERE, /* {CON_BASE}: what is below is not looked at */
  CON_JOINS = 1 << 10,
  CON_MOST_HEIGHT = 4096 /* open rules, one inside the other; no text goes deeper */
};

typedef struct {
  con_memory *memory;
  const con_automaton *automaton;
  CON_LIST(con_place) places;
  con_entries entries;
  uint32_t *table, table_size; /* open addressing: number of a set + 1 */
  /* a set that is being made */
  con_entries draft, spare;
  CON_LIST(uint32_t) waiting; /* entries of the draft whose calls and ends were not followed yet */
  uint32_t *stamps, *slots;   /* per state: the last draft that has it, and where */
  uint32_t stamp;
  con_join *joins; /* [CON_JOINS], by a hash of both */
} con_stacks;

void con_stacks_make(con_stacks *s, con_memory *m, const con_automaton *a);

/* {state over below} */
uint32_t con_place_of(con_stacks *s, uint32_t state, uint32_t below);

/* s->draft becomes what `place` is, with the starts of all rules that it calls and what follows rules that
 * may end. Not sorted. */
void con_open_place(con_stacks *s, uint32_t place);

/* Where a byte of `class` leads from the draft of con_open_place, which is then gone. */
uint32_t con_step_open(con_stacks *s, uint8_t class);

/* Whether the draft of con_open_place has `state`. */
bool con_draft_has(const con_stacks *s, uint32_t state);

/* The same place in other stacks of the same automaton. */
uint32_t con_place_copy(con_stacks *to, const con_stacks *from, uint32_t place);

#endif
