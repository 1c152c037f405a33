/*
 * epilogue.c: what follows a linear element by element is done while its
 * result is still in registers.
 *
 *   h = linear x, w, b
 *   a = gelu h                 ->    a = linear x, w, b {activation = gelu}
 *
 *   h = linear a, w, b
 *   y = add h, residual        ->    y = linear a, w, b, residual
 */
#include "pass/rewrite.h"

#include <string.h>

enum { LINEAR_OPERANDS = 6 }; /* x, weight, bias, residual, scales of x's rows and of the columns */

static bool has_operand(const ir_node *n, int i) {
  return i < n->operand_count && n->operands[i];
}

/* gelu (linear x, w, b)  ->  linear x, w, b {activation = gelu} */
static ir_value *take_activation(ir_builder *b, ir_node *n) {
  ir_node *linear = rewrite_only_use(n->operands[0], IR_LINEAR);
  if (!linear || linear->attrs.gated || linear->attrs.activation != IR_IDENTITY || has_operand(linear, 3))
    return NULL;
  ir_attrs attrs = linear->attrs;
  attrs.activation = n->op;
  return ir_build(b, IR_LINEAR, linear->operands, linear->operand_count, &attrs);
}

/* add (linear x, w, b), r  ->  linear x, w, b, r;   r cannot depend on the linear, which nothing else reads
 */
static ir_value *take_residual(ir_builder *b, ir_node *n) {
  for (int i = 0; i < 2; i++) {
    ir_node *linear = rewrite_only_use(n->operands[i], IR_LINEAR);
    ir_value *residual = n->operands[1 - i], *operands[LINEAR_OPERANDS] = {0};
    if (!linear || has_operand(linear, 3)) continue;
    int count = linear->operand_count > 4 ? linear->operand_count : 4;
    if (!rewrite_same_dims(b->graph->module, &residual->type, &linear->result->type)) continue;
    memcpy(operands, linear->operands, sizeof *operands * (size_t)linear->operand_count);
    operands[3] = residual;
    return ir_build(b, IR_LINEAR, operands, count, &linear->attrs);
  }
  return NULL;
}

bool pass_epilogue(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {
      {IR_RELU, take_activation},       {IR_GELU, take_activation}, {IR_GELU_TANH, take_activation},
      {IR_SILU, take_activation},       {IR_TANH, take_activation}, {IR_SIGMOID, take_activation},
      {IR_QUICK_GELU, take_activation}, {IR_ADD, take_residual},
  };
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
