/*
 * attention_join.c: what chunks of keys found for a query, to its result. Of
 * several queries the first may not see the last chunk, which adds nothing. A
 * chunk's sums and total are relative to its own largest score; here they fade
 * to the largest of all, as blocks do within a chunk.
 */
#include "codegen/kernels/attention.h"

#include <math.h>

typedef struct {
  const plan_operand *chunks;
  ir_dtype dtype, result_dtype;
  LLVMValueRef C, E;
  LLVMValueRef head[3]; /* b, h, query */
  LLVMValueRef sums;    /* [E] on the stack */
  LLVMValueRef from, to, factor;
} joining;

static LLVMValueRef chunk_row(emitter *e, const joining *j, LLVMValueRef chunk) {
  LLVMValueRef at[] = {j->head[0], j->head[1], emit_add(e, emit_mul(e, j->head[2], j->C), chunk)};
  return kernel_at(e, j->chunks, emit_argument(e, 0), at, 3);
}

static LLVMValueRef chunk_figure(emitter *e, const joining *j, LLVMValueRef row, int which) {
  return emit_load(e, j->dtype, emit_at(e, j->dtype, row, emit_add(e, j->E, emit_index(e, which))), 1);
}

static LLVMValueRef largest_score(emitter *e, const joining *j) {
  LLVMTypeRef type = emit_type(e, j->dtype, 1);
  LLVMValueRef most = emit_variable(e, type, emit_number(type, -INFINITY));
  emit_loop chunk = emit_loop_begin(e, emit_index(e, 0), j->C, 1);
  LLVMValueRef here = chunk_figure(e, j, chunk_row(e, j, chunk.index), ATTENTION_MOST);
  emit_set(e, most, emit_larger(e, here, emit_get(e, most)));
  emit_loop_end(e, &chunk);
  return attention_reference(e, emit_get(e, most));
}

static void clear_sums(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  const joining *j = user;
  (void)part;
  emit_store(e, j->dtype, emit_at(e, j->dtype, j->sums, index), emit_zero(emit_type(e, j->dtype, lanes)));
}

static void add_sums(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  const joining *j = user;
  (void)part;
  LLVMValueRef at = emit_at(e, j->dtype, j->sums, index);
  LLVMValueRef x = emit_load(e, j->dtype, emit_at(e, j->dtype, j->from, index), lanes);
  emit_store(e, j->dtype, at, emit_fma(e, x, j->factor, emit_load(e, j->dtype, at, lanes)));
}

static void store_result(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  const joining *j = user;
  (void)part;
  LLVMValueRef x = emit_load(e, j->dtype, emit_at(e, j->dtype, j->sums, index), lanes);
  emit_store(e, j->result_dtype, emit_at(e, j->result_dtype, j->to, index), emit_mul(e, x, j->factor));
}

static void join_chunks(emitter *e, joining *j) {
  LLVMTypeRef type = emit_type(e, j->dtype, 1);
  LLVMValueRef zero = emit_index(e, 0), total = emit_variable(e, type, emit_zero(type));
  int lanes = emit_level_lanes(e, j->dtype);
  emit_strips(e, zero, j->E, lanes, 1, clear_sums, j);
  LLVMValueRef most = largest_score(e, j);
  emit_loop chunk = emit_loop_begin(e, zero, j->C, 1);
  j->from = chunk_row(e, j, chunk.index);
  j->factor = emit_exp2(e, emit_sub(e, chunk_figure(e, j, j->from, ATTENTION_MOST), most));
  LLVMValueRef here = chunk_figure(e, j, j->from, ATTENTION_TOTAL);
  emit_set(e, total, emit_fma(e, here, j->factor, emit_get(e, total)));
  emit_strips(e, zero, j->E, lanes, 1, add_sums, j);
  emit_loop_end(e, &chunk);
  j->factor = attention_factor(e, j->dtype, emit_get(e, total));
  emit_strips(e, zero, j->E, lanes, 1, store_result, j);
}

void kernel_attention_join(emitter *e, const plan_step *step) {
  const ir_value *chunks = step->reads[0].value, *result = step->result.value;
  LLVMValueRef S = kernel_dim(e, result, 2);
  joining j = {.chunks = &step->reads[0],
               .dtype = chunks->type.dtype,
               .result_dtype = result->type.dtype,
               .C = emit_udiv(e, kernel_dim(e, chunks, 2), S),
               .E = kernel_dim(e, result, 3)};
  int64_t room = attention_room(e, result->type.dims[3], emit_level_lanes(e, j.dtype));
  j.sums = emit_stack(e, emit_type(e, j.dtype, 1), room);
  LLVMValueRef sizes[] = {kernel_dim(e, result, 0), kernel_dim(e, result, 1), S}, low, high;
  emit_share(e, emit_mul(e, emit_mul(e, sizes[0], sizes[1]), S), emit_mul(e, j.C, j.E), &low, &high);
  emit_loop unit = emit_loop_begin(e, low, high, 1);
  kernel_split(e, unit.index, sizes, 3, j.head);
  j.to = kernel_at(e, &step->result, emit_argument(e, 1), j.head, 3);
  join_chunks(e, &j);
  emit_loop_end(e, &unit);
}
