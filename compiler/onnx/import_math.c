/* import_math.c: arithmetic on elements. */
#include "onnx/encoding.h"

#include <string.h>

static ir_value *import_unary(onnx_context *c) {
  return ir_unary(c->b, c->row->op, c->in[0]);
}

static ir_value *import_binary(onnx_context *c) {
  return ir_binary(c->b, c->row->op, c->in[0], onnx_second_operand(c));
}

/* Floor, Ceil and Round leave integers alone. */
static ir_value *import_rounding(onnx_context *c) {
  return onnx_is_float(c->in[0]) ? ir_unary(c->b, c->row->op, c->in[0]) : c->in[0];
}

/* Sum, Min, Max: any number of operands, combined from the left. */
static ir_value *import_variadic(onnx_context *c) {
  ir_value *result = c->in[0];
  for (int i = 1; i < c->in_count; i++) {
    if (!c->in[i]) return onnx_fail(c, "its input %d is missing", i);
    result = ir_binary(c->b, c->row->op, result, c->in[i]);
  }
  return result;
}

static ir_value *import_mean(onnx_context *c) {
  ir_value *sum = import_variadic(c);
  return ir_binary(c->b, IR_DIV, sum, onnx_number_like(c, c->in[0], c->in_count));
}

/* The exponent may have another dtype; an integer base with a float exponent is computed in floats. */
static ir_value *import_pow(onnx_context *c) {
  ir_value *base = c->in[0], *exponent = onnx_second_operand(c);
  ir_dtype result = base->type.dtype;
  ir_dtype dtype = onnx_is_float(base) || !onnx_is_float(exponent) ? result : exponent->type.dtype;
  ir_value *power = ir_binary(c->b, IR_POW, ir_cast(c->b, base, dtype), ir_cast(c->b, exponent, dtype));
  return ir_cast(c->b, power, result);
}

static ir_value *import_mod(onnx_context *c) {
  bool fmod = onnx_attr_int(c, "fmod", 0) != 0;
  if (!fmod && onnx_is_float(c->in[0])) return onnx_fail(c, "floats need the attribute fmod = 1");
  return ir_binary(c->b, fmod ? IR_FMOD : IR_MOD, c->in[0], c->in[1]);
}

/* Bounds are attributes up to opset 10, inputs after. */
static ir_value *import_clip(onnx_context *c) {
  ir_value *low = c->in[1], *high = c->in[2], *x = c->in[0];
  if (c->opset < 11) {
    if (onnx_has_attr(c, "min")) low = onnx_number_like(c, x, onnx_attr_float(c, "min", 0));
    if (onnx_has_attr(c, "max")) high = onnx_number_like(c, x, onnx_attr_float(c, "max", 0));
  }
  if (low) x = ir_binary(c->b, IR_MAX, x, low);
  if (high) x = ir_binary(c->b, IR_MIN, x, high);
  return x;
}

static ir_value *import_tan(onnx_context *c) {
  return ir_binary(c->b, IR_DIV, ir_unary(c->b, IR_SIN, c->in[0]), ir_unary(c->b, IR_COS, c->in[0]));
}

/* sinh = (e^x - e^-x) / 2, cosh = (e^x + e^-x) / 2; the row's op is SUB or ADD. */
static ir_value *import_hyperbolic(onnx_context *c) {
  ir_value *x = c->in[0];
  ir_value *up = ir_unary(c->b, IR_EXP, x), *down = ir_unary(c->b, IR_EXP, ir_unary(c->b, IR_NEG, x));
  return ir_binary(c->b, IR_MUL, ir_binary(c->b, c->row->op, up, down), onnx_number_like(c, x, 0.5));
}

/* asinh x = sign(x) ln(|x| + sqrt(x^2 + 1)) */
static ir_value *import_asinh(onnx_context *c) {
  ir_value *x = c->in[0], *magnitude = ir_unary(c->b, IR_ABS, x), *one = onnx_number_like(c, x, 1);
  ir_value *root = ir_unary(c->b, IR_SQRT, ir_binary(c->b, IR_ADD, ir_binary(c->b, IR_MUL, x, x), one));
  ir_value *logarithm = ir_unary(c->b, IR_LOG, ir_binary(c->b, IR_ADD, magnitude, root));
  return ir_binary(c->b, IR_MUL, ir_unary(c->b, IR_SIGN, x), logarithm);
}

