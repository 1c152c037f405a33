/*
 * attention_scores.c: the two products of a block of attention. Queries times
 * keys: the keys are transposed once per block, then both products are the
 * register tile of tile.h. A single query takes dot products instead, of a few
 * keys, which stay in the cache, with all heads.
 */
#include "codegen/kernels/attention.h"

#include <math.h>

enum { CACHE_LINE_BYTES = 64 };

/* The row of k (or v) for key first_key + key. */
static LLVMValueRef key_row(emitter *e, const attention *t, const plan_operand *operand, LLVMValueRef rows,
                            LLVMValueRef key) {
  LLVMValueRef offset = emit_mul(e, emit_add(e, t->first_key, key), kernel_stride(e, operand, 2));
  return emit_at(e, operand->value->type.dtype, rows, offset);
}

/* Rows of k for `lanes` keys from `key`; past the block's end the last one again, whose scores are masked. */
static void lane_keys(emitter *e, const attention *t, LLVMValueRef key, LLVMValueRef *rows) {
  LLVMValueRef last = emit_sub(e, t->key_count, emit_index(e, 1));
  for (int i = 0; i < t->lanes; i++)
    rows[i] = key_row(e, t, t->k, t->k_rows, emit_imin(e, emit_add(e, key, emit_index(e, i)), last));
}

/* A vector of features from `depth` of the row of `dtype`; missing ones are zero. */
static LLVMValueRef features(emitter *e, const attention *t, ir_dtype dtype, LLVMValueRef row,
                             LLVMValueRef depth, bool whole) {
  LLVMValueRef count = whole ? NULL : emit_sub(e, t->D, depth);
  return tile_as_float(e, emit_load_part(e, dtype, emit_at(e, dtype, row, depth), t->lanes, count));
}

/* Covers the features in vectors; whole: no feature of the vector is missing. */
typedef void feature_body(emitter *e, LLVMValueRef depth, bool whole, void *user);
static void each_features(emitter *e, const attention *t, feature_body *body, void *user) {
  LLVMValueRef lanes = emit_index(e, t->lanes), zero = emit_index(e, 0);
  LLVMValueRef whole = emit_mul(e, emit_udiv(e, t->D, lanes), lanes);
  int64_t known;
  emit_loop wholes = emit_loop_begin(e, zero, whole, t->lanes);
  body(e, wholes.index, true, user);
  emit_loop_end(e, &wholes);
  if (emit_is_constant(t->D, &known) && known % t->lanes == 0) return;
  emit_loop rest = emit_loop_begin(e, whole, t->D, t->lanes);
  body(e, rest.index, false, user);
  emit_loop_end(e, &rest);
}

/* ---- scales of rows of bytes ---- */

typedef struct {
  const attention *t;
  LLVMValueRef from, stride, to;
} scale_copy;

static void copy_scales(emitter *e, LLVMValueRef key, int lanes, int part, void *user) {
  const scale_copy *c = user;
  (void)part;
  LLVMValueRef from = emit_at(e, SMELT_F32, c->from, emit_mul(e, key, c->stride));
  emit_store(e, SMELT_F32, emit_at(e, SMELT_F32, c->to, key), emit_load(e, SMELT_F32, from, lanes));
}

void attention_bring_scales(emitter *e, const attention *t) {
  LLVMValueRef group = emit_udiv(e, t->first_head, emit_udiv(e, t->H, t->G)), head[] = {t->b, group};
  for (int i = 0; i < 2; i++) {
    if (!t->scales[i]) continue;
    LLVMValueRef rows = kernel_at(e, t->scales[i], emit_argument(e, ATTENTION_K_SCALE + i), head, 2);
    scale_copy c = {.t = t, .stride = kernel_stride(e, t->scales[i], 2), .to = t->stack_scales[i]};
    c.from = emit_at(e, SMELT_F32, rows, emit_mul(e, t->first_key, c.stride));
    int64_t stride = 0;
    bool in_vectors = emit_is_constant(c.stride, &stride) && stride == 1;
    emit_strips(e, emit_index(e, 0), t->key_count, in_vectors ? t->lanes : 1, 1, copy_scales, &c);
  }
}

