/* import_quantisation.c: linear quantisation as arithmetic; the quantisation pass finds its own forms in it.
 */
#include "onnx/import.h"

/* A scale or zero point: a scalar, or a vector along `axis` made to broadcast over x. */
static ir_value *along_axis(onnx_context *c, ir_value *v, int64_t axis) {
  const ir_type *x = &c->in[0]->type;
  if (v->type.rank == 0) return v;
  if (v->type.rank > 1) return onnx_fail(c, "quantisation in blocks is not supported");
  if (ir_dim_is(v->type.dims[0], 1)) return ir_reshape(c->b, v, NULL, 0);
  int along = onnx_axis(c, axis, x->rank);
  if (onnx_failed(c)) return v;
  ir_dim dims[IR_MAX_RANK];
  for (int i = 0; i < x->rank; i++) dims[i] = onnx_dim(c, 1);
  dims[along] = v->type.dims[0];
  return ir_reshape(c->b, v, dims, x->rank);
}

/* (x - zero_point) * scale */
static ir_value *import_dequantize(onnx_context *c) {
  int64_t axis = onnx_attr_int(c, "axis", 1);
  ir_dtype dtype = c->in[1]->type.dtype;
  ir_value *scale = along_axis(c, c->in[1], axis), *x = ir_cast(c->b, c->in[0], dtype);
  if (c->in[2]) x = ir_binary(c->b, IR_SUB, x, ir_cast(c->b, along_axis(c, c->in[2], axis), dtype));
  return ir_binary(c->b, IR_MUL, x, scale);
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

/* round(x / scale) + zero_point, saturated; zero_point in floats */
static ir_value *quantise(onnx_context *c, ir_value *x, ir_value *scale, ir_value *zero_point,
                          ir_dtype dtype) {
  double low, high;
  if (!integer_range(dtype, &low, &high)) return onnx_fail(c, "cannot quantise to %s", ir_dtype_name(dtype));
  x = ir_unary(c->b, IR_ROUND, ir_binary(c->b, IR_DIV, x, scale));
  if (zero_point) x = ir_binary(c->b, IR_ADD, x, zero_point);
  x = ir_binary(c->b, IR_MAX, x, onnx_number_like(c, c->in[0], low));
  return ir_cast(c->b, ir_binary(c->b, IR_MIN, x, onnx_number_like(c, c->in[0], high)), dtype);
}

static ir_value *import_quantize(onnx_context *c) {
  int64_t axis = onnx_attr_int(c, "axis", 1), output = onnx_attr_int(c, "output_dtype", 0);
  ir_dtype dtype = c->in[2] ? c->in[2]->type.dtype : SMELT_U8, working = c->in[0]->type.dtype;
  if (!c->in[2] && output && (output > 255 || output < 0 || !onnx_dtype((int32_t)output, &dtype))) {
    return onnx_fail(c, "its output_dtype %lld is not supported", (long long)output);
  }
  if (!onnx_is_float(c->in[0])) return onnx_fail(c, "only floats are quantised");
  ir_value *scale = ir_cast(c->b, along_axis(c, c->in[1], axis), working);
  ir_value *zero_point = c->in[2] ? ir_cast(c->b, along_axis(c, c->in[2], axis), working) : NULL;
  return quantise(c, c->in[0], scale, zero_point, dtype);
}

/* To u8 over the range of x with 0 in it: scale = (max - min) / 255, zero_point = round(-min / scale). */
static ir_value *import_dynamic_quantize(onnx_context *c) {
  ir_value *x = c->in[0], *zero = onnx_number_like(c, x, 0), *top = onnx_number_like(c, x, 255);
  uint32_t axes = (1u << x->type.rank) - 1;
  ir_value *largest = ir_reshape(c->b, ir_reduce(c->b, IR_REDUCE_MAX, x, axes), NULL, 0);
  ir_value *smallest = ir_reshape(c->b, ir_reduce(c->b, IR_REDUCE_MIN, x, axes), NULL, 0);
  largest = ir_binary(c->b, IR_MAX, largest, zero);
  smallest = ir_binary(c->b, IR_MIN, smallest, zero);
  ir_value *scale = ir_binary(c->b, IR_DIV, ir_binary(c->b, IR_SUB, largest, smallest), top);
  ir_value *zero_point = ir_unary(c->b, IR_NEG, ir_binary(c->b, IR_DIV, smallest, scale));
  zero_point = ir_binary(c->b, IR_MIN, ir_binary(c->b, IR_MAX, zero_point, zero), top);
  zero_point = ir_unary(c->b, IR_ROUND, zero_point);
  c->out[1] = scale;
  c->out[2] = ir_cast(c->b, zero_point, SMELT_U8);
  return quantise(c, x, scale, zero_point, SMELT_U8);
}

/* (a - a_zero) x (b - b_zero) in i32; a_zero per row, b_zero per column */
static ir_value *import_matmul_integer(onnx_context *c) {
  ir_value *x = ir_cast(c->b, c->in[0], SMELT_I32), *y = ir_cast(c->b, c->in[1], SMELT_I32);
  if (c->in[2]) {
    ir_value *zero = ir_cast(c->b, c->in[2], SMELT_I32);
    ir_dim column[2] = {zero->type.rank ? zero->type.dims[0] : NULL, onnx_dim(c, 1)};
    if (zero->type.rank == 1) zero = ir_reshape(c->b, zero, column, 2);
    x = ir_binary(c->b, IR_SUB, x, zero);
  }
  if (c->in[3]) y = ir_binary(c->b, IR_SUB, y, ir_cast(c->b, c->in[3], SMELT_I32));
  return ir_matmul(c->b, x, y);
}

static const onnx_op_row rows[] = {
    {"", "DequantizeLinear", 10, 0, 2, 3, import_dequantize, IR_MUL},
    {"", "QuantizeLinear", 10, 0, 2, 3, import_quantize, IR_CAST},
    {"", "DynamicQuantizeLinear", 11, 0, 1, 1, import_dynamic_quantize, IR_CAST},
    {"", "MatMulInteger", 10, 0, 2, 4, import_matmul_integer, IR_MATMUL},
};
const onnx_op_table onnx_quantisation_ops = ONNX_OP_TABLE(rows);
