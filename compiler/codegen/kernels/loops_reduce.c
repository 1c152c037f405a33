/*
 * loops_reduce.c: reductions inside a loop nest. Along a last axis, several
 * vectors of partial results are kept and combined at the end; along other
 * axes each lane reduces on its own. The order of additions depends on the
 * shape only.
 */
#include "codegen/kernels/loops.h"

#include <math.h>

/*
 * Independent partial results, for the latency of an operation times its rate: vectors of the level's. What
 * is rounded has as many on every level, as in fold.c: vectors of emit_sum_lanes.
 */
enum { MOST_VECTORS = 4, ORDERED_VECTORS = 2 };

typedef struct {
  loops *l;
  const ir_node *node;
  ir_dtype dtype;                           /* of the elements */
  ir_op combine;                            /* elementwise */
  lane_index at[IR_MAX_RANK];               /* index of the operand's element */
  int axis;                                 /* the innermost reduced axis */
  int vector_count;                         /* 1 where lanes do not go along the axis */
  LLVMValueRef vectors[MOST_VECTORS], tail; /* variables */
  LLVMValueRef places, tail_place;          /* arg: the index that goes with vectors[0] and tail */
} reduction;

static ir_op combine_of(ir_op op) {
  switch (op) {
  case IR_REDUCE_MAX:
  case IR_ARG_MAX:
    return IR_MAX;
  case IR_REDUCE_MIN:
  case IR_ARG_MIN:
    return IR_MIN;
  case IR_REDUCE_PROD:
    return IR_MUL;
  default:
    return IR_ADD;
  }
}

/* The value that changes nothing: 0 for sums, 1 for products, the far end of the range for max and min. */
static LLVMValueRef neutral(emitter *e, ir_op combine, ir_dtype dtype, int lanes) {
  LLVMTypeRef type = emit_type(e, dtype, lanes);
  bool is_max = combine == IR_MAX;
  if (ir_dtype_is_float(dtype)) {
    double v = combine == IR_ADD ? 0 : combine == IR_MUL ? 1 : is_max ? -INFINITY : INFINITY;
    return emit_number(type, v);
  }
  if (combine == IR_ADD || combine == IR_MUL) return emit_integer(type, combine == IR_MUL);
  if (dtype == SMELT_BOOL) return emit_integer(type, !is_max);
  int bits = 8 * (int)ir_dtype_bytes(dtype);
  if (!ir_dtype_is_signed(dtype)) return emit_integer(type, is_max ? 0 : -1);
  int64_t least = INT64_MIN >> (64 - bits);
  return emit_integer(type, is_max ? least : ~least);
}

static LLVMValueRef combined(reduction *r, LLVMValueRef x, LLVMValueRef y) {
  return elementwise_binary(r->l->e, r->combine, emit_compute_dtype(r->dtype), x, y);
}

/* Keeps the better of (best, place) and (x, index) in two variables; the lower index where they are equal. */
static void keep_better(reduction *r, LLVMValueRef best, LLVMValueRef place, LLVMValueRef x,
                        LLVMValueRef index) {
  emitter *e = r->l->e;
  LLVMValueRef old = emit_get(e, best), old_place = emit_get(e, place);
  emit_match(e, &old, &x);
  emit_match(e, &old_place, &index);
  ir_dtype dtype = emit_compute_dtype(r->dtype);
  LLVMValueRef better = elementwise_binary(e, r->combine == IR_MAX ? IR_GT : IR_LT, dtype, x, old);
  LLVMValueRef equal = elementwise_binary(e, IR_EQ, dtype, x, old);
  LLVMValueRef earlier = emit_icmp(e, LLVMIntSLT, index, old_place);
  better = emit_binary(e, LLVMOr, better, emit_binary(e, LLVMAnd, equal, earlier));
  emit_set(e, best, emit_select(e, better, x, old));
  emit_set(e, place, emit_select(e, better, index, old_place));
}

/* One element, or one vector of them along the innermost reduced axis. */
static void take(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  reduction *r = user;
  loops *l = r->l;
  bool along = l->reduction_lanes > 0; /* indices outside are uniform: lanes go along the axis */
  int outer_lanes = l->lanes;
  size_t known = l->known_count;
  if (along) l->lanes = lanes;
  r->at[r->axis] = (lane_index){index, along && lanes > 1, along ? lanes : 1};
  LLVMValueRef x = loops_value(l, r->node->operands[0], r->at);
  LLVMValueRef vector = along && lanes == 1 ? r->tail : r->vectors[part];
  if (r->places) {
    LLVMValueRef place = along && lanes == 1 ? r->tail_place : r->places;
    keep_better(r, vector, place, x, lane_index_value(e, r->at[r->axis], l->lanes));
  } else {
    emit_set(e, vector, combined(r, emit_get(e, vector), x));
  }
  l->known_count = known;
  l->lanes = outer_lanes;
}

/* Loops over the reduced axes before the innermost one, then that one. */
static void sweep(reduction *r, uint32_t axes, int axis) {
  emitter *e = r->l->e;
  const ir_value *x = r->node->operands[0];
  while (axis < r->axis && !(axes >> axis & 1)) axis++;
  LLVMValueRef size = kernel_dim(e, x, axis), zero = emit_index(e, 0);
  if (axis == r->axis) {
    bool along = r->l->reduction_lanes > 0;
    emit_strips(e, zero, size, along ? r->l->reduction_lanes : 1, r->vector_count, take, r);
    return;
  }
  emit_loop loop = emit_loop_begin(e, zero, size, 1);
  r->at[axis] = lane_index_of(loop.index);
  sweep(r, axes, axis + 1);
  emit_loop_end(e, &loop);
}

