/*
 * loops.h: inside of the loop-nest generator: the value of any node of a
 * cluster at an index, emitted recursively.
 */
#ifndef SMELT_LOOPS_H
#define SMELT_LOOPS_H

#include "codegen/kernels/kernel.h"
#include "codegen/kernels/lane_index.h"

typedef struct {
  const ir_value *value;
  lane_index index[IR_MAX_RANK];
  LLVMValueRef result;
} loops_known;

typedef struct {
  emitter *e;
  const plan_step *step;
  int lanes;           /* of indices that are not uniform */
  int reduction_lanes; /* of sums along a last axis */
  bool needs_scalar;  /* set when a value cannot be had for several lanes at once: start over with one lane */
  loops_known *known; /* values computed already where the code now stands */
  size_t known_count, known_capacity;
} loops;

/* The element(s) of v at index[]: a scalar where every index is uniform, else a vector of l->lanes. */
LLVMValueRef loops_value(loops *l, const ir_value *v, const lane_index *index);
/* The same for a node of class REDUCTION (loops_reduce.c) and of class MOVEMENT (loops_move.c). */
LLVMValueRef loops_reduction(loops *l, const ir_node *node, const lane_index *index);
LLVMValueRef loops_movement(loops *l, const ir_node *node, const lane_index *index);

/* index[] of a value, as an element offset into `operand`'s memory, without the view's own offset. */
lane_index loops_offset(loops *l, const plan_operand *operand, const lane_index *index);
bool loops_uniform(const ir_value *v, const lane_index *index);
/* The node of the cluster that computes v, or NULL: v is read from memory. */
const ir_node *loops_node_of(const loops *l, const ir_value *v);

#endif
