/* import_quantisation.c: linear quantisation as arithmetic; the quantisation pass finds its own forms in it.
 */
#include "onnx/convolution.h"
#include "onnx/encoding.h"
#include "onnx/quantisation.h"

/* ---- scales and zero points made to fit ---- */

ir_value *onnx_spread_blocks(onnx_context *c, ir_value *v, int axis, int64_t block, ir_dim size) {
  int rank = v->type.rank;
  if (onnx_failed(c)) return v;
  ir_dim before = onnx_dim_product(c, v->type.dims, 0, axis),
         after = onnx_dim_product(c, v->type.dims, axis + 1, rank);
  ir_dim apart[4] = {before, v->type.dims[axis], onnx_dim(c, 1), after}, dims[IR_MAX_RANK];
  ir_value *spread = ir_reshape(c->b, v, apart, 4);
  apart[2] = onnx_dim(c, block);
  spread = ir_expand(c->b, spread, apart, 4);
  for (int i = 0; i < rank; i++) dims[i] = v->type.dims[i];
  dims[axis] = ir_dim_mul(c->m, dims[axis], apart[2]);
  spread = ir_reshape(c->b, spread, dims, rank);
  return onnx_failed(c) ? v : ir_slice_axis(c->b, spread, axis, onnx_dim(c, 0), size);
}

/* A scale or zero point: a scalar, a vector along `axis`, or blocks along it, made to broadcast over x. */
static ir_value *along_axis(onnx_context *c, ir_value *v) {
  const ir_type *x = &c->in[0]->type;
  int64_t block = onnx_attr_int(c, "block_size", 0);
  if (v->type.rank == 0) return v;
  if (v->type.rank == 1 && ir_dim_is(v->type.dims[0], 1)) return ir_reshape(c->b, v, NULL, 0);
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", 1), x->rank);
  if (onnx_failed(c)) return v;
  if (block > 0 && v->type.rank != x->rank)
    return onnx_fail(c, "its scales in blocks differ from its input in rank");
  if (block > 0 && block <= INT32_MAX) return onnx_spread_blocks(c, v, axis, block, x->dims[axis]);
  if (v->type.rank > 1)
    return onnx_fail(c, "its scales have rank %d, but there is no block_size", v->type.rank);
  ir_dim dims[IR_MAX_RANK];
  for (int i = 0; i < x->rank; i++) dims[i] = onnx_dim(c, 1);
  dims[axis] = v->type.dims[0];
  return ir_reshape(c->b, v, dims, x->rank);
}

/* ---- linear quantisation ---- */

/* (x - zero_point) * scale */
static ir_value *import_dequantize(onnx_context *c) {
  ir_dtype dtype = c->in[1]->type.dtype, result = dtype;
  int64_t output = onnx_attr_int(c, "output_dtype", 0);
  if (output && (output < 0 || output > 255 || !onnx_dtype((int32_t)output, &result))) {
    return onnx_fail(c, "its output_dtype %lld is not supported", (long long)output);
  }
  ir_value *scale = along_axis(c, c->in[1]), *x;
  if (c->in[2] && c->in[0]->type.dtype == SMELT_I32) { /* differences of large integers stay exact */
    ir_value *zero = ir_cast(c->b, along_axis(c, c->in[2]), SMELT_I32);
    x = ir_cast(c->b, ir_binary(c->b, IR_SUB, c->in[0], zero), dtype);
  } else {
    x = onnx_decode(c, c->in[0], dtype);
    if (c->in[2]) x = ir_binary(c->b, IR_SUB, x, along_axis(c, onnx_decode(c, c->in[2], dtype)));
  }
  return ir_cast(c->b, ir_binary(c->b, IR_MUL, x, scale), result);
}

/* Lowest and highest value of the integer dtypes that quantisation makes. */
static bool integer_range(ir_dtype dtype, double *low, double *high) {
  static const struct {
    ir_dtype dtype;
    double low, high;
  } ranges[] = {{SMELT_U8, 0, 255}, {SMELT_I8, -128, 127}, {SMELT_U16, 0, 65535}, {SMELT_I16, -32768, 32767}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    if (ranges[i].dtype != dtype) continue;
    *low = ranges[i].low;
    *high = ranges[i].high;
    return true;
  }
  return false;
}

/* round(x / scale) + zero_point, saturated; all of x's dtype */
static ir_value *quantise(onnx_context *c, ir_value *x, ir_value *scale, ir_value *zero_point,
                          ir_dtype dtype) {
  double low, high;
  if (!integer_range(dtype, &low, &high)) return onnx_fail(c, "cannot quantise to %s", ir_dtype_name(dtype));
  ir_value *lowest = onnx_number_like(c, x, low), *highest = onnx_number_like(c, x, high);
  x = ir_unary(c->b, IR_ROUND, ir_binary(c->b, IR_DIV, x, scale));
  if (zero_point) x = ir_binary(c->b, IR_ADD, x, zero_point);
  return ir_cast(c->b, ir_binary(c->b, IR_MIN, ir_binary(c->b, IR_MAX, x, lowest), highest), dtype);
}

