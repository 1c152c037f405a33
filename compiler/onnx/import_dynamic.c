/*
 * import_dynamic.c: operators that choose elements by their values: how many
 * there are is measured while the model runs (ir_measure), within the bound
 * that the inputs' sizes give.
 */
#include "onnx/indexing.h"

#include "ir/element.h"

static ir_value *counter(onnx_context *c, ir_dim size) {
  return ir_iota(c->b, &size, 1, 0, onnx_dim(c, 0), 1);
}

static ir_value *flat(onnx_context *c, ir_value *x) {
  ir_dim all = ir_type_element_count(c->m, &x->type);
  return ir_reshape(c->b, x, &all, 1);
}

static ir_value *is_true(onnx_context *c, ir_value *x) {
  return x->type.dtype == SMELT_BOOL ? x : ir_binary(c->b, IR_NE, x, onnx_number_like(c, x, 0));
}

/* places: i64 [M], each below size or not at all; values: i64 [M] -> i64 [size], 0 where nothing is put */
static ir_value *put_at(onnx_context *c, ir_op how, ir_dim size, ir_value *places, ir_value *values) {
  ir_dim rows[2] = {size, onnx_dim(c, 1)}, updates[2] = {places->type.dims[0], onnx_dim(c, 1)};
  ir_value *operands[] = {ir_expand(c->b, onnx_i64(c, 0), rows, 2), places,
                          ir_reshape(c->b, values, updates, 2)};
  return ir_reshape(c->b, ir_build(c->b, how, operands, 3, NULL), &size, 1);
}

static ir_value *sum(onnx_context *c, ir_value *x) {
  return ir_reshape(c->b, ir_reduce(c->b, IR_REDUCE_SUM, x, 1), NULL, 0);
}

/* Where a constant holds: known now, however large it is. NULL: it is no constant. */
static ir_value *constant_places(onnx_context *c, const ir_value *v) {
  int64_t count, kept = 0;
  const void *data = ir_value_data(v);
  if (!data || !ir_type_is_static(&v->type, &count)) return NULL;
  int64_t *found = ARENA_ARRAY(c->a, int64_t, (size_t)count + 1);
  for (int64_t i = 0; i < count; i++) {
    if (element_double(v->type.dtype, data, i) != 0) found[kept++] = i;
  }
  return ir_const_data(c->b, &(ir_type){.dtype = SMELT_I64, .rank = 1, .dims = {onnx_dim(c, kept)}}, found);
}

/* Each goes to the row that the running count gives it; the others to row N, which does not exist. */
ir_value *onnx_true_places(onnx_context *c, ir_value *x, const char *hint) {
  ir_value *known = constant_places(c, x);
  if (known || onnx_failed(c)) return known;
  ir_dim size = x->type.dims[0];
  ir_value *holds = is_true(c, x), *ones = ir_cast(c->b, holds, SMELT_I64);
  ir_value *running = ir_build(c->b, IR_CUMSUM, &ones, 1, &(ir_attrs){.axis = 0});
  ir_value *row = ir_binary(c->b, IR_SUB, running, onnx_i64(c, 1));
  ir_value *places = ir_select(c->b, holds, row, ir_dim_scalar(c->b, size));
  ir_value *compact = put_at(c, IR_SCATTER, size, places, counter(c, size));
  ir_dim count = ir_measure(c->b, sum(c, ones), hint, size);
  return ir_slice_axis(c->b, compact, 0, onnx_dim(c, 0), count);
}

/* [rank, n]: the indices of each element that is not zero, in a column. */
static ir_value *import_non_zero(onnx_context *c) {
  ir_value *x = c->in[0];
  int rank = x->type.rank ? x->type.rank : 1;
  ir_value *places = onnx_true_places(c, flat(c, x), "nonzero"), *rows[IR_MAX_RANK];
  if (onnx_failed(c)) return x;
  ir_dim row_dims[2] = {onnx_dim(c, 1), places->type.dims[0]};
  for (int d = 0; d < rank; d++) {
    ir_value *row = places;
    if (x->type.rank) {
      ir_value *stride = ir_dim_scalar(c->b, onnx_dim_product(c, x->type.dims, d + 1, rank));
      row = ir_binary(c->b, IR_DIV, row, stride);
      if (d) row = ir_binary(c->b, IR_MOD, row, ir_dim_scalar(c->b, x->type.dims[d]));
    }
    rows[d] = ir_reshape(c->b, row, row_dims, 2);
  }
  return ir_concat(c->b, rows, rank, 0);
}