/* All partial results as one. */
static LLVMValueRef gathered(reduction *r, bool along) {
  emitter *e = r->l->e;
  LLVMValueRef sum = emit_get(e, r->vectors[0]);
  if (!along) return sum;
  if (r->places) {
    LLVMValueRef bests = emit_get(e, r->vectors[0]), places = emit_get(e, r->places);
    for (int lane = 0; lane < emit_lanes(bests); lane++)
      keep_better(r, r->tail, r->tail_place, emit_lane(e, bests, lane), emit_lane(e, places, lane));
    return emit_get(e, r->tail);
  }
  for (int i = 1; i < r->vector_count; i++) sum = combined(r, sum, emit_get(e, r->vectors[i]));
  while (emit_lanes(sum) > 1) {
    int lanes = emit_lanes(sum);
    LLVMTypeRef half = emit_lanes_type(emit_element_type(LLVMTypeOf(sum)), lanes / 2);
    LLVMValueRef low = LLVMGetPoison(half), high = low;
    for (int i = 0; i < lanes / 2; i++) {
      low = lanes == 2 ? emit_lane(e, sum, 0) : emit_set_lane(e, low, i, emit_lane(e, sum, i));
      high = lanes == 2 ? emit_lane(e, sum, 1) : emit_set_lane(e, high, i, emit_lane(e, sum, lanes / 2 + i));
    }
    sum = combined(r, low, high);
  }
  return combined(r, sum, emit_get(e, r->tail));
}

static LLVMValueRef mean_of(reduction *r, LLVMValueRef sum, uint32_t axes) {
  emitter *e = r->l->e;
  const ir_type *type = &r->node->operands[0]->type;
  ir_dim count = ir_dim_const(e->ir, 1);
  for (int a = 0; a < type->rank; a++)
    if (axes >> a & 1) count = ir_dim_mul(e->ir, count, type->dims[a]);
  LLVMValueRef divisor = emit_size(e, count);
  LLVMTypeRef scalar = emit_type(e, type->dtype, 1);
  divisor = ir_dtype_is_float(type->dtype) ? LLVMBuildSIToFP(e->builder, divisor, scalar, "")
                                           : LLVMBuildIntCast2(e->builder, divisor, scalar, true, "");
  return elementwise_binary(e, IR_DIV, emit_compute_dtype(type->dtype), sum, divisor);
}

/* Whether nothing but axes of size 1 follows `axis`. */
static bool is_last(const ir_type *type, int axis) {
  for (int a = axis + 1; a < type->rank; a++)
    if (!ir_dim_is(type->dims[a], 1)) return false;
  return true;
}

LLVMValueRef loops_reduction(loops *l, const ir_node *node, const lane_index *index) {
  emitter *e = l->e;
  const ir_type *type = &node->operands[0]->type;
  bool is_arg = node->op == IR_ARG_MAX || node->op == IR_ARG_MIN;
  uint32_t axes = is_arg ? 1u << node->attrs.axis : node->attrs.axes;
  reduction r = {.l = l, .node = node, .dtype = type->dtype, .combine = combine_of(node->op), .axis = -1};
  for (int a = 0; a < type->rank; a++) {
    r.at[a] = index[a];
    if (axes >> a & 1) r.axis = a;
  }
  if (r.axis < 0) return loops_value(l, node->operands[0], index);
  bool uniform = loops_uniform(node->result, index), along = uniform && is_last(type, r.axis);
  int outer_along = l->reduction_lanes, lanes = uniform ? 1 : l->lanes;
  bool is_ordered = ir_dtype_is_float(type->dtype) && (r.combine == IR_ADD || r.combine == IR_MUL);
  l->reduction_lanes = !along       ? 0
                       : is_ordered ? emit_sum_lanes(type->dtype)
                                    : emit_level_lanes(e, type->dtype);
  r.vector_count = !along || is_arg ? 1 : is_ordered ? ORDERED_VECTORS : MOST_VECTORS;
  LLVMTypeRef place_type = e->i64;
  if (along) {
    r.tail = emit_variable(e, emit_type(e, type->dtype, 1), neutral(e, r.combine, type->dtype, 1));
    if (is_arg) r.tail_place = emit_variable(e, place_type, emit_index(e, 0));
    lanes = l->reduction_lanes;
  }
  for (int i = 0; i < r.vector_count; i++)
    r.vectors[i] =
        emit_variable(e, emit_type(e, type->dtype, lanes), neutral(e, r.combine, type->dtype, lanes));
  if (is_arg) {
    place_type = emit_lanes_type(e->i64, lanes);
    r.places = emit_variable(e, place_type, emit_zero(place_type));
  }
  size_t known = l->known_count;
  sweep(&r, axes, 0);
  l->known_count = known;
  LLVMValueRef result = gathered(&r, along);
  l->reduction_lanes = outer_along;
  if (is_arg) return emit_get(e, along ? r.tail_place : r.places);
  return node->op == IR_REDUCE_MEAN ? mean_of(&r, result, axes) : result;
}
