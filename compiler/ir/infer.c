/*
 * infer.c: shape rules, one per name in ops.def's rule column. A rule may
 * unify dims: "batch" of one operand and "batch_size" of another become the
 * same size, checked when the program runs.
 */
#include "ir/rules.h"

#include <string.h>

static const char *type_text(ir_module *m, const ir_type *type) {
  text t = {0};
  ir_type_print(&t, type);
  const char *copy = arena_text(m->arena, t.bytes);
  text_free(&t);
  return copy;
}

static const char *dim_text(ir_module *m, ir_dim d) {
  text t = {0};
  ir_dim_print(&t, d);
  const char *copy = arena_text(m->arena, t.bytes ? t.bytes : "");
  text_free(&t);
  return copy;
}

static const ir_type *operand(const ir_node *n, int i) {
  return i < n->operand_count && n->operands[i] ? &n->operands[i]->type : NULL;
}

static status mismatch(ir_module *m, const char *what, const char *expected, const char *found) {
  status s = fail(m->arena, STATUS_INPUT, "%s", what);
  s = fail_expected(m->arena, s, "%s", expected);
  return fail_found(m->arena, s, "%s", found);
}

static status need_dtype(ir_module *m, const ir_type *t, bool right, const char *expected) {
  return right ? OK : mismatch(m, "an operand has the wrong element type", expected, type_text(m, t));
}

static status need_rank(ir_module *m, const ir_type *t, bool right, const char *expected) {
  return right ? OK : mismatch(m, "an operand has the wrong rank", expected, type_text(m, t));
}

static status need_equal(ir_module *m, const char *what, ir_dim a, ir_dim b) {
  return ir_dim_unify(m, a, b) ? OK : mismatch(m, what, dim_text(m, a), dim_text(m, b));
}

/* Whether a dim is 1, perhaps by a binding. */
static bool is_one(ir_module *m, ir_dim d) {
  return ir_dim_is(ir_dim_resolve(m, d), 1);
}

/* ---- sources ---- */

status ir_infer_constant(ir_module *m, const ir_node *n, ir_type *result) {
  if (!n->attrs.constant) return fail(m->arena, STATUS_DEFECT, "const without a constant");
  *result = n->attrs.constant->type;
  return OK;
}

status ir_infer_dims(ir_module *m, const ir_node *n, ir_type *result) {
  *result = (ir_type){.dtype = SMELT_I64, .rank = 1, .dims = {ir_dim_const(m, n->attrs.dim_count)}};
  return OK;
}

static status shape_attribute(ir_module *m, const ir_node *n, ir_dtype dtype, ir_type *result) {
  *result = (ir_type){.dtype = dtype, .rank = n->attrs.rank};
  if (n->attrs.rank < 0 || n->attrs.rank > IR_MAX_RANK) {
    return fail(m->arena, STATUS_INPUT, "rank %d is beyond the limit of %d", n->attrs.rank, IR_MAX_RANK);
  }
  for (int i = 0; i < n->attrs.rank; i++) {
    int64_t lowest, highest;
    if (!n->attrs.shape[i]) return fail(m->arena, STATUS_DEFECT, "%s without a size for axis %d", "shape", i);
    ir_dim_bounds(m, n->attrs.shape[i], &lowest, &highest);
    if (highest < 0) {
      return mismatch(m, "a size is negative", "0 or more", dim_text(m, n->attrs.shape[i]));
    }
    result->dims[i] = n->attrs.shape[i];
  }
  return OK;
}

static status need_step(ir_module *m, const ir_node *n, int index) {
  if (n->attrs.step[index]) return OK;
  status s =
      fail_expected(m->arena, fail(m->arena, STATUS_INPUT, "step %d does not move", index), "any but 0");
  return fail_found(m->arena, s, "0");
}

status ir_infer_iota(ir_module *m, const ir_node *n, ir_type *result) {
  TRY(shape_attribute(m, n, SMELT_I64, result));
  TRY(need_step(m, n, 0));
  if (n->attrs.axis < 0 || n->attrs.axis >= n->attrs.rank) {
    return fail(m->arena, STATUS_INPUT, "axis %d is outside rank %d", n->attrs.axis, n->attrs.rank);
  }
  return OK;
}

