/* import_pooling.c: reductions over sliding windows. */
#include "onnx/window.h"

#include <math.h>
#include <string.h>

/* The kernel axes of windows [N, C, O0, K0, O1, K1, ..]. */
static uint32_t kernel_axes(const onnx_window *w) {
  uint32_t axes = 0;
  for (int i = 0; i < w->axes; i++) axes |= 1u << (3 + 2 * i);
  return axes;
}

/* [N, C, O..] */
static void pooled_dims(const ir_value *x, const onnx_window *w, ir_dim *dims) {
  memcpy(dims, x->type.dims, 2 * sizeof *dims);
  memcpy(dims + 2, w->count, (size_t)w->axes * sizeof *dims);
}

static ir_value *reduce_windows(onnx_context *c, ir_op op, ir_value *windows, const onnx_window *w) {
  ir_dim dims[IR_MAX_RANK];
  if (onnx_failed(c)) return windows;
  pooled_dims(windows, w, dims);
  return ir_reshape(c->b, ir_reduce(c->b, op, windows, kernel_axes(w)), dims, 2 + w->axes);
}

/* ---- average ---- */

/* Elements of each window that count, along one axis: [.., O, ..] f32. */
static ir_value *counted(onnx_context *c, const onnx_window *w, int axis, bool padding_counts) {
  ir_dim first = padding_counts ? onnx_dim(c, 0) : w->before[axis],
         end = ir_dim_add(c->m, w->before[axis], w->size[axis]);
  if (padding_counts) end = ir_dim_add(c->m, end, w->after[axis]);
  ir_value *place = onnx_window_places(c, w, axis);
  ir_value *inside = ir_binary(c->b, IR_AND, ir_binary(c->b, IR_GE, place, ir_dim_scalar(c->b, first)),
                               ir_binary(c->b, IR_LT, place, ir_dim_scalar(c->b, end)));
  ir_value *count = ir_reduce(c->b, IR_REDUCE_SUM, ir_cast(c->b, inside, SMELT_F32), 1u << 1);
  ir_dim dims[ONNX_MAX_SPATIAL];
  for (int i = 0; i < w->axes; i++) dims[i] = i == axis ? w->count[i] : onnx_dim(c, 1);
  return ir_reshape(c->b, count, dims, w->axes);
}

static ir_value *import_average_pool(onnx_context *c) {
  ir_value *x = c->in[0];
  onnx_window w;
  bool padding_counts = onnx_attr_int(c, "count_include_pad", 0) != 0;
  if (!onnx_read_window(c, &x->type, NULL, &w)) return x;
  ir_value *sum = reduce_windows(c, IR_REDUCE_SUM, onnx_windows(c, x, &w, 0), &w), *count = NULL;
  for (int i = 0; i < w.axes && !onnx_failed(c); i++) {
    ir_value *along = counted(c, &w, i, padding_counts);
    count = count ? ir_binary(c->b, IR_MUL, count, along) : along;
  }
  return onnx_failed(c) ? x : ir_binary(c->b, IR_DIV, sum, ir_cast(c->b, count, x->type.dtype));
}

/* ---- maximum ---- */

/* What no element is below. */
static double lowest(ir_dtype dtype) {
  if (ir_dtype_is_float(dtype)) return -INFINITY;
  return ir_dtype_is_signed(dtype) ? -ldexp(1, (int)(8 * ir_dtype_bytes(dtype) - 1)) : 0;
}

/* Element `within` of the windows, along `axis`, counted from the input's start. within: [N, C, O..] i64. */
static ir_value *place_along(onnx_context *c, const onnx_window *w, int axis, ir_value *within) {
  ir_dim dims[ONNX_MAX_SPATIAL];
  int64_t inner = 1;
  for (int i = 0; i < w->axes; i++) dims[i] = i == axis ? w->count[i] : onnx_dim(c, 1);
  for (int i = axis + 1; i < w->axes; i++) inner *= w->kernel[i];
  ir_value *k = ir_binary(c->b, IR_DIV, within, onnx_number_like(c, within, (double)inner));
  k = ir_binary(c->b, IR_MOD, k, onnx_number_like(c, within, (double)w->kernel[axis]));
  k = ir_binary(c->b, IR_MUL, k, onnx_number_like(c, within, (double)w->dilation[axis]));
  ir_dim zero = onnx_dim(c, 0);
  ir_value *first =
      ir_iota(c->b, dims, w->axes, axis, ir_dim_sub(c->m, zero, w->before[axis]), w->stride[axis]);
  return ir_binary(c->b, IR_ADD, k, first);
}

/* Places of the largest elements in x, flattened; storage_order 1 counts the spatial axes the other way
 * round. */
static ir_value *largest_places(onnx_context *c, ir_value *windows, const onnx_window *w) {
  int perm[IR_MAX_RANK] = {0, 1};
  bool column_major = onnx_attr_int(c, "storage_order", 0) != 0;
  ir_dim dims[IR_MAX_RANK], zero = onnx_dim(c, 0), one = onnx_dim(c, 1);
  for (int i = 0; i < w->axes; i++) {
    perm[2 + i] = 2 + 2 * i;
    perm[2 + w->axes + i] = 3 + 2 * i;
  }
  if (onnx_failed(c)) return windows;
  pooled_dims(windows, w, dims);
  dims[2 + w->axes] = onnx_dim(c, onnx_window_elements(w));
  ir_value *last = ir_reshape(c->b, ir_transpose(c->b, windows, perm), dims, 3 + w->axes);
  ir_attrs attrs = {.axis = 2 + w->axes};
  ir_value *within = ir_reshape(c->b, ir_build(c->b, IR_ARG_MAX, &last, 1, &attrs), dims, 2 + w->axes);
  ir_dim planes[2] = {dims[0], dims[1]}, plane_shape[IR_MAX_RANK] = {dims[0], dims[1]};
  for (int i = 0; i < w->axes; i++) plane_shape[2 + i] = one;
  ir_dim plane_count = onnx_dim_product(c, planes, 0, 2);
  ir_value *place = ir_reshape(c->b, ir_iota(c->b, &plane_count, 1, 0, zero, 1), plane_shape, 2 + w->axes);
  place = ir_binary(c->b, IR_MUL, place, ir_dim_scalar(c->b, onnx_dim_product(c, w->size, 0, w->axes)));
  for (int i = 0; i < w->axes; i++) {
    ir_dim stride =
        column_major ? onnx_dim_product(c, w->size, 0, i) : onnx_dim_product(c, w->size, i + 1, w->axes);
    ir_value *along = ir_binary(c->b, IR_MUL, place_along(c, w, i, within), ir_dim_scalar(c->b, stride));
    place = ir_binary(c->b, IR_ADD, place, along);
  }
  return place;
}

