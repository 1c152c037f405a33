/*
 * epilogue.c: what follows the sums of a matrix product, row by row while
 * they are hot: partial sums of earlier blocks of K, bias, activation, gate,
 * residual, and the store in the result's dtype.
 */
#include "codegen/kernels/product.h"

typedef struct {
  const product *p;
  const product_place *at;
  LLVMValueRef row, n; /* n: column of the vector */
  LLVMValueRef count;  /* columns of the vector that exist, or NULL: all */
} spot;

static LLVMValueRef load_at(emitter *e, const spot *s, const kernel_rows *rows) {
  LLVMValueRef pointer = emit_at(e, rows->dtype, kernel_row(e, rows, s->row), s->n);
  return emit_load_part(e, rows->dtype, pointer, s->p->lanes, s->count);
}

static LLVMValueRef add_bias(emitter *e, const spot *s, LLVMValueRef v, LLVMValueRef n) {
  const product *p = s->p;
  if (!p->bias) return v;
  return emit_add(
      e, v, emit_load_part(e, p->bias_dtype, emit_at(e, p->bias_dtype, p->bias, n), p->lanes, s->count));
}

static void store_at(emitter *e, const spot *s, LLVMValueRef v) {
  const kernel_rows *result = &s->p->result;
  emit_store_part(e, result->dtype, emit_at(e, result->dtype, kernel_row(e, result, s->row), s->n), v,
                  s->count);
}

/* The sums over all of K to the result; `right` is the right half of a gated product, or NULL. */
static void finish(emitter *e, const spot *s, LLVMValueRef v, LLVMValueRef right) {
  const product *p = s->p;
  v = elementwise_unary(e, p->activation, p->dtype, add_bias(e, s, v, s->n));
  if (right) v = emit_mul(e, v, add_bias(e, s, right, emit_add(e, s->n, p->columns)));
  if (p->residual && !p->splits_depth) v = emit_add(e, v, load_at(e, s, p->residual));
  store_at(e, s, v);
}

/*
 * One vector of columns of one row. Where K is split, sums of earlier blocks
 * wait in the result; the residual, which may lie there too, is added first.
 */
static void finish_vector(emitter *e, const spot *s, LLVMValueRef v, LLVMValueRef right) {
  const product *p = s->p;
  if (!p->splits_depth) {
    finish(e, s, v, right);
    return;
  }
  LLVMValueRef sum = emit_variable(e, LLVMTypeOf(v), v);
  emit_branch later = emit_if(e, LLVMBuildNot(e->builder, s->at->first, ""));
  emit_set(e, sum, emit_add(e, v, load_at(e, s, &p->result)));
  emit_else(e, &later);
  if (p->residual) emit_set(e, sum, emit_add(e, v, load_at(e, s, p->residual)));
  emit_end_if(e, &later);
  emit_branch last = emit_if(e, s->at->last);
  finish(e, s, emit_get(e, sum), NULL);
  emit_else(e, &last);
  store_at(e, s, emit_get(e, sum));
  emit_end_if(e, &last);
}

static void emit_rows(emitter *e, const product *p, const product_place *at, bool whole) {
  int vectors = p->vectors * (p->gated ? 2 : 1);
  spot s = {.p = p, .at = at};
  emit_loop rows = emit_loop_begin(e, emit_index(e, 0), at->height, 1);
  s.row = emit_add(e, at->row, rows.index);
  LLVMValueRef sums =
      emit_at(e, p->dtype, p->sums, emit_mul(e, rows.index, emit_index(e, (int64_t)vectors * p->lanes)));
  for (int j = 0; j < p->vectors; j++) {
    s.n = emit_add(e, at->column, emit_index(e, (int64_t)j * p->lanes));
    s.count = whole ? NULL : emit_sub(e, p->columns, s.n);
    LLVMValueRef v =
        emit_load(e, p->dtype, emit_at(e, p->dtype, sums, emit_index(e, (int64_t)j * p->lanes)), p->lanes);
    LLVMValueRef right = NULL;
    if (p->gated) {
      LLVMValueRef place = emit_index(e, (int64_t)(j + p->vectors) * p->lanes);
      right = emit_load(e, p->dtype, emit_at(e, p->dtype, sums, place), p->lanes);
    }
    emit_branch exists = {0};
    if (!whole) exists = emit_if(e, emit_icmp(e, LLVMIntSGT, s.count, emit_index(e, 0)));
    finish_vector(e, &s, v, right);
    if (!whole) emit_end_if(e, &exists);
  }
  emit_loop_end(e, &rows);
}

void product_epilogue(emitter *e, const product *p, const product_place *at) {
  int64_t columns;
  if (emit_is_constant(p->columns, &columns) && columns % p->tile_columns == 0) {
    emit_rows(e, p, at, true);
    return;
  }
  LLVMValueRef end = emit_add(e, at->column, emit_index(e, p->tile_columns));
  emit_branch part = emit_if(e, emit_icmp(e, LLVMIntSGT, end, p->columns));
  emit_rows(e, p, at, false);
  emit_else(e, &part);
  emit_rows(e, p, at, true);
  emit_end_if(e, &part);
}
