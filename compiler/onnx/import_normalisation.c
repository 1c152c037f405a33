/* import_normalisation.c: softmax and the norms. */
#include "onnx/attention.h"

#include <string.h>

/* ---- softmax family ---- */

/* The axis and, before opset 13, the 2-D view: all axes from `axis` on are one. */
typedef struct {
  ir_value *x; /* what to work on */
  int axis;
} softmax_view;

static softmax_view view_softmax(onnx_context *c) {
  ir_value *x = c->in[0];
  int rank = x->type.rank;
  softmax_view view = {x, onnx_axis(c, onnx_attr_int(c, "axis", c->opset >= 13 ? -1 : 1), rank)};
  if (onnx_failed(c) || c->opset >= 13 || view.axis == rank - 1) return view;
  ir_dim dims[2] = {onnx_dim_product(c, x->type.dims, 0, view.axis),
                    onnx_dim_product(c, x->type.dims, view.axis, rank)};
  return (softmax_view){ir_reshape(c->b, x, dims, 2), 1};
}

static ir_value *back_from_view(onnx_context *c, const softmax_view *view, ir_value *result) {
  return view->x == c->in[0] ? result : ir_reshape(c->b, result, c->in[0]->type.dims, c->in[0]->type.rank);
}

static ir_value *import_softmax(onnx_context *c) {
  softmax_view view = view_softmax(c);
  if (onnx_failed(c)) return c->in[0];
  int rank = view.x->type.rank, perm[IR_MAX_RANK];
  for (int i = 0; i < rank; i++) perm[i] = i;
  perm[view.axis] = rank - 1;
  perm[rank - 1] = view.axis;
  bool last = view.axis == rank - 1;
  ir_value *x = last ? view.x : ir_transpose(c->b, view.x, perm);
  ir_value *result = ir_unary(c->b, IR_SOFTMAX, x);
  return back_from_view(c, &view, last ? result : ir_transpose(c->b, result, perm));
}

ir_value *onnx_build_log_softmax(onnx_context *c, ir_value *x, int axis) {
  uint32_t axes = 1u << axis;
  ir_value *shifted = ir_binary(c->b, IR_SUB, x, ir_reduce(c->b, IR_REDUCE_MAX, x, axes));
  ir_value *sum = ir_reduce(c->b, IR_REDUCE_SUM, ir_unary(c->b, IR_EXP, shifted), axes);
  return ir_binary(c->b, IR_SUB, shifted, ir_unary(c->b, IR_LOG, sum));
}

static ir_value *import_log_softmax(onnx_context *c) {
  softmax_view view = view_softmax(c);
  if (onnx_failed(c)) return c->in[0];
  return back_from_view(c, &view, onnx_build_log_softmax(c, view.x, view.axis));
}

/* 1 at the first largest element, else 0 */
static ir_value *import_hardmax(onnx_context *c) {
  softmax_view view = view_softmax(c);
  if (onnx_failed(c)) return c->in[0];
  ir_dim shape[IR_MAX_RANK];
  for (int i = 0; i < view.x->type.rank; i++)
    shape[i] = i == view.axis ? view.x->type.dims[i] : onnx_dim(c, 1);
  ir_attrs attrs = {.axis = view.axis};
  ir_value *index = ir_build(c->b, IR_ARG_MAX, &view.x, 1, &attrs);
  ir_value *counter = ir_iota(c->b, shape, view.x->type.rank, view.axis, onnx_dim(c, 0), 1);
  ir_value *hit = ir_binary(c->b, IR_EQ, index, counter);
  return back_from_view(c, &view, ir_cast(c->b, hit, c->in[0]->type.dtype));
}

/* ---- layer norm and RMS norm over the axes from `axis` on ---- */

/* A gain or bias that broadcasts to the normalised axes, as the vector [D] that the core operators take. */
static ir_value *norm_vector(onnx_context *c, ir_value *v, const ir_type *x, int axis) {
  int rank;
  ir_dim dims[IR_MAX_RANK], all = onnx_dim_product(c, x->dims, axis, x->rank);
  if (!v || (v->type.rank == 1 && axis == x->rank - 1 && ir_dim_equal(c->m, v->type.dims[0], all))) return v;
  if (!onnx_broadcast(c, v->type.dims, v->type.rank, x->dims + axis, x->rank - axis, dims, &rank)) return v;
  if (rank != x->rank - axis) return onnx_fail(c, "its scale or bias has more dims than the normalised axes");
  return ir_reshape(c->b, ir_expand(c->b, v, dims, rank), &all, 1);
}

