/*
 * convert_encoding.c: encoded element types to and from the graph's. Codes
 * become floats through a table; floats become codes by rounding to a multiple
 * of the last place's value in the float's own binade (IEEE 754, 4.3.1).
 */
#include "onnx/encoding.h"

#include <math.h>
#include <string.h>

static ir_value *i32(onnx_context *c, int64_t value) {
  return ir_const_scalar(c->b, SMELT_I32, (double)value);
}
static ir_value *op(onnx_context *c, ir_op name, ir_value *x, int64_t y) {
  return ir_binary(c->b, name, x, i32(c, y));
}
static ir_value *bits_as(onnx_context *c, ir_value *x, ir_dtype dtype) {
  return ir_build(c->b, IR_BITCAST, &x, 1, &(ir_attrs){.dtype = dtype});
}

/* ---- codes to numbers ---- */

static double float_value(const onnx_encoding *t, int code) {
  int sign = code >> (t->exponent_bits + t->fraction_bits) & 1;
  int magnitude = code & ((1 << (t->exponent_bits + t->fraction_bits)) - 1);
  int exponent = magnitude >> t->fraction_bits, fraction = magnitude & ((1 << t->fraction_bits) - 1);
  if (t->one_zero && sign && magnitude == 0) return NAN;
  if (magnitude == t->infinity) return sign ? -INFINITY : INFINITY;
  if (magnitude > t->largest) return NAN;
  if (exponent) fraction |= 1 << t->fraction_bits;
  double size = ldexp(fraction, (exponent ? exponent : 1) - t->bias - t->fraction_bits);
  return sign ? -size : size;
}

static double code_value(const onnx_encoding *t, int code) {
  if (t->kind == ENCODED_FLOAT) return float_value(t, code);
  return code == t->nan ? NAN : ldexp(1, code - t->bias);
}

ir_value *onnx_decode(onnx_context *c, ir_value *x, ir_dtype dtype) {
  const onnx_encoding *t = onnx_noted(c->model, x);
  float table[256];
  if (!t) return ir_cast(c->b, x, dtype);
  if (t->kind == ENCODED_INTEGER) {
    /* a value of its own, about which nothing is noted */
    return x->type.dtype == dtype ? ir_unary(c->b, IR_IDENTITY, x) : ir_cast(c->b, x, dtype);
  }
  for (int code = 0; code < 1 << t->bits; code++) table[code] = (float)code_value(t, code);
  ir_type type = {.dtype = SMELT_F32, .rank = 1, .dims = {onnx_dim(c, INT64_C(1) << t->bits)}};
  return ir_cast(c->b, ir_gather(c->b, ir_const_data(c->b, &type, table), x, 0), dtype);
}

/* ---- numbers to codes ---- */

static ir_value *to_integer(onnx_context *c, ir_value *x, const onnx_encoding *t,
                            const onnx_encode_how *how) {
  if (onnx_is_float(x) && how->round) x = ir_unary(c->b, IR_ROUND, x);
  if (how->saturate) {
    x = ir_binary(c->b, IR_MAX, x, onnx_number_like(c, x, (double)t->low));
    x = ir_binary(c->b, IR_MIN, x, onnx_number_like(c, x, (double)t->high));
    return ir_cast(c->b, x, t->storage);
  }
  x = op(c, IR_SHIFT_LEFT, ir_cast(c->b, x, SMELT_I32), 32 - t->bits);
  if (t->low < 0) return ir_cast(c->b, op(c, IR_SHIFT_RIGHT, x, 32 - t->bits), t->storage);
  x = op(c, IR_BIT_AND, op(c, IR_SHIFT_RIGHT, x, 32 - t->bits), t->high);
  return ir_cast(c->b, x, t->storage);
}

/*
 * In the binade 2^e of x, results are multiples of 2^(e - fraction_bits), down to the smallest exponent. The
 * multiple, which has the leading bit in it, added to the exponent field counts codes; a carry moves on to
 * the next binade.
 */
