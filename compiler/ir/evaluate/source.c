/* source.c: operators without operands. */
#include "ir/evaluate/walk.h"

#include <string.h>

status ir_evaluate_constant(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                            const int64_t *symbols, ir_tensor *out) {
  (void)in, (void)symbols;
  const void *bytes;
  TRY(ir_constant_bytes(scratch, node->attrs.constant, &bytes));
  size_t count = (size_t)ir_tensor_count(out) * ir_dtype_bytes(out->dtype);
  if (count) memcpy(out->data, bytes, count);
  return OK;
}

status ir_evaluate_dims(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                        const int64_t *symbols, ir_tensor *out) {
  (void)scratch, (void)in;
  for (int64_t i = 0; i < node->attrs.dim_count; i++) {
    element_set_integer(out->dtype, out->data, i, ir_dim_evaluate(node->attrs.dim_list[i], symbols), false);
  }
  return OK;
}

status ir_evaluate_iota(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                        const int64_t *symbols, ir_tensor *out) {
  (void)scratch, (void)in;
  int64_t index[IR_MAX_RANK] = {0}, to = 0;
  uint64_t start = (uint64_t)ir_dim_evaluate(node->attrs.start[0], symbols);
  if (ir_tensor_count(out) == 0) return OK;
  do {
    uint64_t value = start + (uint64_t)node->attrs.step[0] * (uint64_t)index[node->attrs.axis];
    element_set_integer(out->dtype, out->data, to++, (int64_t)value, false);
  } while (walk_next(out, index));
  return OK;
}
