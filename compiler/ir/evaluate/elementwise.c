/* elementwise.c: operators that scalar.def describes, broadcast over their operands; and casts. */
#include "ir/evaluate/scalar.h"
#include "ir/evaluate/walk.h"

#include <math.h>
#include <string.h>

/* x^y modulo 2^64 by squaring. */
static uint64_t power(uint64_t x, uint64_t y) {
  uint64_t result = 1;
  for (; y; y >>= 1, x *= x) {
    if (y & 1) result *= x;
  }
  return result;
}

/* One function per row and column of scalar.def: float_NEG, signed_NEG, unsigned_NEG. */
#define SCALAR_FUNCTION(prefix, NAME, type, expression)                                                      \
  static type prefix##_##NAME(type x, type y, type z) {                                                      \
    (void)x, (void)y, (void)z;                                                                               \
    return (type)(expression);                                                                               \
  }
#define SCALAR(NAME, floats, signeds, unsigneds)                                                             \
  SCALAR_FUNCTION(float, NAME, double, floats)                                                               \
  SCALAR_FUNCTION(signed, NAME, int64_t, signeds)                                                            \
  SCALAR_FUNCTION(unsigned, NAME, uint64_t, unsigneds)
#include "ir/scalar.def"
#undef SCALAR

static const struct {
  double (*floats)(double x, double y, double z);
  int64_t (*signeds)(int64_t x, int64_t y, int64_t z);
  uint64_t (*unsigneds)(uint64_t x, uint64_t y, uint64_t z);
} scalar_table[IR_OP_COUNT] = {
#define SCALAR(NAME, floats, signeds, unsigneds) [IR_##NAME] = {float_##NAME, signed_##NAME, unsigned_##NAME},
#include "ir/scalar.def"
#undef SCALAR
};

double scalar_activation(ir_op op, double x) {
  return scalar_table[op].floats ? scalar_table[op].floats(x, 0, 0) : x;
}

/* Computes result element `to` from elements at[k] of the operands, in the arithmetic of `dtype`. */
static void compute(ir_op op, ir_dtype dtype, const ir_tensor *const *in, int count, const int64_t *at,
                    ir_tensor *out, int64_t to) {
  double x[3] = {0};
  int64_t n[3] = {0};
  bool is_float = ir_dtype_is_float(dtype);
  for (int k = 0; k < count; k++) {
    if (is_float) {
      x[k] = element_double(in[k]->dtype, in[k]->data, at[k]);
    } else {
      n[k] = element_integer(in[k]->dtype, in[k]->data, at[k]);
    }
  }
  if (is_float) {
    element_set_double(out->dtype, out->data, to, scalar_table[op].floats(x[0], x[1], x[2]));
  } else if (ir_dtype_is_signed(dtype)) {
    element_set_integer(out->dtype, out->data, to, scalar_table[op].signeds(n[0], n[1], n[2]), false);
  } else {
    uint64_t result = scalar_table[op].unsigneds((uint64_t)n[0], (uint64_t)n[1], (uint64_t)n[2]);
    element_set_integer(out->dtype, out->data, to, (int64_t)result, true);
  }
}

void scalar_combine(ir_op op, ir_tensor *out, int64_t to, const ir_tensor *y, int64_t from) {
  compute(op, out->dtype, (const ir_tensor *[]){out, y}, 2, (const int64_t[]){to, from}, out, to);
}

/* A row of f32 results from rows of f32 operands: what weights are made of. */
static void compute_floats(ir_op op, const ir_tensor *const *in, int count, const int64_t *at,
                           const int64_t *steps, ir_tensor *out, int64_t to, int64_t length) {
  static const float none;
  const float *x[3] = {&none, &none, &none};
  int64_t by[3] = {0};
  for (int k = 0; k < count; k++) {
    x[k] = (const float *)in[k]->data + at[k];
    by[k] = steps[k];
  }
  float *result = (float *)out->data + to;
  for (int64_t i = 0; i < length; i++)
    result[i] = (float)scalar_table[op].floats((double)x[0][i * by[0]], (double)x[1][i * by[1]],
                                               (double)x[2][i * by[2]]);
}

static bool all_floats(const ir_tensor *const *in, int count, const ir_tensor *out) {
  bool all = out->dtype == SMELT_F32 && (uintptr_t)out->data % sizeof(float) == 0;
  for (int k = 0; k < count; k++)
    all &= in[k]->dtype == SMELT_F32 && (uintptr_t)in[k]->data % sizeof(float) == 0;
  return all;
}

status ir_evaluate_elementwise(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                               const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  int count = node->operand_count;
  int64_t strides[3][IR_MAX_RANK], index[IR_MAX_RANK] = {0}, at[3] = {0}, to = 0;
  if (count > 3 || !scalar_table[node->op].floats)
    return walk_misfit(scratch, node, "has no row in scalar.def");
  for (int k = 0; k < count; k++) {
    if (!walk_broadcast(in[k], out, strides[k]))
      return walk_misfit(scratch, node, "operands do not fit each other");
  }
  ir_dtype dtype = in[count == 3 ? 1 : 0]->dtype; /* of select's second operand: the first is bool */
  if (ir_tensor_count(out) == 0) return OK;
  bool is_plain = all_floats(in, count, out);
  ir_tensor rows = *out; /* one element for each row along the last axis */
  int last = out->rank - 1;
  int64_t length = out->rank ? out->dims[last] : 1, steps[3] = {0};
  if (out->rank) rows.dims[last] = 1;
  for (int k = 0; k < count && out->rank; k++) steps[k] = strides[k][last];
  do {
    for (int k = 0; k < count; k++) at[k] = walk_offset(out->rank, index, strides[k]);
    if (is_plain) compute_floats(node->op, in, count, at, steps, out, to, length);
    for (int64_t i = 0; i < length && !is_plain; i++) {
      compute(node->op, dtype, in, count, at, out, to + i);
      for (int k = 0; k < count; k++) at[k] += steps[k];
    }
    to += length;
  } while (walk_next(&rows, index));
  return OK;
}

status ir_evaluate_bitcast(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                           const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  size_t bytes = (size_t)ir_tensor_count(out) * ir_dtype_bytes(out->dtype);
  if (bytes != (size_t)ir_tensor_count(in[0]) * ir_dtype_bytes(in[0]->dtype)) {
    return walk_misfit(scratch, node, "result and operand differ in size");
  }
  if (bytes) memcpy(out->data, in[0]->data, bytes);
  return OK;
}

status ir_evaluate_cast(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                        const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  ir_dtype from = in[0]->dtype;
  int64_t count = ir_tensor_count(out);
  if (count != ir_tensor_count(in[0])) return walk_misfit(scratch, node, "result and operand differ in size");
  for (int64_t i = 0; i < count; i++) {
    if (ir_dtype_is_float(from)) {
      element_set_double(out->dtype, out->data, i, element_double(from, in[0]->data, i));
    } else {
      element_set_integer(out->dtype, out->data, i, element_integer(from, in[0]->data, i), from == SMELT_U64);
    }
  }
  return OK;
}