/* ---- elementwise ---- */

status ir_infer_same(ir_module *m, const ir_node *n, ir_type *result) {
  (void)m;
  *result = *operand(n, 0);
  return OK;
}

status ir_infer_same_float(ir_module *m, const ir_node *n, ir_type *result) {
  *result = *operand(n, 0);
  return need_dtype(m, result, ir_dtype_is_float(result->dtype), "a floating-point tensor");
}

status ir_infer_same_bool(ir_module *m, const ir_node *n, ir_type *result) {
  *result = *operand(n, 0);
  return need_dtype(m, result, result->dtype == SMELT_BOOL, "a bool tensor");
}

status ir_infer_test_float(ir_module *m, const ir_node *n, ir_type *result) {
  TRY(ir_infer_same_float(m, n, result));
  result->dtype = SMELT_BOOL;
  return OK;
}

status ir_infer_cast(ir_module *m, const ir_node *n, ir_type *result) {
  (void)m;
  *result = *operand(n, 0);
  result->dtype = n->attrs.dtype;
  return OK;
}

status ir_infer_bitcast(ir_module *m, const ir_node *n, ir_type *result) {
  const ir_type *x = operand(n, 0);
  bool fits = x->dtype != SMELT_BOOL && ir_dtype_bytes(x->dtype) == ir_dtype_bytes(n->attrs.dtype);
  TRY(need_dtype(m, x, fits && n->attrs.dtype != SMELT_BOOL, "an element type of the result's width"));
  return ir_infer_cast(m, n, result);
}

/* Folds `t` into the dims of *result: a size 1 meets any size. */
static status broadcast_dims(ir_module *m, ir_type *result, const ir_type *t) {
  if (t->rank != result->rank) {
    return mismatch(m, "operands differ in rank", type_text(m, result), type_text(m, t));
  }
  for (int i = 0; i < t->rank; i++) {
    if (is_one(m, t->dims[i])) continue;
    if (is_one(m, result->dims[i])) {
      result->dims[i] = t->dims[i];
    } else if (!ir_dim_unify(m, result->dims[i], t->dims[i])) {
      return mismatch(m, arena_format(m->arena, "operands do not fit each other in axis %d", i),
                      type_text(m, result), type_text(m, t));
    }
  }
  return OK;
}

status ir_infer_broadcast(ir_module *m, const ir_node *n, ir_type *result) {
  *result = *operand(n, 0);
  if (operand(n, 1)->dtype != result->dtype) {
    return mismatch(m, "operands differ in element type", type_text(m, result), type_text(m, operand(n, 1)));
  }
  return broadcast_dims(m, result, operand(n, 1));
}

status ir_infer_compare(ir_module *m, const ir_node *n, ir_type *result) {
  TRY(ir_infer_broadcast(m, n, result));
  result->dtype = SMELT_BOOL;
  return OK;
}

status ir_infer_logic(ir_module *m, const ir_node *n, ir_type *result) {
  TRY(ir_infer_broadcast(m, n, result));
  return need_dtype(m, result, result->dtype == SMELT_BOOL, "bool tensors");
}

status ir_infer_bits(ir_module *m, const ir_node *n, ir_type *result) {
  TRY(ir_infer_broadcast(m, n, result));
  return need_dtype(m, result, ir_dtype_is_integer(result->dtype), "integer tensors");
}

status ir_infer_select(ir_module *m, const ir_node *n, ir_type *result) {
  TRY(need_dtype(m, operand(n, 0), operand(n, 0)->dtype == SMELT_BOOL, "a bool tensor as condition"));
  *result = *operand(n, 1);
  if (operand(n, 2)->dtype != result->dtype) {
    return mismatch(m, "operands differ in element type", type_text(m, result), type_text(m, operand(n, 2)));
  }
  TRY(broadcast_dims(m, result, operand(n, 2)));
  return broadcast_dims(m, result, operand(n, 0));
}

