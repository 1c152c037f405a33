/* matmul.c: [..., M, K] x [..., K, N], both computed; leading axes broadcast. */
#include "codegen/kernels/product.h"

enum { MATMUL_X, MATMUL_Y };

/* The matrix of read or result `index` that belongs to the result's leading indices. */
static kernel_rows matrix(emitter *e, const plan_step *step, int index, const LLVMValueRef *leading,
                          int rank) {
  const plan_operand *operand = index == step->read_count ? &step->result : &step->reads[index];
  return (kernel_rows){
      .base = kernel_at(e, operand, emit_argument(e, index), leading, rank - 2),
      .row_stride = kernel_stride(e, operand, rank - 2),
      .dtype = operand->value->type.dtype,
  };
}

void kernel_matmul(emitter *e, const plan_step *step) {
  const ir_value *x = step->reads[MATMUL_X].value, *result = step->result.value;
  int rank = result->type.rank;
  LLVMValueRef sizes[IR_MAX_RANK], leading[IR_MAX_RANK], batches = emit_index(e, 1), work;
  for (int a = 0; a < rank - 2; a++) {
    sizes[a] = kernel_dim(e, result, a);
    batches = emit_mul(e, batches, sizes[a]);
  }
  product p = {
      .x = {.dtype = x->type.dtype},
      .result = {.dtype = result->type.dtype},
      .rows = kernel_dim(e, result, rank - 2),
      .columns = kernel_dim(e, result, rank - 1),
      .depth = kernel_dim(e, x, rank - 1),
      .w_dtype = step->reads[MATMUL_Y].value->type.dtype,
      .activation = IR_IDENTITY,
  };
  LLVMValueRef units = product_plan(e, &p, &work);
  emit_claim claim = emit_claim_begin(e, emit_mul(e, batches, units), work);
  emit_loop unit = emit_loop_begin(e, claim.low, claim.high, 1);
  kernel_split(e, emit_udiv(e, unit.index, units), sizes, rank - 2, leading);
  p.x = matrix(e, step, MATMUL_X, leading, rank);
  p.result = matrix(e, step, step->read_count, leading, rank);
  kernel_rows y = matrix(e, step, MATMUL_Y, leading, rank);
  p.w = y.base;
  p.w_stride = y.row_stride;
  LLVMValueRef within = emit_urem(e, unit.index, units);
  product_units(e, &p, within, emit_add(e, within, emit_index(e, 1)));
  emit_loop_end(e, &unit);
  emit_claim_end(e, &claim);
}
