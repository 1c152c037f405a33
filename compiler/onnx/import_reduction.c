/* import_reduction.c: reductions, arg-max and running sums. */
#include "onnx/import.h"

#include <math.h>

/* ---- which axes ---- */

typedef struct {
  uint32_t axes;
  bool keep, nothing; /* keep reduced axes as size 1; nothing to reduce */
} reduced_axes;

/* Axes: an attribute in older opsets, an input in newer ones; none means all, unless noop_with_empty_axes. */
static bool read_axes(onnx_context *c, reduced_axes *r) {
  const int *list;
  int count, rank = c->in[0]->type.rank;
  r->keep = onnx_attr_int(c, "keepdims", 1) != 0;
  r->axes = 0;
  bool noop = onnx_attr_int(c, "noop_with_empty_axes", 0) != 0;
  if (!onnx_axes(c, 1, rank, &list, &count)) return false;
  for (int i = 0; list && i < count; i++) r->axes |= 1u << list[i];
  r->nothing = !r->axes && (noop || rank == 0);
  if (!r->axes) r->axes = (1u << rank) - 1;
  return true;
}

/* The reduced value without its reduced axes, unless they are kept. */
static ir_value *drop_axes(onnx_context *c, ir_value *reduced, const reduced_axes *r) {
  ir_dim dims[IR_MAX_RANK];
  int rank = 0;
  if (r->keep) return reduced;
  for (int i = 0; i < c->in[0]->type.rank; i++) {
    if (!(r->axes >> i & 1)) dims[rank++] = c->in[0]->type.dims[i];
  }
  return ir_reshape(c->b, reduced, dims, rank);
}

/* ---- Reduce* ---- */

static ir_value *reduce(onnx_context *c, ir_op op, ir_value *x, const reduced_axes *r) {
  return r->nothing ? x : ir_reduce(c->b, op, x, r->axes);
}

static ir_value *import_reduce(onnx_context *c) {
  reduced_axes r;
  ir_value *x = c->in[0];
  if (!read_axes(c, &r)) return x;
  if (x->type.dtype != SMELT_BOOL) return drop_axes(c, reduce(c, c->row->op, x, &r), &r);
  ir_value *reduced =
      reduce(c, c->row->op, ir_cast(c->b, x, SMELT_U8), &r); /* opset 20: max is or, min is and */
  return drop_axes(c, ir_cast(c->b, reduced, SMELT_BOOL), &r);
}

/* sum |x| */
static ir_value *import_reduce_l1(onnx_context *c) {
  reduced_axes r;
  if (!read_axes(c, &r)) return c->in[0];
  return drop_axes(c, reduce(c, IR_REDUCE_SUM, ir_unary(c->b, IR_ABS, c->in[0]), &r), &r);
}

static ir_value *sum_of_squares(onnx_context *c, const reduced_axes *r) {
  return reduce(c, IR_REDUCE_SUM, ir_binary(c->b, IR_MUL, c->in[0], c->in[0]), r);
}

static ir_value *import_reduce_sum_square(onnx_context *c) {
  reduced_axes r;
  if (!read_axes(c, &r)) return c->in[0];
  return drop_axes(c, sum_of_squares(c, &r), &r);
}

static ir_value *import_reduce_l2(onnx_context *c) {
  reduced_axes r;
  if (!read_axes(c, &r)) return c->in[0];
  return drop_axes(c, ir_unary(c->b, IR_SQRT, sum_of_squares(c, &r)), &r);
}

static ir_value *import_reduce_log_sum(onnx_context *c) {
  reduced_axes r;
  if (!read_axes(c, &r)) return c->in[0];
  return drop_axes(c, ir_unary(c->b, IR_LOG, reduce(c, IR_REDUCE_SUM, c->in[0], &r)), &r);
}

/* max + ln(sum e^(x - max)); an infinite max is left out so that no inf - inf arises */
static ir_value *import_reduce_log_sum_exp(onnx_context *c) {
  reduced_axes r;
  ir_value *x = c->in[0];
  if (!read_axes(c, &r)) return x;
  ir_value *largest = reduce(c, IR_REDUCE_MAX, x, &r);
  ir_value *infinite =
      ir_binary(c->b, IR_EQ, ir_unary(c->b, IR_ABS, largest), onnx_number_like(c, x, INFINITY));
  ir_value *shift = ir_select(c->b, infinite, onnx_number_like(c, x, 0), largest);
  ir_value *powers = ir_unary(c->b, IR_EXP, ir_binary(c->b, IR_SUB, x, shift));
  ir_value *logarithm = ir_unary(c->b, IR_LOG, reduce(c, IR_REDUCE_SUM, powers, &r));
  return drop_axes(c, ir_binary(c->b, IR_ADD, logarithm, shift), &r);
}

/* x [N, C, ...]: over all axes but the first two */
static ir_value *import_global_pool(onnx_context *c) {
  int rank = c->in[0]->type.rank;
  if (rank < 3) return onnx_fail(c, "needs rank 3 or more, not %d", rank);
  return ir_reduce(c->b, c->row->op, c->in[0], ((1u << rank) - 1) & ~3u);
}

