/* graph.c: modules, graphs and the order of their nodes: making, editing, cloning. */
#include "ir/element.h"

#include <string.h>

ir_module *ir_module_new(arena *a, const char *file) {
  ir_module *m = ARENA_NEW(a, ir_module);
  m->arena = a;
  m->file = arena_text(a, file);
  m->cache_dtype = SMELT_F32;
  return m;
}

ir_graph *ir_graph_new(ir_module *m, const char *name) {
  ir_graph *g = ARENA_NEW(m->arena, ir_graph);
  g->module = m;
  g->name = arena_text(m->arena, name);
  ARENA_PUSH(m->arena, m->graphs, m->graph_count, m->graph_capacity) = g;
  return g;
}

ir_graph *ir_graph_new_body(ir_graph *around) {
  ir_module *m = around->module;
  char *name;
  do {
    name = arena_format(m->arena, "%s.body_%d", around->name, ++around->body_count);
  } while (ir_module_find(m, name));
  ir_graph *body = ir_graph_new(m, name);
  body->is_body = true;
  return body;
}

ir_graph *ir_module_find(ir_module *m, const char *name) {
  for (size_t i = 0; i < m->graph_count; i++) {
    if (strcmp(m->graphs[i]->name, name) == 0) return m->graphs[i];
  }
  return NULL;
}

static void keep_graph(ir_module *m, ir_graph *g) {
  if (!g) return;
  ARENA_PUSH(m->arena, m->graphs, m->graph_count, m->graph_capacity) = g;
  for (ir_node *n = g->first; n; n = n->next) {
    keep_graph(m, n->attrs.body);
    keep_graph(m, n->attrs.otherwise);
  }
}

void ir_module_keep(ir_module *m, ir_graph *const *graphs, size_t count) {
  m->graph_count = 0;
  for (size_t i = 0; i < count; i++) keep_graph(m, graphs[i]);
}

ir_value *ir_graph_add_input(ir_graph *g, const char *name, const ir_type *type) {
  ir_value *v = ARENA_NEW(g->module->arena, ir_value);
  v->type = *type;
  v->name = arena_text(g->module->arena, name);
  ARENA_PUSH(g->module->arena, g->inputs, g->input_count, g->input_capacity) = v;
  return v;
}

void ir_graph_add_output(ir_graph *g, const char *name, ir_value *value) {
  value->use_count++;
  ARENA_PUSH(g->module->arena, g->outputs, g->output_count, g->output_capacity) =
      (ir_output){arena_text(g->module->arena, name), value};
}

/* ---- editing ---- */

void ir_set_operand(ir_node *n, int index, ir_value *value) {
  if (n->operands[index]) n->operands[index]->use_count--;
  n->operands[index] = value;
  if (value) value->use_count++;
}

void ir_replace_uses(ir_graph *g, ir_value *old_value, ir_value *new_value) {
  if (old_value == new_value) return;
  for (ir_node *n = g->last; n && old_value->use_count; n = n->previous) {
    for (int i = 0; i < n->operand_count; i++) {
      if (n->operands[i] == old_value) ir_set_operand(n, i, new_value);
    }
  }
  for (size_t i = 0; i < g->output_count; i++) {
    if (g->outputs[i].value != old_value) continue;
    g->outputs[i].value = new_value;
    old_value->use_count--;
    new_value->use_count++;
  }
}

void ir_remove_node(ir_graph *g, ir_node *n) {
  for (int i = 0; i < n->operand_count; i++) ir_set_operand(n, i, NULL);
  *(n->previous ? &n->previous->next : &g->first) = n->next;
  *(n->next ? &n->next->previous : &g->last) = n->previous;
}

size_t ir_remove_dead(ir_graph *g) {
  size_t removed = 0;
  for (ir_node *n = g->last, *previous; n; n = previous) {
    previous = n->previous;
    /* What a store writes is seen by other graphs. An append too: the next call reads it. A size may be used
     * by any node behind its measure. */
    if (n->result->use_count || n->op == IR_STORE || n->op == IR_APPEND || n->op == IR_MEASURE) continue;
    ir_remove_node(g, n);
    removed++;
  }
  return removed;
}

/* ---- rewriting every dim of a module's graphs ---- */

typedef ir_dim dim_map(ir_module *m, ir_dim d, const ir_dim *user);

static void map_dims(ir_module *m, ir_dim *dims, int count, dim_map *map, const ir_dim *user) {
  for (int i = 0; i < count; i++) {
    if (dims[i]) dims[i] = map(m, dims[i], user);
  }
}

static const ir_dim *map_dim_list(ir_module *m, const ir_dim *list, int64_t count, dim_map *map,
                                  const ir_dim *user) {
  ir_dim *mapped = ARENA_ARRAY(m->arena, ir_dim, (size_t)count);
  for (int64_t i = 0; i < count; i++) mapped[i] = map(m, list[i], user);
  return mapped;
}

