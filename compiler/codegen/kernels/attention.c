/*
 * attention.c: softmax(cap(q k^T * scale) + bias) v over units; see attention.h.
 * With a causal mask, blocks of keys that no query of the unit sees are not
 * visited, and of the others only the rows that see them.
 */
#include "codegen/kernels/attention.h"

#include <math.h>

LLVMValueRef attention_element(emitter *e, const attention *t, LLVMValueRef memory, LLVMValueRef row,
                               int64_t row_size, LLVMValueRef column) {
  return emit_at(e, t->dtype, memory, emit_add(e, emit_mul(e, row, emit_index(e, row_size)), column));
}

/* ---- shapes -------------------------------------------------------------------------- */

int64_t attention_room(emitter *e, ir_dim dim, int64_t step) {
  int64_t low, high;
  ir_dim_bounds(e->ir, dim, &low, &high);
  return (high + step - 1) / step * step;
}

/* Heads of a unit: as many as divide a group evenly. With one query, undivided, heads are all units there
 * are. */
static int choose_heads(const attention *t) {
  if (t->one_query && !t->in_chunks) return 1;
  int64_t heads, groups;
  bool known = ir_dim_is_const(t->q->value->type.dims[1], &heads) &&
               ir_dim_is_const(t->k->value->type.dims[1], &groups) && groups > 0;
  int64_t group = known ? heads / groups : 1;
  int together = group < ATTENTION_HEADS ? (int)group : ATTENTION_HEADS;
  while (together > 1 && group % together) together--;
  return together > 1 ? together : 1;
}

static void choose_rows(attention *t) {
  int64_t size = (int64_t)ir_dtype_bytes(t->dtype), keys = t->depth_room * ATTENTION_KEYS * size;
  int64_t most = (ATTENTION_ROOM_BYTES - keys) / ((t->depth_room + ATTENTION_KEYS + t->width_room) * size);
  if (most > ATTENTION_ROWS) most = ATTENTION_ROWS;
  t->queries = t->one_query || most < t->heads ? 1 : (int)most / t->heads;
  int rows = t->heads * t->queries, tiles = (rows + t->tile_rows - 1) / t->tile_rows;
  if (t->one_query) t->tile_rows = (rows + tiles - 1) / tiles; /* few: tiles of about one size */
  t->rows = tiles * t->tile_rows;
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
                 .scale = attrs->scale * ATTENTION_UNIT,
                 .softcap = attrs->softcap * ATTENTION_UNIT,
                 .one_query = ir_dim_is(q->type.dims[2], 1) || attrs->apart,
                 .in_chunks = step->kernel == PLAN_ATTENTION_CHUNKS};
  t.B = kernel_dim(e, q, 0);
  t.H = kernel_dim(e, q, 1);
  t.S = kernel_dim(e, q, 2);
  t.D = kernel_dim(e, q, 3);
  t.G = kernel_dim(e, k, 1);
  t.T = kernel_dim(e, k, 2);
  t.E = kernel_dim(e, v, 3);
  tile_shape(e, t.dtype, &t.tile_rows, &t.vectors, &t.lanes);
  t.sum_lanes = e->steady ? emit_sum_lanes(t.dtype) : t.lanes;
  t.depth_room = attention_room(e, q->type.dims[3], t.lanes);
  t.width_room = attention_room(e, v->type.dims[3], (int64_t)t.vectors * t.lanes);
  t.heads = choose_heads(&t);
  choose_rows(&t);
  LLVMTypeRef element = emit_type(e, t.dtype, 1);
  t.stack_q = emit_stack(e, element, t.rows * t.depth_room);
  t.widens_keys = t.one_query && t.heads > 1 && k->type.dtype != t.dtype;
  if (!t.one_query) t.stack_keys = emit_stack(e, element, t.depth_room * ATTENTION_KEYS);
  if (t.widens_keys) t.stack_keys = emit_stack(e, element, t.depth_room * t.lanes);
  for (int i = 0; i < 2; i++) {
    t.scales[i] = kernel_read(step, ATTENTION_K_SCALE + i);
    if (t.scales[i]) t.stack_scales[i] = emit_stack(e, element, ATTENTION_KEYS);
  }
  t.stack_scores = emit_stack(e, element, (int64_t)t.rows * ATTENTION_KEYS);
  t.stack_sums = emit_stack(e, element, t.rows * t.width_room);
  t.stack_most = emit_stack(e, element, t.rows + t.lanes);
  t.stack_peaks = emit_stack(e, element, (int64_t)(t.rows + t.lanes) * t.lanes);
  t.stack_total = emit_stack(e, element, (int64_t)t.rows * t.sum_lanes);
  if (t.one_query && t.sum_lanes > t.lanes)
    t.stack_parts = emit_stack(e, element, (int64_t)t.sum_lanes * t.lanes);
  t.stack_fade = emit_stack(e, element, t.rows + t.lanes);
  return t;
}