/* ---- ArgMax, ArgMin ---- */

static ir_value *reversed(onnx_context *c, ir_value *x, int axis) {
  ir_dim start[IR_MAX_RANK];
  int64_t step[IR_MAX_RANK];
  for (int i = 0; i < x->type.rank; i++) {
    start[i] = onnx_dim(c, 0);
    step[i] = 1;
  }
  start[axis] = ir_dim_sub(c->m, x->type.dims[axis], onnx_dim(c, 1));
  step[axis] = -1;
  return ir_slice(c->b, x, start, x->type.dims, step);
}

static ir_value *import_arg(onnx_context *c) {
  ir_value *x = c->in[0];
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", 0), x->type.rank);
  bool last = onnx_attr_int(c, "select_last_index", 0) != 0;
  reduced_axes r = {.axes = 1u << axis, .keep = onnx_attr_int(c, "keepdims", 1) != 0};
  if (onnx_failed(c)) return x;
  ir_attrs attrs = {.axis = axis};
  ir_value *searched = last ? reversed(c, x, axis) : x;
  ir_value *index = ir_build(c->b, c->row->op, &searched, 1, &attrs);
  if (last) {
    ir_value *end = ir_dim_scalar(c->b, ir_dim_sub(c->m, x->type.dims[axis], onnx_dim(c, 1)));
    index = ir_binary(c->b, IR_SUB, end, index);
  }
  return drop_axes(c, index, &r);
}

/* ---- CumSum, CumProd ---- */

/* The core operator includes the element itself; an exclusive sum is that of x moved on by one. */
static ir_value *import_cumsum(onnx_context *c) {
  ir_value *x = c->in[0];
  int64_t wanted;
  bool exclusive = onnx_attr_int(c, "exclusive", 0) != 0, reverse = onnx_attr_int(c, "reverse", 0) != 0;
  if (!onnx_integer(c, 1, "axis", &wanted)) return x;
  int axis = onnx_axis(c, wanted, x->type.rank);
  if (onnx_failed(c)) return x;
  ir_dim zero = onnx_dim(c, 0), size = x->type.dims[axis];
  ir_value *sum = reverse ? reversed(c, x, axis) : x;
  if (exclusive) {
    ir_attrs pad = {.rank = x->type.rank};
    for (int i = 0; i < pad.rank; i++) {
      pad.start[i] = onnx_dim(c, i == axis);
      pad.shape[i] = i == axis ? ir_dim_add(c->m, size, onnx_dim(c, 1)) : x->type.dims[i];
    }
    pad.value = c->row->op == IR_CUMPROD; /* what a sum or product of nothing is */
    sum = ir_build(c->b, IR_PAD, &sum, 1, &pad);
  }
  ir_attrs attrs = {.axis = axis};
  sum = ir_build(c->b, c->row->op, &sum, 1, &attrs);
  if (exclusive) sum = ir_slice_axis(c->b, sum, axis, zero, size);
  if (onnx_failed(c)) return x;
  return reverse ? reversed(c, sum, axis) : sum;
}

static const onnx_op_row rows[] = {
    {"", "ReduceSum", 1, 0, 1, 2, import_reduce, IR_REDUCE_SUM},
    {"", "ReduceMean", 1, 0, 1, 2, import_reduce, IR_REDUCE_MEAN},
    {"", "ReduceMax", 1, 0, 1, 2, import_reduce, IR_REDUCE_MAX},
    {"", "ReduceMin", 1, 0, 1, 2, import_reduce, IR_REDUCE_MIN},
    {"", "ReduceProd", 1, 0, 1, 2, import_reduce, IR_REDUCE_PROD},
    {"", "ReduceL1", 1, 0, 1, 2, import_reduce_l1, IR_REDUCE_SUM},
    {"", "ReduceL2", 1, 0, 1, 2, import_reduce_l2, IR_REDUCE_SUM},
    {"", "ReduceSumSquare", 1, 0, 1, 2, import_reduce_sum_square, IR_REDUCE_SUM},
    {"", "ReduceLogSum", 1, 0, 1, 2, import_reduce_log_sum, IR_REDUCE_SUM},
    {"", "ReduceLogSumExp", 1, 0, 1, 2, import_reduce_log_sum_exp, IR_REDUCE_SUM},
    {"", "GlobalAveragePool", 1, 0, 1, 1, import_global_pool, IR_REDUCE_MEAN},
    {"", "GlobalMaxPool", 1, 0, 1, 1, import_global_pool, IR_REDUCE_MAX},
    {"", "ArgMax", 1, 0, 1, 1, import_arg, IR_ARG_MAX},
    {"", "ArgMin", 1, 0, 1, 1, import_arg, IR_ARG_MIN},
    {"", "CumSum", 11, 0, 2, 2, import_cumsum, IR_CUMSUM},
    {"", "CumProd", 26, 0, 2, 2, import_cumsum, IR_CUMPROD},
};
const onnx_op_table onnx_reduction_ops = ONNX_OP_TABLE(rows);
