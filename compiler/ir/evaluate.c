/* evaluate.c: the reference evaluator's single nodes; operators are in evaluate/, lazy constants and graphs
 * in files of their own. */
#include "ir/evaluate/concrete.h"
#include "ir/evaluate/walk.h"

#include <string.h>

int64_t ir_tensor_count(const ir_tensor *t) {
  int64_t count = 1;
  for (int i = 0; i < t->rank; i++) {
    if (t->dims[i] <= 0) return 0;
    if (__builtin_mul_overflow(count, t->dims[i], &count)) return INT64_MAX;
  }
  return count;
}

/* ---- one node ---- */

static status concrete_attributes(arena *scratch, const ir_node *node, const int64_t *symbols) {
  int64_t value;
  uint32_t attrs = ir_op_describe(node->op)->attrs;
  for (int i = 0; attrs & IR_ATTR_START && i < IR_MAX_RANK; i++) {
    if (node->attrs.start[i]) TRY(concrete_dim(scratch, node->attrs.start[i], symbols, &value));
  }
  for (int64_t i = 0; attrs & IR_ATTR_DIM_LIST && i < node->attrs.dim_count; i++) {
    TRY(concrete_dim(scratch, node->attrs.dim_list[i], symbols, &value));
  }
  return OK;
}

static status evaluate_node(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                            const int64_t *symbols, ir_tensor *out) {
  TRY(concrete_type(scratch, &node->result->type, symbols, out));
  TRY(concrete_attributes(scratch, node, symbols));
  for (int i = 0; i < node->operand_count; i++) {
    if (in[i]) TRY(concrete_check_size(scratch, in[i]));
  }
  if (!out->data) out->data = arena_alloc(scratch, (size_t)ir_tensor_count(out) * ir_dtype_bytes(out->dtype));
  return ir_op_describe(node->op)->evaluate(scratch, node, in, symbols, out);
}

static status at_node(arena *scratch, status s, const ir_node *node) {
  if (!s) return OK;
  text t = {0};
  ir_print_node(&t, node);
  if (node->origin) {
    s = fail_node(scratch, s, "%s", node->origin);
  } else {
    s = fail_node(scratch, s, "%s", t.bytes ? t.bytes : "");
  }
  text_free(&t);
  return s;
}

status ir_evaluate_node(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                        const int64_t *symbols, ir_tensor *out) {
  return at_node(scratch, evaluate_node(scratch, node, in, symbols, out), node);
}
