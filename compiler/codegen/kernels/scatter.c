/*
 * scatter.c: rows of a matrix replaced by or combined with updates. Each
 * thread owns a part of the result's rows and goes through all updates, so
 * that updates of one row are applied in their order.
 */
#include "codegen/kernels/kernel.h"

typedef struct {
  ir_op op; /* IR_IDENTITY: the update itself */
  ir_dtype dtype;
  LLVMValueRef to, from; /* rows */
} row_update;

static void update_elements(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  const row_update *u = user;
  (void)part;
  LLVMValueRef place = emit_at(e, u->dtype, u->to, index);
  LLVMValueRef v = emit_load(e, u->dtype, emit_at(e, u->dtype, u->from, index), lanes);
  if (u->op != IR_IDENTITY) {
    v = elementwise_binary(e, u->op, u->dtype, emit_load(e, u->dtype, place, lanes), v);
  }
  emit_store(e, u->dtype, place, v);
}

static void update_row(emitter *e, row_update *u, LLVMValueRef length) {
  emit_strips(e, emit_index(e, 0), length, emit_level_lanes(e, u->dtype), 1, update_elements, u);
}

/* x: [N, D], indices: [M] i64, updates: [M, D], all dense */
void kernel_scatter(emitter *e, const plan_step *step) {
  const ir_value *x = step->reads[0].value, *indices = step->reads[1].value;
  ir_dtype dtype = x->type.dtype;
  LLVMValueRef length = kernel_dim(e, x, 1), low, high;
  LLVMValueRef source = emit_argument(e, 0), places = emit_argument(e, 1);
  LLVMValueRef updates = emit_argument(e, 2), result = emit_argument(e, step->read_count);
  row_update u = {.op = IR_IDENTITY, .dtype = dtype};
  emit_share(e, kernel_dim(e, x, 0), length, &low, &high);

  u.from = emit_at(e, dtype, source, emit_mul(e, low, length));
  u.to = emit_at(e, dtype, result, emit_mul(e, low, length));
  update_row(e, &u, emit_mul(e, emit_sub(e, high, low), length));

  u.op = ir_scatter_combination(step->nodes[0]->op);
  emit_loop update = emit_loop_begin(e, emit_index(e, 0), kernel_dim(e, indices, 0), 1);
  LLVMValueRef row = emit_load(e, SMELT_I64, emit_at(e, SMELT_I64, places, update.index), 1);
  LLVMValueRef above = emit_icmp(e, LLVMIntSGE, row, low), below = emit_icmp(e, LLVMIntSLT, row, high);
  emit_branch mine = emit_if(e, emit_binary(e, LLVMAnd, above, below));
  u.from = emit_at(e, dtype, updates, emit_mul(e, update.index, length));
  u.to = emit_at(e, dtype, result, emit_mul(e, row, length));
  update_row(e, &u, length);
  emit_end_if(e, &mine);
  emit_loop_end(e, &update);
}
