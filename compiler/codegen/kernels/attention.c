/*
 * attention.c: softmax(cap(q k^T * scale) + bias) v over units of one head and one
 * block of queries; see attention.h. With a causal mask, blocks of keys that
 * no query of the block sees are not visited.
 */
#include "codegen/kernels/attention.h"

#include <math.h>

LLVMValueRef attention_element(emitter *e, const attention *t, LLVMValueRef memory, LLVMValueRef row,
                               int64_t row_size, LLVMValueRef column) {
  return emit_at(e, t->dtype, memory, emit_add(e, emit_mul(e, row, emit_index(e, row_size)), column));
}

/* Room on the stack for `dim` elements, whole steps of `step`. Sizes of heads are known or bounded. */
static int64_t room_for(emitter *e, ir_dim dim, int64_t step) {
  int64_t low, high;
  ir_dim_bounds(e->ir, dim, &low, &high);
  return (high + step - 1) / step * step;
}

static attention describe(emitter *e, const plan_step *step) {
  const ir_attrs *attrs = &step->nodes[0]->attrs;
  const ir_value *q = step->reads[ATTENTION_Q].value, *k = step->reads[ATTENTION_K].value,
                 *v = step->reads[ATTENTION_V].value;
  attention t = {.step = step,
                 .q = &step->reads[ATTENTION_Q],
                 .k = &step->reads[ATTENTION_K],
                 .v = &step->reads[ATTENTION_V],
                 .bias = kernel_read(step, ATTENTION_BIAS),
                 .dtype = emit_compute_dtype(q->type.dtype),
                 .causal = attrs->causal,
                 .scale = attrs->scale,
                 .softcap = attrs->softcap,
                 .one_query = ir_dim_is(q->type.dims[2], 1)};
  t.B = kernel_dim(e, q, 0);
  t.H = kernel_dim(e, q, 1);
  t.S = kernel_dim(e, q, 2);
  t.D = kernel_dim(e, q, 3);
  t.G = kernel_dim(e, k, 1);
  t.T = kernel_dim(e, k, 2);
  t.E = kernel_dim(e, v, 3);
  tile_shape(e, t.dtype, &t.tile_rows, &t.vectors, &t.lanes);
  int tiles = ATTENTION_QUERIES / t.tile_rows;
  t.queries = t.one_query ? 1 : t.tile_rows * (tiles > 1 ? tiles : 1);
  if (t.one_query) t.tile_rows = 1;
  t.depth_room = room_for(e, q->type.dims[3], t.lanes);
  t.width_room = room_for(e, v->type.dims[3], (int64_t)t.vectors * t.lanes);
  LLVMTypeRef element = emit_type(e, t.dtype, 1);
  t.stack_q = emit_stack(e, element, t.queries * t.depth_room);
  if (!t.one_query) t.stack_keys = emit_stack(e, element, t.depth_room * ATTENTION_KEYS);
  t.stack_scores = emit_stack(e, element, (int64_t)t.queries * ATTENTION_KEYS);
  t.stack_sums = emit_stack(e, element, t.queries * t.width_room);
  int64_t row_room = (t.queries + t.lanes - 1) / t.lanes * t.lanes;
  t.stack_most = emit_stack(e, element, row_room);
  t.stack_total = emit_stack(e, element, row_room);
  t.stack_fade = emit_stack(e, element, row_room);
  return t;
}

/* ---- one unit ------------------------------------------------------------------------ */

typedef struct {
  const attention *t;
  LLVMValueRef from, to, factor;
} row_copy;

static void load_query(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  const row_copy *c = user;
  (void)part;
  ir_dtype dtype = c->t->q->value->type.dtype;
  LLVMValueRef x = emit_load(e, dtype, emit_at(e, dtype, c->from, index), lanes);
  x = emit_mul(e, x, emit_number(LLVMTypeOf(x), c->t->scale));
  emit_store(e, c->t->dtype, emit_at(e, c->t->dtype, c->to, index), x);
}

static void clear(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  const row_copy *c = user;
  (void)part;
  emit_store(e, c->t->dtype, emit_at(e, c->t->dtype, c->to, index),
             emit_zero(emit_type(e, c->t->dtype, lanes)));
}

static void store_result(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  const row_copy *c = user;
  (void)part;
  ir_dtype dtype = c->t->step->result.value->type.dtype;
  LLVMValueRef x = emit_load(e, c->t->dtype, emit_at(e, c->t->dtype, c->from, index), lanes);
  emit_store(e, dtype, emit_at(e, dtype, c->to, index), emit_mul(e, x, c->factor));
}

/* The row of q or of the result for query first_query + row. */
static LLVMValueRef query_row(emitter *e, const attention *t, int index, LLVMValueRef row) {
  const plan_operand *operand = index == t->step->read_count ? &t->step->result : &t->step->reads[index];
  LLVMValueRef at[] = {t->b, t->h, emit_add(e, t->first_query, row)};
  return kernel_at(e, operand, emit_argument(e, index), at, 3);
}

