/*
 * control.c: loops and branches as brackets around the steps of their
 * bodies. A body's values lie in the same arena as those around it; what a
 * turn of a loop needs from the turn before has a buffer of its own.
 */
#include "plan/planner.h"

/* `result` may be NULL. Each step has reads of its own: their places are patched later. */
static status add_bracket(planner *p, plan_control control, ir_node *n, const plan_operand *reads,
                          int read_count, const plan_view *result) {
  plan_step step = {.control = control, .node_count = 1, .read_count = read_count};
  step.nodes = arena_copy(p->a, &n, sizeof n);
  step.reads = ARENA_ARRAY(p->a, plan_operand, 2);
  for (int i = 0; i < read_count; i++) step.reads[i] = reads[i];
  if (result) step.result = (plan_operand){.value = n->result, .view = *result};
  return plan_add_step(p, &step);
}

static plan_view dense_in(planner *p, const plan_view *buffer, const ir_type *type) {
  plan_view view = {.space = PLAN_ARENA, .base_bytes = buffer->base_bytes, .offset = ir_dim_const(p->m, 0)};
  plan_dense_strides(p->m, type, view.stride);
  return view;
}

/* A scalar that control reads: at the very start of its memory. */
static status read_scalar(planner *p, ir_value *v, plan_operand *read) {
  TRY(plan_materialise(p, v));
  *read = (plan_operand){.value = v, .view = *plan_place_of(p, v)};
  if (ir_dim_is(read->view.offset, 0)) return OK;
  plan_view source = read->view;
  TRY(plan_new_dense(p, &v->type, &read->view));
  return plan_add_copy(p, v, &source, &read->view);
}

/* v, wherever it lies, as dense elements at the start of `buffer`. */
static status put_in(planner *p, ir_value *v, const plan_view *buffer) {
  TRY(plan_materialise(p, v));
  plan_view source = *plan_place_of(p, v), target = dense_in(p, buffer, &v->type);
  bool is_there = source.space == PLAN_ARENA && source.base_bytes == target.base_bytes &&
                  ir_dim_is(source.offset, 0) && plan_view_is_dense(p->m, &v->type, &source);
  return is_there ? OK : plan_add_copy(p, v, &source, &target);
}

/* Memory that holds a value of either type. */
static status new_for_either(planner *p, const ir_type *one, const ir_type *other, plan_view *view) {
  uint64_t bytes, other_bytes;
  TRY(plan_type_bytes(p->m, one, &bytes));
  TRY(plan_type_bytes(p->m, other, &other_bytes));
  *view = (plan_view){.space = PLAN_ARENA, .offset = ir_dim_const(p->m, 0)};
  view->base_bytes = plan_new_buffer(p, bytes > other_bytes ? bytes : other_bytes);
  plan_dense_strides(p->m, one, view->stride);
  return OK;
}

/* ---- measure and part ---- */

static status plan_measure(planner *p, ir_node *n) {
  plan_operand read;
  TRY(read_scalar(p, n->operands[0], &read));
  plan_set_place(p, n->result, &read.view);
  return add_bracket(p, PLAN_MEASURE, n, &read, 1, NULL);
}

static status plan_part(planner *p, ir_node *n) {
  const plan_view *parts = pointer_map_get(&p->parts, n->operands[0]->def);
  if (!parts) return fail(p->a, STATUS_DEFECT, "a part is taken before its loop or branch");
  plan_view view = dense_in(p, &parts[n->attrs.index], &n->result->type);
  plan_set_place(p, n->result, &view);
  return OK;
}

/* ---- loops ---- */

typedef struct {
  ir_node *node;
  ir_graph *body;
  int carried, gathered;
  plan_operand reads[2]; /* count, condition */
  plan_view condition;   /* what the next turn's condition is written to */
  bool tests;            /* the condition changes */
  plan_view *parts;      /* carried, gathered: buffers */
} loop_plan;

static ir_value *carried_output(const loop_plan *l, int index) {
  return l->body->outputs[1 + index].value;
}