/* The slices along axis (elements of flattened data without one) for which the condition holds. */
static ir_value *import_compress(onnx_context *c) {
  ir_value *x = c->in[0], *condition = flat(c, c->in[1]);
  int axis = 0;
  if (onnx_has_attr(c, "axis")) {
    axis = onnx_axis(c, onnx_attr_int(c, "axis", 0), x->type.rank);
  } else {
    x = flat(c, x);
  }
  int64_t size, given;
  if (onnx_failed(c)) return x;
  bool known = ir_dim_is_const(x->type.dims[axis], &size) && ir_dim_is_const(condition->type.dims[0], &given);
  if (known && given > size) return onnx_fail(c, "its condition is longer than the axis");
  return ir_gather(c->b, x, onnx_true_places(c, condition, "compressed"), axis);
}

/* ---- Unique ---- */

/* i64 [N]: the places of x's [N] elements from the smallest to the largest, of equal ones the first first. */
static ir_value *ascending_order(onnx_context *c, ir_value *x) {
  ir_dim size = x->type.dims[0], last = ir_dim_sub(c->m, size, onnx_dim(c, 1));
  /* top_k gives the largest first; from behind, equal ones come out in order again. */
  ir_value *backward = ir_slice(c->b, x, &last, &size, (int64_t[]){-1});
  ir_attrs attrs = {.axis = 0, .rank = 1, .shape = {size}};
  ir_value *descending = ir_build(c->b, IR_TOP_K, &backward, 1, &attrs);
  ir_value *ascending = ir_slice(c->b, descending, &last, &size, (int64_t[]){-1});
  return ir_binary(c->b, IR_SUB, ir_dim_scalar(c->b, last), ascending);
}

/*
 * The same for rows [N, R], in lexicographic order: a row's place is the number of rows before it. Two rows
 * are compared at the first column in which they differ.
 */
static ir_value *row_order(onnx_context *c, ir_value *rows) {
  ir_builder *b = c->b;
  ir_dim N = rows->type.dims[0], R = rows->type.dims[1], one = onnx_dim(c, 1);
  ir_value *x = ir_reshape(b, rows, (ir_dim[]){N, one, R}, 3),
           *y = ir_reshape(b, rows, (ir_dim[]){one, N, R}, 3);
  ir_value *differs = ir_cast(b, ir_binary(b, IR_NE, x, y), SMELT_I64);
  ir_value *column = ir_build(b, IR_ARG_MAX, &differs, 1, &(ir_attrs){.axis = 2}); /* [N, N, 1] */
  ir_value *here = ir_binary(b, IR_EQ, ir_iota(b, (ir_dim[]){one, one, R}, 3, 2, onnx_dim(c, 0), 1), column);
  ir_value *below = ir_binary(b, IR_AND, here, ir_binary(b, IR_LT, y, x));
  ir_value *smaller = ir_reduce(b, IR_REDUCE_MAX, ir_cast(b, below, SMELT_I64), 4);
  ir_value *unequal = ir_reduce(b, IR_REDUCE_MAX, differs, 4);
  ir_value *i = ir_iota(b, (ir_dim[]){N, one, one}, 3, 0, onnx_dim(c, 0), 1);
  ir_value *j = ir_iota(b, (ir_dim[]){one, N, one}, 3, 1, onnx_dim(c, 0), 1);
  ir_value *earlier = ir_cast(b, ir_binary(b, IR_LT, j, i), SMELT_I64);
  ir_value *before = ir_select(b, ir_binary(b, IR_EQ, unequal, onnx_i64(c, 0)), earlier, smaller);
  ir_value *place = ir_reshape(b, ir_reduce(b, IR_REDUCE_SUM, before, 2), &N, 1);
  return put_at(c, IR_SCATTER, N, place, counter(c, N));
}