static ir_value *magnitude_code(onnx_context *c, ir_value *size, const onnx_encoding *t) {
  int least = 1 - t->bias;
  ir_value *raw = bits_as(c, size, SMELT_I32);
  ir_value *exponent = op(c, IR_SUB, op(c, IR_SHIFT_RIGHT, raw, 23), 127);
  exponent = op(c, IR_MAX, exponent, least);
  /* the reciprocal of the place value: 2^(fraction_bits - e) */
  ir_value *scale =
      op(c, IR_SHIFT_LEFT, ir_binary(c->b, IR_SUB, i32(c, 127 + t->fraction_bits), exponent), 23);
  ir_value *multiple = ir_binary(c->b, IR_MUL, size, bits_as(c, scale, SMELT_F32));
  multiple = ir_cast(c->b, ir_unary(c->b, IR_ROUND, multiple), SMELT_I32);
  ir_value *field = op(c, IR_SHIFT_LEFT, op(c, IR_SUB, exponent, least), t->fraction_bits);
  return ir_binary(c->b, IR_ADD, field, multiple);
}

static ir_value *to_float(onnx_context *c, ir_value *x, const onnx_encoding *t, const onnx_encode_how *how) {
  int sign_bit = 1 << (t->exponent_bits + t->fraction_bits);
  int beyond = how->saturate ? t->largest : t->infinity >= 0 ? t->infinity : t->nan;
  /* without infinity and NaN of its own: the code of -0 where that is free, else the largest */
  int nan = t->one_zero ? sign_bit : t->nan >= 0 ? t->nan : t->largest;
  if (beyond < 0) beyond = t->one_zero ? sign_bit : t->largest;
  ir_value *number = ir_cast(c->b, x, SMELT_F32), *size = ir_unary(c->b, IR_ABS, number);
  ir_value *finite = ir_binary(c->b, IR_MIN, size, ir_const_scalar(c->b, SMELT_F32, 0x1p24));
  ir_value *code = magnitude_code(c, finite, t);
  code = ir_select(c->b, op(c, IR_GT, code, t->largest), i32(c, beyond), code);
  code = ir_select(c->b, ir_unary(c->b, IR_IS_NAN, number), i32(c, nan), code);
  ir_value *negative = op(c, IR_LT, bits_as(c, number, SMELT_I32), 0);
  /* where there is one zero only, it and NaN have no sign */
  ir_value *unsigned_code = op(c, IR_EQ, op(c, IR_BIT_AND, code, sign_bit - 1), 0);
  if (t->one_zero) negative = ir_binary(c->b, IR_AND, negative, ir_unary(c->b, IR_NOT, unsigned_code));
  ir_value *sign = ir_select(c->b, negative, i32(c, sign_bit), i32(c, 0));
  return ir_cast(c->b, ir_binary(c->b, IR_BIT_OR, code, sign), SMELT_U8);
}

/* The exponent, one more where the fraction is to be rounded up; infinity and NaN are the one NaN. */
static ir_value *to_exponent(onnx_context *c, ir_value *x, const onnx_encoding *t,
                             const onnx_encode_how *how) {
  ir_value *raw = bits_as(c, ir_unary(c->b, IR_ABS, ir_cast(c->b, x, SMELT_F32)), SMELT_I32);
  ir_value *exponent = op(c, IR_SHIFT_RIGHT, raw, 23), *fraction = op(c, IR_BIT_AND, raw, 0x7fffff);
  ir_value *special = op(c, IR_EQ, exponent, 0xff), *up = op(c, IR_GT, fraction, 0);
  if (strcmp(how->exponent, "down") == 0) up = op(c, IR_LT, fraction, 0);
  if (strcmp(how->exponent, "nearest") == 0) {
    ir_value *tie = ir_binary(c->b, IR_AND, op(c, IR_EQ, fraction, 0x400000), op(c, IR_GT, exponent, 0));
    up = ir_binary(c->b, IR_OR, op(c, IR_GT, fraction, 0x400000), tie);
  }
  ir_value *rounded = ir_binary(c->b, IR_ADD, exponent, ir_cast(c->b, up, SMELT_I32));
  if (how->saturate) rounded = op(c, IR_MIN, rounded, t->largest);
  return ir_cast(c->b, ir_select(c->b, special, i32(c, t->nan), rounded), SMELT_U8);
}

ir_value *onnx_encode(onnx_context *c, ir_value *x, const onnx_encoding *t, const onnx_encode_how *how) {
  ir_value *result = t->kind == ENCODED_INTEGER ? to_integer(c, x, t, how)
                     : t->kind == ENCODED_FLOAT ? to_float(c, x, t, how)
                                                : to_exponent(c, x, t, how);
  if (result == x) result = ir_unary(c->b, IR_IDENTITY, x);
  onnx_note(c->model, result, t);
  return result;
}
