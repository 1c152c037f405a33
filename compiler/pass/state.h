/* state.h: memories between calls, as generator.c asks for them. Private to pass/. */
#ifndef SMELT_PASS_STATE_H
#define SMELT_PASS_STATE_H

#include "pass/pass.h"

/*
 * Turns input `past` and output `present` of g, where present = concat(past,
 * new), into one state appended in place; both disappear from the graph's
 * inputs and outputs. `capacity` is the state's size along the joined axis.
 *
 *   graph g(past: f32[1, 4, p, 16], ...) {       state s: f32[1, 4, 2048, 16] {append_axis = 2}
 *     y = concat past, new {axis = 2}      ->      past = load {state = s, shape = [1, 4, p, 16]}
 *     return present = y                           y = append past, new {state = s, axis = 2}
 *
 * Where the module keeps caches in bf16, casts stand around the state; where in bytes, a second state has a
 * scale for each token and head.
 */
status pass_state_from_pair(ir_graph *g, size_t past_input, size_t present_output, int64_t capacity);

/*
 * Moves what `g` computes from the inputs `sources` (and constants) alone
 * into `early`, where `values` are the same things, and hands it over in
 * states: computed once per encode instead of once per token. The inputs
 * disappear from g.
 */
status pass_hoist(ir_graph *g, ir_graph *early, ir_value *const *sources, ir_value *const *values,
                  size_t count);

/*
 * Input `input` of g stands for `made`, which graph `from` computes from its inputs `sources` alone: it is
 * computed in `early` instead, where `values` are the same things, and loaded from a state in g.
 */
status pass_carry(ir_graph *g, size_t input, ir_graph *from, ir_value *made, ir_graph *early,
                  ir_value *const *sources, ir_value *const *values, size_t count);

/* Takes an input or output out of a graph's list; the input must be unused. */
void pass_drop_input(ir_graph *g, size_t index);
void pass_drop_output(ir_graph *g, size_t index);

#endif
