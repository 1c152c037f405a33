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
  const attention_row_loop *at;
  LLVMValueRef scores;  /* the row's, on the stack */
  LLVMValueRef visible; /* keys of the block that the row sees: the first ones */
  LLVMValueRef bias;    /* the row's, at the block's first key, or NULL */
  LLVMValueRef most;    /* variable: a vector */
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
  LLVMValueRef all[] = {t->b, emit_add(e, t->first_head, w->at->head),
                        emit_add(e, t->first_query, w->at->query), t->first_key};
  return kernel_at(e, t->bias, emit_argument(e, ATTENTION_BIAS), all + 4 - rank, rank);
}

/* softcap * tanh(score / softcap) (Bello et al. 2016; Gemma 2, 2024) */
static LLVMValueRef capped(emitter *e, const attention *t, LLVMValueRef score) {
  LLVMTypeRef type = LLVMTypeOf(score);
  LLVMValueRef part = emit_mul(e, score, emit_number(type, 1 / t->softcap));
  return emit_mul(e, elementwise_unary(e, IR_TANH, t->dtype, part), emit_number(type, t->softcap));
}

/*
 * Cap, bias and mask onto the scores in place; the largest so far. all_seen: every lane of every vector is a
 * key that the row sees.
 */
static void mask_scores(emitter *e, const weight_row *w, bool all_seen) {
  const attention *t = w->t;
  emit_loop keys = emit_loop_begin(e, emit_index(e, 0), t->key_count, t->lanes);
  LLVMValueRef score = emit_load(e, t->dtype, vector_at(e, w, keys.index), t->lanes);
  if (t->softcap != 0) score = capped(e, t, score);
  if (t->bias) score = emit_add(e, score, bias_at(e, w, keys.index));
  if (!all_seen) {
    LLVMValueRef left = emit_splat(e, emit_sub(e, w->visible, keys.index), t->lanes);
    LLVMValueRef seen = emit_icmp(e, LLVMIntSLT, emit_lane_numbers(e, t->lanes), left);
    score = emit_select(e, seen, score, emit_number(LLVMTypeOf(score), -INFINITY));
  }
  if (t->bias || t->softcap != 0 || !all_seen) emit_store(e, t->dtype, vector_at(e, w, keys.index), score);
  emit_set(e, w->most, emit_larger(e, score, emit_get(e, w->most)));
  emit_loop_end(e, &keys);
}

/* The row's largest score of this block into stack_fade, for now. */
static void find_most(emitter *e, weight_row *w) {
  const attention *t = w->t;
  LLVMTypeRef vector = emit_type(e, t->dtype, t->lanes);
  w->most = emit_variable(e, vector, emit_number(vector, -INFINITY));
  emit_branch whole = emit_if(e, emit_icmp(e, LLVMIntEQ, w->visible, emit_index(e, ATTENTION_KEYS)));
  mask_scores(e, w, true);
  emit_else(e, &whole);
  mask_scores(e, w, false);
  emit_end_if(e, &whole);
  LLVMValueRef most = emit_across(e, emit_get(e, w->most), emit_larger);
  emit_store(e, t->dtype, emit_at(e, t->dtype, t->stack_fade, w->at->row), most);
}

/*
 * For all rows at once, in vectors: the new largest score, and by how much what was summed before fades. The
 * rows' room has a vector more; what lies behind the last row is never used.
 */
static void fade_rows(emitter *e, const attention *t) {
  LLVMValueRef first = emit_mul(e, t->from_query, emit_index(e, t->heads));
  emit_loop rows = emit_loop_begin(e, first, t->row_count, t->lanes);
  LLVMValueRef most_at = emit_at(e, t->dtype, t->stack_most, rows.index);
  LLVMValueRef fade_at = emit_at(e, t->dtype, t->stack_fade, rows.index);
  LLVMValueRef old = emit_load(e, t->dtype, most_at, t->lanes);
  LLVMValueRef most = emit_larger(e, emit_load(e, t->dtype, fade_at, t->lanes), old);
  LLVMValueRef fade = emit_exp2(e, emit_sub(e, old, attention_reference(e, most)));
  emit_store(e, t->dtype, most_at, most);
  emit_store(e, t->dtype, fade_at, fade);
  emit_loop_end(e, &rows);
}

/* Scores to weights, and their sum onto the row's total. */
static void exponentiate(emitter *e, const weight_row *w) {
  const attention *t = w->t;
  LLVMValueRef fade = emit_load(e, t->dtype, emit_at(e, t->dtype, t->stack_fade, w->at->row), 1);
  LLVMValueRef total_at = attention_element(e, t, t->stack_total, w->at->row, t->lanes, emit_index(e, 0));
  LLVMValueRef faded = emit_mul(e, emit_load(e, t->dtype, total_at, t->lanes), fade);
  LLVMValueRef total = emit_variable(e, LLVMTypeOf(faded), faded);
  LLVMValueRef most = emit_load(e, t->dtype, emit_at(e, t->dtype, t->stack_most, w->at->row), 1);
  LLVMValueRef reference = attention_reference(e, most);
  emit_loop keys = emit_loop_begin(e, emit_index(e, 0), t->key_count, t->lanes);
  LLVMValueRef at = vector_at(e, w, keys.index);
  LLVMValueRef weight = emit_exp2(e, emit_sub(e, emit_load(e, t->dtype, at, t->lanes), reference));
  emit_store(e, t->dtype, at, weight);
  emit_set(e, total, emit_add(e, emit_get(e, total), weight));
  emit_loop_end(e, &keys);
  emit_store(e, t->dtype, total_at, emit_get(e, total));
}

/* How many keys of the block a query sees. */
static LLVMValueRef visible_keys(emitter *e, const attention *t, LLVMValueRef query) {
  if (!t->causal) return t->key_count;
  LLVMValueRef last = emit_add(e, emit_add(e, t->first_query, query), emit_sub(e, t->T, t->S));
  LLVMValueRef seen = emit_add(e, emit_sub(e, last, t->first_key), emit_index(e, 1));
  return emit_imin(e, t->key_count, seen);
}

static weight_row weights_of(emitter *e, const attention *t, const attention_row_loop *row) {
  weight_row w = {.t = t, .at = row, .visible = visible_keys(e, t, row->query)};
  w.scores = attention_element(e, t, t->stack_scores, row->row, ATTENTION_KEYS, emit_index(e, 0));
  if (t->bias) w.bias = bias_row(e, &w);
  return w;
}

void attention_weights(emitter *e, const attention *t) {
  attention_row_loop rows = attention_rows_begin(e, t, t->from_query);
  weight_row w = weights_of(e, t, &rows);
  find_most(e, &w);
  attention_rows_end(e, &rows);
  fade_rows(e, t);
  rows = attention_rows_begin(e, t, t->from_query);
  w = weights_of(e, t, &rows);
  exponentiate(e, &w);
  attention_rows_end(e, &rows);
}
