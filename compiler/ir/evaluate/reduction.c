/* reduction.c: sums, extremes, the best elements, and running sums along axes. */
#include "ir/evaluate/walk.h"

#include <math.h>

/* ---- reductions over any set of axes ---- */

typedef union {
  double floats;
  int64_t integers; /* of u64: its bits */
} accumulator;

static bool is_less(ir_dtype dtype, int64_t a, int64_t b) {
  return ir_dtype_is_signed(dtype) ? a < b : (uint64_t)a < (uint64_t)b;
}

/* What a reduction of nothing gives. */
static accumulator neutral(ir_op op, ir_dtype dtype) {
  bool is_signed = ir_dtype_is_signed(dtype), is_float = ir_dtype_is_float(dtype);
  switch (op) {
  case IR_REDUCE_PROD:
    return is_float ? (accumulator){.floats = 1} : (accumulator){.integers = 1};
  case IR_REDUCE_MAX:
    if (is_float) return (accumulator){.floats = -INFINITY};
    return (accumulator){.integers = is_signed ? INT64_MIN : 0};
  case IR_REDUCE_MIN:
    if (is_float) return (accumulator){.floats = INFINITY};
    return (accumulator){.integers = is_signed ? INT64_MAX : (int64_t)UINT64_MAX};
  default:
    return is_float ? (accumulator){.floats = 0} : (accumulator){.integers = 0};
  }
}

/* Each element of x into the sum that is its own, `step` apart. */
static inline void accumulate_floats(ir_op op, accumulator *sum, int64_t step, const double *x,
                                     int64_t count) {
  switch (op) {
  case IR_REDUCE_PROD:
    for (int64_t i = 0; i < count; i++) sum[i * step].floats *= x[i];
    return;
  case IR_REDUCE_MAX:
    for (int64_t i = 0; i < count; i++, sum += step)
      sum->floats = isnan(x[i]) || x[i] > sum->floats ? x[i] : sum->floats;
    return;
  case IR_REDUCE_MIN:
    for (int64_t i = 0; i < count; i++, sum += step)
      sum->floats = isnan(x[i]) || x[i] < sum->floats ? x[i] : sum->floats;
    return;
  default:
    for (int64_t i = 0; i < count; i++) sum[i * step].floats += x[i];
  }
}

static void accumulate_integer(ir_op op, ir_dtype dtype, accumulator *sum, int64_t n) {
  switch (op) {
  case IR_REDUCE_PROD:
    sum->integers = (int64_t)((uint64_t)sum->integers * (uint64_t)n);
    return;
  case IR_REDUCE_MAX:
    if (is_less(dtype, sum->integers, n)) sum->integers = n;
    return;
  case IR_REDUCE_MIN:
    if (is_less(dtype, n, sum->integers)) sum->integers = n;
    return;
  default:
    sum->integers = (int64_t)((uint64_t)sum->integers + (uint64_t)n);
  }
}

/* Elements of x from `from` on. */
static void accumulate_row(ir_op op, const ir_tensor *x, int64_t from, int64_t length, accumulator *sum,
                           int64_t step) {
  enum { CHUNK = 256 };
  double reals[CHUNK];
  bool is_float = ir_dtype_is_float(x->dtype);
  for (int64_t done = 0; is_float && done < length; done += CHUNK) {
    int64_t count = length - done < CHUNK ? length - done : CHUNK;
    element_doubles(x->dtype, x->data, from + done, 1, count, reals);
    if (step == 1) { /* neighbours, so that the compiler can make vectors of them */
      accumulate_floats(op, sum + done, 1, reals, count);
    } else {
      accumulate_floats(op, sum + done * step, step, reals, count);
    }
  }
  for (int64_t i = 0; !is_float && i < length; i++)
    accumulate_integer(op, x->dtype, sum + i * step, element_integer(x->dtype, x->data, from + i));
}

static void store_reduced(ir_op op, ir_tensor *out, int64_t to, accumulator sum, int64_t count) {
  bool is_mean = op == IR_REDUCE_MEAN, is_signed = ir_dtype_is_signed(out->dtype);
  if (ir_dtype_is_float(out->dtype)) {
    element_set_double(out->dtype, out->data, to, is_mean ? sum.floats / (double)count : sum.floats);
    return;
  }
  int64_t result = sum.integers;
  if (is_mean && count) result = is_signed ? result / count : (int64_t)((uint64_t)result / (uint64_t)count);
  element_set_integer(out->dtype, out->data, to, result, !is_signed);
}

