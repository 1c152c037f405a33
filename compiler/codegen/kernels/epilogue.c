/*
 * epilogue.c: what follows the sums of a matrix product, row by row while
 * they are hot: partial sums of earlier blocks of K, bias, activation, gate,
 * residual, and the store in the result's dtype.
 */
#include "codegen/kernels/product.h"

typedef struct {
  const product *p;
  const kernel_rows *result; /* from the tile's first column on */
  LLVMValueRef row, n;       /* n: column of the vector */
  LLVMValueRef place;        /* of the vector in its tile */
  LLVMValueRef count;        /* columns of the vector that exist, or NULL: all */
} spot;

kernel_rows product_result_at(emitter *e, const product *p, LLVMValueRef column) {
  kernel_rows rows = p->result;
  rows.base = emit_at(e, rows.dtype, rows.base, column);
  for (int i = 0; i < p->outlet_count; i++) {
    const product_outlet *o = &p->outlets[i];
    LLVMValueRef n = emit_sub(e, column, emit_index(e, o->first_column)), D = emit_index(e, o->head_dim);
    LLVMValueRef is_there = emit_icmp(e, LLVMIntULT, n, emit_index(e, o->column_count));
    LLVMValueRef head = emit_mul(e, emit_udiv(e, n, D), o->head_stride);
    LLVMValueRef there = emit_at(e, rows.dtype, o->rows.base, emit_add(e, head, emit_urem(e, n, D)));
    rows.base = emit_select(e, is_there, there, rows.base);
    rows.row_stride = emit_select(e, is_there, o->rows.row_stride, rows.row_stride);
  }
  return rows;
}

static LLVMValueRef load_at(emitter *e, const spot *s, const kernel_rows *rows, LLVMValueRef n) {
  LLVMValueRef pointer = emit_at(e, rows->dtype, kernel_row(e, rows, s->row), n);
  return emit_load_part(e, rows->dtype, pointer, s->p->lanes, s->count);
}

static LLVMValueRef add_bias(emitter *e, const spot *s, LLVMValueRef v, LLVMValueRef n) {
  const product *p = s->p;
  if (!p->bias) return v;
  return emit_add(
      e, v, emit_load_part(e, p->bias_dtype, emit_at(e, p->bias_dtype, p->bias, n), p->lanes, s->count));
}

static void store_at(emitter *e, const spot *s, LLVMValueRef v) {
  LLVMValueRef pointer = emit_at(e, s->result->dtype, kernel_row(e, s->result, s->row), s->place);
  emit_store_part(e, s->result->dtype, pointer, v, s->count);
}

/* The sums over all of K to the result; `right` is the right half of a gated product, or NULL. */
static void finish(emitter *e, const spot *s, LLVMValueRef v, LLVMValueRef right) {
  const product *p = s->p;
  v = elementwise_unary(e, p->activation, p->dtype, add_bias(e, s, v, s->n));
  if (right) v = emit_mul(e, v, add_bias(e, s, right, emit_add(e, s->n, p->columns)));
  if (p->residual && !p->splits_depth) v = emit_add(e, v, load_at(e, s, p->residual, s->n));
  store_at(e, s, v);
}

/* Some vectors of one tile: sums[i] belongs at spots[i]; rights[i] is the right half of a gated product. */
typedef struct {
  spot spots[TILE_MAX_ROWS * TILE_MAX_VECTORS];
  LLVMValueRef sums[TILE_MAX_ROWS * TILE_MAX_VECTORS], rights[TILE_MAX_ROWS * TILE_MAX_VECTORS];
  int count;
} finished;

/*
 * Where K is split, sums of earlier blocks wait in the result; the residual, which may lie there too, is
 * added first.
 */
static void finish_split(emitter *e, const product *p, const product_place *at, finished *f) {
  LLVMValueRef sums[TILE_MAX_ROWS * TILE_MAX_VECTORS];
  for (int i = 0; i < f->count; i++) sums[i] = emit_variable(e, LLVMTypeOf(f->sums[i]), f->sums[i]);
  emit_branch later = emit_if(e, LLVMBuildNot(e->builder, at->first, ""));
  for (int i = 0; i < f->count; i++)
    emit_set(e, sums[i], emit_add(e, f->sums[i], load_at(e, &f->spots[i], &at->result, f->spots[i].place)));
  emit_else(e, &later);
  for (int i = 0; i < f->count && p->residual; i++)
    emit_set(e, sums[i], emit_add(e, f->sums[i], load_at(e, &f->spots[i], p->residual, f->spots[i].n)));
  emit_end_if(e, &later);
  emit_branch last = emit_if(e, at->last);
  for (int i = 0; i < f->count; i++) finish(e, &f->spots[i], emit_get(e, sums[i]), NULL);
  emit_else(e, &last);
  for (int i = 0; i < f->count; i++) store_at(e, &f->spots[i], emit_get(e, sums[i]));
  emit_end_if(e, &last);
}

