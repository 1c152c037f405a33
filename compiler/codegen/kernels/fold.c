/* fold.c: a row folded into one number with several vectors of partial results. */
#include "codegen/kernels/kernel.h"

enum { FOLD_VECTORS = 4 }; /* an addition's latency times its rate */

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
  int lanes = emit_level_lanes(e, dtype);
  LLVMTypeRef scalar = emit_type(e, dtype, 1), vector = emit_type(e, dtype, lanes);
  for (int i = 0; i < FOLD_VECTORS; i++)
    f.vectors[i] = emit_variable(e, vector, emit_number(vector, neutral));
  f.tail = emit_variable(e, scalar, emit_number(scalar, neutral));
  emit_strips(e, emit_index(e, 0), count, lanes, FOLD_VECTORS, take, &f);
  LLVMValueRef parts[FOLD_VECTORS];
  for (int i = 0; i < FOLD_VECTORS; i++) parts[i] = emit_get(e, f.vectors[i]);
  LLVMValueRef sum = combine(e, combine(e, parts[0], parts[1]), combine(e, parts[2], parts[3]));
  return combine(e, emit_across(e, sum, combine), emit_get(e, f.tail));
}
