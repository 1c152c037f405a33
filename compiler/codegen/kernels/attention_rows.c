/*
 * attention_rows.c: one block of scores to weights: the largest of each row,
 * then what that means for the sums so far, then the exponentials. A row that
 * has seen nothing but minus infinity keeps its sums at zero.
 */
#include "codegen/kernels/attention.h"

#include <float.h>
#include <math.h>

typedef struct {
  const attention *t;
  LLVMValueRef row;
  LLVMValueRef scores;  /* the row's, on the stack */
  LLVMValueRef visible; /* keys of the block that the row sees: the first ones */
  LLVMValueRef seen;    /* keys that any row of its tile sees; where the row sees none, its weights are 0 */
  LLVMValueRef bias;    /* the row's, at the block's first key, or NULL */
} weight_row;

static LLVMValueRef vector_at(emitter *e, const weight_row *w, LLVMValueRef key) {
  return emit_at(e, w->t->dtype, w->scores, key);
}

/* The lowest finite number, by which some masks hide, stays finite: a row of nothing else sees all keys
 * alike. */
static LLVMValueRef in_units(emitter *e, LLVMValueRef bias) {
  LLVMTypeRef type = LLVMTypeOf(bias);
  bool is_double = LLVMGetTypeKind(emit_element_type(type)) == LLVMDoubleTypeKind;
  LLVMValueRef lowest = emit_number(type, is_double ? -DBL_MAX : -FLT_MAX);
  LLVMValueRef scaled = emit_mul(e, bias, emit_number(type, ATTENTION_UNIT));
  LLVMValueRef finite = emit_fcmp(e, LLVMRealOGE, bias, lowest);
  return emit_select(e, finite, emit_larger(e, scaled, lowest), scaled);
}

/* Bias of `lanes` keys from `key`; it may be the same for all. */
static LLVMValueRef bias_at(emitter *e, const weight_row *w, LLVMValueRef key) {
  const attention *t = w->t;
  const ir_type *type = &t->bias->value->type;
  int last = type->rank - 1;
  bool repeated = ir_dim_is(type->dims[last], 1) || ir_dim_is(t->bias->view.stride[last], 0);
  if (repeated) return in_units(e, emit_load(e, type->dtype, w->bias, 1));
  LLVMValueRef count = emit_sub(e, t->key_count, key);
  return in_units(e, emit_load_part(e, type->dtype, emit_at(e, type->dtype, w->bias, key), t->lanes, count));
}

/* The row's bias: index (b, h, s, first key), axes aligned at the last; an axis of size 1 is repeated. */
static LLVMValueRef bias_row(emitter *e, const weight_row *w) {
  const attention *t = w->t;
  int rank = t->bias->value->type.rank;
  LLVMValueRef heads = emit_index(e, t->heads);
  LLVMValueRef all[] = {t->b, emit_add(e, t->first_head, emit_urem(e, w->row, heads)),
                        emit_add(e, t->first_query, emit_udiv(e, w->row, heads)), t->first_key};
  return kernel_at(e, t->bias, emit_argument(e, ATTENTION_BIAS), all + 4 - rank, rank);
}

/* softcap * tanh(score / softcap) (Bello et al. 2016; Gemma 2, 2024) */
static LLVMValueRef capped(emitter *e, const attention *t, LLVMValueRef score) {
  LLVMTypeRef type = LLVMTypeOf(score);
  LLVMValueRef part = emit_mul(e, score, emit_number(type, 1 / t->softcap));
  return emit_mul(e, elementwise_unary(e, IR_TANH, t->dtype, part), emit_number(type, t->softcap));
}

/*
 * Cap, bias and mask onto the scores in place, and the peaks of what results. all_seen: every lane of every
 * vector is a key that the row sees.
 */
static void mask_scores(emitter *e, const weight_row *w, LLVMValueRef peaks, bool all_seen) {
  const attention *t = w->t;
  LLVMTypeRef vector = emit_type(e, t->dtype, t->lanes);
  LLVMValueRef none = emit_number(vector, -INFINITY), most = emit_variable(e, vector, none);
  emit_loop keys = emit_loop_begin(e, emit_index(e, 0), w->seen, t->lanes);
  LLVMValueRef score = emit_load(e, t->dtype, vector_at(e, w, keys.index), t->lanes);
  if (t->softcap != 0) score = capped(e, t, score);
  if (t->bias) score = emit_add(e, score, bias_at(e, w, keys.index));
  if (!all_seen) {
    LLVMValueRef left = emit_splat(e, emit_sub(e, w->visible, keys.index), t->lanes);
    LLVMValueRef seen = emit_icmp(e, LLVMIntSLT, emit_lane_numbers(e, t->lanes), left);
    score = emit_select(e, seen, score, none);
  }
  if (t->bias || t->softcap != 0 || !all_seen) emit_store(e, t->dtype, vector_at(e, w, keys.index), score);
  emit_set(e, most, emit_larger(e, score, emit_get(e, most)));
  emit_loop_end(e, &keys);
  emit_store(e, t->dtype, peaks, emit_get(e, most));
}

static weight_row weights_of(emitter *e, const attention *t, LLVMValueRef row) {
  return (weight_row){.t = t,
                      .row = row,
                      .visible = attention_row_keys(e, t, row),
                      .seen = attention_tile_keys(e, t, row),
                      .scores =
                          attention_element(e, t, t->stack_scores, row, ATTENTION_KEYS, emit_index(e, 0))};
}

/* Where a row sees every key of a whole block and nothing is added, its peaks are right as they are. */
static bool has_peaks(const attention *t) {
  return !t->one_query && !t->bias && t->softcap == 0;
}

