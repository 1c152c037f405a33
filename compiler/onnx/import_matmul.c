/* import_matmul.c: matrix products. */
#include "onnx/import.h"

static ir_value *import_matmul(onnx_context *c) {
  return ir_matmul(c->b, c->in[0], c->in[1]);
}

/* alpha * A' * B' + beta * C; A' is A or its transpose */
static ir_value *import_gemm(onnx_context *c) {
  ir_value *x = c->in[0], *y = c->in[1];
  double alpha = onnx_attr_float(c, "alpha", 1), beta = onnx_attr_float(c, "beta", 1);
  if (x->type.rank != 2 || y->type.rank != 2) return onnx_fail(c, "its matrices must have rank 2");
  if (onnx_attr_int(c, "transA", 0)) x = onnx_swap_last(c, x);
  if (onnx_attr_int(c, "transB", 0)) y = onnx_swap_last(c, y);
  ir_value *product = ir_matmul(c->b, x, y);
  if (alpha != 1) product = ir_binary(c->b, IR_MUL, product, onnx_number_like(c, c->in[0], alpha));
  if (!c->in[2] || beta == 0) return product;
  ir_value *added = c->in[2];
  if (beta != 1) added = ir_binary(c->b, IR_MUL, added, onnx_number_like(c, c->in[0], beta));
  return ir_binary(c->b, IR_ADD, product, added);
}

static const onnx_op_row rows[] = {
    {"", "MatMul", 1, 0, 2, 2, import_matmul, IR_MATMUL},
    {"", "Gemm", 1, 0, 2, 3, import_gemm, IR_MATMUL},
};
const onnx_op_table onnx_matmul_ops = ONNX_OP_TABLE(rows);
