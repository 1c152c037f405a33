/* elementwise.c: operators that scalar.def describes, broadcast over their operands; and casts. Floats go
 * through chain.c. */
#include "ir/evaluate/chain.h"
#include "ir/evaluate/scalar.h"

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

/* What is computed at once: operands and results of so many elements stay in the first cache. */
enum { CHUNK = 256 };

/* One function per row and column of scalar.def: float_NEG, signed_NEG, unsigned_NEG. Results replace x. */
#define SCALAR_FUNCTION(prefix, NAME, type, expression)                                                      \
  static void prefix##_##NAME(type *xs, const type *ys, const type *zs, int64_t count) {                     \
    for (int64_t i = 0; i < count; i++) {                                                                    \
      type x = xs[i], y = ys[i], z = zs[i];                                                                  \
      (void)x, (void)y, (void)z;                                                                             \
      xs[i] = (type)(expression);                                                                            \
    }                                                                                                        \
  }
#define SCALAR(NAME, floats, signeds, unsigneds)                                                             \
  SCALAR_FUNCTION(float, NAME, double, floats)                                                               \
  SCALAR_FUNCTION(signed, NAME, int64_t, signeds)                                                            \
  SCALAR_FUNCTION(unsigned, NAME, uint64_t, unsigneds)
#include "ir/scalar.def"
#undef SCALAR

static const struct {
  void (*floats)(double *x, const double *y, const double *z, int64_t count);
  void (*signeds)(int64_t *x, const int64_t *y, const int64_t *z, int64_t count);
  void (*unsigneds)(uint64_t *x, const uint64_t *y, const uint64_t *z, int64_t count);
} scalar_table[IR_OP_COUNT] = {
#define SCALAR(NAME, floats, signeds, unsigneds) [IR_##NAME] = {float_##NAME, signed_##NAME, unsigned_##NAME},
#include "ir/scalar.def"
#undef SCALAR
};

double scalar_activation(ir_op op, double x) {
  double none = 0;
  if (scalar_table[op].floats) scalar_table[op].floats(&x, &none, &none, 1);
  return x;
}

bool scalar_knows(ir_op op) {
  return scalar_table[op].floats;
}

void scalar_floats(ir_op op, double *x, const double *y, const double *z, int64_t count) {
  scalar_table[op].floats(x, y, z, count);
}

/* out = the node's operator over floats in memory */
static status evaluate_floats(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                              ir_tensor *out) {
  chain operands[3] = {0}, last = {.node = node};
  for (int k = 0; k < node->operand_count; k++) {
    operands[k].memory = in[k];
    last.in[k] = &operands[k];
  }
  return chain_evaluate(scratch, &last, out);
}

/* A row of operands, and where in them it starts. */
typedef struct {
  const ir_tensor *in[3];
  int64_t at[3], steps[3];
  int count;
} operand_rows;

/* Results from element `to` of out on. */
static void compute_integers(ir_op op, operand_rows rows, bool is_signed, ir_tensor *out, int64_t to,
                             int64_t length) {
  for (int64_t done = 0; done < length; done += CHUNK) {
    int64_t n[3][CHUNK] = {0}, count = length - done < CHUNK ? length - done : CHUNK;
    for (int k = 0; k < rows.count; k++) {
      element_integers(rows.in[k]->dtype, rows.in[k]->data, rows.at[k], rows.steps[k], count, n[k]);
      rows.at[k] += count * rows.steps[k];
    }
    if (is_signed) {
      scalar_table[op].signeds(n[0], n[1], n[2], count);
    } else {
      scalar_table[op].unsigneds((uint64_t *)n[0], (uint64_t *)n[1], (uint64_t *)n[2], count);
    }
    element_set_integers(out->dtype, out->data, to + done, count, n[0], !is_signed);
  }
}

void scalar_combine(ir_op op, ir_tensor *out, int64_t to, const ir_tensor *y, int64_t from) {
  if (ir_dtype_is_float(out->dtype)) {
    double a = element_double(out->dtype, out->data, to), b = element_double(y->dtype, y->data, from);
    scalar_floats(op, &a, &b, &b, 1);
    element_set_double(out->dtype, out->data, to, a);
    return;
  }
  operand_rows rows = {.in = {out, y}, .at = {to, from}, .count = 2};
  compute_integers(op, rows, ir_dtype_is_signed(out->dtype), out, to, 1);
}

status ir_evaluate_elementwise(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                               const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  operand_rows rows = {.count = node->operand_count};
  int64_t strides[3][IR_MAX_RANK], index[IR_MAX_RANK] = {0}, to = 0;
  if (rows.count > 3 || !scalar_knows(node->op))
    return walk_misfit(scratch, node, "has no row in scalar.def");
  ir_dtype dtype = in[rows.count == 3 ? 1 : 0]->dtype; /* of select's second operand: the first is bool */
  if (ir_dtype_is_float(dtype)) return evaluate_floats(scratch, node, in, out);
  int last = out->rank - 1;
  for (int k = 0; k < rows.count; k++) {
    if (!walk_broadcast(in[k], out, strides[k]))
      return walk_misfit(scratch, node, "operands do not fit each other");
    rows.in[k] = in[k];
    if (out->rank) rows.steps[k] = strides[k][last];
  }
  if (ir_tensor_count(out) == 0) return OK;
  ir_tensor firsts = *out; /* one element for each row along the last axis */
  int64_t length = out->rank ? out->dims[last] : 1;
  if (out->rank) firsts.dims[last] = 1;
  do {
    for (int k = 0; k < rows.count; k++) rows.at[k] = walk_offset(out->rank, index, strides[k]);
    compute_integers(node->op, rows, ir_dtype_is_signed(dtype), out, to, length);
    to += length;
  } while (walk_next(&firsts, index));
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
  if (ir_dtype_is_float(from)) return evaluate_floats(scratch, node, in, out);
  for (int64_t done = 0; done < count; done += CHUNK) {
    int64_t length = count - done < CHUNK ? count - done : CHUNK, n[CHUNK];
    element_integers(from, in[0]->data, done, 1, length, n);
    element_set_integers(out->dtype, out->data, done, length, n, from == SMELT_U64);
  }
  return OK;
}