/* ---- movement ---- */

status ir_infer_reshape(ir_module *m, const ir_node *n, ir_type *result) {
  TRY(shape_attribute(m, n, operand(n, 0)->dtype, result));
  ir_dim before = ir_type_element_count(m, operand(n, 0)), after = ir_type_element_count(m, result);
  if (ir_dim_equal(m, before, after)) return OK;
  int64_t lowest, highest;
  ir_dim_bounds(m, ir_dim_sub(m, ir_dim_resolve(m, before), ir_dim_resolve(m, after)), &lowest, &highest);
  if (lowest > 0 || highest < 0) {
    return mismatch(m, "reshape changes the number of elements", dim_text(m, before), dim_text(m, after));
  }
  ir_dim_unify(m, before, after);
  return OK;
}

status ir_infer_transpose(ir_module *m, const ir_node *n, ir_type *result) {
  const ir_type *x = operand(n, 0);
  unsigned seen = 0;
  *result = *x;
  for (int i = 0; i < x->rank; i++) {
    int from = n->attrs.perm[i];
    if (from < 0 || from >= x->rank || seen >> from & 1) {
      return fail(m->arena, STATUS_INPUT, "perm is not a permutation of the operand's %d axes", x->rank);
    }
    seen |= 1u << from;
    result->dims[i] = x->dims[from];
  }
  return OK;
}

status ir_infer_expand(ir_module *m, const ir_node *n, ir_type *result) {
  TRY(shape_attribute(m, n, operand(n, 0)->dtype, result));
  const ir_type *x = operand(n, 0);
  TRY(need_rank(m, x, x->rank == result->rank, "the rank of the expanded shape"));
  for (int i = 0; i < x->rank; i++) {
    if (!is_one(m, x->dims[i])) TRY(need_equal(m, "a size cannot be expanded", x->dims[i], result->dims[i]));
  }
  return OK;
}

status ir_infer_slice(ir_module *m, const ir_node *n, ir_type *result) {
  const ir_type *x = operand(n, 0);
  TRY(shape_attribute(m, n, x->dtype, result));
  TRY(need_rank(m, x, x->rank == result->rank, "the rank of the slice"));
  for (int i = 0; i < x->rank; i++) {
    int64_t size, start, count, step = n->attrs.step[i];
    TRY(need_step(m, n, i));
    if (!ir_dim_is_const(x->dims[i], &size) || !ir_dim_is_const(n->attrs.start[i], &start) ||
        !ir_dim_is_const(result->dims[i], &count) || count == 0) {
      continue;
    }
    int64_t last;
    if (__builtin_mul_overflow(count - 1, step, &last) || __builtin_add_overflow(last, start, &last) ||
        start < 0 || start >= size || last < 0 || last >= size) {
      return fail(m->arena, STATUS_INPUT, "slice of axis %d leaves the operand's %lld elements", i,
                  (long long)size);
    }
  }
  return OK;
}

status ir_infer_concat(ir_module *m, const ir_node *n, ir_type *result) {
  int axis = n->attrs.axis;
  *result = *operand(n, 0);
  TRY(need_rank(m, result, axis >= 0 && axis < result->rank, "a rank above the axis"));
  for (int k = 1; k < n->operand_count; k++) {
    const ir_type *x = operand(n, k);
    TRY(need_rank(m, x, x && x->rank == result->rank, "operands of one rank"));
    TRY(need_dtype(m, x, x->dtype == result->dtype, "operands of one element type"));
    for (int i = 0; i < x->rank; i++) {
      if (i == axis) {
        result->dims[i] = ir_dim_add(m, result->dims[i], x->dims[i]);
      } else {
        TRY(need_equal(m, "operands differ in the size of an axis that is not joined", result->dims[i],
                       x->dims[i]));
      }
    }
  }
  return OK;
}