status ir_evaluate_reduce(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                          const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  const ir_tensor *x = in[0];
  int64_t strides[IR_MAX_RANK], index[IR_MAX_RANK] = {0}, from = 0, count = ir_tensor_count(out),
                                per_result = 1;
  if (!walk_broadcast(out, x, strides)) return walk_misfit(scratch, node, "the result does not fit");
  for (int i = 0; i < x->rank; i++) {
    if (strides[i] == 0) per_result *= x->dims[i];
  }
  accumulator *sums = ARENA_ARRAY(scratch, accumulator, (size_t)count);
  for (int64_t i = 0; i < count; i++) sums[i] = neutral(node->op, x->dtype);
  ir_tensor rows = *x; /* one element for each row along the last axis */
  int64_t length = x->rank ? x->dims[x->rank - 1] : 1, step = x->rank ? strides[x->rank - 1] : 0;
  if (x->rank) rows.dims[x->rank - 1] = 1;
  if (ir_tensor_count(x)) {
    do {
      accumulate_row(node->op, x, from, length, &sums[walk_offset(x->rank, index, strides)], step);
      from += length;
    } while (walk_next(&rows, index));
  }
  for (int64_t i = 0; i < count; i++) store_reduced(node->op, out, i, sums[i], per_result);
  return OK;
}

/* ---- along one axis: [outer, size, inner] ---- */

typedef struct {
  int64_t outer, size, inner;
} axis_split;

static axis_split split_at(const ir_tensor *t, int axis) {
  axis_split s = {1, t->dims[axis], 1};
  for (int i = 0; i < axis; i++) s.outer *= t->dims[i];
  for (int i = axis + 1; i < t->rank; i++) s.inner *= t->dims[i];
  return s;
}

/* Whether element a of x beats element b: greater for arg_max, less for arg_min; NaN beats numbers. */
static bool beats(const ir_tensor *x, bool wants_max, int64_t a, int64_t b) {
  if (!ir_dtype_is_float(x->dtype)) {
    int64_t left = element_integer(x->dtype, x->data, a), right = element_integer(x->dtype, x->data, b);
    return wants_max ? is_less(x->dtype, right, left) : is_less(x->dtype, left, right);
  }
  double left = element_double(x->dtype, x->data, a), right = element_double(x->dtype, x->data, b);
  if (isnan(left) || isnan(right)) return isnan(left) && !isnan(right);
  return wants_max ? left > right : left < right;
}

status ir_evaluate_arg(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                       const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  axis_split s = split_at(in[0], node->attrs.axis);
  if (ir_tensor_count(out) != s.outer * s.inner) return walk_misfit(scratch, node, "the result does not fit");
  for (int64_t o = 0; o < s.outer; o++) {
    for (int64_t i = 0; i < s.inner; i++) {
      int64_t base = o * s.size * s.inner + i, best = 0;
      for (int64_t k = 1; k < s.size; k++) {
        if (beats(in[0], node->op == IR_ARG_MAX, base + k * s.inner, base + best * s.inner)) best = k;
      }
      element_set_integer(out->dtype, out->data, o * s.inner + i, best, false);
    }
  }
  return OK;
}

/* The best element of a line that is not taken yet; the first of equal ones. -1: all are. */
static int64_t best_left(const ir_tensor *x, const axis_split *s, int64_t base, const bool *taken) {
  int64_t best = -1;
  for (int64_t n = 0; n < s->size; n++) {
    if (taken[n]) continue;
    if (best < 0 || beats(x, true, base + n * s->inner, base + best * s->inner)) best = n;
  }
  return best;
}

status ir_evaluate_top_k(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                         const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  axis_split s = split_at(in[0], node->attrs.axis);
  int64_t wanted = out->dims[node->attrs.axis];
  if (wanted > s.size || ir_tensor_count(out) != s.outer * wanted * s.inner) {
    return walk_misfit(scratch, node, "more elements are wanted than there are");
  }
  bool *taken = ARENA_ARRAY(scratch, bool, (size_t)s.size);
  for (int64_t o = 0; o < s.outer; o++) {
    for (int64_t i = 0; i < s.inner; i++) {
      for (int64_t n = 0; n < s.size; n++) taken[n] = false;
      for (int64_t k = 0; k < wanted; k++) {
        int64_t best = best_left(in[0], &s, o * s.size * s.inner + i, taken);
        taken[best] = true;
        element_set_integer(out->dtype, out->data, (o * wanted + k) * s.inner + i, best, false);
      }
    }
  }
  return OK;
}

status ir_evaluate_cumsum(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                          const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  if (node->attrs.axis < 0 || node->attrs.axis >= out->rank ||
      ir_tensor_count(out) != ir_tensor_count(in[0])) {
    return walk_misfit(scratch, node, "the axis or the result does not fit");
  }
  axis_split s = split_at(in[0], node->attrs.axis);
  ir_op op = node->op == IR_CUMPROD ? IR_REDUCE_PROD : IR_REDUCE_SUM;
  for (int64_t o = 0; o < s.outer; o++) {
    for (int64_t i = 0; i < s.inner; i++) {
      accumulator sum = neutral(op, out->dtype);
      for (int64_t k = 0; k < s.size; k++) {
        int64_t at = (o * s.size + k) * s.inner + i;
        accumulate_row(op, in[0], at, 1, &sum, 0);
        store_reduced(op, out, at, sum, 1);
      }
    }
  }
  return OK;
}