LLVMValueRef attention_scales(emitter *e, const attention *t, int of, LLVMValueRef key) {
  return emit_load(e, SMELT_F32, emit_at(e, SMELT_F32, t->stack_scales[of], key), t->lanes);
}

/* Scores of keys of bytes to what they stand for. */
static LLVMValueRef scaled(emitter *e, const attention *t, LLVMValueRef score, LLVMValueRef key) {
  return t->scales[0] ? emit_mul(e, score, attention_scales(e, t, ATTENTION_OF_KEYS, key)) : score;
}

/* ---- scores ------------------------------------------------------------------------------ */

typedef struct {
  const attention *t;
  LLVMValueRef rows[64]; /* of keys, one per lane */
  ir_dtype dtype;        /* theirs */
  LLVMValueRef key, q;   /* q: the row */
  LLVMValueRef sums[64]; /* variables: one query's dot products, vectors to be added up */
} key_vector;

static void transpose_features(emitter *e, LLVMValueRef depth, bool whole, void *user) {
  key_vector *v = user;
  const attention *t = v->t;
  LLVMValueRef block[64];
  for (int i = 0; i < t->lanes; i++) block[i] = features(e, t, v->dtype, v->rows[i], depth, whole);
  emit_transpose(e, block, t->lanes);
  for (int i = 0; i < t->lanes; i++) {
    LLVMValueRef d = emit_add(e, depth, emit_index(e, i));
    emit_store(e, t->dtype, attention_element(e, t, t->stack_keys, d, ATTENTION_KEYS, v->key), block[i]);
  }
}

static void multiply_features(emitter *e, LLVMValueRef depth, bool whole, void *user) {
  key_vector *v = user;
  const attention *t = v->t;
  /* the room behind the last feature of q holds anything: it must not meet the zeros of k as a NaN */
  LLVMValueRef count = whole ? NULL : emit_sub(e, t->D, depth);
  LLVMValueRef q = emit_load_part(e, t->dtype, emit_at(e, t->dtype, v->q, depth), t->lanes, count);
  for (int i = 0; i < t->lanes; i++) {
    LLVMValueRef k = features(e, t, v->dtype, v->rows[i], depth, whole);
    emit_set(e, v->sums[i], emit_fma(e, q, k, emit_get(e, v->sums[i])));
  }
}

static LLVMValueRef wide_row(emitter *e, const attention *t, int lane, LLVMValueRef depth) {
  return attention_element(e, t, t->stack_keys, emit_index(e, lane), t->depth_room, depth);
}

static void widen_features(emitter *e, LLVMValueRef depth, bool whole, void *user) {
  const key_vector *v = user;
  const attention *t = v->t;
  for (int i = 0; i < t->lanes; i++)
    emit_store(e, t->dtype, wide_row(e, t, i, depth), features(e, t, v->dtype, v->rows[i], depth, whole));
}

static void widen_keys(emitter *e, key_vector *v) {
  const attention *t = v->t;
  each_features(e, t, widen_features, v);
  for (int i = 0; i < t->lanes; i++) v->rows[i] = wide_row(e, t, i, emit_index(e, 0));
  v->dtype = t->dtype;
}

/* Every (sum_lanes / lanes)-th vector of features, from the part-th on, times those of q. */
static void multiply_part(emitter *e, key_vector *v, LLVMValueRef part) {
  const attention *t = v->t;
  LLVMValueRef lanes = emit_index(e, t->lanes), parts = emit_index(e, t->sum_lanes / t->lanes);
  LLVMValueRef vectors = emit_udiv(e, t->D, lanes), end = emit_mul(e, vectors, lanes);
  int64_t known;
  emit_loop wholes = emit_loop_begin(e, emit_mul(e, part, lanes), end, t->sum_lanes);
  multiply_features(e, wholes.index, true, v);
  emit_loop_end(e, &wholes);
  if (emit_is_constant(t->D, &known) && known % t->lanes == 0) return;
  LLVMValueRef is_left = emit_icmp(e, LLVMIntSLT, end, t->D);
  is_left = emit_binary(e, LLVMAnd, is_left, emit_icmp(e, LLVMIntEQ, emit_urem(e, vectors, parts), part));
  emit_branch rest = emit_if(e, is_left);
  multiply_features(e, end, false, v);
  emit_end_if(e, &rest);
}

