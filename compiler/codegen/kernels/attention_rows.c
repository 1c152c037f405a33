/*
 * attention_rows.c: one block of scores to weights, row by row. A row that has
 * seen nothing but minus infinity keeps its sum at zero, and is 0 / 0 at the
 * end, as softmax itself would be.
 */
#include "codegen/kernels/attention.h"

#include <math.h>

typedef struct {
  const attention *t;
  LLVMValueRef row, scores;     /* scores: the row's, on the stack */
  LLVMValueRef visible;         /* keys of the block that the row sees: the first ones */
  LLVMValueRef bias;            /* the row's, at the block's first key, or NULL */
  LLVMValueRef most, total;     /* variables: vectors */
  LLVMValueRef reference;       /* what is subtracted from scores */
} weight_row;

static LLVMValueRef vector_at(emitter *e, const weight_row *w, LLVMValueRef key) {
  return emit_at(e, w->t->dtype, w->scores, key);
}

/* Bias of `lanes` keys from `key`; it may be the same for all. */
static LLVMValueRef bias_at(emitter *e, const weight_row *w, LLVMValueRef key) {
  const attention *t = w->t;
  const ir_type *type = &t->bias->value->type;
  int last = type->rank - 1;
  bool repeated = ir_dim_is(type->dims[last], 1) || ir_dim_is(t->bias->view.stride[last], 0);
  if (repeated) return emit_load(e, type->dtype, w->bias, 1);
  LLVMValueRef count = emit_sub(e, t->key_count, key);
  return emit_load_part(e, type->dtype, emit_at(e, type->dtype, w->bias, key), t->lanes, count);
}

/* The row's bias: index (b, h, s, first key), axes aligned at the last; an axis of size 1 is repeated. */
static LLVMValueRef bias_row(emitter *e, const weight_row *w) {
  const attention *t = w->t;
  int rank = t->bias->value->type.rank;
  LLVMValueRef all[] = {t->b, t->h, emit_add(e, t->first_query, w->row), t->first_key};
  return kernel_at(e, t->bias, kernel_base(e, t->step, ATTENTION_BIAS), all + 4 - rank, rank);
}

/* Bias and mask onto the scores in place; the largest so far. */
static void mask_scores(emitter *e, const weight_row *w) {
  const attention *t = w->t;
  emit_loop keys = emit_loop_begin(e, emit_index(e, 0), t->key_count, t->lanes);
  LLVMValueRef score = emit_load(e, t->dtype, vector_at(e, w, keys.index), t->lanes);
  if (t->bias) score = emit_add(e, score, bias_at(e, w, keys.index));
  LLVMValueRef left = emit_splat(e, emit_sub(e, w->visible, keys.index), t->lanes);
  LLVMValueRef seen = emit_icmp(e, LLVMIntSLT, emit_lane_numbers(e, t->lanes), left);
  score = emit_select(e, seen, score, emit_number(LLVMTypeOf(score), -INFINITY));
  emit_store(e, t->dtype, vector_at(e, w, keys.index), score);
  emit_set(e, w->most, emit_larger(e, score, emit_get(e, w->most)));
  emit_loop_end(e, &keys);
}

static void exponentiate(emitter *e, const weight_row *w) {
  const attention *t = w->t;
  emit_loop keys = emit_loop_begin(e, emit_index(e, 0), t->key_count, t->lanes);
  LLVMValueRef at = vector_at(e, w, keys.index);
  LLVMValueRef weight = emit_exp(e, emit_sub(e, emit_load(e, t->dtype, at, t->lanes), w->reference));
  emit_store(e, t->dtype, at, weight);
  emit_set(e, w->total, emit_add(e, emit_get(e, w->total), weight));
  emit_loop_end(e, &keys);
}

static void emit_row(emitter *e, weight_row *w) {
  const attention *t = w->t;
  LLVMTypeRef scalar = emit_type(e, t->dtype, 1), vector = emit_type(e, t->dtype, t->lanes);
  LLVMValueRef most_at = emit_at(e, t->dtype, t->stack_most, w->row);
  LLVMValueRef total_at = emit_at(e, t->dtype, t->stack_total, w->row);
  LLVMValueRef old = emit_load(e, t->dtype, most_at, 1), nothing = emit_number(scalar, -INFINITY);
  w->most = emit_variable(e, vector, emit_number(vector, -INFINITY));
  w->total = emit_variable(e, vector, emit_zero(vector));
  mask_scores(e, w);
  LLVMValueRef most = emit_larger(e, emit_across(e, emit_get(e, w->most), emit_larger), old);
  LLVMValueRef unseen = emit_fcmp(e, LLVMRealOEQ, most, nothing);
  w->reference = emit_select(e, unseen, emit_zero(scalar), most);
  exponentiate(e, w);
  LLVMValueRef fade = emit_exp(e, emit_sub(e, old, w->reference));
  LLVMValueRef total = emit_across(e, emit_get(e, w->total), emit_add);
  emit_store(e, t->dtype, most_at, most);
  emit_store(e, t->dtype, emit_at(e, t->dtype, t->stack_fade, w->row), fade);
  emit_store(e, t->dtype, total_at, emit_fma(e, emit_load(e, t->dtype, total_at, 1), fade, total));
}

void attention_weights(emitter *e, const attention *t) {
  LLVMValueRef zero = emit_index(e, 0);
  emit_loop rows = emit_loop_begin(e, zero, t->query_count, 1);
  weight_row w = {.t = t, .row = rows.index, .visible = t->key_count};
  w.scores = attention_element(e, t, t->stack_scores, rows.index, ATTENTION_KEYS, zero);
  if (t->causal) {
    LLVMValueRef last = emit_add(e, emit_add(e, t->first_query, rows.index), emit_sub(e, t->T, t->S));
    LLVMValueRef seen = emit_add(e, emit_sub(e, last, t->first_key), emit_index(e, 1));
    w.visible = emit_imin(e, t->key_count, seen);
  }
  if (t->bias) w.bias = bias_row(e, &w);
  emit_row(e, &w);
  emit_loop_end(e, &rows);
}
