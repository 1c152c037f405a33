/*
 * cost.h: how much work a plan is: floating-point operations and bytes moved,
 * as expressions over the symbols, so that one plan answers for every length.
 *
 * Counting rule. A multiply-add is 2 FLOPs, as in the literature (Kaplan et
 * al., "Scaling Laws for Neural Language Models", 2020, table 1: a forward
 * pass of a decoder is 2 N per token for N parameters, plus attention). What
 * causality hides is not counted, integer arithmetic is counted as if it were
 * floating. Bytes: a step reads each operand and writes its result once, of a
 * gathered table only the rows taken; what caches save or miss is not modelled.
 */
#ifndef SMELT_PLAN_COST_H
#define SMELT_PLAN_COST_H

#include "plan/plan.h"

/* Each an expression over the module's symbols; ir_dim_evaluate gives the number (saturating). */
typedef struct {
  ir_dim flops;
  ir_dim weight_bytes;     /* read from the packed weights, padding of panels included */
  ir_dim state_bytes;      /* read from and written to what lives on between calls */
  ir_dim activation_bytes; /* read from and written to the arena, and the inputs */
} plan_cost;

ir_dim plan_node_flops(ir_module *m, const ir_node *n);
/* What stands inside a loop counts for one turn: how many there are is not known. */
plan_cost plan_step_cost(ir_module *m, const plan_step *step);
plan_cost plan_cost_sum(ir_module *m, const plan_cost *a, const plan_cost *b);

/*
 * What a step's work is called: the operator of a dedicated kernel; of a loop
 * nest its gather or reduction, else "elementwise", else "copy".
 */
const char *plan_step_work(const plan_step *step);

/*
 * A step's work with its sizes, as a line of a profile: "linear 768 x 3072 gelu_tanh",
 * "attention 12 heads of 64", "elementwise [1, sequence, 768]". Control is named as PLAN_CONTROLS does
 * (label.c).
 */
const char *plan_step_label(arena *a, const plan_step *step);

#endif