/* bool [N]: whether a row of sorted [N, R] differs from the one before it. */
static ir_value *starts_group(onnx_context *c, ir_value *sorted) {
  ir_builder *b = c->b;
  ir_dim N = sorted->type.dims[0];
  ir_value *at = counter(c, N), *zero = onnx_i64(c, 0);
  ir_value *previous = ir_binary(b, IR_MAX, ir_binary(b, IR_SUB, at, onnx_i64(c, 1)), zero);
  ir_value *differs = ir_binary(b, IR_NE, sorted, ir_gather(b, sorted, previous, 0));
  ir_value *any = ir_reduce(b, IR_REDUCE_MAX, ir_cast(b, differs, SMELT_I64), 2);
  any = ir_binary(b, IR_NE, ir_reshape(b, any, &N, 1), zero);
  return ir_binary(b, IR_OR, any, ir_binary(b, IR_EQ, at, zero));
}

typedef struct {
  ir_value *first;   /* i64 [n]: where each distinct row is first, in the order of the result */
  ir_value *inverse; /* i64 [N]: which distinct row each row is */
  ir_value *counts;  /* i64 [n] */
} distinct;

/* order: i64 [N], rows [N, R] sorted. Groups of equal rows are numbered in that order. */
static distinct find_distinct(onnx_context *c, ir_value *order, ir_value *rows) {
  ir_builder *b = c->b;
  ir_dim N = rows->type.dims[0];
  ir_value *starts = starts_group(c, ir_gather(b, rows, order, 0)), *ones = ir_cast(b, starts, SMELT_I64);
  ir_value *running = ir_build(b, IR_CUMSUM, &ones, 1, &(ir_attrs){.axis = 0});
  ir_value *group = ir_binary(b, IR_SUB, running, onnx_i64(c, 1)),
           *places = onnx_true_places(c, starts, "unique");
  if (onnx_failed(c)) return (distinct){order, order, order};
  ir_value *one_each = ir_expand(b, onnx_i64(c, 1), &N, 1);
  ir_value *counts = put_at(c, IR_SCATTER_ADD, N, group, one_each);
  return (distinct){.first = ir_gather(b, order, places, 0),
                    .inverse = put_at(c, IR_SCATTER, N, order, group),
                    .counts = ir_slice_axis(b, counts, 0, onnx_dim(c, 0), places->type.dims[0])};
}

/* In the order in which they come in the input. */
static distinct as_they_come(onnx_context *c, distinct d) {
  ir_value *order = ascending_order(c, d.first);
  ir_value *number = put_at(c, IR_SCATTER, order->type.dims[0], order, counter(c, order->type.dims[0]));
  return (distinct){.first = ir_gather(c->b, d.first, order, 0),
                    .inverse = ir_gather(c->b, number, d.inverse, 0),
                    .counts = ir_gather(c->b, d.counts, order, 0)};
}

/* Outputs: the distinct slices, where each is first, which of them each slice is, how often each is there. */
static ir_value *import_unique(onnx_context *c) {
  ir_value *x = c->in[0];
  bool by_axis = onnx_has_attr(c, "axis"), sorted = onnx_attr_int(c, "sorted", 1) != 0;
  int axis = by_axis ? onnx_axis(c, onnx_attr_int(c, "axis", 0), x->type.rank) : 0, perm[IR_MAX_RANK], n = 1;
  if (onnx_failed(c)) return x;
  if (!by_axis) x = flat(c, x);
  perm[0] = axis;
  for (int d = 0; d < x->type.rank; d++)
    if (d != axis) perm[n++] = d;
  ir_value *front = ir_transpose(c->b, x, perm);
  ir_dim dims[2] = {front->type.dims[0], onnx_dim_product(c, front->type.dims, 1, front->type.rank)};
  ir_value *rows = ir_reshape(c->b, front, dims, 2);
  ir_value *order = by_axis ? row_order(c, rows) : ascending_order(c, x);
  distinct d = find_distinct(c, order, rows);
  if (!sorted && !onnx_failed(c)) d = as_they_come(c, d);
  c->out[1] = d.first;
  c->out[2] = d.inverse;
  c->out[3] = d.counts;
  return onnx_failed(c) ? x : ir_gather(c->b, x, d.first, axis);
}

static const onnx_op_row rows[] = {
    {"", "Compress", 9, 0, 2, 2, import_compress, IR_GATHER},
    {"", "NonZero", 9, 0, 1, 1, import_non_zero, IR_GATHER},
    {"", "Unique", 11, 0, 1, 1, import_unique, IR_GATHER},
};
const onnx_op_table onnx_dynamic_ops = ONNX_OP_TABLE(rows);