/* Mean and 1 / sqrt(variance + epsilon), which training would need. */
static void norm_statistics(onnx_context *c, int axis, double epsilon) {
  ir_value *x = c->in[0];
  uint32_t axes = ((1u << x->type.rank) - 1) & ~((1u << axis) - 1);
  ir_value *mean = ir_reduce(c->b, IR_REDUCE_MEAN, x, axes);
  ir_value *centred = ir_binary(c->b, IR_SUB, x, mean);
  ir_value *variance = ir_reduce(c->b, IR_REDUCE_MEAN, ir_binary(c->b, IR_MUL, centred, centred), axes);
  c->out[1] = mean;
  c->out[2] = ir_unary(c->b, IR_RSQRT, ir_binary(c->b, IR_ADD, variance, onnx_number_like(c, x, epsilon)));
}

ir_value *onnx_build_norm(onnx_context *c, ir_op op, ir_value *x, ir_value *gain, ir_value *bias, int axis,
                          double epsilon) {
  int rank = x->type.rank;
  if (onnx_failed(c)) return x;
  ir_dim dims[IR_MAX_RANK];
  memcpy(dims, x->type.dims, sizeof dims);
  dims[axis] = onnx_dim_product(c, x->type.dims, axis, rank);
  ir_value *flat = axis == rank - 1 ? x : ir_reshape(c->b, x, dims, axis + 1);
  ir_value *operands[3] = {flat, norm_vector(c, gain, &x->type, axis), norm_vector(c, bias, &x->type, axis)};
  ir_attrs attrs = {.epsilon = epsilon};
  ir_value *result = ir_build(c->b, op, operands, op == IR_LAYER_NORM ? 3 : 2, &attrs);
  return axis == rank - 1 ? result : ir_reshape(c->b, result, x->type.dims, rank);
}

static ir_value *import_norm(onnx_context *c) {
  double epsilon = onnx_attr_float(c, "epsilon", 1e-5);
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", -1), c->in[0]->type.rank);
  if (onnx_failed(c)) return c->in[0];
  if (c->out_count > 1) norm_statistics(c, axis, epsilon);
  return onnx_build_norm(c, c->row->op, c->in[0], c->in[1], c->in[2], axis, epsilon);
}

/* ---- norms over channels and groups: x [N, C, ...] ---- */

/* A vector [C] as [1, C, 1, ...], or [C, ...] as [1, C, ...], to broadcast over x. */
static ir_value *per_channel(onnx_context *c, ir_value *v) {
  ir_dim dims[IR_MAX_RANK];
  int rank = c->in[0]->type.rank;
  bool each = v->type.rank > 1;
  if (onnx_failed(c)) return v;
  if (each && v->type.rank != rank - 1) return onnx_fail(c, "its scale or bias does not fit its input");
  dims[0] = onnx_dim(c, 1);
  for (int i = 1; i < rank; i++) dims[i] = each ? v->type.dims[i - 1] : onnx_dim(c, 1);
  if (!each) dims[1] = c->in[0]->type.dims[1];
  return ir_reshape(c->b, v, dims, rank);
}

static ir_value *scale_and_shift(onnx_context *c, ir_value *x, ir_value *scale, ir_value *shift) {
  x = ir_binary(c->b, IR_MUL, x, per_channel(c, scale));
  return ir_binary(c->b, IR_ADD, x, per_channel(c, shift));
}

/*
 * Whether the statistics are the batch's. Up to opset 13 no attribute says so alone: the further outputs,
 * which only training has, do.
 */
static bool batch_norm_trains(onnx_context *c) {
  if (c->opset >= 14) return onnx_attr_int(c, "training_mode", 0) != 0;
  if (c->opset < 7 && onnx_attr_int(c, "is_test", 0)) return false;
  for (int i = 1; i < c->out_count; i++) {
    if (*onnx_text(c->node->output[i])) return true;
  }
  return false;
}