/* Memory for a gathered value: one slot per turn. */
static status new_slots(planner *p, const loop_plan *l, const ir_value *v, plan_view *view) {
  ir_type all = {.dtype = v->type.dtype, .rank = v->type.rank + 1, .dims = {l->node->attrs.dim_list[0]}};
  for (int i = 0; i < v->type.rank; i++) all.dims[i + 1] = v->type.dims[i];
  return plan_new_dense(p, &all, view);
}

/* Carried values get their first contents, the others are seen where they are. */
static status enter_loop(planner *p, loop_plan *l) {
  ir_node *n = l->node;
  for (int i = 2; i < n->operand_count; i++) TRY(plan_materialise(p, n->operands[i]));
  for (int i = 0; i < l->carried; i++) {
    ir_value *inner = l->body->inputs[i];
    /* Without a turn the body's sizes are never measured: the first contents must fit by their own. */
    TRY(new_for_either(p, &inner->type, &n->operands[2 + i]->type, &l->parts[i]));
    plan_set_place(p, inner, &l->parts[i]);
    TRY(put_in(p, n->operands[2 + i], &l->parts[i]));
  }
  for (size_t i = (size_t)l->carried; i < l->body->input_count; i++)
    plan_set_place(p, l->body->inputs[i], plan_place_of(p, n->operands[2 + i]));
  for (int i = l->carried; i < l->carried + l->gathered; i++)
    TRY(new_slots(p, l, carried_output(l, i), &l->parts[i]));
  TRY(read_scalar(p, n->operands[0], &l->reads[0]));
  TRY(read_scalar(p, n->operands[1], &l->reads[1]));
  double holds;
  l->tests = !ir_value_scalar(l->body->outputs[0].value, &holds) || holds == 0;
  if (!l->tests) return OK;
  TRY(plan_new_dense(p, &n->operands[1]->type, &l->condition));
  TRY(put_in(p, n->operands[1], &l->condition));
  l->reads[1].view = l->condition;
  return OK;
}

/* Whether v lies in the buffer of a carried value other than `index`: that may be overwritten first. */
static bool is_in_other_carried(const planner *p, const loop_plan *l, const ir_value *v, int index) {
  const plan_view *view = plan_place_of(p, v);
  for (int i = 0; i < l->carried; i++) {
    if (i != index && view->space == PLAN_ARENA && view->base_bytes == l->parts[i].base_bytes) return true;
  }
  return false;
}

static status gather_turn(planner *p, const loop_plan *l, int index) {
  ir_value *v = carried_output(l, index);
  TRY(plan_materialise(p, v));
  plan_view slot = dense_in(p, &l->parts[index], &v->type);
  slot.offset = ir_dim_mul(p->m, l->node->attrs.dim_list[0], ir_type_element_count(p->m, &v->type));
  plan_view source = *plan_place_of(p, v);
  return plan_add_copy(p, v, &source, &slot);
}

/* What the next turn reads; all of it is computed before any of it is overwritten. */
static status end_turn(planner *p, const loop_plan *l) {
  ir_value *condition = l->body->outputs[0].value;
  plan_view *sources = ARENA_ARRAY(p->a, plan_view, (size_t)l->carried + 1);
  if (l->tests) TRY(plan_materialise(p, condition));
  for (int i = l->carried; i < l->carried + l->gathered; i++) TRY(gather_turn(p, l, i));
  for (int i = 0; i < l->carried; i++) TRY(plan_materialise(p, carried_output(l, i)));
  for (int i = 0; i < l->carried; i++) {
    ir_value *v = carried_output(l, i);
    sources[i] = *plan_place_of(p, v);
    plan_view own = dense_in(p, &l->parts[i], &v->type);
    bool stays = sources[i].space == PLAN_ARENA && sources[i].base_bytes == own.base_bytes;
    bool moves_in_place =
        stays && !(ir_dim_is(sources[i].offset, 0) && plan_view_is_dense(p->m, &v->type, &sources[i]));
    if (!moves_in_place && !is_in_other_carried(p, l, v, i)) continue;
    plan_view aside;
    TRY(plan_new_dense(p, &v->type, &aside));
    TRY(plan_add_copy(p, v, &sources[i], &aside));
    sources[i] = aside;
  }
  if (l->tests) TRY(put_in(p, condition, &l->condition));
  for (int i = 0; i < l->carried; i++) {
    ir_value *v = carried_output(l, i);
    plan_view own = dense_in(p, &l->parts[i], &v->type);
    if (sources[i].space == PLAN_ARENA && sources[i].base_bytes == own.base_bytes) continue;
    TRY(plan_add_copy(p, v, &sources[i], &own));
  }
  return OK;
}

