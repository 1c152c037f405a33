/* fold.c: a row folded into one number with partial results in as many lanes on every level. */
#include "codegen/kernels/kernel.h"

/* Of emit_sum_lanes each: on narrower levels enough for an addition's latency times its rate. */
enum { FOLD_VECTORS = 2 };

typedef struct {
  emit_combine *combine;
  kernel_term *term;
  void *user;
  LLVMValueRef vectors[FOLD_VECTORS], tail; /* variables */
} fold;

static void take(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  fold *f = user;
  LLVMValueRef into = lanes == 1 ? f->tail : f->vectors[part];
  emit_set(e, into, f->combine(e, emit_get(e, into), f->term(e, index, lanes, f->user)));
}

LLVMValueRef kernel_fold(emitter *e, LLVMValueRef count, ir_dtype dtype, emit_combine *combine,
                         double neutral, kernel_term *term, void *user) {
  fold f = {.combine = combine, .term = term, .user = user};
  int lanes = emit_sum_lanes(dtype);
  LLVMTypeRef scalar = emit_type(e, dtype, 1), vector = emit_type(e, dtype, lanes);
  for (int i = 0; i < FOLD_VECTORS; i++)
    f.vectors[i] = emit_variable(e, vector, emit_number(vector, neutral));
  f.tail = emit_variable(e, scalar, emit_number(scalar, neutral));
  emit_strips(e, emit_index(e, 0), count, lanes, FOLD_VECTORS, take, &f);
  LLVMValueRef sum = combine(e, emit_get(e, f.vectors[0]), emit_get(e, f.vectors[1]));
  return combine(e, emit_across(e, sum, combine), emit_get(e, f.tail));
}