status ir_infer_pad(ir_module *m, const ir_node *n, ir_type *result) {
  TRY(shape_attribute(m, n, operand(n, 0)->dtype, result));
  return need_rank(m, operand(n, 0), operand(n, 0)->rank == result->rank, "the rank of the padded shape");
}

status ir_infer_gather(ir_module *m, const ir_node *n, ir_type *result) {
  const ir_type *x = operand(n, 0), *indices = operand(n, 1);
  int axis = n->attrs.axis;
  TRY(need_rank(m, x, axis >= 0 && axis < x->rank, "a rank above the axis"));
  TRY(need_dtype(m, indices, ir_dtype_is_integer(indices->dtype), "integer indices"));
  if (x->rank - 1 + indices->rank > IR_MAX_RANK) {
    return fail(m->arena, STATUS_INPUT, "the result's rank is beyond the limit of %d", IR_MAX_RANK);
  }
  *result = (ir_type){.dtype = x->dtype};
  for (int i = 0; i < axis; i++) result->dims[result->rank++] = x->dims[i];
  for (int i = 0; i < indices->rank; i++) result->dims[result->rank++] = indices->dims[i];
  for (int i = axis + 1; i < x->rank; i++) result->dims[result->rank++] = x->dims[i];
  return OK;
}

/* ---- reductions ---- */

status ir_infer_reduce(ir_module *m, const ir_node *n, ir_type *result) {
  *result = *operand(n, 0);
  TRY(need_rank(m, result, n->attrs.axes >> result->rank == 0, "a rank above the reduced axes"));
  for (int i = 0; i < result->rank; i++) {
    if (n->attrs.axes >> i & 1) result->dims[i] = ir_dim_const(m, 1);
  }
  return OK;
}

status ir_infer_arg(ir_module *m, const ir_node *n, ir_type *result) {
  *result = *operand(n, 0);
  TRY(need_rank(m, result, n->attrs.axis >= 0 && n->attrs.axis < result->rank, "a rank above the axis"));
  result->dims[n->attrs.axis] = ir_dim_const(m, 1);
  result->dtype = SMELT_I64;
  return OK;
}

/* ---- dedicated ---- */

status ir_infer_matmul(ir_module *m, const ir_node *n, ir_type *result) {
  const ir_type *x = operand(n, 0), *y = operand(n, 1);
  TRY(need_rank(m, x, x->rank >= 2 && x->rank == y->rank, "two matrices of one rank"));
  TRY(need_dtype(m, y, y->dtype == x->dtype, "operands of one element type"));
  int rank = x->rank;
  TRY(need_equal(m, "inner sizes of a matrix product differ", x->dims[rank - 1], y->dims[rank - 2]));
  /* The leading axes broadcast; the last two are made to fit so that one rule serves. */
  ir_type left = *x, right = *y;
  left.dims[rank - 1] = y->dims[rank - 1];
  right.dims[rank - 2] = x->dims[rank - 2];
  *result = left;
  return broadcast_dims(m, result, &right);
}

status ir_infer_top_k(ir_module *m, const ir_node *n, ir_type *result) {
  const ir_type *x = operand(n, 0);
  int axis = n->attrs.axis;
  TRY(shape_attribute(m, n, SMELT_I64, result));
  TRY(need_rank(m, x, x->rank == result->rank && axis >= 0 && axis < x->rank, "the rank of the result"));
  for (int i = 0; i < x->rank; i++) {
    if (i != axis) TRY(need_equal(m, "a size that is not searched differs", x->dims[i], result->dims[i]));
  }
  int64_t lowest, highest;
  ir_dim_bounds(m, ir_dim_sub(m, x->dims[axis], result->dims[axis]), &lowest, &highest);
  if (highest < 0) {
    return mismatch(m, "more elements are wanted than there are", dim_text(m, x->dims[axis]),
                    dim_text(m, result->dims[axis]));
  }
  return OK;
}

