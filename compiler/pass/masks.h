/* masks.h: positions compared with positions, the normal form of causal masks. Private to pass/. */
#ifndef SMELT_PASS_MASKS_H
#define SMELT_PASS_MASKS_H

#include "pass/rewrite.h"

/*
 * A bool value over [.., S, T] that says which keys t a query s sees:
 *
 *   keys = iota {axis = 3} : i64[1, 1, 1, T]
 *   queries = iota {axis = 2, start = [offset]} : i64[1, 1, S, 1]
 *   seen = le keys, queries : bool[1, 1, S, T]        hidden = gt keys, queries
 */
typedef struct {
  ir_dim queries, keys; /* S, T */
  ir_dim offset;        /* seen: t <= s + offset */
  bool is_hidden;       /* spelled gt: true where the key is not seen */
} position_mask;

/* Reads the normal form. */
bool position_mask_of(const ir_value *v, position_mask *mask);
/* Builds it over dims [.., S, T], 1 before; constants and one-sided masks fold to what they are. */
ir_value *position_mask_build(ir_builder *b, const position_mask *mask, int rank);

/* Whether key t is seen by query s iff t <= s + T - S: what attention calls causal. Constant triangles too.
 */
bool mask_is_causal(ir_module *m, const ir_value *seen);

/* Rules that bring comparisons of positions to the normal form (position.c). */
enum { POSITION_RULE_COUNT = 11 };
extern const rewrite_rule position_rules[POSITION_RULE_COUNT];

#endif