/*
 * sums[i]: the products of key i with q as t->lanes sums, in the order of one vector of sum_lanes. Where
 * vectors are shorter, they take turns at the features, one after the other, and halves are added up to the
 * last one.
 */
static void sum_features(emitter *e, key_vector *v, LLVMValueRef *sums) {
  const attention *t = v->t;
  LLVMTypeRef type = emit_type(e, t->dtype, t->lanes);
  int parts = t->sum_lanes / t->lanes, size = t->lanes * t->lanes;
  for (int i = 0; i < t->lanes; i++) v->sums[i] = emit_variable(e, type, emit_zero(type));
  if (parts == 1) {
    each_features(e, t, multiply_features, v);
    for (int i = 0; i < t->lanes; i++) sums[i] = emit_get(e, v->sums[i]);
    return;
  }
  emit_loop part = emit_loop_begin(e, emit_index(e, 0), emit_index(e, parts), 1);
  for (int i = 0; i < t->lanes; i++) emit_set(e, v->sums[i], emit_zero(type));
  multiply_part(e, v, part.index);
  for (int i = 0; i < t->lanes; i++)
    emit_store(
        e, t->dtype,
        attention_element(e, t, t->stack_parts, part.index, size, emit_index(e, (int64_t)i * t->lanes)),
        emit_get(e, v->sums[i]));
  emit_loop_end(e, &part);
  for (int i = 0; i < t->lanes; i++) {
    LLVMValueRef of_part[16];
    for (int p = 0; p < parts; p++)
      of_part[p] = emit_load(e, t->dtype,
                             attention_element(e, t, t->stack_parts, emit_index(e, p), size,
                                               emit_index(e, (int64_t)i * t->lanes)),
                             t->lanes);
    for (int left = parts / 2; left > 0; left /= 2)
      for (int p = 0; p < left; p++) of_part[p] = emit_add(e, of_part[p], of_part[p + left]);
    sums[i] = of_part[0];
  }
}

static void one_query_scores(emitter *e, const attention *t) {
  key_vector v = {.t = t, .dtype = t->k->value->type.dtype};
  emit_loop keys = emit_loop_begin(e, emit_index(e, 0), t->key_count, t->lanes);
  v.key = keys.index;
  lane_keys(e, t, v.key, v.rows);
  if (t->widens_keys) widen_keys(e, &v);
  emit_loop heads = emit_loop_begin(e, emit_index(e, 0), emit_index(e, t->heads), 1);
  v.q = attention_element(e, t, t->stack_q, heads.index, t->depth_room, emit_index(e, 0));
  LLVMValueRef sums[64];
  sum_features(e, &v, sums);
  emit_store(e, t->dtype, attention_element(e, t, t->stack_scores, heads.index, ATTENTION_KEYS, v.key),
             scaled(e, t, emit_across_each(e, sums, t->lanes, emit_add), v.key));
  emit_loop_end(e, &heads);
  emit_loop_end(e, &keys);
}

static void transpose_keys(emitter *e, const attention *t) {
  key_vector v = {.t = t, .dtype = t->k->value->type.dtype};
  emit_loop keys = emit_loop_begin(e, emit_index(e, 0), t->key_count, t->lanes);
  v.key = keys.index;
  lane_keys(e, t, v.key, v.rows);
  each_features(e, t, transpose_features, &v);
  emit_loop_end(e, &keys);
}