/* ---- one unit ------------------------------------------------------------------------ */

/* for each query of the unit, for each head */
typedef struct {
  emit_loop queries, heads;
  LLVMValueRef query, head, row;
} row_loop;

static row_loop rows_begin(emitter *e, const attention *t) {
  row_loop loop = {.queries = emit_loop_begin(e, emit_index(e, 0), t->query_count, 1)};
  loop.query = loop.queries.index;
  loop.heads = emit_loop_begin(e, emit_index(e, 0), emit_index(e, t->heads), 1);
  loop.head = loop.heads.index;
  loop.row = emit_add(e, emit_mul(e, loop.query, emit_index(e, t->heads)), loop.head);
  return loop;
}

static void rows_end(emitter *e, const row_loop *loop) {
  emit_loop_end(e, &loop->heads);
  emit_loop_end(e, &loop->queries);
}

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

/* The row of q or of the result: of a query, or of a query's chunk. */
static LLVMValueRef query_row(emitter *e, const attention *t, int index, const row_loop *row) {
  bool is_result = index == t->step->read_count;
  const plan_operand *operand = is_result ? &t->step->result : &t->step->reads[index];
  LLVMValueRef query = emit_add(e, t->first_query, row->query);
  LLVMValueRef at[] = {t->b, emit_add(e, t->first_head, row->head),
                       is_result && t->in_chunks ? t->chunk_row : query};
  return kernel_at(e, operand, emit_argument(e, index), at, 3);
}

static void begin_unit(emitter *e, const attention *t) {
  LLVMValueRef zero = emit_index(e, 0);
  LLVMTypeRef type = emit_type(e, t->dtype, 1);
  row_loop rows = rows_begin(e, t);
  row_copy query = {.t = t, .from = query_row(e, t, ATTENTION_Q, &rows)};
  query.to = attention_element(e, t, t->stack_q, rows.row, t->depth_room, zero);
  emit_strips(e, zero, t->D, t->lanes, 1, load_query, &query);
  row_copy sums = {.t = t, .to = attention_element(e, t, t->stack_sums, rows.row, t->width_room, zero)};
  emit_strips(e, zero, emit_index(e, t->width_room), t->lanes, 1, clear, &sums);
  emit_store(e, t->dtype, emit_at(e, t->dtype, t->stack_most, rows.row), emit_number(type, -INFINITY));
  emit_store(e, t->dtype, attention_element(e, t, t->stack_total, rows.row, t->sum_lanes, zero),
             emit_zero(emit_type(e, t->dtype, t->sum_lanes)));
  rows_end(e, &rows);
}

LLVMValueRef attention_reference(emitter *e, LLVMValueRef most) {
  LLVMTypeRef type = LLVMTypeOf(most);
  LLVMValueRef unseen = emit_fcmp(e, LLVMRealOEQ, most, emit_number(type, -INFINITY));
  return emit_select(e, unseen, emit_zero(type), most);
}

LLVMValueRef attention_factor(emitter *e, ir_dtype dtype, LLVMValueRef total) {
  LLVMValueRef unseen = emit_fcmp(e, LLVMRealOEQ, total, emit_zero(LLVMTypeOf(total)));
  total = emit_select(e, unseen, emit_number(LLVMTypeOf(total), 1), total);
  return elementwise_unary(e, IR_RECIPROCAL, dtype, total);
}

