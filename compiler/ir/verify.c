/* verify.c: checks that a graph is what the rest of the compiler takes for granted. A failure is a defect of
 * smelt. */
#include "ir/ir.h"
#include "base/name_map.h"

#include <string.h>

typedef struct {
  ir_graph *graph;
  arena memory;     /* the maps' */
  pointer_map uses; /* value to the uses counted so far + 1; a value is known once it is defined */
  name_map names;
} verification;

static status wrong(ir_graph *g, const ir_node *n, status s) {
  text t = {0};
  ir_print_node(&t, n);
  s = fail_node(g->module->arena, s, "%s", t.bytes);
  text_free(&t);
  return s;
}

/* ---- one node ---- */

static status check_operands(verification *v, const ir_node *n) {
  arena *a = v->graph->module->arena;
  const ir_op_info *info = ir_op_describe(n->op);
  if (n->operand_count < info->min_operands || n->operand_count > info->max_operands) {
    status s = fail(a, STATUS_DEFECT, "%s has the wrong number of operands", info->name);
    s = fail_expected(a, s, "%d to %d", info->min_operands, info->max_operands);
    return fail_found(a, s, "%d", n->operand_count);
  }
  for (int i = 0; i < n->operand_count; i++) {
    const ir_value *operand = n->operands[i];
    if (!operand) {
      if (i < info->min_operands) return fail(a, STATUS_DEFECT, "operand %d is missing", i);
      continue;
    }
    uintptr_t uses = (uintptr_t)pointer_map_get(&v->uses, operand);
    if (!uses) return fail(a, STATUS_DEFECT, "operand %d is not defined before this node", i);
    pointer_map_set(&v->memory, &v->uses, operand, (void *)(uses + 1));
  }
  return OK;
}

static status check_type(verification *v, const ir_node *n) {
  ir_module *m = v->graph->module;
  const ir_type *own = &n->result->type;
  ir_type inferred = {0};
  TRY(ir_op_describe(n->op)->infer(m, n, &inferred));
  bool same = own->dtype == inferred.dtype && own->rank == inferred.rank;
  for (int i = 0; same && i < own->rank; i++) same = ir_dim_equal(m, own->dims[i], inferred.dims[i]);
  if (same) return OK;
  text t = {0};
  ir_type_print(&t, &inferred);
  status s = fail_expected(
      m->arena, fail(m->arena, STATUS_DEFECT, "the result's type is not the inferred one"), "%s", t.bytes);
  t.count = 0;
  ir_type_print(&t, own);
  s = fail_found(m->arena, s, "%s", t.bytes);
  text_free(&t);
  return s;
}

static status check_attributes(verification *v, const ir_node *n) {
  ir_module *m = v->graph->module;
  uint32_t attrs = ir_op_describe(n->op)->attrs;
  if (attrs & IR_ATTR_BODY) TRY(ir_verify(n->attrs.body));
  if (attrs & IR_ATTR_OTHERWISE) TRY(ir_verify(n->attrs.otherwise));
  const ir_type *type = n->operand_count && n->operands[0] ? &n->operands[0]->type : &n->result->type;
  if (attrs & IR_ATTR_AXIS && (n->attrs.axis < 0 || n->attrs.axis >= type->rank)) {
    return fail(m->arena, STATUS_DEFECT, "axis %d is outside rank %d", n->attrs.axis, type->rank);
  }
  if (!(attrs & IR_ATTR_STATE)) return OK;
  if (n->attrs.state < 0 || (size_t)n->attrs.state >= m->state_count) {
    return fail(m->arena, STATUS_DEFECT, "there is no state %d", n->attrs.state);
  }
  const ir_state *state = &m->states[n->attrs.state];
  if (state->type.dtype != n->result->type.dtype || state->type.rank != n->result->type.rank) {
    return fail(m->arena, STATUS_DEFECT, "state %s has another dtype or rank", state->name);
  }
  if (n->op == IR_APPEND && state->append_axis != n->attrs.axis) {
    return fail(m->arena, STATUS_DEFECT, "state %s grows along axis %d, not %d", state->name,
                state->append_axis, n->attrs.axis);
  }
  return OK;
}

/* ---- the graph ---- */

static status define(verification *v, const ir_value *value, const ir_node *def) {
  arena *a = v->graph->module->arena;
  const char *name = value->name ? value->name : "?";
  if (value->def != def) return fail(a, STATUS_DEFECT, "value %s does not know its node", name);
  if (pointer_map_get(&v->uses, value)) return fail(a, STATUS_DEFECT, "value %s is defined twice", name);
  pointer_map_set(&v->memory, &v->uses, value, (void *)(uintptr_t)1);
  if (!value->name) return OK;
  if (name_map_get(&v->names, name)) return fail(a, STATUS_DEFECT, "two values have the name %s", name);
  name_map_set(&v->memory, &v->names, name, v);
  return OK;
}

static status check_node(verification *v, const ir_node *n) {
  TRY(check_operands(v, n));
  TRY(check_type(v, n));
  TRY(check_attributes(v, n));
  return define(v, n->result, n);
}

static status check_use_count(verification *v, const ir_value *value) {
  arena *a = v->graph->module->arena;
  int uses = (int)(uintptr_t)pointer_map_get(&v->uses, value) - 1;
  if (uses == value->use_count) return OK;
  status s = fail(a, STATUS_DEFECT, "the use count of %s is wrong", value->name ? value->name : "a value");
  return fail_found(a, fail_expected(a, s, "%d", uses), "%d", value->use_count);
}

static status check_outputs(verification *v) {
  arena *a = v->graph->module->arena;
  name_map names = {0};
  for (size_t i = 0; i < v->graph->output_count; i++) {
    const ir_output *output = &v->graph->outputs[i];
    uintptr_t uses = (uintptr_t)pointer_map_get(&v->uses, output->value);
    if (!uses) return fail(a, STATUS_DEFECT, "output %s is not defined in the graph", output->name);
    pointer_map_set(&v->memory, &v->uses, output->value, (void *)(uses + 1));
    if (name_map_get(&names, output->name))
      return fail(a, STATUS_DEFECT, "two outputs have the name %s", output->name);
    name_map_set(&v->memory, &names, output->name, v);
  }
  return OK;
}

static status check_graph(verification *v) {
  ir_graph *g = v->graph;
  const ir_node *previous = NULL;
  for (size_t i = 0; i < g->input_count; i++) TRY(define(v, g->inputs[i], NULL));
  for (const ir_node *n = g->first; n; previous = n, n = n->next) {
    if (n->previous != previous)
      return wrong(g, n, fail(g->module->arena, STATUS_DEFECT, "the list of nodes is broken"));
    status s = check_node(v, n);
    if (s) return wrong(g, n, s);
  }
  if (g->last != previous) return fail(g->module->arena, STATUS_DEFECT, "the list of nodes has a wrong end");
  TRY(check_outputs(v));
  for (size_t i = 0; i < g->input_count; i++) TRY(check_use_count(v, g->inputs[i]));
  for (const ir_node *n = g->first; n; n = n->next) {
    status s = check_use_count(v, n->result);
    if (s) return wrong(g, n, s);
  }
  return OK;
}

status ir_verify(ir_graph *g) {
  verification v = {.graph = g};
  status s = check_graph(&v);
  arena_free(&v.memory);
  return fail_file(g->module->arena, s, g->module->file);
}