/* Brings row `key` of the next block into the second-level cache. */
static void fetch_key(emitter *e, const attention *t, const plan_operand *operand, LLVMValueRef rows,
                      LLVMValueRef size, LLVMValueRef key) {
  ir_dtype dtype = operand->value->type.dtype;
  int64_t line = CACHE_LINE_BYTES / (int64_t)ir_dtype_bytes(dtype);
  LLVMValueRef next = key_row(e, t, operand, rows, emit_add(e, key, emit_index(e, ATTENTION_KEYS)));
  emit_loop lines = emit_loop_begin(e, emit_index(e, 0), size, line);
  emit_prefetch(e, emit_at(e, dtype, next, lines.index), 2);
  emit_loop_end(e, &lines);
}

/* While a tile of rows is computed, its part of the next block is on the way. */
static void fetch_next_keys(emitter *e, const attention *t, LLVMValueRef row) {
  int tiles = t->rows / t->tile_rows, keys = (ATTENTION_KEYS + tiles - 1) / tiles;
  LLVMValueRef first = emit_mul(e, emit_udiv(e, row, emit_index(e, t->tile_rows)), emit_index(e, keys));
  emit_loop key = emit_loop_begin(e, first, emit_add(e, first, emit_index(e, keys)), 1);
  fetch_key(e, t, t->k, t->k_rows, t->D, key.index);
  fetch_key(e, t, t->v, t->v_rows, t->E, key.index);
  emit_loop_end(e, &key);
}

/* A tile of scores: rows from `row`, keys from `key`, onto the rows' peaks. */
static void score_tile(emitter *e, const attention *t, LLVMValueRef row, LLVMValueRef key) {
  tile m = {.rows = t->tile_rows,
            .vectors = t->vectors,
            .lanes = t->lanes,
            .dtype = t->dtype,
            .x_dtype = t->dtype,
            .w_dtype = t->dtype,
            .x_stride = emit_index(e, t->depth_room),
            .w_stride = emit_index(e, ATTENTION_KEYS),
            .sets = e->steady,
            .depth = t->D};
  m.x = attention_element(e, t, t->stack_q, row, t->depth_room, emit_index(e, 0));
  LLVMValueRef column[TILE_MAX_VECTORS], sums[TILE_MAX_ROWS * TILE_MAX_VECTORS];
  for (int j = 0; j < t->vectors; j++) {
    column[j] = emit_add(e, key, emit_index(e, (int64_t)j * t->lanes));
    m.w[j] = emit_at(e, t->dtype, t->stack_keys, column[j]);
  }
  tile_multiply(e, &m, sums);
  for (int r = 0; r < t->tile_rows; r++) {
    LLVMValueRef here = emit_add(e, row, emit_index(e, r));
    LLVMValueRef peaks = attention_element(e, t, t->stack_peaks, here, t->lanes, emit_index(e, 0));
    LLVMValueRef most = emit_load(e, t->dtype, peaks, t->lanes);
    for (int j = 0; j < t->vectors; j++) {
      LLVMValueRef score = scaled(e, t, sums[r * t->vectors + j], column[j]);
      emit_store(e, t->dtype, attention_element(e, t, t->stack_scores, here, ATTENTION_KEYS, column[j]),
                 score);
      most = emit_larger(e, score, most);
    }
    emit_store(e, t->dtype, peaks, most);
  }
}

static void clear_peaks(emitter *e, const attention *t, LLVMValueRef row) {
  LLVMValueRef none = emit_number(emit_type(e, t->dtype, t->lanes), -INFINITY);
  for (int r = 0; r < t->tile_rows; r++) {
    LLVMValueRef here = emit_add(e, row, emit_index(e, r));
    emit_store(e, t->dtype, attention_element(e, t, t->stack_peaks, here, t->lanes, emit_index(e, 0)), none);
  }
}

