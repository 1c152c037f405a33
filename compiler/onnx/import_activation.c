/* import_activation.c: activation functions; formulas as in the operators' specification. */
#include "onnx/import.h"

#include <string.h>

static ir_value *number(onnx_context *c, double value) {
  return onnx_number_like(c, c->in[0], value);
}
static ir_value *add(onnx_context *c, ir_value *x, ir_value *y) {
  return ir_binary(c->b, IR_ADD, x, y);
}
static ir_value *mul(onnx_context *c, ir_value *x, ir_value *y) {
  return ir_binary(c->b, IR_MUL, x, y);
}

static ir_value *import_unary(onnx_context *c) {
  return ir_unary(c->b, c->row->op, c->in[0]);
}

/* y where x < 0, else x */
static ir_value *below_zero(onnx_context *c, ir_value *y) {
  return ir_select(c->b, ir_binary(c->b, IR_LT, c->in[0], number(c, 0)), y, c->in[0]);
}

/* e^x - 1 */
static ir_value *exp_minus_one(onnx_context *c, ir_value *x) {
  return ir_binary(c->b, IR_SUB, ir_unary(c->b, IR_EXP, x), number(c, 1));
}

static ir_value *import_leaky_relu(onnx_context *c) {
  return below_zero(c, mul(c, c->in[0], number(c, onnx_attr_float(c, "alpha", 0.01))));
}

static ir_value *import_prelu(onnx_context *c) {
  return below_zero(c, mul(c, c->in[0], c->in[1]));
}

static ir_value *import_elu(onnx_context *c) {
  return below_zero(c, mul(c, exp_minus_one(c, c->in[0]), number(c, onnx_attr_float(c, "alpha", 1))));
}

static ir_value *import_selu(onnx_context *c) {
  double alpha = onnx_attr_float(c, "alpha", 1.67326319217681884765625);
  double gamma = onnx_attr_float(c, "gamma", 1.05070102214813232421875);
  return mul(c, below_zero(c, mul(c, exp_minus_one(c, c->in[0]), number(c, alpha))), number(c, gamma));
}

static ir_value *import_celu(onnx_context *c) {
  double alpha = onnx_attr_float(c, "alpha", 1);
  ir_value *scaled = ir_binary(c->b, IR_DIV, c->in[0], number(c, alpha));
  return below_zero(c, mul(c, exp_minus_one(c, scaled), number(c, alpha)));
}

static ir_value *import_gelu(onnx_context *c) {
  const char *approximate = onnx_attr_text(c, "approximate", "none");
  return ir_unary(c->b, strcmp(approximate, "tanh") == 0 ? IR_GELU_TANH : IR_GELU, c->in[0]);
}

/* max(0, min(1, slope * x + shift)) */
static ir_value *hard_sigmoid(onnx_context *c, double slope, double shift) {
  ir_value *line = add(c, mul(c, c->in[0], number(c, slope)), number(c, shift));
  return ir_binary(c->b, IR_MAX, ir_binary(c->b, IR_MIN, line, number(c, 1)), number(c, 0));
}

static ir_value *import_hard_sigmoid(onnx_context *c) {
  return hard_sigmoid(c, onnx_attr_float(c, "alpha", 0.2), onnx_attr_float(c, "beta", 0.5));
}

static ir_value *import_hard_swish(onnx_context *c) {
  return mul(c, c->in[0], hard_sigmoid(c, 1.0 / 6, 0.5));
}

/* ln(1 + e^x), as max(x, 0) + ln(1 + e^-|x|) so that it does not overflow */
static ir_value *softplus(onnx_context *c) {
  ir_value *decay = ir_unary(c->b, IR_EXP, ir_unary(c->b, IR_NEG, ir_unary(c->b, IR_ABS, c->in[0])));
  return add(c, ir_unary(c->b, IR_RELU, c->in[0]), ir_unary(c->b, IR_LOG, add(c, decay, number(c, 1))));
}

static ir_value *import_mish(onnx_context *c) {
  return mul(c, c->in[0], ir_unary(c->b, IR_TANH, softplus(c)));
}

static ir_value *import_softsign(onnx_context *c) {
  return ir_binary(c->b, IR_DIV, c->in[0], add(c, ir_unary(c->b, IR_ABS, c->in[0]), number(c, 1)));
}

/* x * sigmoid(alpha * x) */
static ir_value *import_swish(onnx_context *c) {
  double alpha = onnx_attr_float(c, "alpha", 1);
  if (alpha == 1) return ir_unary(c->b, IR_SILU, c->in[0]);
  return mul(c, c->in[0], ir_unary(c->b, IR_SIGMOID, mul(c, c->in[0], number(c, alpha))));
}

static ir_value *import_thresholded_relu(onnx_context *c) {
  ir_value *above = ir_binary(c->b, IR_GT, c->in[0], number(c, onnx_attr_float(c, "alpha", 1)));
  return ir_select(c->b, above, c->in[0], number(c, 0));
}

/* x + bias below -lambd, x - bias above lambd, 0 between */
static ir_value *import_shrink(onnx_context *c) {
  ir_value *bias = number(c, onnx_attr_float(c, "bias", 0));
  double lambd = onnx_attr_float(c, "lambd", 0.5);
  ir_value *x = c->in[0];
  ir_value *above = ir_select(c->b, ir_binary(c->b, IR_GT, x, number(c, lambd)),
                              ir_binary(c->b, IR_SUB, x, bias), number(c, 0));
  return ir_select(c->b, ir_binary(c->b, IR_LT, x, number(c, -lambd)), add(c, x, bias), above);
}

static const onnx_op_row rows[] = {
    {"", "Relu", 6, 0, 1, 1, import_unary, IR_RELU},
    {"", "Sigmoid", 6, 0, 1, 1, import_unary, IR_SIGMOID},
    {"", "Tanh", 6, 0, 1, 1, import_unary, IR_TANH},
    {"", "Gelu", 20, 0, 1, 1, import_gelu, IR_GELU},
    {"", "LeakyRelu", 6, 0, 1, 1, import_leaky_relu, IR_IDENTITY},
    {"", "PRelu", 7, 0, 2, 2, import_prelu, IR_IDENTITY},
    {"", "Elu", 6, 0, 1, 1, import_elu, IR_IDENTITY},
    {"", "Selu", 6, 0, 1, 1, import_selu, IR_IDENTITY},
    {"", "Celu", 12, 0, 1, 1, import_celu, IR_IDENTITY},
    {"", "HardSigmoid", 6, 0, 1, 1, import_hard_sigmoid, IR_IDENTITY},
    {"", "HardSwish", 14, 0, 1, 1, import_hard_swish, IR_IDENTITY},
    {"", "Softplus", 1, 0, 1, 1, softplus, IR_IDENTITY},
    {"", "Mish", 18, 0, 1, 1, import_mish, IR_IDENTITY},
    {"", "Softsign", 1, 0, 1, 1, import_softsign, IR_IDENTITY},
    {"", "Swish", 24, 0, 1, 1, import_swish, IR_SILU},
    {"", "ThresholdedRelu", 10, 0, 1, 1, import_thresholded_relu, IR_IDENTITY},
    {"", "Shrink", 9, 0, 1, 1, import_shrink, IR_IDENTITY},
};
const onnx_op_table onnx_activation_ops = ONNX_OP_TABLE(rows);
