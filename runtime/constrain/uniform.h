/*
 * uniform.h: states from which many characters lead to the same state, as
 * inside strings: tokens of such characters alone need no walk of their own.
 * That matters where repetitions are counted: each count is a state.
 */
#ifndef RT_CONSTRAIN_UNIFORM_H
#define RT_CONSTRAIN_UNIFORM_H

#include "constrain/automaton.h"
#include "constrain/vocabulary.h"

enum {
  CON_MOST_UNIFORM = 16, /* characters of tokens that are in sets */
  CON_LONGEST_UNIFORM = 254
};

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

/* A node behind many characters of a set, or behind the first bytes of one more that it does not go on. */
typedef struct {
  uint32_t node;
  uint8_t count; /* of characters before it */
  uint8_t lead;  /* bytes of one more */
  uint8_t bytes[3];
  bool goes_on; /* it begins another character of the set */
} con_deep_node;

typedef struct {
  uint32_t token;
  uint8_t count; /* of characters; one that is not whole counts */
} con_deep_token;

/* The tokens of a set of characters, and where others leave them. */
typedef struct {
  con_characters characters;
  uint32_t states;                        /* that have these characters */
  bool is_made;                           /* what follows is there */
  bool classes[256];                      /* of bytes that begin a character of the set */
  uint64_t *tokens[CON_MOST_UNIFORM + 1]; /* those of at most so many characters */
  uint32_t *nodes;                        /* of the trie, behind whole characters of the set alone */
  uint32_t *starts;                       /* of those behind `count` characters and of a class in `nodes`:
                                             [count * class_count + class], and one more */
  uint32_t *below;                        /* likewise: nodes at and below them */
  uint32_t *walks;                        /* likewise: what mask.c knows of them */
  CON_LIST(con_deep_node) deep_nodes;     /* behind more characters */
  CON_LIST(con_deep_token) deep_tokens;
} con_uniform;

typedef struct {
  con_memory *memory;
  const con_automaton *automaton;
  const con_vocabulary *vocabulary;
  con_uniform_state *states; /* per state of the automaton */
  CON_LIST(con_uniform) sets;
} con_uniforms;

/* With the sets of the characters that most states have. */
void con_uniforms_make(con_uniforms *u, con_memory *m, const con_automaton *a, const con_vocabulary *v);

/* There are no walks. */
void con_uniforms_forget_walks(con_uniforms *u);

/*
 * The set of the characters of `state`, NULL: there is none. Of those characters the first leads to path[1],
 * the next to path[2], and so on to path[*most], where they do not all lead to one state.
 */
const con_uniform *con_uniform_of(con_uniforms *u, uint32_t state, uint32_t path[CON_LONGEST_UNIFORM + 1],
                                  uint32_t *most);

#endif
