/*
 * uniform.h: states from which many characters lead to the same state, as
 * inside strings: tokens of such characters alone need no walk of their own.
 * That matters where repetitions are counted: each count is a state.
 */
#ifndef RT_CONSTRAIN_UNIFORM_H
#define RT_CONSTRAIN_UNIFORM_H

#include "constrain/automaton.h"
#include "constrain/vocabulary.h"

enum { CON_MOST_UNIFORM = 16 /* characters of tokens that are looked up */, CON_NOT_UNIFORM = 255 };

/* Characters: some of ASCII's, and all others or none. */
typedef struct {
  uint64_t ascii[2];
  bool others;
} con_characters;

/* What is known of a state. */
typedef struct {
  con_characters characters; /* that lead to `target` */
  uint32_t target;           /* CON_DEAD: they are few */
  bool is_known;
} con_uniform_state;

/* The tokens of a set of characters. */
typedef struct {
  con_characters characters;
  uint8_t *longest; /* per node of the trie: most characters of a token there or below, or CON_NOT_UNIFORM
                       where one has others */
  uint64_t *tokens[CON_MOST_UNIFORM + 1]; /* those of at most so many characters */
} con_uniform;

typedef struct {
  con_memory *memory;
  const con_automaton *automaton;
  const con_vocabulary *vocabulary;
  con_uniform_state *states; /* per state of the automaton */
  CON_LIST(con_uniform) sets;
} con_uniforms;

void con_uniforms_make(con_uniforms *u, con_memory *m, const con_automaton *a, const con_vocabulary *v);

/*
 * The tokens that surely may come at `state`, as those of a set of at most *most characters; NULL: no such
 * set is worth it. Valid until the next call.
 */
const con_uniform *con_uniform_of(con_uniforms *u, uint32_t state, uint8_t *most);

#endif
