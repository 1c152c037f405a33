/* import_contrib_integer.c: com.microsoft's products of 8-bit integers that give floats (ONNX Runtime
 * docs/ContribOperators.md). */
#include "onnx/contrib_attention.h"
#include "onnx/quantisation.h"

/* a - a_zero, one zero point, times b - b_zero, one or one per column; both have a rank. */
static ir_value *integer_product(onnx_context *c, ir_value *a, ir_value *a_zero, ir_value *b,
                                 ir_value *b_zero) {
  if (onnx_failed(c)) return a;
  if (a->type.rank < 1 || b->type.rank < 2) return onnx_fail(c, "its operands must be matrices");
  if (a_zero && a_zero->type.rank == 1) a_zero = ir_reshape(c->b, a_zero, NULL, 0);
  return ir_matmul(c->b, onnx_centre(c, a, a_zero, 0), onnx_centre(c, b, b_zero, b->type.rank - 1));
}

/* product * (a_scale * b_scale) + bias, in floats; b_scale one or one per column */
static ir_value *to_floats(onnx_context *c, ir_value *product, ir_value *a_scale, ir_value *b_scale,
                           ir_value *bias) {
  if (onnx_failed(c)) return product;
  int rank = product->type.rank;
  if (a_scale->type.rank == 1) a_scale = ir_reshape(c->b, a_scale, NULL, 0);
  ir_value *scale = ir_binary(c->b, IR_MUL, a_scale, onnx_scale_along(c, b_scale, rank - 1, rank));
  ir_value *y = ir_binary(c->b, IR_MUL, ir_cast(c->b, product, b_scale->type.dtype), scale);
  return bias ? ir_binary(c->b, IR_ADD, y, bias) : y;
}

/* Inputs: a, b, a_scale, b_scale, a_zero_point, b_zero_point, bias */
static ir_value *import_matmul_to_float(onnx_context *c) {
  ir_value *product = integer_product(c, c->in[0], c->in[4], c->in[1], c->in[5]);
  return to_floats(c, product, c->in[2], c->in[3], c->in[6]);
}

/* Inputs: a in floats, b, b_scale, b_zero_point, bias */
static ir_value *import_dynamic_matmul(onnx_context *c) {
  ir_value *a_scale, *a_zero, *a = onnx_quantise_range(c, c->in[0], &a_scale, &a_zero);
  return to_floats(c, integer_product(c, a, a_zero, c->in[1], c->in[3]), a_scale, c->in[2], c->in[4]);
}

/* Inputs: x, weights, bias, x_scale, weight_scale, mask, x_zero_point, weight_zero_point, past */
static ir_value *import_qattention(onnx_context *c) {
  if (!onnx_need(c, 0, 3, "input") || !onnx_need(c, 1, 2, "weights")) return c->in[0];
  ir_value *product = integer_product(c, c->in[0], c->in[6], c->in[1], c->in[7]);
  ir_value *qkv = to_floats(c, product, c->in[3], c->in[4], c->in[2]);
  return onnx_attend_projected(c, qkv, c->in[5], c->in[8], NULL);
}

static const onnx_op_row rows[] = {
    {ONNX_MICROSOFT, "MatMulIntegerToFloat", 1, 0, 4, 7, import_matmul_to_float, IR_MATMUL},
    {ONNX_MICROSOFT, "DynamicQuantizeMatMul", 1, 0, 3, 5, import_dynamic_matmul, IR_MATMUL},
    {ONNX_MICROSOFT, "QAttention", 1, 0, 5, 9, import_qattention, IR_ATTENTION},
};
const onnx_op_table onnx_contrib_integer_ops = ONNX_OP_TABLE(rows);