/* acosh x = ln(x + sqrt(x^2 - 1)) */
static ir_value *import_acosh(onnx_context *c) {
  ir_value *x = c->in[0], *one = onnx_number_like(c, x, 1);
  ir_value *root = ir_unary(c->b, IR_SQRT, ir_binary(c->b, IR_SUB, ir_binary(c->b, IR_MUL, x, x), one));
  return ir_unary(c->b, IR_LOG, ir_binary(c->b, IR_ADD, x, root));
}

/* atanh x = ln((1 + x) / (1 - x)) / 2 */
static ir_value *import_atanh(onnx_context *c) {
  ir_value *x = c->in[0], *one = onnx_number_like(c, x, 1);
  ir_value *ratio = ir_binary(c->b, IR_DIV, ir_binary(c->b, IR_ADD, one, x), ir_binary(c->b, IR_SUB, one, x));
  return ir_binary(c->b, IR_MUL, ir_unary(c->b, IR_LOG, ratio), onnx_number_like(c, x, 0.5));
}

/* asin x = atan(x / sqrt((1 + x) (1 - x))) */
static ir_value *import_asin(onnx_context *c) {
  ir_value *x = c->in[0], *one = onnx_number_like(c, x, 1);
  ir_value *square =
      ir_binary(c->b, IR_MUL, ir_binary(c->b, IR_ADD, one, x), ir_binary(c->b, IR_SUB, one, x));
  return ir_unary(c->b, IR_ATAN, ir_binary(c->b, IR_DIV, x, ir_unary(c->b, IR_SQRT, square)));
}

/* acos x = 2 atan(sqrt((1 - x) / (1 + x))) */
static ir_value *import_acos(onnx_context *c) {
  ir_value *x = c->in[0], *one = onnx_number_like(c, x, 1);
  ir_value *ratio = ir_binary(c->b, IR_DIV, ir_binary(c->b, IR_SUB, one, x), ir_binary(c->b, IR_ADD, one, x));
  ir_value *half = ir_unary(c->b, IR_ATAN, ir_unary(c->b, IR_SQRT, ratio));
  return ir_binary(c->b, IR_MUL, half, onnx_number_like(c, x, 2));
}

static ir_value *import_identity(onnx_context *c) {
  return c->in[0] ? c->in[0] : onnx_none(c->model);
}

/* Whether elements are dropped at random: what training does, up to opset 6 unless is_test says otherwise. */
static bool drops_at_random(onnx_context *c) {
  double training = c->opset < 7 && !onnx_attr_int(c, "is_test", 0), ratio = 0.5;
  if (c->opset < 12) return training != 0 && onnx_attr_float(c, "ratio", ratio) != 0;
  if (c->in[2] && !onnx_number(c, 2, "training_mode", &training)) return false;
  if (training != 0 && c->in[1] && !onnx_number(c, 1, "ratio", &ratio)) return false;
  return training != 0 && ratio != 0;
}

/* At inference x itself; the mask keeps everything. */
static ir_value *import_dropout(onnx_context *c) {
  ir_value *x = c->in[0];
  if (drops_at_random(c)) return onnx_fail(c, "it drops elements at random, so its result is unspecified");
  if (c->out_count > 1) {
    ir_value *kept = ir_const_scalar(c->b, c->opset >= 10 ? SMELT_BOOL : x->type.dtype, 1);
    c->out[1] = ir_expand(c->b, kept, x->type.dims, x->type.rank);
  }
  return x;
}

static ir_value *cast_to(onnx_context *c, const onnx_encoding *encoding, ir_dtype dtype) {
  onnx_encode_how how = {.saturate = onnx_attr_int(c, "saturate", 1) != 0};
  how.exponent = onnx_attr_text(c, "round_mode", "up");
  if (!encoding) return onnx_decode(c, c->in[0], dtype);
  if (encoding->kind == ENCODED_INTEGER) how.saturate = false;
  if (encoding == onnx_noted(c->model, c->in[0])) return c->in[0];
  bool is_encoded = onnx_noted(c->model, c->in[0]) != NULL;
  return onnx_encode(c, is_encoded ? onnx_decode(c, c->in[0], SMELT_F32) : c->in[0], encoding, &how);
}

static ir_value *import_cast(onnx_context *c) {
  int64_t to = onnx_attr_int(c, "to", 0);
  ir_dtype dtype = SMELT_F32;
  if (onnx_failed(c)) return c->in[0];
  if (to < 0 || to > 255 || !onnx_storage_dtype((int32_t)to, &dtype)) {
    return onnx_fail(c, "casts to the element type %s (%lld), which is not supported",
                     to < 0 || to > 255 ? "unknown" : onnx_dtype_name((int32_t)to), (long long)to);
  }
  return cast_to(c, onnx_encoding_of(to), dtype);
}

