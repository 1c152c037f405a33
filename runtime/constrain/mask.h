/*
 * mask.h: which tokens may come at a place. What a token does inside the rule
 * of a state depends on that state alone, so it is found out once per state by
 * a walk over the trie. Tokens that end the rule and go on are looked at again
 * each time, from where they left it.
 */
#ifndef RT_CONSTRAIN_MASK_H
#define RT_CONSTRAIN_MASK_H

#include "constrain/stacks.h"
#include "constrain/uniform.h"

/* What is known of a state. */
typedef struct {
  uint64_t *tokens;      /* those that stay inside the rule, a bit each; NULL: nothing is known yet */
  uint32_t *exits;       /* nodes of the trie before which the rule may end, by the class of their byte */
  uint32_t *exit_starts; /* of each class, [class_count + 1]; NULL: there are none */
  bool may_end;          /* before any byte */
} con_state_mask;

/* Some tokens, by word of their set. */
typedef struct {
  uint64_t bits;
  uint32_t word;
} con_some_tokens;

/* What a walk from a uniform set's nodes of one key has found. */
typedef struct {
  uint32_t state;  /* behind the nodes' byte */
  uint32_t before; /* another walk from these nodes, or 0 */
  con_some_tokens *tokens;
  uint32_t *exits;
  uint32_t word_count, exit_count;
} con_known_walk;

typedef struct {
  con_memory *memory;
  const con_automaton *automaton;
  const con_vocabulary *vocabulary;
  con_stacks inside;             /* places over CON_ANYWHERE */
  CON_LIST(uint32_t) row_of;     /* of each place of `inside`, or 0 */
  CON_LIST(uint32_t) row_places; /* of each row, from 1 */
  CON_LIST(uint32_t) next;       /* [row][class]: what mask.c says */
  con_uniforms *uniforms;
  CON_LIST(con_known_walk) walks; /* from 1 */
  uint64_t *spare;                /* a set of tokens, of the walk at hand */
  con_state_mask *states;         /* per state of the automaton */
  CON_LIST(uint32_t) exits;       /* of the walk at hand: nodes behind which the rule may end */
  uint32_t *levels;               /* what leads to the nodes of each depth, [CON_LONGEST_TOKEN + 1] */
  uint64_t visits;                /* of nodes, in all */
} con_mask;

/* `uniforms` may have served another mask before. */
void con_mask_make(con_mask *m, con_memory *memory, const con_automaton *a, const con_vocabulary *v,
                   con_uniforms *uniforms);

/* Finds out about states that take long, until that took as many visits of nodes or all of them are known. */
void con_mask_prepare(con_mask *m, uint64_t visits);

/* Adds the tokens that may come at `place` of `stacks` to tokens[vocabulary->words]. */
void con_mask_add(con_mask *m, const con_stacks *stacks, uint32_t place, uint64_t *tokens);

/* The same for the tokens of nodes[first .. end), children of one node and all below them, which that node's
 * text does not belong to. */
void con_mask_add_part(con_mask *m, const con_stacks *stacks, uint32_t place, uint32_t first, uint32_t end,
                       uint64_t *tokens);

#endif
