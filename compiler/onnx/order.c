/*
 * order.c: the nodes of an ONNX graph in topological order. ONNX promises
 * that order, but a file need not keep the promise. Depth-first search that keeps
 * the file's order where it is already good.
 */
#include "onnx/import.h"

#include <string.h>

typedef struct {
  size_t node;      /* the producer */
  const char *name; /* of the value that it produces */
} dependence;

typedef struct {
  onnx_model *model;
  const Onnx__GraphProto *graph;
  const onnx_scope *scope;
  dependence *items;
  size_t item_count, item_capacity;
  size_t *first; /* node i's dependences are items[first[i] .. first[i + 1]) */
  size_t *order;
  size_t order_count;
} ordering;

static bool known_outside(const onnx_scope *scope, const char *name) {
  for (scope = scope->parent; scope; scope = scope->parent) {
    if (onnx_names_find(&scope->names, name)) return true;
  }
  return false;
}

/* Notes that a node uses `name`. `direct`: as an input of its own, not inside a branch, whose own names are
 * unknown. */
static bool add_use(ordering *o, const char *name, bool direct) {
  if (!*name) return true;
  const onnx_name *entry = onnx_names_find(&o->scope->names, name);
  if (entry && entry->producer) {
    ARENA_PUSH(o->model->arena, o->items, o->item_count, o->item_capacity) =
        (dependence){entry->producer - 1, entry->name};
  }
  return entry || !direct || known_outside(o->scope, name);
}

/* The names that a branch defines itself, inside those of the branches around it. */
typedef struct branch_names branch_names;
struct branch_names {
  onnx_names names;
  const branch_names *outer;
};

static void add_outer_use(ordering *o, const branch_names *own, const char *name) {
  for (; own; own = own->outer) {
    if (onnx_names_find(&own->names, name)) return;
  }
  add_use(o, name, false);
}

static void define_branch_names(arena *a, const Onnx__GraphProto *branch, onnx_names *names) {
  for (size_t i = 0; i < branch->n_input; i++)
    onnx_names_add(a, names, onnx_text(branch->input[i]->name), NULL);
  for (size_t i = 0; i < branch->n_initializer; i++) {
    onnx_names_add(a, names, onnx_text(branch->initializer[i]->name), NULL);
  }
  for (size_t i = 0; i < branch->n_node; i++) {
    const Onnx__NodeProto *node = branch->node[i];
    for (size_t k = 0; k < node->n_output; k++) onnx_names_add(a, names, onnx_text(node->output[k]), NULL);
  }
}

/* All names used inside a node's branches, at any depth: those of this graph become dependences. Merged
 * decoders give a branch's result the name that it has outside. */
static void add_branch_uses(ordering *o, const Onnx__NodeProto *node, const branch_names *outer) {
  for (size_t i = 0; i < node->n_attribute; i++) {
    const Onnx__GraphProto *branch = node->attribute[i]->g;
    if (!branch) continue;
    branch_names own = {.outer = outer};
    define_branch_names(o->model->arena, branch, &own.names);
    for (size_t k = 0; k < branch->n_output; k++) add_outer_use(o, &own, onnx_text(branch->output[k]->name));
    for (size_t k = 0; k < branch->n_node; k++) {
      const Onnx__NodeProto *inner = branch->node[k];
      for (size_t j = 0; j < inner->n_input; j++) add_outer_use(o, &own, onnx_text(inner->input[j]));
      add_branch_uses(o, inner, &own);
    }
  }
}

/* Never OK. */
__attribute__((returns_nonnull)) static status undefined_input(arena *a, const Onnx__NodeProto *node,
                                                               const char *input) {
  status s = fail(a, STATUS_INPUT, "its input '%s' is not defined anywhere", input);
  return fail_node(a, s, "%s", onnx_node_title(a, node));
}

static status find_dependences(ordering *o) {
  arena *a = o->model->arena;
  size_t count = o->graph->n_node;
  o->first = ARENA_ARRAY(a, size_t, count + 1);
  for (size_t i = 0; i < count; i++) {
    const Onnx__NodeProto *node = o->graph->node[i];
    o->first[i] = o->item_count;
    for (size_t k = 0; k < node->n_input; k++) {
      if (!add_use(o, onnx_text(node->input[k]), true)) return undefined_input(a, node, node->input[k]);
    }
    add_branch_uses(o, node, NULL);
  }
  o->first[count] = o->item_count;
  return OK;
}

typedef enum { UNSEEN, ON_PATH, DONE } node_state;

/* Appends `root` and all it depends on to the order. `path` and `next` have room for every node. */
static status visit(ordering *o, size_t root, uint8_t *states, size_t *path, size_t *next) {
  arena *a = o->model->arena;
  size_t depth = 0;
  if (states[root] != UNSEEN) return OK;
  path[depth++] = root;
  states[root] = ON_PATH;
  next[root] = o->first[root];
  while (depth) {
    size_t node = path[depth - 1];
    if (next[node] == o->first[node + 1]) {
      states[node] = DONE;
      o->order[o->order_count++] = node;
      depth--;
      continue;
    }
    const dependence *d = &o->items[next[node]++];
    if (states[d->node] == ON_PATH) {
      status s =
          fail(a, STATUS_INPUT, "the graph has a cycle: its input '%s' depends on its own output", d->name);
      return fail_node(a, s, "%s", onnx_node_title(a, o->graph->node[node]));
    }
    if (states[d->node] == UNSEEN) {
      states[d->node] = ON_PATH;
      next[d->node] = o->first[d->node];
      path[depth++] = d->node;
    }
  }
  return OK;
}

/* Drops from the order what no output of the graph needs. */
static void drop_unneeded(ordering *o) {
  uint8_t *needed = ARENA_ARRAY(o->model->arena, uint8_t, o->graph->n_node);
  for (size_t i = 0; i < o->graph->n_output; i++) {
    const onnx_name *entry = onnx_names_find(&o->scope->names, onnx_text(o->graph->output[i]->name));
    if (entry && entry->producer) needed[entry->producer - 1] = 1;
  }
  for (size_t i = o->order_count; i-- > 0;) {
    size_t node = o->order[i];
    if (!needed[node]) continue;
    for (size_t k = o->first[node]; k < o->first[node + 1]; k++) needed[o->items[k].node] = 1;
  }
  size_t kept = 0;
  for (size_t i = 0; i < o->order_count; i++) {
    if (needed[o->order[i]]) o->order[kept++] = o->order[i];
  }
  o->order_count = kept;
}

status onnx_order_nodes(onnx_model *model, const Onnx__GraphProto *graph, const onnx_scope *scope,
                        size_t **order, size_t *count) {
  ordering o = {.model = model, .graph = graph, .scope = scope};
  size_t n = graph->n_node;
  TRY(find_dependences(&o));
  o.order = ARENA_ARRAY(model->arena, size_t, n);
  uint8_t *states = ARENA_ARRAY(model->arena, uint8_t, n);
  size_t *path = ARENA_ARRAY(model->arena, size_t, n), *next = ARENA_ARRAY(model->arena, size_t, n);
  for (size_t i = 0; i < n; i++) TRY(visit(&o, i, states, path, next));
  drop_unneeded(&o);
  *order = o.order;
  *count = o.order_count;
  return OK;
}
