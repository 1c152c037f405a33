/* import_contrib_matmul.c: com.microsoft's matrix products of floats (ONNX Runtime docs/ContribOperators.md).
 */
#include "onnx/import.h"

/* x with axis 0 moved before the last: [B, .., M, K] of [M, B, .., K] */
static ir_value *batch_first(onnx_context *c, ir_value *x) {
  int perm[IR_MAX_RANK], rank = x->type.rank;
  if (onnx_failed(c) || rank < 3) return x;
  for (int i = 0; i < rank - 2; i++) perm[i] = i + 1;
  perm[rank - 2] = 0;
  perm[rank - 1] = rank - 1;
  return ir_transpose(c->b, x, perm);
}

/* An operand: its batch axes last first, if trans_batch, then its matrices transposed, if trans. */
static ir_value *operand(onnx_context *c, int index, const char *trans_batch, const char *trans) {
  ir_value *x = c->in[index];
  if (onnx_attr_int(c, trans_batch, 0)) x = batch_first(c, x);
  return onnx_attr_int(c, trans, 0) && x->type.rank > 1 ? onnx_swap_last(c, x) : x;
}

/* alpha * A' * B' */
static ir_value *import_fused_matmul(onnx_context *c) {
  double alpha = onnx_attr_float(c, "alpha", 1);
  ir_value *x = operand(c, 0, "transBatchA", "transA"), *y = operand(c, 1, "transBatchB", "transB");
  ir_value *product = ir_matmul(c->b, x, y);
  return alpha == 1 ? product : ir_binary(c->b, IR_MUL, product, onnx_number_like(c, c->in[0], alpha));
}

static const onnx_op_row rows[] = {
    {ONNX_MICROSOFT, "FusedMatMul", 1, 0, 2, 2, import_fused_matmul, IR_MATMUL},
    {ONNX_MICROSOFT, "TransposeMatMul", 1, 0, 2, 2, import_fused_matmul, IR_MATMUL},
};
const onnx_op_table onnx_contrib_matmul_ops = ONNX_OP_TABLE(rows);