/* To an encoded element type: integers are rounded before the zero point is added, floats after. */
static ir_value *quantise_encoded(onnx_context *c, ir_value *x, ir_value *scale, ir_value *zero_point,
                                  const onnx_encoding *encoding) {
  onnx_encode_how how = {.saturate = true, .exponent = "up"};
  x = ir_binary(c->b, IR_DIV, x, scale);
  if (encoding->kind == ENCODED_INTEGER) {
    x = ir_unary(c->b, IR_ROUND, x);
  } else {
    how.saturate = onnx_attr_int(c, "saturate", 1) != 0;
  }
  if (zero_point) x = ir_binary(c->b, IR_ADD, x, zero_point);
  return onnx_encode(c, x, encoding, &how);
}

/* The zero point's element type is the result's; without one the attribute output_dtype says it, else it is
 * u8. */
static ir_value *import_quantize(onnx_context *c) {
  int64_t output = onnx_attr_int(c, "output_dtype", 0), precision = onnx_attr_int(c, "precision", 0);
  ir_dtype dtype = c->in[2] ? c->in[2]->type.dtype : SMELT_U8, working = c->in[0]->type.dtype;
  const onnx_encoding *encoding = c->in[2] ? onnx_noted(c->model, c->in[2]) : onnx_encoding_of(output);
  if (!c->in[2] && output && (output > 255 || output < 0 || !onnx_storage_dtype((int32_t)output, &dtype))) {
    return onnx_fail(c, "its output_dtype %lld is not supported", (long long)output);
  }
  if (precision && (precision > 255 || precision < 0 || !onnx_dtype((int32_t)precision, &working))) {
    return onnx_fail(c, "its precision %lld is not supported", (long long)precision);
  }
  if (!onnx_is_float(c->in[0])) {
    if (!onnx_is_float(c->in[1])) return onnx_fail(c, "its scale must be a float");
    if (!precision) working = c->in[1]->type.dtype;
  }
  ir_value *x = ir_cast(c->b, c->in[0], working), *scale = ir_cast(c->b, along_axis(c, c->in[1]), working);
  ir_value *zero_point = c->in[2] ? along_axis(c, onnx_decode(c, c->in[2], working)) : NULL;
  return encoding ? quantise_encoded(c, x, scale, zero_point, encoding)
                  : quantise(c, x, scale, zero_point, dtype);
}

ir_value *onnx_quantise_range(onnx_context *c, ir_value *x, ir_value **scale, ir_value **zero_point) {
  ir_value *zero = onnx_number_like(c, x, 0), *top = onnx_number_like(c, x, 255);
  uint32_t axes = (1u << x->type.rank) - 1;
  ir_value *largest = ir_reshape(c->b, ir_reduce(c->b, IR_REDUCE_MAX, x, axes), NULL, 0);
  ir_value *smallest = ir_reshape(c->b, ir_reduce(c->b, IR_REDUCE_MIN, x, axes), NULL, 0);
  largest = ir_binary(c->b, IR_MAX, largest, zero);
  smallest = ir_binary(c->b, IR_MIN, smallest, zero);
  *scale = ir_binary(c->b, IR_DIV, ir_binary(c->b, IR_SUB, largest, smallest), top);
  ir_value *point = ir_unary(c->b, IR_NEG, ir_binary(c->b, IR_DIV, smallest, *scale));
  point = ir_unary(c->b, IR_ROUND, ir_binary(c->b, IR_MIN, ir_binary(c->b, IR_MAX, point, zero), top));
  *zero_point = ir_cast(c->b, point, SMELT_U8);
  return quantise(c, x, *scale, point, SMELT_U8);
}

static ir_value *import_dynamic_quantize(onnx_context *c) {
  return onnx_quantise_range(c, c->in[0], &c->out[1], &c->out[2]);
}

/* ---- products of quantised numbers ---- */

ir_value *onnx_centre(onnx_context *c, ir_value *x, ir_value *point, int axis) {
  int rank = x->type.rank;
  x = ir_cast(c->b, x, SMELT_I32);
  if (!point || onnx_failed(c)) return x;
  point = ir_cast(c->b, point, SMELT_I32);
  if (point->type.rank == 1 && rank > 1) {
    ir_dim dims[IR_MAX_RANK];
    for (int i = 0; i < rank; i++) dims[i] = i == axis ? point->type.dims[0] : onnx_dim(c, 1);
    point = ir_reshape(c->b, point, dims, rank);
  }
  return ir_binary(c->b, IR_SUB, x, point);
}