void attention_scores(emitter *e, const attention *t) {
  if (t->one_query) {
    one_query_scores(e, t);
    return;
  }
  transpose_keys(e, t);
  emit_loop rows = emit_loop_begin(e, t->tile_row, t->row_count, t->tile_rows);
  fetch_next_keys(e, t, rows.index);
  clear_peaks(e, t, rows.index);
  LLVMValueRef key_count = attention_tile_keys(e, t, rows.index);
  emit_loop keys = emit_loop_begin(e, emit_index(e, 0), key_count, (int64_t)t->vectors * t->lanes);
  score_tile(e, t, rows.index, keys.index);
  emit_loop_end(e, &keys);
  emit_loop_end(e, &rows);
}

/* ---- values -------------------------------------------------------------------------------- */

/* Sets of sums of a value tile, whatever the level's tile: fewer where there are more rows. */
static int value_sets(const attention *t) {
  if (!t->one_query) return 1;
  return t->heads == 1 ? TILE_UNROLL : t->heads < TILE_UNROLL ? TILE_UNROLL / 2 : 1;
}

/* A tile of the sums: rows from `row`, columns of v from `column`; whole: all columns exist. */
static void value_tile(emitter *e, const attention *t, LLVMValueRef row, LLVMValueRef column, bool whole) {
  LLVMValueRef zero = emit_index(e, 0);
  ir_dtype dtype = t->v->value->type.dtype;
  tile m = {.rows = t->tile_rows,
            .vectors = t->vectors,
            .lanes = t->lanes,
            .dtype = t->dtype,
            .x_dtype = t->dtype,
            .w_dtype = dtype,
            .x_stride = emit_index(e, ATTENTION_KEYS),
            .w_stride = kernel_stride(e, t->v, 2),
            .sets = e->steady ? value_sets(t) : 0,
            .depth = attention_tile_keys(e, t, row)};
  m.x = attention_element(e, t, t->stack_scores, row, ATTENTION_KEYS, zero);
  LLVMValueRef n[TILE_MAX_VECTORS], sums[TILE_MAX_ROWS * TILE_MAX_VECTORS];
  for (int j = 0; j < t->vectors; j++) {
    n[j] = emit_add(e, column, emit_index(e, (int64_t)j * t->lanes));
    m.w[j] = emit_at(e, dtype, key_row(e, t, t->v, t->v_rows, zero), n[j]);
    if (!whole) m.w_count[j] = emit_sub(e, t->E, n[j]);
  }
  tile_multiply(e, &m, sums);
  for (int r = 0; r < t->tile_rows; r++) {
    LLVMValueRef here = emit_add(e, row, emit_index(e, r));
    LLVMValueRef fade = emit_load(e, t->dtype, emit_at(e, t->dtype, t->stack_fade, here), 1);
    for (int j = 0; j < t->vectors; j++) {
      LLVMValueRef at = attention_element(e, t, t->stack_sums, here, t->width_room, n[j]);
      LLVMValueRef old = emit_load(e, t->dtype, at, t->lanes);
      emit_store(e, t->dtype, at, emit_fma(e, old, fade, sums[r * t->vectors + j]));
    }
  }
}

void attention_values(emitter *e, const attention *t) {
  int64_t width = (int64_t)t->vectors * t->lanes, known;
  LLVMValueRef zero = emit_index(e, 0), step = emit_index(e, width);
  LLVMValueRef whole = emit_mul(e, emit_udiv(e, t->E, step), step);
  emit_loop rows = emit_loop_begin(e, t->tile_row, t->row_count, t->tile_rows);
  attention_weights(e, t, rows.index);
  emit_loop wholes = emit_loop_begin(e, zero, whole, width);
  value_tile(e, t, rows.index, wholes.index, true);
  emit_loop_end(e, &wholes);
  if (!emit_is_constant(t->E, &known) || known % width != 0) {
    emit_loop rest = emit_loop_begin(e, whole, t->E, width);
    value_tile(e, t, rows.index, rest.index, false);
    emit_loop_end(e, &rest);
  }
  emit_loop_end(e, &rows);
}
