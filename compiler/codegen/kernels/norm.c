/*
 * norm.c: layer norm and root-mean-square norm of rows. Two passes for the
 * variance, so that it stays exact where the mean is large; the row is in the
 * first-level cache by then.
 */
#include "codegen/kernels/kernel.h"

enum { NORM_X, NORM_GAIN, NORM_BIAS };

typedef struct {
  kernel_rows in, out;
  LLVMValueRef x, y, gain, bias; /* pointers to rows; gain, bias: NULL where absent */
  ir_dtype gain_dtype, bias_dtype;
  LLVMValueRef mean, scale; /* mean: NULL for root mean square */
} norm;

static LLVMValueRef load_row(emitter *e, const norm *n, LLVMValueRef index, int lanes) {
  return emit_load(e, n->in.dtype, emit_at(e, n->in.dtype, n->x, index), lanes);
}

static LLVMValueRef element(emitter *e, LLVMValueRef index, int lanes, void *user) {
  return load_row(e, user, index, lanes);
}

static LLVMValueRef square(emitter *e, LLVMValueRef index, int lanes, void *user) {
  const norm *n = user;
  LLVMValueRef x = load_row(e, n, index, lanes);
  if (n->mean) x = emit_sub(e, x, n->mean);
  return emit_mul(e, x, x);
}

static void write(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  const norm *n = user;
  (void)part;
  LLVMValueRef x = load_row(e, n, index, lanes);
  if (n->mean) x = emit_sub(e, x, n->mean);
  x = emit_mul(e, x, n->scale);
  LLVMValueRef gain =
      n->gain ? emit_load(e, n->gain_dtype, emit_at(e, n->gain_dtype, n->gain, index), lanes) : NULL;
  LLVMValueRef bias =
      n->bias ? emit_load(e, n->bias_dtype, emit_at(e, n->bias_dtype, n->bias, index), lanes) : NULL;
  if (gain && bias)
    x = emit_fma(e, x, gain, bias);
  else if (gain)
    x = emit_mul(e, x, gain);
  else if (bias)
    x = emit_add(e, x, bias);
  emit_store(e, n->out.dtype, emit_at(e, n->out.dtype, n->y, index), x);
}

static LLVMValueRef optional(emitter *e, const plan_step *step, int index, ir_dtype *dtype) {
  const plan_operand *operand = kernel_read(step, index);
  if (!operand) return NULL;
  *dtype = operand->value->type.dtype;
  return emit_argument(e, index);
}

void kernel_norm(emitter *e, const plan_step *step) {
  const ir_node *node = step->nodes[0];
  const ir_value *x = step->reads[NORM_X].value;
  ir_dtype dtype = emit_compute_dtype(x->type.dtype);
  LLVMTypeRef type = emit_type(e, dtype, 1);
  norm n = {.in = kernel_rows_of(e, step, NORM_X), .out = kernel_rows_of(e, step, step->read_count)};
  n.gain = optional(e, step, NORM_GAIN, &n.gain_dtype);
  n.bias = optional(e, step, NORM_BIAS, &n.bias_dtype);
  LLVMValueRef size = kernel_dim(e, x, x->type.rank - 1), low, high;
  LLVMValueRef count = LLVMBuildSIToFP(e->builder, size, type, "");
  emit_share(e, kernel_row_count(e, x), size, &low, &high);
  emit_loop rows = emit_loop_begin(e, low, high, 1);
  n.x = kernel_row(e, &n.in, rows.index);
  n.y = kernel_row(e, &n.out, rows.index);
  if (node->op == IR_LAYER_NORM)
    n.mean = emit_fdiv(e, kernel_fold(e, size, dtype, emit_add, 0, element, &n), count);
  LLVMValueRef variance = emit_fdiv(e, kernel_fold(e, size, dtype, emit_add, 0, square, &n), count);
  LLVMValueRef guarded = emit_add(e, variance, emit_number(type, node->attrs.epsilon));
  n.scale = elementwise_unary(e, IR_RSQRT, dtype, guarded);
  emit_strips(e, emit_index(e, 0), size, emit_level_lanes(e, dtype), 1, write, &n);
  emit_loop_end(e, &rows);
}