/* The running statistic moved towards the batch's: running * momentum + batch * (1 - momentum) */
static ir_value *moved(onnx_context *c, ir_value *running, ir_value *batch) {
  double momentum = onnx_attr_float(c, "momentum", 0.9);
  ir_value *kept = ir_binary(c->b, IR_MUL, running, onnx_number_like(c, running, momentum));
  return ir_binary(c->b, IR_ADD, kept,
                   ir_binary(c->b, IR_MUL, batch, onnx_number_like(c, running, 1 - momentum)));
}

/* Mean and variance of the batch per channel (per feature where the running ones have more axes), and the
 * outputs of training. */
static void batch_statistics(onnx_context *c, ir_value **mean, ir_value **variance) {
  const ir_type *running = &c->in[3]->type;
  ir_value *x = ir_cast(c->b, c->in[0], running->dtype);
  uint32_t axes = running->rank > 1 ? 1u << 0 : ((1u << x->type.rank) - 1) & ~(1u << 1);
  ir_value *m = ir_reduce(c->b, IR_REDUCE_MEAN, x, axes), *d = ir_binary(c->b, IR_SUB, x, m);
  ir_value *v = ir_reduce(c->b, IR_REDUCE_MEAN, ir_binary(c->b, IR_MUL, d, d), axes);
  *mean = ir_reshape(c->b, m, running->dims, running->rank);
  *variance = ir_reshape(c->b, v, running->dims, running->rank);
  c->out[1] = moved(c, c->in[3], *mean);
  c->out[2] = moved(c, c->in[4], *variance);
  c->out[3] = *mean;
  c->out[4] = *variance;
}

/* (x - mean) / sqrt(var + epsilon) * scale + bias, with the stored mean and variance or, training, the
 * batch's
 */
static ir_value *import_batch_norm(onnx_context *c) {
  ir_value *x = c->in[0], *mean = c->in[3], *variance = c->in[4];
  if (x->type.rank < 2) return onnx_fail(c, "needs rank 2 or more, not %d", x->type.rank);
  if (mean->type.dtype != variance->type.dtype) return onnx_fail(c, "its mean and variance differ in type");
  if (batch_norm_trains(c)) batch_statistics(c, &mean, &variance);
  ir_value *epsilon = onnx_number_like(c, variance, onnx_attr_float(c, "epsilon", 1e-5));
  ir_value *inverse = ir_unary(c->b, IR_RSQRT, ir_binary(c->b, IR_ADD, variance, epsilon));
  ir_value *scale = ir_binary(c->b, IR_MUL, ir_cast(c->b, c->in[1], variance->type.dtype), inverse);
  ir_value *centred = ir_binary(c->b, IR_SUB, x, per_channel(c, ir_cast(c->b, mean, x->type.dtype)));
  return scale_and_shift(c, centred, ir_cast(c->b, scale, x->type.dtype),
                         ir_cast(c->b, c->in[2], x->type.dtype));
}

/* x as [N, groups, rest] normalised over the rest, back in its own shape. */
static ir_value *normalise_groups(onnx_context *c, ir_dim groups, double epsilon) {
  ir_value *x = c->in[0];
  const ir_dim *d = x->type.dims;
  ir_dim rest = ir_dim_div(c->m, onnx_dim_product(c, d, 1, x->type.rank), groups);
  ir_dim apart[3] = {d[0], groups, rest};
  ir_attrs attrs = {.epsilon = epsilon};
  ir_value *operands[3] = {ir_reshape(c->b, x, apart, 3), NULL, NULL};
  return ir_reshape(c->b, ir_build(c->b, IR_LAYER_NORM, operands, 3, &attrs), d, x->type.rank);
}

static ir_value *import_instance_norm(onnx_context *c) {
  double epsilon = onnx_attr_float(c, "epsilon", 1e-5);
  if (c->in[0]->type.rank < 3) return onnx_fail(c, "needs rank 3 or more, not %d", c->in[0]->type.rank);
  return scale_and_shift(c, normalise_groups(c, c->in[0]->type.dims[1], epsilon), c->in[1], c->in[2]);
}

