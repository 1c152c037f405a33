/*
 * losses.c: what each weight would lose in bytes, computed beside a model in f32 for `--precision auto`:
 *
 *   y = linear x, w    ->    y stays;  losses[2 i] = sum (y' - y)^2,  losses[2 i + 1] = sum y^2
 *
 * with y' the same linear over bytes and i the weight's number, counted from the first that no graph before
 * had. Losses are local: x is that of the model in f32. A weight that several linears read is measured at the
 * first.
 */
#include "pass/precision.h"

static ir_value *sum_of_squares(ir_builder *b, ir_value *x) {
  ir_value *sum = ir_reduce(b, IR_REDUCE_SUM, ir_binary(b, IR_MUL, x, x), (1u << x->type.rank) - 1);
  ir_dim one = ir_dim_const(b->graph->module, 1);
  return ir_reshape(b, sum, &one, 1);
}

bool precision_measure(ir_graph *g, pass_report *report) {
  ir_module *m = g->module;
  ir_value **parts = NULL;
  size_t count = 0, capacity = 0, number, first = m->weight_count;
  if (g->is_body) return false;
  for (ir_node *n = g->first, *next; n; n = next) {
    next = n->next;
    if (n->op != IR_LINEAR || !precision_number(m, n, &number) || number < first + count / 2) continue;
    ir_builder b = {.graph = g, .before = next, .origin = n->origin};
    ir_value *y = n->result, *rounded = precision_quantise(&b, n);
    if (!rounded) rounded = y;
    ARENA_PUSH(m->arena, parts, count, capacity) = sum_of_squares(&b, ir_binary(&b, IR_SUB, rounded, y));
    ARENA_PUSH(m->arena, parts, count, capacity) = sum_of_squares(&b, y);
    report->rewrites++;
    if (b.failed) report->failed = b.failed;
  }
  if (!count || report->failed) return false;
  ir_builder b = {.graph = g};
  ir_graph_add_output(g, "losses", ir_concat(&b, parts, (int)count, 0));
  report->failed = b.failed;
  return true;
}
