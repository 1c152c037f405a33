/* matmul.c: matrix products, plain and with what fusion puts behind them. Sums are doubles (integers: modulo
 * 2^64). */
#include "ir/evaluate/scalar.h"
#include "ir/evaluate/walk.h"

/* row[N] = x[K] times y [K, N] */
static void multiply_row(const double *x, const double *y, int64_t K, int64_t N, double *row) {
  for (int64_t n = 0; n < N; n++) row[n] = 0;
  for (int64_t k = 0; k < K; k++) {
    for (int64_t n = 0; n < N; n++) row[n] += x[k] * y[k * N + n];
  }
}

/* One matrix of an integer product: x [M, K], y [K, N], out [M, N] from the given elements on. */
static void multiply_integers(const ir_tensor *x, int64_t x_at, const ir_tensor *y, int64_t y_at,
                              ir_tensor *out, int64_t to, int64_t M, int64_t K, int64_t N) {
  for (int64_t m = 0; m < M; m++) {
    for (int64_t n = 0; n < N; n++) {
      uint64_t sum = 0;
      for (int64_t k = 0; k < K; k++) {
        sum += (uint64_t)element_integer(x->dtype, x->data, x_at + m * K + k) *
               (uint64_t)element_integer(y->dtype, y->data, y_at + k * N + n);
      }
      element_set_integer(out->dtype, out->data, to + m * N + n, (int64_t)sum,
                          !ir_dtype_is_signed(out->dtype));
    }
  }
}

/* The tensor's leading axes with 1 x 1 matrices, and what one step along each is in elements. */
static ir_tensor leading_axes(const ir_tensor *t) {
  ir_tensor leading = *t;
  leading.rank = t->rank - 2;
  return leading;
}

status ir_evaluate_matmul(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                          const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  const ir_tensor *x = in[0], *y = in[1];
  int rank = out->rank;
  if (rank < 2 || x->rank != rank || y->rank != rank)
    return walk_misfit(scratch, node, "operands differ in rank");
  int64_t M = x->dims[rank - 2], K = x->dims[rank - 1], N = y->dims[rank - 1];
  ir_tensor lead = leading_axes(out), x_lead = leading_axes(x), y_lead = leading_axes(y);
  int64_t x_strides[IR_MAX_RANK], y_strides[IR_MAX_RANK], index[IR_MAX_RANK] = {0}, to = 0;
  bool fits = y->dims[rank - 2] == K && out->dims[rank - 2] == M && out->dims[rank - 1] == N;
  if (!fits || !walk_broadcast(&x_lead, &lead, x_strides) || !walk_broadcast(&y_lead, &lead, y_strides)) {
    return walk_misfit(scratch, node, "inner or leading sizes of a matrix product differ");
  }
  if (ir_tensor_count(out) == 0) return OK;
  arena temporary = {0};
  bool is_float = ir_dtype_is_float(out->dtype);
  double *xs = is_float ? walk_doubles(&temporary, x) : NULL,
         *ys = is_float ? walk_doubles(&temporary, y) : NULL;
  double *row = ARENA_ARRAY(&temporary, double, (size_t)N);
  do {
    int64_t x_at = walk_offset(lead.rank, index, x_strides) * M * K;
    int64_t y_at = walk_offset(lead.rank, index, y_strides) * K * N;
    if (!is_float) multiply_integers(x, x_at, y, y_at, out, to, M, K, N);
    for (int64_t m = 0; is_float && m < M; m++) {
      multiply_row(xs + x_at + m * K, ys + y_at, K, N, row);
      for (int64_t n = 0; n < N; n++) element_set_double(out->dtype, out->data, to + m * N + n, row[n]);
    }
    to += M * N;
  } while (walk_next(&lead, index));
  arena_free(&temporary);
  return OK;
}

/* row = sum over groups of IR_GROUP of K of (x [K] times the group's rows of weights) * scale [K / IR_GROUP,
 * N] */
static void multiply_groups(const double *x, const double *weights, const ir_tensor *scale, int64_t N,
                            double *group, double *row) {
  for (int64_t n = 0; n < N; n++) row[n] = 0;
  for (int64_t g = 0; g < scale->dims[0]; g++) {
    multiply_row(x + g * IR_GROUP, weights + g * IR_GROUP * N, IR_GROUP, N, group);
    for (int64_t n = 0; n < N; n++) row[n] += group[n] * element_double(scale->dtype, scale->data, g * N + n);
  }
}

status ir_evaluate_linear(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                          const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  const ir_tensor *x = in[0], *weight = in[1], *bias = node->operand_count > 2 ? in[2] : NULL;
  const ir_tensor *residual = node->operand_count > 3 ? in[3] : NULL;
  const ir_tensor *x_scale = node->operand_count > 5 ? in[4] : NULL, *scale = x_scale ? in[5] : NULL;
  int64_t K = weight->dims[0], N = weight->dims[1], F = node->attrs.gated ? N / 2 : N;
  int64_t rows = K ? ir_tensor_count(x) / K : 0;
  if (weight->rank != 2 || !x->rank || x->dims[x->rank - 1] != K || ir_tensor_count(out) != rows * F ||
      (bias && ir_tensor_count(bias) != N) || (residual && ir_tensor_count(residual) != rows * F)) {
    return walk_misfit(scratch, node, "operands do not fit each other");
  }
  bool is_grouped = scale && scale->rank == 2;
  if (scale &&
      (ir_tensor_count(x_scale) != rows || ir_tensor_count(scale) != (is_grouped ? K / IR_GROUP : 1) * N ||
       (is_grouped && (K % IR_GROUP || scale->dims[1] != N))))
    return walk_misfit(scratch, node, "scales do not fit the operands");
  arena temporary = {0};
  double *xs = walk_doubles(&temporary, x), *weights = walk_doubles(&temporary, weight);
  double *row = ARENA_ARRAY(&temporary, double, (size_t)N),
         *group = ARENA_ARRAY(&temporary, double, (size_t)N);
  for (int64_t m = 0; m < rows; m++) {
    if (is_grouped) {
      multiply_groups(xs + m * K, weights, scale, N, group, row);
    } else {
      multiply_row(xs + m * K, weights, K, N, row);
    }
    double by = scale ? element_double(x_scale->dtype, x_scale->data, m) : 1;
    for (int64_t n = 0; scale && n < N; n++)
      row[n] *= by * (is_grouped ? 1 : element_double(scale->dtype, scale->data, n));
    for (int64_t n = 0; bias && n < N; n++) row[n] += element_double(bias->dtype, bias->data, n);
    for (int64_t f = 0; f < F; f++) {
      double result = scalar_activation(node->attrs.activation, row[f]);
      if (node->attrs.gated) result *= row[F + f];
      if (residual) result += element_double(residual->dtype, residual->data, m * F + f);
      element_set_double(out->dtype, out->data, m * F + f, result);
    }
  }
  arena_free(&temporary);
  return OK;
}