status ir_infer_scatter(ir_module *m, const ir_node *n, ir_type *result) {
  const ir_type *x = operand(n, 0), *indices = operand(n, 1), *updates = operand(n, 2);
  TRY(need_rank(m, x, x->rank == 2, "a matrix [N, D]"));
  TRY(need_rank(m, indices, indices->rank == 1, "a vector [M]"));
  TRY(need_rank(m, updates, updates->rank == 2, "a matrix [M, D]"));
  TRY(need_dtype(m, indices, indices->dtype == SMELT_I64, "i64 indices"));
  TRY(need_dtype(m, updates, updates->dtype == x->dtype, "updates of the operand's element type"));
  TRY(need_equal(m, "indices and updates differ in number", indices->dims[0], updates->dims[0]));
  TRY(need_equal(m, "updates are not as long as rows", x->dims[1], updates->dims[1]));
  *result = *x;
  return OK;
}

static status need_vector(ir_module *m, const ir_type *t, ir_dim size, const char *what) {
  if (!t) return OK;
  TRY(need_rank(m, t, t->rank == 1, what));
  return need_equal(m, what, size, t->dims[0]);
}

status ir_infer_softmax(ir_module *m, const ir_node *n, ir_type *result) {
  return ir_infer_same_float(m, n, result);
}

status ir_infer_norm(ir_module *m, const ir_node *n, ir_type *result) {
  TRY(ir_infer_same_float(m, n, result));
  TRY(need_rank(m, result, result->rank >= 1, "a rank of 1 or more"));
  ir_dim size = result->dims[result->rank - 1];
  TRY(need_vector(m, operand(n, 1), size, "gain is not a vector of the last axis' size"));
  return need_vector(m, operand(n, 2), size, "bias is not a vector of the last axis' size");
}

/* weight_scale: f32 [N], or of any float [K / IR_GROUP, N]: then the weight's elements are from -8 to 7. */
static status check_weight_scale(ir_module *m, const ir_type *weight, const ir_type *scale) {
  if (scale->rank != 2) {
    TRY(need_dtype(m, scale, scale->dtype == SMELT_F32, "scales of f32"));
    return need_vector(m, scale, weight->dims[1], "the scales are not a vector of the weight's columns");
  }
  TRY(need_dtype(m, scale, ir_dtype_is_float(scale->dtype), "scales of floats"));
  ir_dim rows = ir_dim_mul(m, scale->dims[0], ir_dim_const(m, IR_GROUP));
  TRY(need_equal(m, "the scales' rows are not the weight's groups", weight->dims[0], rows));
  return need_equal(m, "the scales' columns are not the weight's", weight->dims[1], scale->dims[1]);
}

/* x: i8, or bytes kept in i16 [..., K], scale: f32 [..., 1]; weight: i8 [K, N] */
static status check_scales(ir_module *m, const ir_node *n, ir_type *result) {
  const ir_type *x = operand(n, 0), *weight = operand(n, 1), *scale = operand(n, 4), *columns = operand(n, 5);
  bool is_narrow = weight->dtype == SMELT_I8;
  if (!is_narrow) return scale || columns ? need_dtype(m, weight, false, "i8 where there are scales") : OK;
  TRY(need_dtype(m, x, x->dtype == SMELT_I8 || x->dtype == SMELT_I16, "i8 or i16 beside an i8 weight"));
  if (!scale || !columns) return need_rank(m, weight, false, "scales beside an i8 weight");
  TRY(need_dtype(m, scale, scale->dtype == SMELT_F32, "scales of f32"));
  TRY(check_weight_scale(m, weight, columns));
  TRY(need_rank(m, scale, scale->rank == x->rank, "a scale for each row of x"));
  for (int i = 0; i < x->rank - 1; i++)
    TRY(need_equal(m, "the scales are not those of x's rows", scale->dims[i], x->dims[i]));
  result->dtype = SMELT_F32;
  return need_equal(m, "a row of x has one scale", scale->dims[x->rank - 1], ir_dim_const(m, 1));
}

