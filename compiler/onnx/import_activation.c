/* import_activation.c: activation functions; formulas as in the operators' specification. */
#include "onnx/activation.h"

#include <string.h>
#include <strings.h>

/* y where x < 0, else x */
static ir_value *below_zero(onnx_context *c, ir_value *x, ir_value *y) {
  return ir_select(c->b, ir_binary(c->b, IR_LT, x, onnx_number_like(c, x, 0)), y, x);
}

/* e^x - 1 */
static ir_value *exp_minus_one(onnx_context *c, ir_value *x) {
  return ir_binary(c->b, IR_SUB, ir_unary(c->b, IR_EXP, x), onnx_number_like(c, x, 1));
}

/* ---- formulas of x, alpha and beta ---- */

#define FORMULA(name)                                                                                        \
  static ir_value *name(onnx_context *c, ir_value *x, __attribute__((unused)) double alpha,                  \
                        __attribute__((unused)) double beta)

FORMULA(relu) {
  return ir_unary(c->b, IR_RELU, x);
}
FORMULA(sigmoid) {
  return ir_unary(c->b, IR_SIGMOID, x);
}
FORMULA(hyperbolic_tangent) {
  return ir_unary(c->b, IR_TANH, x);
}

FORMULA(affine) {
  return onnx_add(c, onnx_mul(c, x, onnx_number_like(c, x, alpha)), onnx_number_like(c, x, beta));
}

FORMULA(scaled_tanh) {
  return onnx_mul(c, ir_unary(c->b, IR_TANH, onnx_mul(c, x, onnx_number_like(c, x, beta))),
                  onnx_number_like(c, x, alpha));
}

FORMULA(leaky_relu) {
  return below_zero(c, x, onnx_mul(c, x, onnx_number_like(c, x, alpha)));
}

FORMULA(elu) {
  return below_zero(c, x, onnx_mul(c, exp_minus_one(c, x), onnx_number_like(c, x, alpha)));
}

FORMULA(celu) {
  ir_value *scaled = ir_binary(c->b, IR_DIV, x, onnx_number_like(c, x, alpha));
  return below_zero(c, x, onnx_mul(c, exp_minus_one(c, scaled), onnx_number_like(c, x, alpha)));
}

/* max(0, min(1, alpha * x + beta)) */
FORMULA(hard_sigmoid) {
  ir_value *line = ir_binary(c->b, IR_MIN, affine(c, x, alpha, beta), onnx_number_like(c, x, 1));
  return ir_binary(c->b, IR_MAX, line, onnx_number_like(c, x, 0));
}

FORMULA(hard_swish) {
  return onnx_mul(c, x, hard_sigmoid(c, x, 1.0 / 6, 0.5));
}

/* ln(1 + e^x), as max(x, 0) + ln(1 + e^-|x|) so that it does not overflow */
FORMULA(softplus) {
  ir_value *decay = ir_unary(c->b, IR_EXP, ir_unary(c->b, IR_NEG, ir_unary(c->b, IR_ABS, x)));
  return onnx_add(c, ir_unary(c->b, IR_RELU, x),
                  ir_unary(c->b, IR_LOG, onnx_add(c, decay, onnx_number_like(c, x, 1))));
}

FORMULA(mish) {
  return onnx_mul(c, x, ir_unary(c->b, IR_TANH, softplus(c, x, 0, 0)));
}

FORMULA(softsign) {
  return ir_binary(c->b, IR_DIV, x, onnx_add(c, ir_unary(c->b, IR_ABS, x), onnx_number_like(c, x, 1)));
}

/* x * sigmoid(alpha * x) */
FORMULA(swish) {
  if (alpha == 1) return ir_unary(c->b, IR_SILU, x);
  return onnx_mul(c, x, ir_unary(c->b, IR_SIGMOID, onnx_mul(c, x, onnx_number_like(c, x, alpha))));
}

FORMULA(thresholded_relu) {
  return ir_select(c->b, ir_binary(c->b, IR_GT, x, onnx_number_like(c, x, alpha)), x,
                   onnx_number_like(c, x, 0));
}

static const onnx_activation activations[] = {
    {"Relu", relu, 0, 0, 0},
    {"Sigmoid", sigmoid, 0, 0, 0},
    {"Tanh", hyperbolic_tangent, 0, 0, 0},
    {"Affine", affine, 2, 1, 0},
    {"ScaledTanh", scaled_tanh, 2, 1, 1},
    {"LeakyRelu", leaky_relu, 1, 0.01, 0},
    {"Elu", elu, 1, 1, 0},
    {"Celu", celu, 1, 1, 0},
    {"HardSigmoid", hard_sigmoid, 2, 0.2, 0.5},
    {"HardSwish", hard_swish, 0, 0, 0},
    {"Softplus", softplus, 0, 0, 0},
    {"Mish", mish, 0, 0, 0},
    {"Softsign", softsign, 0, 0, 0},
    {"Swish", swish, 1, 1, 0},
    {"ThresholdedRelu", thresholded_relu, 1, 1, 0},
};

