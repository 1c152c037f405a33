/* cumsum.c: running sums and products along an axis; every line along it is one unit of work. */
#include "codegen/kernels/kernel.h"

void kernel_cumsum(emitter *e, const plan_step *step) {
  const plan_operand *x = &step->reads[0], *y = &step->result;
  const ir_type *type = &x->value->type;
  ir_dtype dtype = type->dtype;
  int axis = step->nodes[0]->attrs.axis;
  LLVMValueRef sizes[IR_MAX_RANK], index[IR_MAX_RANK], lines = emit_index(e, 1), low, high;
  for (int a = 0; a < type->rank; a++) {
    sizes[a] = a == axis ? emit_index(e, 1) : kernel_dim(e, x->value, a);
    lines = emit_mul(e, lines, sizes[a]);
  }
  LLVMValueRef length = kernel_dim(e, x->value, axis);
  emit_share(e, lines, emit_mul(e, length, emit_index(e, 4)), &low, &high);
  emit_loop line = emit_loop_begin(e, low, high, 1);
  kernel_split(e, line.index, sizes, type->rank, index);
  index[axis] = emit_index(e, 0);
  LLVMValueRef from = kernel_at(e, x, emit_argument(e, 0), index, type->rank);
  LLVMValueRef to = kernel_at(e, y, emit_argument(e, step->read_count), index, type->rank);
  bool is_product = step->nodes[0]->op == IR_CUMPROD;
  LLVMTypeRef scalar = emit_type(e, dtype, 1);
  LLVMValueRef one = ir_dtype_is_float(dtype) ? emit_number(scalar, 1) : emit_integer(scalar, 1);
  LLVMValueRef sum = emit_variable(e, scalar, is_product ? one : emit_zero(scalar));
  emit_loop along = emit_loop_begin(e, emit_index(e, 0), length, 1);
  LLVMValueRef source = emit_at(e, dtype, from, emit_mul(e, along.index, kernel_stride(e, x, axis)));
  LLVMValueRef place = emit_at(e, dtype, to, emit_mul(e, along.index, kernel_stride(e, y, axis)));
  LLVMValueRef element = emit_load(e, dtype, source, 1), before = emit_get(e, sum);
  emit_set(e, sum, is_product ? emit_mul(e, before, element) : emit_add(e, before, element));
  emit_store(e, dtype, place, emit_get(e, sum));
  emit_loop_end(e, &along);
  emit_loop_end(e, &line);
}