status ir_infer_linear(ir_module *m, const ir_node *n, ir_type *result) {
  const ir_type *x = operand(n, 0), *weight = operand(n, 1);
  TRY(need_rank(m, x, x->rank >= 1, "a rank of 1 or more"));
  TRY(need_rank(m, weight, weight->rank == 2, "a weight matrix [K, N]"));
  TRY(need_equal(m, "the weight's rows are not the last axis' size", x->dims[x->rank - 1], weight->dims[0]));
  TRY(need_vector(m, operand(n, 2), weight->dims[1], "bias is not a vector of the weight's columns"));
  *result = *x;
  ir_dim columns = weight->dims[1];
  result->dims[x->rank - 1] = n->attrs.gated ? ir_dim_div(m, columns, ir_dim_const(m, 2)) : columns;
  if (n->attrs.wide) result->dtype = SMELT_F32;
  TRY(check_scales(m, n, result));
  const ir_type *residual = operand(n, 3);
  if (!residual) return OK;
  TRY(need_rank(m, residual, residual->rank == result->rank, "a residual of the result's rank"));
  for (int i = 0; i < result->rank; i++) {
    TRY(need_equal(m, "the residual's shape is not the result's", result->dims[i], residual->dims[i]));
  }
  return OK;
}

status ir_infer_rotary(ir_module *m, const ir_node *n, ir_type *result) {
  *result = *operand(n, 0);
  TRY(need_rank(m, result, result->rank == 4, "x of rank 4: [B, H, S, D]"));
  for (int k = 1; k <= 2; k++) {
    const ir_type *t = operand(n, k);
    TRY(need_rank(m, t, t->rank == 3, "cos and sin of rank 3: [B, S, R/2]"));
    if (!is_one(m, t->dims[0])) TRY(need_equal(m, "batch sizes differ", result->dims[0], t->dims[0]));
    TRY(need_equal(m, "sequence lengths differ", result->dims[2], t->dims[1]));
  }
  return need_equal(m, "cos and sin differ in size", operand(n, 1)->dims[2], operand(n, 2)->dims[2]);
}

/* A scale for each row of keys or values of bytes. */
static status need_scales(ir_module *m, const ir_type *rows, const ir_type *scales) {
  if (!scales) return need_rank(m, rows, rows->dtype != SMELT_I8, "scales of keys and values of bytes");
  bool fits = scales->rank == 4 && ir_dim_is(scales->dims[3], 1);
  for (int i = 0; i < 3 && fits; i++) fits = ir_dim_equal(m, scales->dims[i], rows->dims[i]);
  return need_rank(m, scales, fits, "a scale for each row of k and v");
}

status ir_infer_attention(ir_module *m, const ir_node *n, ir_type *result) {
  const ir_type *q = operand(n, 0), *k = operand(n, 1), *v = operand(n, 2), *bias = operand(n, 3);
  *result = *q;
  TRY(need_rank(m, q, q->rank == 4 && k->rank == 4 && v->rank == 4, "q, k and v of rank 4"));
  TRY(need_equal(m, "batch sizes of q and k differ", q->dims[0], k->dims[0]));
  TRY(need_equal(m, "batch sizes of k and v differ", k->dims[0], v->dims[0]));
  TRY(need_equal(m, "head counts of k and v differ", k->dims[1], v->dims[1]));
  TRY(need_equal(m, "head sizes of q and k differ", q->dims[3], k->dims[3]));
  TRY(need_equal(m, "lengths of k and v differ", k->dims[2], v->dims[2]));
  result->dims[3] = v->dims[3];
  for (int i = 0; i < 2; i++) TRY(need_scales(m, operand(n, 1 + i), operand(n, 4 + i)));
  if (!bias) return OK;
  ir_type scores = *q;
  scores.dims[3] = k->dims[2];
  scores.dtype = bias->dtype;
  return broadcast_dims(m, &scores, bias);
}

/* ---- state ---- */

status ir_infer_load(ir_module *m, const ir_node *n, ir_type *result) {
  if (n->attrs.state < 0 || (size_t)n->attrs.state >= m->state_count) {
    return fail(m->arena, STATUS_INPUT, "there is no state %d", n->attrs.state);
  }
  return shape_attribute(m, n, m->states[n->attrs.state].type.dtype, result);
}
