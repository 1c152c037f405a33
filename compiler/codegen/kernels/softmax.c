/*
 * softmax.c: softmax of rows. The largest element is subtracted first, so that
 * nothing overflows. Exponentials are kept in the result between the sum and
 * the division where it is precise enough to hold them, else computed twice.
 */
#include "codegen/kernels/kernel.h"

#include <math.h>

typedef struct {
  kernel_rows in, out;
  LLVMValueRef x, y; /* pointers to rows */
  LLVMValueRef most, scale;
  bool keeps;
} softmax;

static LLVMValueRef element(emitter *e, LLVMValueRef index, int lanes, void *user) {
  const softmax *s = user;
  return emit_load(e, s->in.dtype, emit_at(e, s->in.dtype, s->x, index), lanes);
}

static LLVMValueRef grown(emitter *e, LLVMValueRef index, int lanes, void *user) {
  const softmax *s = user;
  LLVMValueRef v = emit_exp(e, emit_sub(e, element(e, index, lanes, user), s->most));
  if (s->keeps) emit_store(e, s->out.dtype, emit_at(e, s->out.dtype, s->y, index), v);
  return v;
}

static void write(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  softmax *s = user;
  (void)part;
  LLVMValueRef at = emit_at(e, s->out.dtype, s->y, index);
  LLVMValueRef v = s->keeps ? emit_load(e, s->out.dtype, at, lanes) : grown(e, index, lanes, s);
  emit_store(e, s->out.dtype, at, emit_mul(e, v, s->scale));
}

void kernel_softmax(emitter *e, const plan_step *step) {
  const ir_value *x = step->reads[0].value;
  ir_dtype dtype = emit_compute_dtype(x->type.dtype);
  softmax s = {.in = kernel_rows_of(e, step, 0), .out = kernel_rows_of(e, step, step->read_count)};
  s.keeps = s.out.dtype == dtype;
  LLVMValueRef size = kernel_dim(e, x, x->type.rank - 1), low, high;
  LLVMValueRef work = emit_mul(e, size, emit_index(e, elementwise_cost(IR_EXP) / 2));
  emit_share(e, kernel_row_count(e, x), work, &low, &high);
  emit_loop rows = emit_loop_begin(e, low, high, 1);
  s.x = kernel_row(e, &s.in, rows.index);
  s.y = kernel_row(e, &s.out, rows.index);
  s.most = kernel_fold(e, size, dtype, emit_larger, -INFINITY, element, &s);
  LLVMValueRef sum = kernel_fold(e, size, dtype, emit_add, 0, grown, &s);
  s.scale = elementwise_unary(e, IR_RECIPROCAL, dtype, sum);
  emit_strips(e, emit_index(e, 0), size, emit_level_lanes(e, dtype), 1, write, &s);
  emit_loop_end(e, &rows);
}