/* What is read inside is read again in the next turn. */
static void keep_for_all_turns(planner *p, size_t begin) {
  for (size_t i = 0; i < p->buffer_count; i++) {
    plan_buffer *b = &p->buffers[i];
    if (b->first <= begin && b->last >= begin && b->last < p->entry->step_count)
      b->last = p->entry->step_count;
  }
}

static status plan_loop(planner *p, ir_node *n) {
  loop_plan l = {.node = n, .body = n->attrs.body, .carried = n->attrs.carried};
  l.gathered = (int)l.body->output_count - 1 - l.carried;
  l.parts = ARENA_ARRAY(p->a, plan_view, l.body->output_count);
  TRY(enter_loop(p, &l));
  size_t begin = p->entry->step_count;
  TRY(add_bracket(p, PLAN_LOOP, n, l.reads, 2, NULL));
  TRY(plan_nodes(p, l.body));
  TRY(end_turn(p, &l));
  plan_view turns;
  TRY(plan_new_dense(p, &n->result->type, &turns));
  keep_for_all_turns(p, begin);
  TRY(add_bracket(p, PLAN_LOOP_END, n, l.reads, 2, &turns));
  plan_set_place(p, n->result, &turns);
  pointer_map_set(p->a, &p->parts, n, l.parts);
  return OK;
}

/* ---- branches ---- */

static status plan_way(planner *p, ir_node *n, ir_graph *body, const plan_view *parts) {
  for (size_t i = 0; i < body->input_count; i++)
    plan_set_place(p, body->inputs[i], plan_place_of(p, n->operands[1 + i]));
  TRY(plan_nodes(p, body));
  for (size_t i = 0; i < body->output_count; i++) TRY(put_in(p, body->outputs[i].value, &parts[i]));
  return OK;
}

static status plan_branch(planner *p, ir_node *n) {
  ir_graph *body = n->attrs.body, *otherwise = n->attrs.otherwise;
  plan_view *parts = ARENA_ARRAY(p->a, plan_view, body->output_count + 1);
  plan_operand condition;
  for (int i = 1; i < n->operand_count; i++) TRY(plan_materialise(p, n->operands[i]));
  TRY(read_scalar(p, n->operands[0], &condition));
  for (size_t i = 0; i < body->output_count; i++)
    TRY(new_for_either(p, &body->outputs[i].value->type, &otherwise->outputs[i].value->type, &parts[i]));
  TRY(add_bracket(p, PLAN_BRANCH, n, &condition, 1, NULL));
  TRY(plan_way(p, n, body, parts));
  TRY(add_bracket(p, PLAN_BRANCH_ELSE, n, &condition, 1, NULL));
  TRY(plan_way(p, n, otherwise, parts));
  TRY(add_bracket(p, PLAN_BRANCH_END, n, NULL, 0, NULL));
  pointer_map_set(p->a, &p->parts, n, parts);
  return OK;
}

status plan_control_node(planner *p, ir_node *n) {
  if (n->op == IR_MEASURE) return plan_measure(p, n);
  if (n->op == IR_PART) return plan_part(p, n);
  if (p->depth == PLAN_MAX_DEPTH)
    return fail(p->a, STATUS_INPUT, "loops and branches nest more than %d deep", PLAN_MAX_DEPTH);
  p->depth++;
  TRY((n->op == IR_LOOP ? plan_loop : plan_branch)(p, n));
  p->depth--;
  return OK;
}