static void mask_row(emitter *e, const attention *t, LLVMValueRef row) {
  weight_row w = weights_of(e, t, row);
  LLVMValueRef peaks = attention_element(e, t, t->stack_peaks, row, t->lanes, emit_index(e, 0));
  if (t->bias) w.bias = bias_row(e, &w);
  emit_branch partly = emit_if(e, emit_icmp(e, LLVMIntSLT, w.visible, emit_index(e, ATTENTION_KEYS)));
  mask_scores(e, &w, peaks, false);
  if (!has_peaks(t)) {
    emit_else(e, &partly);
    mask_scores(e, &w, peaks, true);
  }
  emit_end_if(e, &partly);
}

static void mask_rows(emitter *e, const attention *t) {
  LLVMValueRef least_keys = attention_row_keys(e, t, t->tile_row);
  LLVMValueRef wanted = emit_icmp(e, LLVMIntSLT, least_keys, emit_index(e, ATTENTION_KEYS));
  if (!has_peaks(t)) wanted = LLVMConstInt(e->i1, 1, false);
  emit_branch any = emit_if(e, wanted);
  emit_loop rows = emit_loop_begin(e, t->tile_row, t->row_count, 1);
  mask_row(e, t, rows.index);
  emit_loop_end(e, &rows);
  emit_end_if(e, &any);
}

/*
 * For all rows at once, in vectors: the new largest score, and by how much what was summed before fades. The
 * rows' room has a vector more; what lies behind the last row is never used.
 */
static void fade_rows(emitter *e, const attention *t) {
  LLVMValueRef peaks[64];
  emit_loop rows = emit_loop_begin(e, t->tile_row, t->row_count, t->lanes);
  for (int i = 0; i < t->lanes; i++) {
    LLVMValueRef row = emit_add(e, rows.index, emit_index(e, i));
    peaks[i] = emit_load(e, t->dtype,
                         attention_element(e, t, t->stack_peaks, row, t->lanes, emit_index(e, 0)), t->lanes);
  }
  LLVMValueRef most_at = emit_at(e, t->dtype, t->stack_most, rows.index);
  LLVMValueRef old = emit_load(e, t->dtype, most_at, t->lanes);
  LLVMValueRef most = emit_larger(e, emit_across_each(e, peaks, t->lanes, emit_larger), old);
  LLVMValueRef fade = emit_exp2(e, emit_sub(e, old, attention_reference(e, most)));
  emit_store(e, t->dtype, most_at, most);
  emit_store(e, t->dtype, emit_at(e, t->dtype, t->stack_fade, rows.index), fade);
  emit_loop_end(e, &rows);
}

/* The row's total, faded: a variable, or, of more lanes than a vector has, in its memory: *variable NULL. */
static LLVMValueRef fade_total(emitter *e, const weight_row *w, LLVMValueRef *variable) {
  const attention *t = w->t;
  LLVMValueRef fade = emit_load(e, t->dtype, emit_at(e, t->dtype, t->stack_fade, w->row), 1);
  LLVMValueRef at = attention_element(e, t, t->stack_total, w->row, t->sum_lanes, emit_index(e, 0));
  LLVMValueRef faded = emit_mul(e, emit_load(e, t->dtype, at, t->sum_lanes), fade);
  *variable = NULL;
  if (t->sum_lanes == t->lanes)
    *variable = emit_variable(e, LLVMTypeOf(faded), faded);
  else
    emit_store(e, t->dtype, at, faded);
  return at;
}

/* Scores to weights, and their sum onto the row's total: lane i of it has keys i, i + sum_lanes ... */
static void exponentiate(emitter *e, const weight_row *w) {
  const attention *t = w->t;
  LLVMValueRef total, total_at = fade_total(e, w, &total);
  LLVMValueRef most = emit_load(e, t->dtype, emit_at(e, t->dtype, t->stack_most, w->row), 1);
  LLVMValueRef reference = attention_reference(e, most);
  emit_loop keys = emit_loop_begin(e, emit_index(e, 0), w->seen, t->lanes);
  LLVMValueRef at = vector_at(e, w, keys.index);
  LLVMValueRef weight = emit_exp2(e, emit_sub(e, emit_load(e, t->dtype, at, t->lanes), reference));
  LLVMValueRef scaled = weight; /* of values of bytes: onto the weight, once for all of a row's */
  if (t->scales[1]) scaled = emit_mul(e, weight, attention_scales(e, t, ATTENTION_OF_VALUES, keys.index));
  emit_store(e, t->dtype, at, scaled);
  if (total) {
    emit_set(e, total, emit_add(e, emit_get(e, total), weight));
  } else {
    LLVMValueRef lane = emit_binary(e, LLVMAnd, keys.index, emit_index(e, t->sum_lanes - 1));
    LLVMValueRef part = emit_at(e, t->dtype, total_at, lane);
    emit_store(e, t->dtype, part, emit_add(e, emit_load(e, t->dtype, part, t->lanes), weight));
  }
  emit_loop_end(e, &keys);
  if (total) emit_store(e, t->dtype, total_at, emit_get(e, total));
}

void attention_references(emitter *e, const attention *t) {
  mask_rows(e, t);
  fade_rows(e, t);
}

void attention_weights(emitter *e, const attention *t, LLVMValueRef row) {
  LLVMValueRef end = emit_imin(e, t->row_count, emit_add(e, row, emit_index(e, t->tile_rows)));
  emit_loop rows = emit_loop_begin(e, row, end, 1);
  weight_row w = weights_of(e, t, rows.index);
  exponentiate(e, &w);
  emit_loop_end(e, &rows);
}
