/*
 * hoist.c: what depends on the encoder's result alone is computed where that
 * result is made. In a decoder these are the keys and values of
 * cross-attention (Vaswani et al., "Attention Is All You Need", 3.2.3).
 *
 *   graph prefill(ids, hidden) {               graph encode(...) { ... hidden = ...
 *     k = linear hidden, w, b            ->      k = linear hidden, w, b
 *     y = attention q, k, v                      s = store k {state = k}
 *                                              graph prefill(ids) {
 *                                                k = load {state = k}
 *                                                y = attention q, k, v
 */
#include "pass/state.h"

#include <string.h>

typedef struct {
  ir_graph *from;
  ir_builder to;     /* appends to the early graph */
  pointer_map moved; /* value of `from` -> its copy in the early graph */
} hoist;

static ir_value *move_value(hoist *h, ir_value *v) {
  ir_value *copy = pointer_map_get(&h->moved, v);
  if (copy) return copy;
  ir_node *n = v->def;
  ir_value **operands = ARENA_ARRAY(h->from->module->arena, ir_value *, (size_t)n->operand_count);
  for (int i = 0; i < n->operand_count; i++)
    operands[i] = n->operands[i] ? move_value(h, n->operands[i]) : NULL;
  h->to.origin = n->origin;
  copy = ir_build(&h->to, n->op, operands, n->operand_count, &n->attrs);
  pointer_map_set(h->from->module->arena, &h->moved, v, copy);
  return copy;
}

/* Stores the early copy of `made` in a new state, and loads it in place of `v` in g. */
static status hand_over_as(hoist *h, ir_value *made, ir_graph *g, ir_value *v) {
  ir_module *m = h->from->module;
  ir_value *copy = move_value(h, made);
  if (h->to.failed) return h->to.failed;
  int index = (int)m->state_count;
  ir_state state = {.name = arena_format(m->arena, "once_%d", index), .type = copy->type, .append_axis = -1};
  ARENA_PUSH(m->arena, m->states, m->state_count, m->state_capacity) = state;
  ir_build(&h->to, IR_STORE, &copy, 1, &(ir_attrs){.state = index});
  ir_builder b = {.graph = g, .before = g->first, .origin = made->def ? made->def->origin : NULL};
  ir_attrs attrs = {.state = index, .rank = v->type.rank};
  memcpy(attrs.shape, v->type.dims, sizeof attrs.shape);
  ir_value *load = ir_build(&b, IR_LOAD, NULL, 0, &attrs);
  ir_replace_uses(g, v, load);
  return h->to.failed ? h->to.failed : b.failed;
}

static status hand_over(hoist *h, ir_value *v) {
  return hand_over_as(h, v, h->from, v);
}

/*
 * The nodes that can move and depend on what has moved. Constants and sizes
 * can move too, but need not: they can be made again on either side.
 */
static void find_movable(const hoist *h, pointer_map *movable) {
  arena *a = h->from->module->arena;
  pointer_map portable = {0};
  for (ir_node *n = h->from->first; n; n = n->next) {
    bool is_portable = ir_op_describe(n->op)->op_class < IR_CLASS_STATE, depends = false;
    for (int i = 0; i < n->operand_count && is_portable; i++) {
      const ir_value *v = n->operands[i];
      if (!v) continue;
      bool moved = pointer_map_get(&h->moved, v) != NULL;
      is_portable = moved || (v->def && pointer_map_get(&portable, v->def));
      depends |= moved || (v->def && pointer_map_get(movable, v->def));
    }
    if (!is_portable) continue;
    pointer_map_set(a, &portable, n, n);
    if (depends) pointer_map_set(a, movable, n, n);
  }
}

/* Whether anything that cannot move reads v. */
static bool is_frontier(const hoist *h, const pointer_map *movable, const ir_value *v) {
  for (const ir_node *n = h->from->first; n; n = n->next) {
    if (pointer_map_get(movable, n)) continue;
    for (int i = 0; i < n->operand_count; i++) {
      if (n->operands[i] == v) return true;
    }
  }
  for (size_t i = 0; i < h->from->output_count; i++) {
    if (h->from->outputs[i].value == v) return true;
  }
  return false;
}

static size_t find_input(const ir_graph *g, const ir_value *v) {
  size_t i = 0;
  while (i < g->input_count && g->inputs[i] != v) i++;
  return i;
}

status pass_hoist(ir_graph *g, ir_graph *early, ir_value *const *sources, ir_value *const *values,
                  size_t count) {
  arena *a = g->module->arena;
  hoist h = {.from = g, .to = {.graph = early}};
  for (size_t i = 0; i < count; i++) pointer_map_set(a, &h.moved, sources[i], values[i]);

  pointer_map movable = {0};
  ir_node **order = NULL;
  size_t order_count = 0, order_capacity = 0;
  find_movable(&h, &movable);
  for (ir_node *n = g->first; n; n = n->next) {
    if (pointer_map_get(&movable, n)) ARENA_PUSH(a, order, order_count, order_capacity) = n;
  }
  for (size_t i = 0; i < order_count; i++) {
    if (is_frontier(&h, &movable, order[i]->result)) TRY(hand_over(&h, order[i]->result));
  }
  for (size_t i = 0; i < count; i++) {
    if (is_frontier(&h, &movable, sources[i])) TRY(hand_over(&h, sources[i]));
  }
  ir_remove_dead(g);
  for (size_t i = 0; i < count; i++) {
    size_t index = find_input(g, sources[i]);
    if (index < g->input_count) pass_drop_input(g, index);
  }
  return OK;
}

status pass_carry(ir_graph *g, size_t input, ir_graph *from, ir_value *made, ir_graph *early,
                  ir_value *const *sources, ir_value *const *values, size_t count) {
  ir_module *m = g->module;
  hoist h = {.from = from, .to = {.graph = early}};
  pointer_map movable = {0};
  ir_value *v = g->inputs[input];
  for (size_t i = 0; i < count; i++) pointer_map_set(m->arena, &h.moved, sources[i], values[i]);
  find_movable(&h, &movable);
  if (!made->def || !pointer_map_get(&movable, made->def)) {
    status s = fail(m->arena, STATUS_INPUT, "input '%s' does not depend on the encoder alone", v->name);
    return fail_hint(m->arena, s,
                     "smelt keeps past keys and values that grow by concatenation, and those of the encoder");
  }
  bool fits = made->type.rank == v->type.rank && made->type.dtype == v->type.dtype;
  for (int i = 0; i < v->type.rank && fits; i++) fits = ir_dim_unify(m, v->type.dims[i], made->type.dims[i]);
  if (!fits)
    return fail(m->arena, STATUS_INPUT, "input '%s' has another shape than what the first step makes",
                v->name);
  ir_apply_bindings(m);
  TRY(hand_over_as(&h, made, g, v));
  pass_drop_input(g, input);
  return OK;
}
