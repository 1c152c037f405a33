/* import_bits.c: integers and floats as bits. */
#include "onnx/import.h"

#include <string.h>

static ir_value *import_bitwise(onnx_context *c) {
  return ir_binary(c->b, c->row->op, c->in[0], c->in[1]);
}

/* ~x = -x - 1, whatever the width */
static ir_value *import_bitwise_not(onnx_context *c) {
  ir_value *x = c->in[0];
  if (!ir_dtype_is_integer(x->type.dtype)) return onnx_fail(c, "its input must be integers");
  return ir_binary(c->b, IR_SUB, ir_unary(c->b, IR_NEG, x), onnx_number_like(c, x, 1));
}

static ir_value *import_bit_shift(onnx_context *c) {
  const char *direction = onnx_attr_text(c, "direction", "");
  bool left = strcmp(direction, "LEFT") == 0;
  if (!left && strcmp(direction, "RIGHT") != 0) return onnx_fail(c, "unknown direction '%s'", direction);
  return ir_binary(c->b, left ? IR_SHIFT_LEFT : IR_SHIFT_RIGHT, c->in[0], c->in[1]);
}

static ir_value *import_bit_cast(onnx_context *c) {
  int64_t to = onnx_attr_int(c, "to", 0);
  ir_attrs attrs = {0};
  if (to < 0 || to > 255 || !onnx_dtype((int32_t)to, &attrs.dtype)) {
    return onnx_fail(c, "casts to the element type %lld, which is not supported", (long long)to);
  }
  ir_dtype from = c->in[0]->type.dtype;
  if (from == attrs.dtype) return c->in[0];
  /* a bool is stored as a byte of 0 or 1 */
  if (from == SMELT_BOOL && ir_dtype_bytes(attrs.dtype) == 1) return ir_cast(c->b, c->in[0], attrs.dtype);
  if (attrs.dtype == SMELT_BOOL && ir_dtype_bytes(from) == 1) return ir_cast(c->b, c->in[0], SMELT_BOOL);
  return ir_build(c->b, IR_BITCAST, &c->in[0], 1, &attrs);
}

static const onnx_op_row rows[] = {
    {"", "BitwiseAnd", 18, 0, 2, 2, import_bitwise, IR_BIT_AND},
    {"", "BitwiseOr", 18, 0, 2, 2, import_bitwise, IR_BIT_OR},
    {"", "BitwiseXor", 18, 0, 2, 2, import_bitwise, IR_BIT_XOR},
    {"", "BitwiseNot", 18, 0, 1, 1, import_bitwise_not, IR_SUB},
    {"", "BitShift", 11, 0, 2, 2, import_bit_shift, IR_SHIFT_LEFT},
    {"", "BitCast", 26, 0, 1, 1, import_bit_cast, IR_BITCAST},
};
const onnx_op_table onnx_bits_ops = ONNX_OP_TABLE(rows);
