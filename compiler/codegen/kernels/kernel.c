/* kernel.c: operands of a step as pointers, sizes and strides. */
#include "codegen/kernels/kernel.h"

const plan_operand *kernel_read(const plan_step *step, int index) {
  bool is_read = index < step->read_count && step->reads[index].value && !step->reads[index].is_outlet;
  return is_read ? &step->reads[index] : NULL;
}

LLVMValueRef kernel_dim(emitter *e, const ir_value *value, int axis) {
  return emit_size(e, value->type.dims[axis]);
}

LLVMValueRef kernel_stride(emitter *e, const plan_operand *operand, int axis) {
  return emit_size(e, operand->view.stride[axis]);
}

kernel_rows kernel_rows_of(emitter *e, const plan_step *step, int index) {
  const plan_operand *operand = index == step->read_count ? &step->result : &step->reads[index];
  int rank = operand->value->type.rank;
  return (kernel_rows){
      .base = emit_argument(e, index),
      .row_stride = rank < 2 ? emit_index(e, 0) : kernel_stride(e, operand, rank - 2),
      .dtype = operand->value->type.dtype,
  };
}

LLVMValueRef kernel_row_count(emitter *e, const ir_value *value) {
  ir_dim count = ir_dim_const(e->ir, 1);
  for (int i = 0; i < value->type.rank - 1; i++) count = ir_dim_mul(e->ir, count, value->type.dims[i]);
  return emit_size(e, count);
}

LLVMValueRef kernel_row(emitter *e, const kernel_rows *rows, LLVMValueRef row) {
  return emit_at(e, rows->dtype, rows->base, emit_mul(e, row, rows->row_stride));
}

void kernel_split(emitter *e, LLVMValueRef linear, const LLVMValueRef *sizes, int rank, LLVMValueRef *index) {
  for (int a = rank - 1; a > 0; a--) {
    index[a] = emit_urem(e, linear, sizes[a]);
    linear = emit_udiv(e, linear, sizes[a]);
  }
  if (rank > 0) index[0] = linear;
}

LLVMValueRef kernel_at(emitter *e, const plan_operand *operand, LLVMValueRef base, const LLVMValueRef *index,
                       int axes) {
  LLVMValueRef offset = emit_index(e, 0);
  for (int a = 0; a < axes; a++)
    if (!ir_dim_is(operand->value->type.dims[a], 1))
      offset = emit_add(e, offset, emit_mul(e, index[a], kernel_stride(e, operand, a)));
  return emit_at(e, operand->value->type.dtype, base, offset);
}