static ir_value *centred(onnx_context *c, int index, int zero, int axis) {
  return onnx_centre(c, c->in[index], c->in[zero], axis);
}

/* (a - a_zero) x (b - b_zero) in i32; a_zero per row, b_zero per column */
static ir_value *import_matmul_integer(onnx_context *c) {
  return ir_matmul(c->b, centred(c, 0, 2, c->in[0]->type.rank - 2),
                   centred(c, 1, 3, c->in[1]->type.rank - 1));
}

/* An i32 sum of products times scale, back to the zero point's dtype; in floats, as ONNX Runtime does. */
static ir_value *requantise(onnx_context *c, ir_value *sum, ir_value *scale, ir_value *result_scale,
                            ir_value *zero_point) {
  ir_value *x = ir_cast(c->b, sum, SMELT_F32);
  ir_value *ratio = ir_binary(c->b, IR_MUL, x, ir_cast(c->b, scale, SMELT_F32));
  if (onnx_is_float(zero_point)) return onnx_fail(c, "its zero point must be an integer");
  return quantise(c, ratio, ir_cast(c->b, result_scale, SMELT_F32), ir_cast(c->b, zero_point, SMELT_F32),
                  zero_point->type.dtype);
}

ir_value *onnx_scale_along(onnx_context *c, ir_value *scale, int axis, int rank) {
  ir_dim dims[IR_MAX_RANK];
  if (scale->type.rank != 1 || ir_dim_is(scale->type.dims[0], 1)) {
    return scale->type.rank == 1 ? ir_reshape(c->b, scale, NULL, 0) : scale;
  }
  for (int i = 0; i < rank; i++) dims[i] = i == axis ? scale->type.dims[0] : onnx_dim(c, 1);
  return ir_reshape(c->b, scale, dims, rank);
}

/* a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero */
static ir_value *import_qlinear_matmul(onnx_context *c) {
  int a_rank = c->in[0]->type.rank, b_rank = c->in[3]->type.rank;
  ir_value *sum = ir_matmul(c->b, centred(c, 0, 2, a_rank - 2), centred(c, 3, 5, b_rank - 1));
  if (onnx_failed(c)) return sum;
  ir_value *a_scale = onnx_scale_along(c, c->in[1], a_rank - 2, a_rank);
  ir_value *scale = ir_binary(c->b, IR_MUL, a_scale, onnx_scale_along(c, c->in[4], b_rank - 1, b_rank));
  return requantise(c, sum, scale, onnx_scale_along(c, c->in[6], a_rank - 2, a_rank),
                    onnx_scale_along(c, c->in[7], a_rank - 2, a_rank));
}

/* ---- convolutions of quantised numbers: padding counts as zero points ---- */

static ir_value *convolve_integers(onnx_context *c, ir_value *x, ir_value *weight, ir_value *bias) {
  onnx_window w;
  if (onnx_failed(c) || !onnx_read_window(c, &x->type, &weight->type, &w)) return x;
  int64_t groups = onnx_read_groups(c, &x->type, &weight->type);
  return groups ? onnx_convolve(c, x, weight, bias, &w, groups) : x;
}

static ir_value *import_conv_integer(onnx_context *c) {
  return convolve_integers(c, centred(c, 0, 2, 1), centred(c, 1, 3, 0), NULL);
}

/* x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias (i32, of scale x_scale * w_scale) */
static ir_value *import_qlinear_conv(onnx_context *c) {
  int rank = c->in[0]->type.rank;
  ir_value *sum = convolve_integers(c, centred(c, 0, 2, 1), centred(c, 3, 5, 0), c->in[8]);
  ir_value *scale =
      ir_binary(c->b, IR_MUL, onnx_scale_along(c, c->in[1], 1, rank), onnx_scale_along(c, c->in[4], 1, rank));
  return requantise(c, sum, scale, onnx_scale_along(c, c->in[6], 1, rank),
                    onnx_scale_along(c, c->in[7], 1, rank));
}

static const onnx_op_row rows[] = {
    {"", "DequantizeLinear", 10, 0, 2, 3, import_dequantize, IR_MUL},
    {"", "QuantizeLinear", 10, 0, 2, 3, import_quantize, IR_CAST},
    {"", "DynamicQuantizeLinear", 11, 0, 1, 1, import_dynamic_quantize, IR_CAST},
    {"", "MatMulInteger", 10, 0, 2, 4, import_matmul_integer, IR_MATMUL},
    {"", "QLinearMatMul", 10, 0, 8, 8, import_qlinear_matmul, IR_MATMUL},
    {"", "ConvInteger", 10, 0, 2, 4, import_conv_integer, IR_MATMUL},
    {"", "QLinearConv", 10, 0, 8, 9, import_qlinear_conv, IR_MATMUL},
};
const onnx_op_table onnx_quantisation_ops = ONNX_OP_TABLE(rows);