const onnx_activation *onnx_find_activation(const char *name) {
  for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
    if (strcasecmp(activations[i].name, name) == 0) return &activations[i];
  }
  return NULL;
}

/* ---- operators ---- */

static ir_value *import_activation(onnx_context *c) {
  const onnx_activation *f = onnx_find_activation(c->row->op_type);
  double alpha = f->parameters > 0 ? onnx_attr_float(c, "alpha", f->alpha) : 0;
  double beta = f->parameters > 1 ? onnx_attr_float(c, "beta", f->beta) : 0;
  return f->formula(c, c->in[0], alpha, beta);
}

static ir_value *import_swiglu(onnx_context *c) {
  return onnx_mul(c, swish(c, c->in[0], onnx_attr_float(c, "alpha", 1), 0), c->in[1]);
}

static ir_value *import_prelu(onnx_context *c) {
  return below_zero(c, c->in[0], onnx_mul(c, c->in[0], onnx_channel_operand(c)));
}

static ir_value *import_selu(onnx_context *c) {
  double alpha = onnx_attr_float(c, "alpha", c->opset < 6 ? 1.6732 : 1.67326319217681884765625);
  double gamma = onnx_attr_float(c, "gamma", c->opset < 6 ? 1.0507 : 1.05070102214813232421875);
  return onnx_mul(c, elu(c, c->in[0], alpha, 0), onnx_number_like(c, c->in[0], gamma));
}

static ir_value *import_gelu(onnx_context *c) {
  const char *approximate = onnx_attr_text(c, "approximate", "none");
  return ir_unary(c->b, strcmp(approximate, "tanh") == 0 ? IR_GELU_TANH : IR_GELU, c->in[0]);
}

/* x + bias below -lambd, x - bias above lambd, 0 between */
static ir_value *import_shrink(onnx_context *c) {
  ir_value *x = c->in[0], *bias = onnx_number_like(c, x, onnx_attr_float(c, "bias", 0));
  double lambd = onnx_attr_float(c, "lambd", 0.5);
  ir_value *above = ir_select(c->b, ir_binary(c->b, IR_GT, x, onnx_number_like(c, x, lambd)),
                              ir_binary(c->b, IR_SUB, x, bias), onnx_number_like(c, x, 0));
  return ir_select(c->b, ir_binary(c->b, IR_LT, x, onnx_number_like(c, x, -lambd)), onnx_add(c, x, bias),
                   above);
}

static const onnx_op_row rows[] = {
    {"", "Relu", 1, 0, 1, 1, import_activation, IR_RELU},
    {"", "Sigmoid", 1, 0, 1, 1, import_activation, IR_SIGMOID},
    {"", "Tanh", 1, 0, 1, 1, import_activation, IR_TANH},
    {"", "Gelu", 20, 0, 1, 1, import_gelu, IR_GELU},
    {"", "LeakyRelu", 1, 0, 1, 1, import_activation, IR_IDENTITY},
    {"", "PRelu", 1, 0, 2, 2, import_prelu, IR_IDENTITY},
    {"", "Elu", 1, 0, 1, 1, import_activation, IR_IDENTITY},
    {"", "Selu", 1, 0, 1, 1, import_selu, IR_IDENTITY},
    {"", "Celu", 12, 0, 1, 1, import_activation, IR_IDENTITY},
    {"", "HardSigmoid", 1, 0, 1, 1, import_activation, IR_IDENTITY},
    {"", "HardSwish", 14, 0, 1, 1, import_activation, IR_IDENTITY},
    {"", "Softplus", 1, 0, 1, 1, import_activation, IR_IDENTITY},
    {"", "Mish", 18, 0, 1, 1, import_activation, IR_IDENTITY},
    {"", "Softsign", 1, 0, 1, 1, import_activation, IR_IDENTITY},
    {"", "Swish", 24, 0, 1, 1, import_activation, IR_SILU},
    {"", "SwiGLU", 28, 0, 2, 2, import_swiglu, IR_SILU},
    {"", "ThresholdedRelu", 10, 0, 1, 1, import_activation, IR_IDENTITY},
    {"", "Shrink", 9, 0, 1, 1, import_shrink, IR_IDENTITY},
};
const onnx_op_table onnx_activation_ops = ONNX_OP_TABLE(rows);
