/* scatter.c: rows of a matrix replaced by, or combined with, others. */
#include "ir/evaluate/scalar.h"

#include <string.h>

status ir_evaluate_scatter(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                           const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  const ir_tensor *x = in[0], *indices = in[1], *updates = in[2];
  int64_t N = x->dims[0], D = x->dims[1], M = indices->dims[0], count = ir_tensor_count(out);
  ir_op op = ir_scatter_combination(node->op);
  if (count != ir_tensor_count(x) || updates->dims[0] != M || updates->dims[1] != D) {
    return walk_misfit(scratch, node, "operands do not fit each other");
  }
  if (count) memcpy(out->data, x->data, (size_t)count * ir_dtype_bytes(out->dtype));
  for (int64_t i = 0; i < M; i++) {
    int64_t row = element_integer(indices->dtype, indices->data, i);
    if (row < 0 || row >= N) continue;
    for (int64_t d = 0; d < D; d++) {
      if (op == IR_IDENTITY) {
        walk_copy(out, row * D + d, updates, i * D + d);
      } else {
        scalar_combine(op, out, row * D + d, updates, i * D + d);
      }
    }
  }
  return OK;
}