static void end_chunk(emitter *e, const attention *t, const row_copy *result, LLVMValueRef most,
                      LLVMValueRef total) {
  LLVMValueRef figures = emit_at(e, t->dtype, result->to, t->E);
  emit_store(e, t->dtype, emit_at(e, t->dtype, figures, emit_index(e, ATTENTION_MOST)), most);
  emit_store(e, t->dtype, emit_at(e, t->dtype, figures, emit_index(e, ATTENTION_TOTAL)), total);
}

static void end_unit(emitter *e, const attention *t) {
  LLVMValueRef zero = emit_index(e, 0);
  row_loop rows = rows_begin(e, t);
  LLVMValueRef most = emit_load(e, t->dtype, emit_at(e, t->dtype, t->stack_most, rows.row), 1);
  LLVMValueRef totals = attention_element(e, t, t->stack_total, rows.row, t->sum_lanes, zero);
  LLVMValueRef total = emit_across(e, emit_load(e, t->dtype, totals, t->sum_lanes), emit_add);
  row_copy result = {.t = t};
  result.factor = t->in_chunks ? emit_number(LLVMTypeOf(total), 1) : attention_factor(e, t->dtype, total);
  result.from = attention_element(e, t, t->stack_sums, rows.row, t->width_room, zero);
  result.to = query_row(e, t, t->step->read_count, &rows);
  emit_strips(e, zero, t->E, t->lanes, 1, store_result, &result);
  if (t->in_chunks) end_chunk(e, t, &result, most, total);
  rows_end(e, &rows);
}

/* The end of the unit's keys, of which a query may see some: query s sees t <= s + T - S. */
static LLVMValueRef seen_keys(emitter *e, const attention *t) {
  LLVMValueRef end = t->T;
  if (t->in_chunks) end = emit_imin(e, end, emit_add(e, t->start_key, emit_index(e, PLAN_CHUNK_KEYS)));
  if (!t->causal) return end;
  LLVMValueRef before = emit_add(e, t->first_query, emit_sub(e, t->T, t->S));
  return emit_imin(e, end, emit_add(e, before, t->query_count));
}

/* How many keys of the block a query of the unit sees. */
static LLVMValueRef query_keys(emitter *e, const attention *t, LLVMValueRef query) {
  if (!t->causal) return t->key_count;
  LLVMValueRef last = emit_add(e, emit_add(e, t->first_query, query), emit_sub(e, t->T, t->S));
  LLVMValueRef seen = emit_add(e, emit_sub(e, last, t->first_key), emit_index(e, 1));
  return emit_imin(e, t->key_count, seen);
}

LLVMValueRef attention_row_keys(emitter *e, const attention *t, LLVMValueRef row) {
  return query_keys(e, t, emit_udiv(e, row, emit_index(e, t->heads)));
}

LLVMValueRef attention_tile_keys(emitter *e, const attention *t, LLVMValueRef row) {
  LLVMValueRef tile = emit_index(e, t->tile_rows);
  LLVMValueRef last =
      emit_add(e, emit_mul(e, emit_udiv(e, row, tile), tile), emit_index(e, t->tile_rows - 1));
  return attention_row_keys(e, t, last);
}

/* The tile of the first query that sees key first_key. */
static void skip_hidden_rows(emitter *e, attention *t) {
  t->tile_row = emit_index(e, 0);
  if (!t->causal) return;
  LLVMValueRef heads = emit_index(e, t->heads), tile = emit_index(e, t->tile_rows);
  LLVMValueRef sees_all = emit_add(e, t->first_query, emit_sub(e, t->T, t->S));
  LLVMValueRef first = emit_imax(e, emit_sub(e, t->first_key, sees_all), emit_index(e, 0));
  t->tile_row = emit_mul(e, emit_udiv(e, emit_mul(e, first, heads), tile), tile);
}

/* With a causal mask later queries see more: the first and the last block, the second and the last but one.
 */