/* Opset 18 scales per group, opset 21 per channel. */
static ir_value *import_group_norm(onnx_context *c) {
  ir_value *x = c->in[0], *scale = c->in[1], *shift = c->in[2];
  int64_t groups = onnx_attr_int(c, "num_groups", 0);
  double epsilon = onnx_attr_float(c, "epsilon", 1e-5);
  if (x->type.rank < 3 || groups < 1) return onnx_fail(c, "needs rank 3 or more and num_groups");
  ir_dim count = onnx_dim(c, groups), channels = x->type.dims[1];
  if (c->opset < 21) {
    ir_dim one[2] = {count, onnx_dim(c, 1)}, spread[2] = {count, ir_dim_div(c->m, channels, count)};
    scale = ir_reshape(c->b, ir_expand(c->b, ir_reshape(c->b, scale, one, 2), spread, 2), &channels, 1);
    shift = ir_reshape(c->b, ir_expand(c->b, ir_reshape(c->b, shift, one, 2), spread, 2), &channels, 1);
  }
  return scale_and_shift(c, normalise_groups(c, count, epsilon), scale, shift);
}

/* x / (sum |x|^p)^(1/p) along axis */
static ir_value *import_lp_norm(onnx_context *c) {
  ir_value *x = c->in[0], *zero = onnx_number_like(c, x, 0);
  int64_t p = onnx_attr_int(c, "p", 2);
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", -1), x->type.rank);
  if (onnx_failed(c)) return x;
  if (p != 1 && p != 2) return onnx_fail(c, "p must be 1 or 2, not %lld", (long long)p);
  ir_value *powers = p == 1 ? ir_unary(c->b, IR_ABS, x) : ir_binary(c->b, IR_MUL, x, x);
  ir_value *norm = ir_reduce(c->b, IR_REDUCE_SUM, powers, 1u << axis);
  if (p == 2) norm = ir_unary(c->b, IR_SQRT, norm);
  return ir_select(c->b, ir_binary(c->b, IR_EQ, norm, zero), zero, ir_binary(c->b, IR_DIV, x, norm));
}

/* (x - mean) / (sqrt(mean(x^2) - mean^2) + 1e-9), as ONNX's function body has it */
static ir_value *import_mean_variance_norm(onnx_context *c) {
  ir_value *x = c->in[0];
  const int *list;
  int count;
  uint32_t axes = 1u << 0 | 1u << 2 | 1u << 3;
  if (!onnx_axes(c, 1, x->type.rank, &list, &count)) return x;
  if (!list && x->type.rank < 4) return onnx_fail(c, "needs rank 4 without axes, not %d", x->type.rank);
  for (int i = 0; list && i < count; i++) axes = (i ? axes : 0) | 1u << list[i];
  ir_value *mean = ir_reduce(c->b, IR_REDUCE_MEAN, x, axes);
  ir_value *square = ir_reduce(c->b, IR_REDUCE_MEAN, ir_binary(c->b, IR_MUL, x, x), axes);
  ir_value *variance = ir_binary(c->b, IR_SUB, square, ir_binary(c->b, IR_MUL, mean, mean));
  ir_value *deviation =
      ir_binary(c->b, IR_ADD, ir_unary(c->b, IR_SQRT, variance), onnx_number_like(c, x, 1e-9));
  return ir_binary(c->b, IR_DIV, ir_binary(c->b, IR_SUB, x, mean), deviation);
}

static const onnx_op_row rows[] = {
    {"", "Softmax", 1, 0, 1, 1, import_softmax, IR_SOFTMAX},
    {"", "LogSoftmax", 1, 0, 1, 1, import_log_softmax, IR_SOFTMAX},
    {"", "Hardmax", 1, 0, 1, 1, import_hardmax, IR_ARG_MAX},
    {"", "LayerNormalization", 1, 0, 2, 3, import_norm, IR_LAYER_NORM},
    {"", "RMSNormalization", 23, 0, 2, 2, import_norm, IR_RMS_NORM},
    {"", "SimplifiedLayerNormalization", 1, 0, 2, 2, import_norm,
     IR_RMS_NORM}, /* ONNX Runtime's, in ONNX's domain */
    {"", "BatchNormalization", 1, 0, 5, 5, import_batch_norm, IR_IDENTITY},
    {"", "InstanceNormalization", 1, 0, 3, 3, import_instance_norm, IR_LAYER_NORM},
    {"", "GroupNormalization", 18, 0, 3, 3, import_group_norm, IR_LAYER_NORM},
    {"", "LpNormalization", 1, 0, 1, 1, import_lp_norm, IR_IDENTITY},
    {"", "MeanVarianceNormalization", 9, 0, 1, 1, import_mean_variance_norm, IR_IDENTITY},
};
const onnx_op_table onnx_normalisation_ops = ONNX_OP_TABLE(rows);
