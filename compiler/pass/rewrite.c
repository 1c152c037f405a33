/* rewrite.c: the driver of pattern passes. */
#include "pass/rewrite.h"

#include <math.h>
#include <string.h>

enum { REWRITE_MAX_ROUNDS = 64 };

/* A rule that gave up may have built something: it must not count as a reader. */
static void take_back(ir_graph *g, const ir_node *before, const ir_node *n) {
  for (ir_node *made = n->previous, *previous; made != before; made = previous) {
    previous = made->previous;
    if (made->result->use_count == 0) ir_remove_node(g, made);
  }
}

static ir_value *apply_rules(ir_builder *b, ir_node *n, const rewrite_rule *rules, size_t rule_count) {
  for (size_t i = 0; i < rule_count; i++) {
    if (rules[i].op != n->op && rules[i].op != REWRITE_ANY_OP) continue;
    const ir_node *before = n->previous;
    ir_value *replacement = rules[i].apply(b, n);
    if (b->failed) return NULL;
    if (replacement && replacement != n->result) return replacement;
    take_back(b->graph, before, n);
  }
  return NULL;
}

static bool rewrite_once(ir_graph *g, pass_report *report, const rewrite_rule *rules, size_t rule_count) {
  bool changed = false;
  for (ir_node *n = g->first, *next; n; n = next) {
    next = n->next;
    if (n->result->use_count == 0) continue;
    ir_builder b = {.graph = g, .before = n, .origin = n->origin};
    ir_value *replacement = apply_rules(&b, n, rules, rule_count);
    if (b.failed) {
      if (!report->failed) report->failed = b.failed;
      return false;
    }
    if (!replacement) continue;
    if (!replacement->name && replacement->def) replacement->name = n->result->name;
    if (replacement->name == n->result->name) n->result->name = NULL;
    ir_replace_uses(g, n->result, replacement);
    report->rewrites++;
    changed = true;
  }
  if (changed) ir_remove_dead(g);
  return changed;
}

bool rewrite_graph(ir_graph *g, pass_report *report, const rewrite_rule *rules, size_t rule_count) {
  int rounds = 0;
  while (rounds < REWRITE_MAX_ROUNDS && rewrite_once(g, report, rules, rule_count)) rounds++;
  return rounds > 0;
}

ir_node *rewrite_only_use(const ir_value *v, ir_op op) {
  return v && v->use_count == 1 ? ir_def(v, op) : NULL;
}

bool rewrite_is_bare(const ir_node *n) {
  for (int i = 3; i < n->operand_count; i++) {
    if (n->operands[i]) return false;
  }
  return n->attrs.activation == IR_IDENTITY && !n->attrs.gated;
}

bool rewrite_is_filled(const ir_value *v, double value) {
  int64_t count;
  const char *data = ir_value_data(v);
  if (!data || !ir_type_is_static(&v->type, &count) || count < 1 || count > 4096) return false;
  size_t bytes = ir_dtype_bytes(v->type.dtype);
  for (int64_t i = 1; i < count; i++) {
    if (memcmp(data, data + (size_t)i * bytes, bytes) != 0) return false;
  }
  ir_constant first = *v->def->attrs.constant;
  first.type.rank = 0;
  ir_node node = {.op = IR_CONST, .attrs.constant = &first};
  ir_value scalar = {.type = first.type, .def = &node};
  double element;
  return ir_value_scalar(&scalar, &element) && element == value;
}

bool rewrite_is_about(const ir_value *v, double value) {
  double element;
  return ir_value_scalar(v, &element) && fabs(element - value) <= 1e-6 * fabs(value);
}

bool rewrite_same_dims(ir_module *m, const ir_type *a, const ir_type *b) {
  for (int i = 0; i < a->rank && a->rank == b->rank; i++) {
    if (!ir_dim_equal(m, a->dims[i], b->dims[i])) return false;
  }
  return a->rank == b->rank;
}

bool rewrite_is_vector(ir_module *m, const ir_value *v, ir_dim size) {
  int rank = v->type.rank;
  for (int i = 0; i < rank - 1; i++) {
    if (!ir_dim_is(v->type.dims[i], 1)) return false;
  }
  return rank >= 1 && ir_value_is_const(v) && ir_dim_equal(m, v->type.dims[rank - 1], size);
}

ir_value *rewrite_reshape_constant(ir_builder *b, ir_value *v, const ir_dim *dims, int rank) {
  const ir_node *maker = ir_value_is_const(v) ? v->def->attrs.constant->made_by : NULL;
  for (; maker && maker->op == IR_RESHAPE; maker = v->def->attrs.constant->made_by) {
    v = ir_const(b, maker->operands[0]->def->attrs.constant);
    if (b->failed) return v;
  }
  return rewrite_lazy(b, ir_reshape(b, v, dims, rank));
}
