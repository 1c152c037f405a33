/*
 * apart.c: several tokens in one call, each added up as if it came alone, so
 * that it gets the very bits that it would get from a call of its own. What
 * works row by row does so anyway. Linears and attention over a cache are
 * told to; what would mix rows otherwise cannot be. And whether several may
 * come in one call at all.
 */
#include "pass/pass.h"

static bool depends(ir_module *m, ir_dim d, ir_dim rows) {
  return ir_dim_substitute(m, d, rows, ir_dim_const(m, 1)) != d;
}

/* Whether n's keys are those of the past and of the rows: a row alone then sees the keys up to its own. */
static bool sees_cache(ir_module *m, const ir_node *n, ir_dim past, ir_dim rows) {
  return n->op == IR_ATTENTION && ir_dim_equal(m, n->operands[1]->type.dims[2], ir_dim_add(m, past, rows));
}

/* Whether n works along an axis of x on which rows lie, where it would do so with one row only. */
static bool mixes_rows(ir_module *m, const ir_node *n, ir_dim rows) {
  const ir_type *x = n->operand_count && n->operands[0] ? &n->operands[0]->type : NULL;
  uint32_t axes = 0;
  switch (n->op) {
  case IR_MATMUL: /* rows of its own, added up in tiles of several; the other axes are batches */
    axes = 3u << (x->rank - 2);
    break;
  case IR_SOFTMAX:
    axes = 1u << (x->rank - 1);
    break;
  case IR_ATTENTION:
    return depends(m, n->operands[1]->type.dims[2], rows);
  default:
    if (ir_op_describe(n->op)->op_class != IR_CLASS_REDUCTION) return false;
    axes = n->op == IR_ARG_MAX || n->op == IR_ARG_MIN ? 1u << n->attrs.axis : n->attrs.axes;
  }
  for (int i = 0; i < x->rank; i++)
    if (axes >> i & 1 && depends(m, x->dims[i], rows)) return true;
  return false;
}

static status fail_mixed(const ir_graph *g, const ir_node *n) {
  arena *a = g->module->arena;
  status s =
      fail(a, STATUS_INPUT, "--speculate needs tokens that do not depend on those beside them in a call");
  s = fail_node(a, s, "%s", n->origin ? n->origin : ir_op_describe(n->op)->name);
  return fail_hint(a, s, "it works on all of them at once: build without --speculate");
}

status pass_set_apart(ir_graph *g, ir_dim past, ir_dim rows) {
  for (ir_node *n = g->first; n; n = n->next) {
    bool is_cached = sees_cache(g->module, n, past, rows);
    if (!is_cached && mixes_rows(g->module, n, rows)) return fail_mixed(g, n);
    if (is_cached) n->attrs.causal = true; /* instead of a bias that hides what comes later */
    n->attrs.apart = n->op == IR_LINEAR || n->op == IR_ATTENTION;
    if (n->attrs.body) TRY(pass_set_apart(n->attrs.body, past, rows));
    if (n->attrs.otherwise) TRY(pass_set_apart(n->attrs.otherwise, past, rows));
  }
  return OK;
}

/* ---- what comes later ------------------------------------------------------------------------ */

/* Whether v is a growing cache, moved, widened or scaled. */
static bool is_grown(const ir_value *v) {
  const ir_node *n = v->def;
  if (!n || n->op == IR_APPEND) return n != NULL;
  bool is_passed =
      n->op == IR_MUL || n->op == IR_CAST || ir_op_describe(n->op)->op_class == IR_CLASS_MOVEMENT;
  return is_passed && (is_grown(n->operands[0]) || (n->op == IR_MUL && is_grown(n->operands[1])));
}

bool pass_hides_future(const ir_graph *g) {
  for (const ir_node *n = g->first; n; n = n->next) {
    if (n->op == IR_SOFTMAX) return false;
    if (n->op != IR_ATTENTION) continue;
    const ir_value *bias = n->operand_count > 3 ? n->operands[3] : NULL;
    bool is_last = ir_dim_is(n->operands[0]->type.dims[2], 1);
    bool is_hidden = is_last || n->attrs.causal || (bias && !ir_dim_is(bias->type.dims[2], 1));
    if (!is_hidden && is_grown(n->operands[1])) return false;
  }
  return true;
}
