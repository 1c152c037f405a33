/* import_contrib_activation.c: com.microsoft's activations, with the bias they take along (ONNX Runtime
 * docs/ContribOperators.md). */
#include "onnx/import.h"

/* Gelu; BiasGelu, FastGelu: of x + bias */
static ir_value *import_gelu(onnx_context *c) {
  ir_value *x = c->in[0];
  if (c->in[1]) x = ir_binary(c->b, IR_ADD, x, c->in[1]);
  return ir_unary(c->b, c->row->op, x);
}

/* x * sigmoid(alpha * x) */
static ir_value *import_quick_gelu(onnx_context *c) {
  ir_value *x = c->in[0];
  ir_value *scaled = ir_binary(c->b, IR_MUL, x, onnx_number_like(c, x, onnx_attr_float(c, "alpha", 1.702)));
  return ir_binary(c->b, IR_MUL, x, ir_unary(c->b, IR_SIGMOID, scaled));
}

/* x + bias is [B, S, 2 F]: left half * gelu(right half) */
static ir_value *import_bias_split_gelu(onnx_context *c) {
  ir_value *x = ir_binary(c->b, IR_ADD, c->in[0], c->in[1]);
  if (onnx_failed(c) || x->type.rank < 1)
    return onnx_failed(c) ? x : onnx_fail(c, "needs an input with axes");
  int axis = x->type.rank - 1;
  ir_dim half = ir_dim_div(c->m, x->type.dims[axis], onnx_dim(c, 2));
  ir_value *left = ir_slice_axis(c->b, x, axis, onnx_dim(c, 0), half);
  ir_value *right = ir_slice_axis(c->b, x, axis, half, half);
  return ir_binary(c->b, IR_MUL, left, ir_unary(c->b, IR_GELU, right));
}

/* x + bias + skip */
static ir_value *import_bias_add(onnx_context *c) {
  return ir_binary(c->b, IR_ADD, ir_binary(c->b, IR_ADD, c->in[0], c->in[1]), c->in[2]);
}

static const onnx_op_row rows[] = {
    {ONNX_MICROSOFT, "Gelu", 1, 0, 1, 1, import_gelu, IR_GELU},
    {ONNX_MICROSOFT, "BiasGelu", 1, 0, 2, 2, import_gelu, IR_GELU},
    {ONNX_MICROSOFT, "FastGelu", 1, 0, 1, 2, import_gelu, IR_GELU_TANH},
    {ONNX_MICROSOFT, "QuickGelu", 1, 0, 1, 1, import_quick_gelu, IR_MUL},
    {ONNX_MICROSOFT, "BiasSplitGelu", 1, 0, 2, 2, import_bias_split_gelu, IR_GELU},
    {ONNX_MICROSOFT, "BiasAdd", 1, 0, 3, 3, import_bias_add, IR_ADD},
};
const onnx_op_table onnx_contrib_activation_ops = ONNX_OP_TABLE(rows);