static void map_value(ir_module *m, ir_value *v, dim_map *map, const ir_dim *user) {
  int64_t count;
  map_dims(m, v->type.dims, v->type.rank, map, user);
  if (v->content && ir_type_is_static(&v->type, &count)) {
    v->content = map_dim_list(m, v->content, count, map, user);
  }
}

static void map_node(ir_module *m, ir_node *n, dim_map *map, const ir_dim *user) {
  map_value(m, n->result, map, user);
  map_dims(m, n->attrs.shape, IR_MAX_RANK, map, user);
  map_dims(m, n->attrs.start, IR_MAX_RANK, map, user);
  if (n->attrs.dim_list)
    n->attrs.dim_list = map_dim_list(m, n->attrs.dim_list, n->attrs.dim_count, map, user);
}

static ir_dim map_resolve(ir_module *m, ir_dim d, const ir_dim *user) {
  (void)user;
  return ir_dim_resolve(m, d);
}

void ir_apply_bindings(ir_module *m) {
  for (size_t i = 0; i < m->graph_count; i++) {
    ir_graph *g = m->graphs[i];
    for (size_t k = 0; k < g->input_count; k++) map_value(m, g->inputs[k], map_resolve, NULL);
    for (ir_node *n = g->first; n; n = n->next) map_node(m, n, map_resolve, NULL);
  }
  for (size_t i = 0; i < m->state_count; i++) {
    map_dims(m, m->states[i].type.dims, m->states[i].type.rank, map_resolve, NULL);
  }
}

/* ---- cloning ---- */

static ir_dim map_substitute(ir_module *m, ir_dim d, const ir_dim *user) {
  return user[0] ? ir_dim_substitute(m, d, user[0], user[1]) : d;
}

static ir_value *copy_value(arena *a, pointer_map *copies, const ir_value *v) {
  ir_value *copy = arena_copy(a, v, sizeof *v);
  copy->use_count = 0;
  pointer_map_set(a, copies, v, copy);
  return copy;
}

static void clone_into(ir_graph *clone, ir_graph *g, const ir_dim *substitution);

/* A loop's or branch's body belongs to one node. */
static ir_graph *clone_body(ir_graph *around, ir_graph *body, const ir_dim *substitution) {
  if (!body) return NULL;
  ir_graph *clone = ir_graph_new_body(around);
  clone_into(clone, body, substitution);
  return clone;
}

static void clone_into(ir_graph *clone, ir_graph *g, const ir_dim *substitution) {
  ir_module *m = g->module;
  pointer_map copies = {0};
  for (size_t i = 0; i < g->input_count; i++) {
    ir_value *copy = copy_value(m->arena, &copies, g->inputs[i]);
    map_value(m, copy, map_substitute, substitution);
    ARENA_PUSH(m->arena, clone->inputs, clone->input_count, clone->input_capacity) = copy;
  }
  for (ir_node *n = g->first; n; n = n->next) {
    ir_node *copy = arena_copy(m->arena, n, sizeof *n);
    copy->result = copy_value(m->arena, &copies, n->result);
    copy->result->def = copy;
    copy->operands = ARENA_ARRAY(m->arena, ir_value *, (size_t)n->operand_count);
    for (int i = 0; i < n->operand_count; i++) {
      if (n->operands[i]) ir_set_operand(copy, i, pointer_map_get(&copies, n->operands[i]));
    }
    map_node(m, copy, map_substitute, substitution);
    copy->attrs.body = clone_body(clone, n->attrs.body, substitution);
    copy->attrs.otherwise = clone_body(clone, n->attrs.otherwise, substitution);
    copy->previous = clone->last;
    copy->next = NULL;
    *(clone->last ? &clone->last->next : &clone->first) = copy;
    clone->last = copy;
  }
  for (size_t i = 0; i < g->output_count; i++) {
    ir_graph_add_output(clone, g->outputs[i].name, pointer_map_get(&copies, g->outputs[i].value));
  }
}

ir_graph *ir_graph_clone(ir_graph *g, const char *name, ir_dim symbol, ir_dim value) {
  ir_graph *clone = ir_graph_new(g->module, name);
  clone_into(clone, g, (ir_dim[]){symbol, value});
  return clone;
}

/* ---- looking at values ---- */

ir_node *ir_def(const ir_value *v, ir_op op) {
  return v && v->def && v->def->op == op ? v->def : NULL;
}

bool ir_value_is_const(const ir_value *v) {
  return ir_def(v, IR_CONST) != NULL;
}

const void *ir_value_data(const ir_value *v) {
  return ir_value_is_const(v) ? v->def->attrs.constant->data : NULL;
}

bool ir_value_scalar(const ir_value *v, double *scalar) {
  int64_t count;
  const void *data = ir_value_data(v);
  if (!data || !ir_type_is_static(&v->type, &count) || count != 1) return false;
  *scalar = element_double(v->type.dtype, data, 0);
  return true;
}
