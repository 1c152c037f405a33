/*
 * cluster.c: which nodes share a loop nest. A value is computed inside its
 * reader unless that would compute it more than once per element, or it is a
 * reduction, which ends a nest.
 */
#include "plan/planner.h"

#include <stdlib.h>

/* Longer expressions go through memory: registers are few. */
enum { CLUSTER_MAX_NODES = 48 };

static bool is_scalar_const(const ir_value *v) {
  int64_t count;
  return ir_value_is_const(v) && ir_type_is_static(&v->type, &count) && count == 1 && ir_value_data(v);
}

static bool in_memory(const planner *p, const ir_value *v) {
  return pointer_map_get(&p->places, v) != NULL;
}

/* Nodes that computing v inside a reader adds there; CLUSTER_MAX_NODES stops the count. */
static int inline_size(const planner *p, const ir_value *v, int limit) {
  if (in_memory(p, v) || !v->def || limit <= 0) return 0;
  int size = 1;
  for (int i = 0; i < v->def->operand_count && size < limit; i++) {
    size += inline_size(p, v->def->operands[i], limit - size);
  }
  return size;
}

/* Whether v is made from sources alone (positions, masks) and cheap to make again. */
static bool is_from_sources(const planner *p, const ir_value *v, int depth) {
  if (!v->def || in_memory(p, v) || depth == 0) return false;
  for (int i = 0; i < v->def->operand_count; i++) {
    if (!is_from_sources(p, v->def->operands[i], depth - 1)) return false;
  }
  return true;
}

static bool same_size(ir_module *m, const ir_value *a, const ir_value *b) {
  return ir_dim_equal(m, ir_type_element_count(m, &a->type), ir_type_element_count(m, &b->type));
}

bool plan_is_inlined(planner *p, const ir_value *v) {
  const ir_node *n = v->def;
  switch (ir_op_describe(n->op)->op_class) {
  case IR_CLASS_SOURCE:
    return n->op != IR_CONST || is_scalar_const(v);
  case IR_CLASS_ELEMENTWISE:
  case IR_CLASS_MOVEMENT:
    break;
  default:
    return false;
  }
  if (is_from_sources(p, v, 5)) return true;
  if (v->use_count != 1 || inline_size(p, v, CLUSTER_MAX_NODES) >= CLUSTER_MAX_NODES) return false;
  const ir_node *reader = pointer_map_get(&p->consumers, v);
  if (!reader) return false; /* a graph output */
  switch (ir_op_describe(reader->op)->op_class) {
  case IR_CLASS_ELEMENTWISE:
    return same_size(p->m, v, reader->result);
  case IR_CLASS_REDUCTION:
    return true;
  case IR_CLASS_MOVEMENT:
    return reader->op != IR_EXPAND && (reader->op != IR_GATHER || reader->operands[1] == v);
  /* Dedicated kernels and states ask for memory when they are reached; v is then the root of its nest. */
  default:
    return true;
  }
}

/* ---- steps ---- */

typedef struct {
  ir_node **nodes;
  size_t node_count, node_capacity;
  plan_operand *reads;
  size_t read_count, read_capacity;
} cluster;

static status collect(planner *p, cluster *c, ir_value *v) {
  if (ir_value_is_const(v) && !is_scalar_const(v)) plan_place_constant(p, v);
  const plan_view *view = pointer_map_get(&p->places, v);
  if (view) {
    for (size_t i = 0; i < c->read_count; i++) {
      if (c->reads[i].value == v) return OK;
    }
    ARENA_PUSH(p->a, c->reads, c->read_count, c->read_capacity) = (plan_operand){.value = v, .view = *view};
    return OK;
  }
  if (!v->def) return fail(p->a, STATUS_DEFECT, "value '%s' is read before it has a place", v->name);
  for (size_t i = 0; i < c->node_count; i++) {
    if (c->nodes[i] == v->def) return OK;
  }
  for (int i = 0; i < v->def->operand_count; i++) {
    if (v->def->operands[i]) TRY(collect(p, c, v->def->operands[i]));
  }
  ARENA_PUSH(p->a, c->nodes, c->node_count, c->node_capacity) = v->def; /* postorder is topological */
  return OK;
}

status plan_add_cluster(planner *p, ir_value *v, const plan_view *view) {
  cluster c = {0};
  TRY(collect(p, &c, v));
  plan_step step = {.kernel = PLAN_LOOPS,
                    .nodes = c.nodes,
                    .node_count = (int)c.node_count,
                    .reads = c.reads,
                    .read_count = (int)c.read_count,
                    .result = {.value = v, .view = *view}};
  return plan_add_step(p, &step);
}

status plan_add_copy(planner *p, ir_value *v, const plan_view *source, const plan_view *view) {
  plan_operand *read = ARENA_NEW(p->a, plan_operand);
  *read = (plan_operand){.value = v, .view = *source};
  plan_step step = {
      .kernel = PLAN_LOOPS, .reads = read, .read_count = 1, .result = {.value = v, .view = *view}};
  return plan_add_step(p, &step);
}

static void touch(planner *p, const plan_view *view, size_t step) {
  if (view->space != PLAN_ARENA) return;
  plan_buffer *b = &p->buffers[view->base_bytes];
  if (b->last < step) b->last = step;
}

status plan_add_step(planner *p, const plan_step *step) {
  size_t index = p->entry->step_count;
  for (int i = 0; i < step->read_count; i++) {
    if (step->reads[i].value) touch(p, &step->reads[i].view, index);
  }
  if (step->result.value) touch(p, &step->result.view, index);
  ARENA_PUSH(p->a, p->entry->steps, p->entry->step_count, p->step_capacity) = *step;
  return OK;
}
