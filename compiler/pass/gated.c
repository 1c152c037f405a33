/*
 * gated.c: gated feed-forward layers (Shazeer 2020, "GLU variants improve
 * transformer") read their input once.
 *
 *   g = linear x, w_gate : f32[1, s, 172]
 *   a = silu g
 *   u = linear x, w_up : f32[1, s, 172]
 *   y = mul a, u              ->    y = linear x, w {activation = silu, gated = true} : f32[1, s, 172]
 *
 * with w = [w_gate w_up]. Exports that hold both in one weight slice it; the
 * gate's columns come first in w either way.
 */
#include "pass/columns.h"

/* mul (activation gate), value  ->  linear {gated} */
static ir_value *gate(ir_builder *b, ir_node *n) {
  static const ir_op activations[] = {IR_SILU,    IR_GELU, IR_GELU_TANH, IR_RELU,
                                      IR_SIGMOID, IR_TANH, IR_QUICK_GELU};
  ir_module *m = b->graph->module;
  for (int i = 0; i < 2; i++) {
    for (size_t k = 0; k < sizeof activations / sizeof *activations; k++) {
      ir_node *activation = rewrite_only_use(n->operands[i], activations[k]);
      column_range ranges[2];
      if (!activation || !columns_of(m, activation->operands[0], &ranges[0])) continue;
      if (!columns_of(m, n->operands[1 - i], &ranges[1]) || ranges[0].x != ranges[1].x) continue;
      if (!rewrite_same_dims(m, &n->operands[0]->type, &n->operands[1]->type)) continue;
      return columns_join(b, ranges, 2, &(ir_attrs){.gated = true, .activation = activations[k]});
    }
  }
  return NULL;
}

bool pass_gated(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {{IR_MUL, gate}};
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
