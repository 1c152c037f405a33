/*
 * reach.c: whether slices stay inside what they cut when sizes are as large as they may become. An importer
 * takes a symbolic bound into an axis of fixed size (a table of positions, a causal mask) to lie within it;
 * the limits that a program is built for must keep it there, or it would read what lies behind.
 */
#include "pass/pass.h"

static status fail_reach(const ir_graph *g, const ir_node *n, ir_dim end, int64_t size, int64_t reached) {
  arena *a = g->module->arena;
  text t = {0};
  ir_dim_print(&t, end);
  status s = fail(a, STATUS_INPUT, "within the limits on its sizes it takes more than there is");
  if (n->origin) s = fail_node(a, s, "%s", n->origin);
  s = fail_expected(a, s, "%s of at most %lld", t.bytes, (long long)size);
  text_free(&t);
  s = fail_found(a, s, "up to %lld", (long long)reached);
  return fail_hint(a, s, "--max-tokens and --max-batch set the limits");
}

status pass_check_reach(const ir_graph *g) {
  ir_module *m = g->module;
  for (const ir_node *n = g->first; n; n = n->next) {
    for (int i = 0; n->op == IR_SLICE && i < n->result->type.rank; i++) {
      int64_t size, lowest, highest;
      ir_dim count = n->result->type.dims[i], end = ir_dim_add(m, n->attrs.start[i], count);
      if (n->attrs.step[i] != 1 || !ir_dim_is_const(n->operands[0]->type.dims[i], &size)) continue;
      if (ir_dim_is_const(end, NULL)) continue;
      ir_dim_bounds(m, end, &lowest, &highest);
      if (highest > size) return fail_reach(g, n, end, size, highest);
    }
  }
  return OK;
}