/* Up to opset 5 the type is named: "FLOAT16". */
static ir_value *import_named_cast(onnx_context *c) {
  const char *name = onnx_attr_text(c, "to", "");
  ir_dtype dtype;
  for (int32_t to = 0; to < 256; to++) {
    if (strcmp(onnx_dtype_name(to), name) != 0 || !onnx_dtype(to, &dtype)) continue;
    return cast_to(c, NULL, dtype);
  }
  return onnx_fail(c, "casts to the element type '%s', which is not supported", name);
}

static ir_value *import_cast_like(onnx_context *c) {
  return cast_to(c, onnx_noted(c->model, c->in[1]), c->in[1]->type.dtype);
}

static const onnx_op_row rows[] = {
    {"", "Add", 1, 0, 2, 2, import_binary, IR_ADD},
    {"", "Sub", 1, 0, 2, 2, import_binary, IR_SUB},
    {"", "Mul", 1, 0, 2, 2, import_binary, IR_MUL},
    {"", "Div", 1, 0, 2, 2, import_binary, IR_DIV},
    {"", "Pow", 1, 0, 2, 2, import_pow, IR_POW},
    {"", "Mod", 10, 0, 2, 2, import_mod, IR_MOD},
    {"", "Neg", 1, 0, 1, 1, import_unary, IR_NEG},
    {"", "Abs", 1, 0, 1, 1, import_unary, IR_ABS},
    {"", "Sign", 9, 0, 1, 1, import_unary, IR_SIGN},
    {"", "Floor", 1, 0, 1, 1, import_rounding, IR_FLOOR},
    {"", "Ceil", 1, 0, 1, 1, import_rounding, IR_CEIL},
    {"", "Round", 11, 0, 1, 1, import_rounding, IR_ROUND},
    {"", "Exp", 1, 0, 1, 1, import_unary, IR_EXP},
    {"", "Log", 1, 0, 1, 1, import_unary, IR_LOG},
    {"", "Sqrt", 1, 0, 1, 1, import_unary, IR_SQRT},
    {"", "Reciprocal", 1, 0, 1, 1, import_unary, IR_RECIPROCAL},
    {"", "Erf", 9, 0, 1, 1, import_unary, IR_ERF},
    {"", "Sin", 7, 0, 1, 1, import_unary, IR_SIN},
    {"", "Cos", 7, 0, 1, 1, import_unary, IR_COS},
    {"", "Tan", 7, 0, 1, 1, import_tan, IR_IDENTITY},
    {"", "Asin", 7, 0, 1, 1, import_asin, IR_ATAN},
    {"", "Acos", 7, 0, 1, 1, import_acos, IR_ATAN},
    {"", "Atan", 7, 0, 1, 1, import_unary, IR_ATAN},
    {"", "Sinh", 9, 0, 1, 1, import_hyperbolic, IR_SUB},
    {"", "Cosh", 9, 0, 1, 1, import_hyperbolic, IR_ADD},
    {"", "Asinh", 9, 0, 1, 1, import_asinh, IR_IDENTITY},
    {"", "Acosh", 9, 0, 1, 1, import_acosh, IR_IDENTITY},
    {"", "Atanh", 9, 0, 1, 1, import_atanh, IR_IDENTITY},
    {"", "Sum", 1, 0, 1, -1, import_variadic, IR_ADD},
    {"", "Min", 1, 0, 1, -1, import_variadic, IR_MIN},
    {"", "Max", 1, 0, 1, -1, import_variadic, IR_MAX},
    {"", "Mean", 1, 0, 1, -1, import_mean, IR_ADD},
    {"", "Clip", 1, 0, 1, 3, import_clip, IR_IDENTITY},
    {"", "Identity", 1, 0, 0, 1, import_identity, IR_IDENTITY},
    {"", "Dropout", 1, 0, 1, 3, import_dropout, IR_IDENTITY},
    {"", "Cast", 1, 5, 1, 1, import_named_cast, IR_CAST},
    {"", "Cast", 6, 0, 1, 1, import_cast, IR_CAST},
    {"", "CastLike", 15, 0, 2, 2, import_cast_like, IR_CAST},
};
const onnx_op_table onnx_math_ops = ONNX_OP_TABLE(rows);