static void finish_all(emitter *e, const product *p, const product_place *at, finished *f) {
  if (p->splits_depth) {
    finish_split(e, p, at, f);
    return;
  }
  for (int i = 0; i < f->count; i++) finish(e, &f->spots[i], f->sums[i], f->rights[i]);
}

/* The vectors of row `r` of the tile, whose sums are vs[0 ..]. */
static void add_row(emitter *e, const product *p, const product_place *at, LLVMValueRef r,
                    const LLVMValueRef *vs, finished *f) {
  LLVMValueRef row = emit_add(e, at->row, r);
  for (int j = 0; j < p->vectors; j++) {
    LLVMValueRef place = emit_index(e, (int64_t)j * p->lanes), n = emit_add(e, at->column, place);
    f->spots[f->count] = (spot){.p = p, .result = &at->result, .row = row, .n = n, .place = place};
    f->sums[f->count] = vs[j];
    f->rights[f->count++] = p->gated ? vs[j + p->vectors] : NULL;
  }
}

/* The same for columns that do not all exist. */
static void finish_part(emitter *e, const product *p, const product_place *at, LLVMValueRef r,
                        const LLVMValueRef *vs) {
  finished row = {0};
  add_row(e, p, at, r, vs, &row);
  for (int j = 0; j < p->vectors; j++) {
    finished one = {.spots[0] = row.spots[j], .sums[0] = row.sums[j], .rights[0] = row.rights[j], .count = 1};
    one.spots[0].count = emit_sub(e, p->columns, one.spots[0].n);
    emit_branch exists = emit_if(e, emit_icmp(e, LLVMIntSGT, one.spots[0].count, emit_index(e, 0)));
    finish_all(e, p, at, &one);
    emit_end_if(e, &exists);
  }
}

static void emit_rows(emitter *e, const product *p, const product_place *at, bool whole) {
  int vectors = p->vectors * (p->gated ? 2 : 1);
  LLVMValueRef vs[2 * TILE_MAX_VECTORS];
  emit_loop rows = emit_loop_begin(e, emit_index(e, 0), at->height, 1);
  LLVMValueRef first = emit_mul(e, rows.index, emit_index(e, (int64_t)vectors * p->lanes));
  for (int j = 0; j < vectors; j++) {
    LLVMValueRef place = emit_add(e, first, emit_index(e, (int64_t)j * p->lanes));
    vs[j] = emit_load(e, p->dtype, emit_at(e, p->dtype, p->sums, place), p->lanes);
  }
  if (whole) {
    finished f = {0};
    add_row(e, p, at, rows.index, vs, &f);
    finish_all(e, p, at, &f);
  } else {
    finish_part(e, p, at, rows.index, vs);
  }
  emit_loop_end(e, &rows);
}

/* Whether all of the tile's columns exist: known now, or an i1 to ask. */
static bool is_whole(emitter *e, const product *p, const product_place *at, LLVMValueRef *part) {
  int64_t columns;
  if (emit_is_constant(p->columns, &columns) && columns % p->tile_columns == 0) return true;
  LLVMValueRef end = emit_add(e, at->column, emit_index(e, p->tile_columns));
  *part = emit_icmp(e, LLVMIntSGT, end, p->columns);
  return false;
}

void product_epilogue(emitter *e, const product *p, const product_place *at) {
  LLVMValueRef is_part;
  if (is_whole(e, p, at, &is_part)) {
    emit_rows(e, p, at, true);
    return;
  }
  emit_branch part = emit_if(e, is_part);
  emit_rows(e, p, at, false);
  emit_else(e, &part);
  emit_rows(e, p, at, true);
  emit_end_if(e, &part);
}

static void finish_whole(emitter *e, const product *p, const product_place *at, int height,
                         const LLVMValueRef *sums) {
  int vectors = p->vectors * (p->gated ? 2 : 1);
  finished f = {0};
  for (int r = 0; r < height; r++) add_row(e, p, at, emit_index(e, r), sums + r * vectors, &f);
  finish_all(e, p, at, &f);
}

void product_epilogue_tile(emitter *e, const product *p, const product_place *at, int height,
                           const LLVMValueRef *sums) {
  LLVMValueRef is_part;
  if (is_whole(e, p, at, &is_part)) {
    finish_whole(e, p, at, height, sums);
    return;
  }
  emit_branch part = emit_if(e, is_part);
  int vectors = p->vectors * (p->gated ? 2 : 1);
  for (int i = 0; i < height * vectors; i++)
    emit_store(e, p->dtype, emit_at(e, p->dtype, p->sums, emit_index(e, (int64_t)i * p->lanes)), sums[i]);
  emit_rows(e, p, at, false);
  emit_else(e, &part);
  finish_whole(e, p, at, height, sums);
  emit_end_if(e, &part);
}