static ir_value *import_max_pool(onnx_context *c) {
  ir_value *x = c->in[0];
  onnx_window w;
  if (!onnx_read_window(c, &x->type, NULL, &w)) return x;
  ir_value *windows = onnx_windows(c, x, &w, lowest(x->type.dtype));
  if (c->out_count > 1) c->out[1] = largest_places(c, windows, &w);
  return reduce_windows(c, IR_REDUCE_MAX, windows, &w);
}

/* ---- (sum |x|^p)^(1/p) ---- */

static ir_value *power(onnx_context *c, ir_value *x, double exponent) {
  return exponent == 1 ? x : ir_binary(c->b, IR_POW, x, onnx_number_like(c, x, exponent));
}

static double read_norm(onnx_context *c) {
  double p = c->opset < 2 ? onnx_attr_float(c, "p", 2) : (double)onnx_attr_int(c, "p", 2);
  if (!(p > 0)) onnx_fail(c, "p must be positive");
  return p;
}

static ir_value *import_lp_pool(onnx_context *c) {
  onnx_window w;
  double p = read_norm(c);
  if (onnx_failed(c) || !onnx_read_window(c, &c->in[0]->type, NULL, &w)) return c->in[0];
  ir_value *powers = power(c, ir_unary(c->b, IR_ABS, c->in[0]), p);
  return power(c, reduce_windows(c, IR_REDUCE_SUM, onnx_windows(c, powers, &w, 0), &w), 1 / p);
}

static ir_value *import_global_lp_pool(onnx_context *c) {
  int rank = c->in[0]->type.rank;
  double p = read_norm(c);
  if (rank < 3) return onnx_fail(c, "needs rank 3 or more, not %d", rank);
  ir_value *powers = power(c, ir_unary(c->b, IR_ABS, c->in[0]), p);
  return power(c, ir_reduce(c->b, IR_REDUCE_SUM, powers, ((1u << rank) - 1) & ~3u), 1 / p);
}

/* ---- local response: x / (bias + alpha / size * sum of squares of `size` channels around)^beta ---- */

static ir_value *import_lrn(onnx_context *c) {
  ir_value *x = c->in[0];
  int64_t size = onnx_attr_int(c, "size", 0);
  double alpha = onnx_attr_float(c, "alpha", 1e-4), beta = onnx_attr_float(c, "beta", 0.75);
  double bias = onnx_attr_float(c, "bias", 1);
  if (x->type.rank < 3 || size < 1 || size > 1 << 20) return onnx_fail(c, "needs rank 3 or more and a size");
  ir_dim channels = x->type.dims[1], before = onnx_dim(c, (size - 1) / 2);
  ir_dim shape[3] = {x->type.dims[0], channels, onnx_dim_product(c, x->type.dims, 2, x->type.rank)};
  ir_value *flat = ir_reshape(c->b, x, shape, 3);
  ir_attrs pad = {.rank = 3,
                  .shape = {shape[0], ir_dim_add(c->m, channels, onnx_dim(c, size - 1)), shape[2]}};
  pad.start[0] = pad.start[2] = onnx_dim(c, 0);
  pad.start[1] = before;
  ir_value *square = ir_binary(c->b, IR_MUL, flat, flat), *padded = ir_build(c->b, IR_PAD, &square, 1, &pad);
  onnx_window w = {.axes = 1, .kernel = {size}, .stride = {1}, .dilation = {1}, .count = {channels}};
  ir_value *windows = ir_gather(c->b, padded, onnx_window_places(c, &w, 0), 1);
  ir_value *sum = ir_reshape(c->b, ir_reduce(c->b, IR_REDUCE_SUM, windows, 1u << 2), shape, 3);
  sum = ir_binary(c->b, IR_MUL, sum, onnx_number_like(c, x, alpha / (double)size));
  ir_value *scale = power(c, ir_binary(c->b, IR_ADD, sum, onnx_number_like(c, x, bias)), beta);
  return ir_reshape(c->b, ir_binary(c->b, IR_DIV, flat, scale), x->type.dims, x->type.rank);
}

static const onnx_op_row rows[] = {
    {"", "AveragePool", 1, 0, 1, 1, import_average_pool, IR_REDUCE_SUM},
    {"", "MaxPool", 1, 0, 1, 1, import_max_pool, IR_REDUCE_MAX},
    {"", "LpPool", 1, 0, 1, 1, import_lp_pool, IR_REDUCE_SUM},
    {"", "GlobalLpPool", 1, 0, 1, 1, import_global_lp_pool, IR_REDUCE_SUM},
    {"", "LRN", 1, 0, 1, 1, import_lrn, IR_DIV},
};
const onnx_op_table onnx_pooling_ops = ONNX_OP_TABLE(rows);
