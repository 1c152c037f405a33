/* import_determinant.c: Det by Gaussian elimination with row pivoting, written out for matrices of fixed
 * size. */
#include "onnx/import.h"

#include <string.h>

enum { MOST_ROWS = 64 };

/* Rows from `row` and columns from `column` on, `rows` by `columns` of them, of x [B, N, N]. */
static ir_value *block(onnx_context *c, ir_value *x, int64_t row, int64_t column, int64_t rows,
                       int64_t columns) {
  if (onnx_failed(c)) return x;
  ir_dim start[3] = {onnx_dim(c, 0), onnx_dim(c, row), onnx_dim(c, column)};
  ir_dim size[3] = {x->type.dims[0], onnx_dim(c, rows), onnx_dim(c, columns)};
  return ir_slice(c->b, x, start, size, NULL);
}

/*
 * One step: *x [B, N, N] becomes its [B, N - 1, N - 1] complement once the row with the largest first element
 * has changed places with the first. The result: that element, negated where rows changed places, [B, 1, 1].
 */
static ir_value *eliminate(onnx_context *c, ir_value **x, int64_t N) {
  ir_value *first = block(c, *x, 0, 0, N, 1), *size = ir_unary(c->b, IR_ABS, first);
  ir_attrs rows = {.axis = 1};
  ir_value *best = ir_build(c->b, IR_ARG_MAX, &size, 1, &rows);
  ir_dim shape[3] = {onnx_dim(c, 1), onnx_dim(c, N), onnx_dim(c, 1)};
  ir_value *is_best = ir_binary(c->b, IR_EQ, ir_iota(c->b, shape, 3, 1, onnx_dim(c, 0), 1), best);
  ir_value *zero = onnx_number_like(c, first, 0), *one = onnx_number_like(c, first, 1);
  ir_value *row = ir_reduce(c->b, IR_REDUCE_SUM, ir_select(c->b, is_best, *x, zero), 1u << 1);
  ir_value *swapped = ir_select(c->b, is_best, block(c, *x, 0, 0, 1, N), *x);
  ir_value *pivot = block(c, row, 0, 0, 1, 1);
  /* A pivot of 0 makes the product 0 whatever is left. */
  ir_value *divisor = ir_select(c->b, ir_binary(c->b, IR_EQ, pivot, zero), one, pivot);
  if (N > 1) {
    ir_value *factors = ir_binary(c->b, IR_DIV, block(c, swapped, 1, 0, N - 1, 1), divisor);
    ir_value *taken = ir_binary(c->b, IR_MUL, factors, block(c, row, 0, 1, 1, N - 1));
    *x = ir_binary(c->b, IR_SUB, block(c, swapped, 1, 1, N - 1, N - 1), taken);
  }
  ir_value *stays = ir_binary(c->b, IR_EQ, best, onnx_number_like(c, best, 0));
  return ir_select(c->b, stays, pivot, ir_unary(c->b, IR_NEG, pivot));
}

static ir_value *import_det(onnx_context *c) {
  ir_value *x = c->in[0];
  int rank = x->type.rank;
  int64_t N, columns;
  if (rank < 2 || !ir_dim_is_const(ir_dim_resolve(c->m, x->type.dims[rank - 1]), &N) ||
      !ir_dim_is_const(ir_dim_resolve(c->m, x->type.dims[rank - 2]), &columns) || N != columns || N < 1 ||
      N > MOST_ROWS) {
    return onnx_fail(c, "needs square matrices of a fixed size up to %d", MOST_ROWS);
  }
  ir_dim result[IR_MAX_RANK],
      flat[3] = {onnx_dim_product(c, x->type.dims, 0, rank - 2), onnx_dim(c, N), onnx_dim(c, N)};
  memcpy(result, x->type.dims, sizeof result);
  ir_value *left = ir_reshape(c->b, x, flat, 3), *product = NULL;
  for (int64_t n = N; n >= 1 && !onnx_failed(c); n--) {
    ir_value *pivot = eliminate(c, &left, n);
    product = product ? ir_binary(c->b, IR_MUL, product, pivot) : pivot;
  }
  return onnx_failed(c) ? x : ir_reshape(c->b, product, result, rank - 2);
}

static const onnx_op_row rows[] = {
    {"", "Det", 11, 0, 1, 1, import_det, IR_SUB},
};
const onnx_op_table onnx_determinant_ops = ONNX_OP_TABLE(rows);