static LLVMValueRef paired(emitter *e, LLVMValueRef index, LLVMValueRef count) {
  LLVMValueRef half = emit_udiv(e, index, emit_index(e, 2)), last = emit_sub(e, count, emit_index(e, 1));
  LLVMValueRef even = emit_icmp(e, LLVMIntEQ, emit_urem(e, index, emit_index(e, 2)), emit_index(e, 0));
  return emit_select(e, even, half, emit_sub(e, last, half));
}

/* Blocks of queries of a batch's heads; chunks of keys of each query, where they are split. */
static LLVMValueRef unit_blocks(emitter *e, const attention *t) {
  if (t->in_chunks) return kernel_dim(e, t->step->result.value, 2);
  return emit_udiv(e, emit_add(e, t->S, emit_index(e, t->queries - 1)), emit_index(e, t->queries));
}

static void emit_unit(emitter *e, attention *t, LLVMValueRef unit, LLVMValueRef blocks) {
  LLVMValueRef heads = emit_index(e, t->heads), queries = emit_index(e, t->queries);
  LLVMValueRef sizes[] = {t->B, emit_udiv(e, t->H, heads), blocks}, index[3];
  kernel_split(e, unit, sizes, 3, index);
  t->start_key = emit_index(e, 0);
  if (t->in_chunks) {
    LLVMValueRef chunks = emit_udiv(e, blocks, t->S);
    t->chunk_row = index[2];
    t->start_key = emit_mul(e, emit_urem(e, index[2], chunks), emit_index(e, PLAN_CHUNK_KEYS));
    index[2] = emit_udiv(e, index[2], chunks);
  } else if (t->causal) {
    index[2] = paired(e, index[2], blocks);
  }
  t->b = index[0];
  t->first_head = emit_mul(e, index[1], heads);
  t->first_query = emit_mul(e, index[2], queries);
  t->query_count = emit_imin(e, queries, emit_sub(e, t->S, t->first_query));
  t->row_count = emit_mul(e, t->query_count, heads);
  LLVMValueRef group = emit_udiv(e, t->first_head, emit_udiv(e, t->H, t->G)), head[] = {t->b, group};
  t->k_rows = kernel_at(e, t->k, emit_argument(e, ATTENTION_K), head, 2);
  t->v_rows = kernel_at(e, t->v, emit_argument(e, ATTENTION_V), head, 2);
  begin_unit(e, t);
  LLVMValueRef seen = seen_keys(e, t);
  emit_loop block = emit_loop_begin(e, t->start_key, seen, ATTENTION_KEYS);
  t->first_key = block.index;
  t->key_count = emit_imin(e, emit_index(e, ATTENTION_KEYS), emit_sub(e, seen, block.index));
  skip_hidden_rows(e, t);
  attention_bring_scales(e, t);
  attention_scores(e, t);
  attention_references(e, t);
  attention_values(e, t);
  emit_loop_end(e, &block);
  end_unit(e, t);
}

void kernel_attention(emitter *e, const plan_step *step) {
  attention t = describe(e, step);
  LLVMValueRef queries = emit_index(e, t.queries), heads = emit_index(e, t.heads);
  LLVMValueRef blocks = unit_blocks(e, &t), keys = t.T;
  if (t.in_chunks) keys = emit_imin(e, keys, emit_index(e, PLAN_CHUNK_KEYS));
  LLVMValueRef units = emit_mul(e, emit_mul(e, t.B, emit_udiv(e, t.H, heads)), blocks);
  LLVMValueRef rows = emit_mul(e, emit_imin(e, t.S, queries), heads);
  LLVMValueRef work = emit_mul(e, emit_mul(e, keys, rows), emit_add(e, t.D, t.E));
  emit_claim claim = emit_claim_begin(e, units, emit_udiv(e, work, emit_index(e, 4)));
  emit_loop unit = emit_loop_begin(e, claim.low, claim.high, 1);
  emit_unit(e, &t, unit.index, blocks);
  emit_loop_end(e, &unit);
  emit_claim_end(e, &claim);
}

void kernel_attention_chunks(emitter *e, const plan_step *step) {
  kernel_attention(e, step);
}
