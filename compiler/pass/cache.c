/*
 * cache.c: attention reads keys and values as they are kept and widens them itself.
 *
 *   k = append past, new {state = s} : bf16[1, 4, p + s, 16]
 *   w = cast k {dtype = f32}
 *   y = attention q, w, ...            ->    y = attention q, k, ...
 *
 * What only moves elements may stand between the cast and the attention.
 */
#include "pass/rewrite.h"

#include <string.h>

enum { ATTENTION_OPERANDS = 4 };

/* v before it was widened to f32, moved as v is; NULL: it was not. */
static ir_value *as_kept(ir_builder *b, ir_value *v) {
  const ir_node *n = v->def;
  if (!n || n->operand_count != 1) return NULL;
  ir_value *from = n->operands[0];
  if (n->op == IR_CAST) return v->type.dtype == SMELT_F32 && from->type.dtype == SMELT_BF16 ? from : NULL;
  if (ir_op_describe(n->op)->op_class != IR_CLASS_MOVEMENT) return NULL;
  from = as_kept(b, from);
  return from ? ir_build(b, n->op, &from, 1, &n->attrs) : NULL;
}

static ir_value *read_kept(ir_builder *b, ir_node *n) {
  ir_value *operands[ATTENTION_OPERANDS] = {0}, *k = as_kept(b, n->operands[1]),
           *v = as_kept(b, n->operands[2]);
  if (!k && !v) return NULL;
  memcpy(operands, n->operands, sizeof *operands * (size_t)n->operand_count);
  if (k) operands[1] = k;
  if (v) operands[2] = v;
  return ir_build(b, IR_ATTENTION, operands, n->operand_count, &n->attrs);
}

bool pass_cache(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {{IR_ATTENTION, read_kept}};
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
