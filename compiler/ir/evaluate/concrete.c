/* concrete.c: symbolic sizes and types as numbers, once symbols have values. */
#include "ir/evaluate/concrete.h"

/* More than any model this evaluator is meant for needs in one tensor. */
static const int64_t MAX_TENSOR_BYTES = (int64_t)1 << 34;

status concrete_check_size(arena *scratch, const ir_tensor *t) {
  int64_t bytes = (int64_t)ir_dtype_bytes(t->dtype);
  for (int i = 0; i < t->rank; i++) {
    if (t->dims[i] < 0)
      return fail(scratch, STATUS_INPUT, "size %lld of axis %d is negative", (long long)t->dims[i], i);
    bool overflow = t->dims[i] > 1 && __builtin_mul_overflow(bytes, t->dims[i], &bytes);
    if (overflow || bytes > MAX_TENSOR_BYTES)
      return fail(scratch, STATUS_INPUT, "a tensor is too large to evaluate");
  }
  return OK;
}

typedef struct {
  const int64_t *symbols;
  bool unknown;
} symbol_check;

static void visit_symbol(void *user, ir_dim_op op, int64_t operand) {
  symbol_check *check = user;
  if (op == IR_DIM_SYMBOL && (!check->symbols || check->symbols[operand] == CONCRETE_UNKNOWN))
    check->unknown = true;
}

bool concrete_is_known(ir_dim d, const int64_t *symbols) {
  symbol_check check = {symbols, false};
  ir_dim_visit_postfix(d, visit_symbol, &check);
  return !check.unknown;
}

status concrete_dim(arena *scratch, ir_dim d, const int64_t *symbols, int64_t *size) {
  if (concrete_is_known(d, symbols)) {
    *size = ir_dim_evaluate(d, symbols);
    return OK;
  }
  text t = {0};
  ir_dim_print(&t, d);
  status s = fail(scratch, STATUS_INPUT, "size %s is not determined by the inputs", t.bytes);
  text_free(&t);
  return s;
}

status concrete_type(arena *scratch, const ir_type *type, const int64_t *symbols, ir_tensor *t) {
  t->dtype = type->dtype;
  t->rank = type->rank;
  for (int i = 0; i < type->rank; i++) TRY(concrete_dim(scratch, type->dims[i], symbols, &t->dims[i]));
  return concrete_check_size(scratch, t);
}
