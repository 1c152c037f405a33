/* import_compare.c: comparisons, logic and selection. */
#include "onnx/import.h"

#include <math.h>

static ir_value *import_compare(onnx_context *c) {
  return ir_binary(c->b, c->row->op, c->in[0], onnx_second_operand(c));
}

static ir_value *import_test(onnx_context *c) {
  return ir_unary(c->b, c->row->op, c->in[0]);
}

static ir_value *import_where(onnx_context *c) {
  return ir_select(c->b, c->in[0], c->in[1], c->in[2]);
}

static ir_value *import_is_inf(onnx_context *c) {
  bool negative = onnx_attr_int(c, "detect_negative", 1) != 0;
  bool positive = onnx_attr_int(c, "detect_positive", 1) != 0;
  ir_value *x = c->in[0];
  if (negative && positive) x = ir_unary(c->b, IR_ABS, x);
  if (!negative && !positive) return ir_binary(c->b, IR_LT, x, x); /* false everywhere */
  return ir_binary(c->b, IR_EQ, x, onnx_number_like(c, x, positive ? INFINITY : -INFINITY));
}

static const onnx_op_row rows[] = {
    {"", "Equal", 1, 0, 2, 2, import_compare, IR_EQ},
    {"", "Greater", 1, 0, 2, 2, import_compare, IR_GT},
    {"", "GreaterOrEqual", 12, 0, 2, 2, import_compare, IR_GE},
    {"", "Less", 1, 0, 2, 2, import_compare, IR_LT},
    {"", "LessOrEqual", 12, 0, 2, 2, import_compare, IR_LE},
    {"", "And", 1, 0, 2, 2, import_compare, IR_AND},
    {"", "Or", 1, 0, 2, 2, import_compare, IR_OR},
    {"", "Xor", 1, 0, 2, 2, import_compare, IR_XOR},
    {"", "Not", 1, 0, 1, 1, import_test, IR_NOT},
    {"", "IsNaN", 9, 0, 1, 1, import_test, IR_IS_NAN},
    {"", "IsInf", 10, 0, 1, 1, import_is_inf, IR_EQ},
    {"", "Where", 9, 0, 3, 3, import_where, IR_SELECT},
};
const onnx_op_table onnx_compare_ops = ONNX_OP_TABLE(rows);