static void begin_unit(emitter *e, const attention *t) {
  LLVMValueRef zero = emit_index(e, 0);
  LLVMTypeRef type = emit_type(e, t->dtype, 1);
  emit_loop rows = emit_loop_begin(e, zero, t->query_count, 1);
  row_copy query = {.t = t, .from = query_row(e, t, ATTENTION_Q, rows.index)};
  query.to = attention_element(e, t, t->stack_q, rows.index, t->depth_room, zero);
  emit_strips(e, zero, t->D, t->lanes, 1, load_query, &query);
  row_copy sums = {.t = t, .to = attention_element(e, t, t->stack_sums, rows.index, t->width_room, zero)};
  emit_strips(e, zero, emit_index(e, t->width_room), t->lanes, 1, clear, &sums);
  emit_store(e, t->dtype, emit_at(e, t->dtype, t->stack_most, rows.index), emit_number(type, -INFINITY));
  emit_store(e, t->dtype, emit_at(e, t->dtype, t->stack_total, rows.index), emit_zero(type));
  emit_loop_end(e, &rows);
}

static void end_unit(emitter *e, const attention *t) {
  LLVMValueRef zero = emit_index(e, 0);
  emit_loop rows = emit_loop_begin(e, zero, t->query_count, 1);
  LLVMValueRef total = emit_load(e, t->dtype, emit_at(e, t->dtype, t->stack_total, rows.index), 1);
  /* A query that sees no key is 0: an empty sum of values. */
  LLVMValueRef unseen = emit_fcmp(e, LLVMRealOEQ, total, emit_zero(LLVMTypeOf(total)));
  total = emit_select(e, unseen, emit_number(LLVMTypeOf(total), 1), total);
  row_copy result = {.t = t, .factor = elementwise_unary(e, IR_RECIPROCAL, t->dtype, total)};
  result.from = attention_element(e, t, t->stack_sums, rows.index, t->width_room, zero);
  result.to = query_row(e, t, t->step->read_count, rows.index);
  emit_strips(e, zero, t->E, t->lanes, 1, store_result, &result);
  emit_loop_end(e, &rows);
}

/* How many keys, from the first, any query of the block may see: query s sees t <= s + T - S. */
static LLVMValueRef seen_keys(emitter *e, const attention *t) {
  if (!t->causal) return t->T;
  LLVMValueRef end = emit_add(e, emit_add(e, t->first_query, t->query_count), emit_sub(e, t->T, t->S));
  return emit_imin(e, t->T, end);
}

static void emit_unit(emitter *e, attention *t, LLVMValueRef unit, LLVMValueRef blocks) {
  LLVMValueRef sizes[] = {t->B, t->H, blocks}, index[3];
  LLVMValueRef queries = emit_index(e, t->queries), keys = emit_index(e, ATTENTION_KEYS);
  kernel_split(e, unit, sizes, 3, index);
  t->b = index[0];
  t->h = index[1];
  t->first_query = emit_mul(e, index[2], queries);
  t->query_count = emit_imin(e, queries, emit_sub(e, t->S, t->first_query));
  LLVMValueRef group = emit_udiv(e, t->h, emit_udiv(e, t->H, t->G)), head[] = {t->b, group};
  t->k_rows = kernel_at(e, t->k, emit_argument(e, ATTENTION_K), head, 2);
  t->v_rows = kernel_at(e, t->v, emit_argument(e, ATTENTION_V), head, 2);
  begin_unit(e, t);
  LLVMValueRef seen = seen_keys(e, t);
  emit_loop block = emit_loop_begin(e, emit_index(e, 0), seen, ATTENTION_KEYS);
  t->first_key = block.index;
  t->key_count = emit_imin(e, keys, emit_sub(e, seen, block.index));
  attention_scores(e, t);
  attention_weights(e, t);
  attention_values(e, t);
  emit_loop_end(e, &block);
  end_unit(e, t);
}

void kernel_attention(emitter *e, const plan_step *step) {
  attention t = describe(e, step);
  LLVMValueRef low, high, queries = emit_index(e, t.queries);
  LLVMValueRef blocks = emit_udiv(e, emit_add(e, t.S, emit_index(e, t.queries - 1)), queries);
  LLVMValueRef units = emit_mul(e, emit_mul(e, t.B, t.H), blocks);
  LLVMValueRef work = emit_mul(e, emit_mul(e, t.T, emit_imin(e, t.S, queries)), emit_add(e, t.D, t.E));
  emit_share(e, units, emit_udiv(e, work, emit_index(e, 4)), &low, &high);
  emit_loop unit = emit_loop_begin(e, low, high, 1);
  emit_unit(e, &t, unit.index, blocks);
  emit_loop_end(e, &unit);
}
