/* contrib_mask.c: the forms in which com.microsoft's attention operators are told which keys are padding
 * (onnxruntime/contrib_ops/cpu/bert/attention_base.cc, CheckMask). */
#include "onnx/contrib_attention.h"

/* 0 where seen, else the filler. */
static ir_value *filter(onnx_context *c, ir_value *seen, ir_dtype dtype) {
  double filler = onnx_attr_float(c, "mask_filter_value", -10000);
  return ir_select(c->b, seen, ir_const_scalar(c->b, dtype, 0), ir_const_scalar(c->b, dtype, filler));
}

static ir_value *is_set(onnx_context *c, ir_value *mask) {
  return ir_binary(c->b, IR_GT, mask, onnx_number_like(c, mask, 0));
}

/* Elements [from, from + B) of a vector, as [B, 1, 1, 1] i64 */
static ir_value *per_row(onnx_context *c, ir_value *v, ir_dim from, ir_dim batch) {
  ir_dim one = onnx_dim(c, 1), dims[4] = {batch, one, one, one};
  return ir_reshape(c->b, ir_cast(c->b, ir_slice_axis(c->b, v, 0, from, batch), SMELT_I64), dims, 4);
}

/* From each row's own bounds: [B, 1, 1, T] */
static ir_value *seen_by_bounds(onnx_context *c, ir_value *mask, ir_dim batch, ir_dim keys) {
  ir_dim one = onnx_dim(c, 1), counter_dims[4] = {one, one, one, keys}, size = mask->type.dims[0];
  ir_dim twice = ir_dim_mul(c->m, batch, onnx_dim(c, 2));
  ir_dim thrice = ir_dim_add(c->m, ir_dim_mul(c->m, batch, onnx_dim(c, 3)), onnx_dim(c, 2));
  bool has_starts = ir_dim_equal(c->m, size, twice) && !ir_dim_equal(c->m, size, batch);
  if (!has_starts && !ir_dim_equal(c->m, size, thrice) && !ir_dim_unify(c->m, size, batch)) {
    return onnx_fail(c, "its mask of rank 1 must have one, two or three elements per row");
  }
  ir_value *t = ir_iota(c->b, counter_dims, 4, 3, onnx_dim(c, 0), 1);
  ir_value *seen = ir_binary(c->b, IR_LT, t, per_row(c, mask, onnx_dim(c, 0), batch));
  if (!has_starts) return seen;
  return ir_binary(c->b, IR_AND, seen, ir_binary(c->b, IR_GE, t, per_row(c, mask, batch, batch)));
}

/* Rows of the queries and columns of the keys of a mask of all positions. */
static ir_value *seen_by_position(onnx_context *c, ir_value *mask, const onnx_attention *at, ir_dim past) {
  ir_value *rows = ir_slice_axis(c->b, mask, 2, past, at->q->type.dims[2]);
  return is_set(c, ir_slice_axis(c->b, rows, 3, onnx_dim(c, 0), at->k->type.dims[2]));
}

ir_value *onnx_mask_input_bias(onnx_context *c, ir_value *mask, const onnx_attention *at, ir_dim past) {
  if (!mask || onnx_failed(c)) return NULL;
  ir_dim one = onnx_dim(c, 1), batch = at->q->type.dims[0], keys = at->k->type.dims[2];
  const ir_dim *d = mask->type.dims;
  ir_value *seen;
  switch (mask->type.rank) {
  case 1:
    seen = seen_by_bounds(c, mask, batch, keys);
    break;
  case 2:
    if (ir_dim_is(d[1], 1) && !ir_dim_is(keys, 1)) return NULL;
    seen = is_set(c, ir_reshape(c->b, mask, (ir_dim[]){d[0], one, one, d[1]}, 4));
    break;
  case 3:
    seen = is_set(c, ir_reshape(c->b, mask, (ir_dim[]){d[0], one, d[1], d[2]}, 4));
    break;
  case 4:
    seen = seen_by_position(c, mask, at, past);
    break;
  default:
    return onnx_fail(c, "its mask must have rank 1 to 4, not %d", mask->type.rank);
  }
  return filter(c, seen, at->q->type.dtype);
}

ir_value *onnx_add_bias(onnx_context *c, ir_value *x, ir_value *y) {
  if (!x || !y) return x ? x : y;
  return ir_binary(c->b, IR_ADD, x, y);
}
