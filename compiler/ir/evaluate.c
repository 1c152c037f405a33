/* evaluate.c: the reference evaluator's walk over graphs and lazy constants; operators are in evaluate/. */
#include "ir/evaluate/walk.h"

#include <string.h>

/* More than any model this evaluator is meant for needs in one tensor. */
static const int64_t MAX_TENSOR_BYTES = (int64_t)1 << 34;

/* A symbol without a value. No size is that small. */
static const int64_t UNKNOWN = INT64_MIN;

int64_t ir_tensor_count(const ir_tensor *t) {
  int64_t count = 1;
  for (int i = 0; i < t->rank; i++) {
    if (t->dims[i] <= 0) return 0;
    if (__builtin_mul_overflow(count, t->dims[i], &count)) return INT64_MAX;
  }
  return count;
}

static status at_node(arena *scratch, status s, const ir_node *node) {
  if (!s) return OK;
  text t = {0};
  ir_print_node(&t, node);
  if (node->origin) {
    s = fail_node(scratch, s, "%s", node->origin);
  } else {
    s = fail_node(scratch, s, "%s", t.bytes ? t.bytes : "");
  }
  text_free(&t);
  return s;
}

/* No product of some of the dims may overflow, zeros or not. */
static status check_size(arena *scratch, const ir_tensor *t) {
  int64_t bytes = (int64_t)ir_dtype_bytes(t->dtype);
  for (int i = 0; i < t->rank; i++) {
    if (t->dims[i] < 0)
      return fail(scratch, STATUS_INPUT, "size %lld of axis %d is negative", (long long)t->dims[i], i);
    bool overflow = t->dims[i] > 1 && __builtin_mul_overflow(bytes, t->dims[i], &bytes);
    if (overflow || bytes > MAX_TENSOR_BYTES)
      return fail(scratch, STATUS_INPUT, "a tensor is too large to evaluate");
  }
  return OK;
}

/* ---- one node ---- */

typedef struct {
  const int64_t *symbols;
  bool unknown;
} symbol_check;

static void visit_symbol(void *user, ir_dim_op op, int64_t operand) {
  symbol_check *check = user;
  if (op == IR_DIM_SYMBOL && (!check->symbols || check->symbols[operand] == UNKNOWN)) check->unknown = true;
}

static status concrete_dim(arena *scratch, ir_dim d, const int64_t *symbols, int64_t *size) {
  symbol_check check = {symbols, false};
  ir_dim_visit_postfix(d, visit_symbol, &check);
  if (!check.unknown) {
    *size = ir_dim_evaluate(d, symbols);
    return OK;
  }
  text t = {0};
  ir_dim_print(&t, d);
  status s = fail(scratch, STATUS_INPUT, "size %s is not determined by the inputs", t.bytes);
  text_free(&t);
  return s;
}

static status concrete_attributes(arena *scratch, const ir_node *node, const int64_t *symbols) {
  int64_t value;
  uint32_t attrs = ir_op_describe(node->op)->attrs;
  for (int i = 0; attrs & IR_ATTR_START && i < IR_MAX_RANK; i++) {
    if (node->attrs.start[i]) TRY(concrete_dim(scratch, node->attrs.start[i], symbols, &value));
  }
  for (int64_t i = 0; attrs & IR_ATTR_DIM_LIST && i < node->attrs.dim_count; i++) {
    TRY(concrete_dim(scratch, node->attrs.dim_list[i], symbols, &value));
  }
  return OK;
}

static status concrete_type(arena *scratch, const ir_type *type, const int64_t *symbols, ir_tensor *t) {
  t->dtype = type->dtype;
  t->rank = type->rank;
  for (int i = 0; i < type->rank; i++) TRY(concrete_dim(scratch, type->dims[i], symbols, &t->dims[i]));
  return check_size(scratch, t);
}

static status evaluate_node(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                            const int64_t *symbols, ir_tensor *out) {
  TRY(concrete_type(scratch, &node->result->type, symbols, out));
  TRY(concrete_attributes(scratch, node, symbols));
  for (int i = 0; i < node->operand_count; i++) {
    if (in[i]) TRY(check_size(scratch, in[i]));
  }
  if (!out->data) out->data = arena_alloc(scratch, (size_t)ir_tensor_count(out) * ir_dtype_bytes(out->dtype));
  return ir_op_describe(node->op)->evaluate(scratch, node, in, symbols, out);
}

status ir_evaluate_node(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                        const int64_t *symbols, ir_tensor *out) {
  return at_node(scratch, evaluate_node(scratch, node, in, symbols, out), node);
}

/* ---- lazy constants ---- */

typedef struct {
  const ir_constant **items;
  size_t count, capacity;
} constant_stack;

static const void *known_bytes(const pointer_map *done, const ir_constant *c) {
  return c->data ? c->data : pointer_map_get(done, c);
}

/* Pushes constants that c's maker needs and that are not known yet; false where there were none. */
static bool push_needed(arena *a, constant_stack *todo, const pointer_map *done, const ir_constant *c) {
  size_t before = todo->count;
  for (int i = 0; i < c->made_by->operand_count; i++) {
    const ir_value *v = c->made_by->operands[i];
    if (!v || known_bytes(done, v->def->attrs.constant)) continue;
    ARENA_PUSH(a, todo->items, todo->count, todo->capacity) = v->def->attrs.constant;
  }
  return todo->count > before;
}

static status make_constant(arena *scratch, pointer_map *done, const ir_constant *c) {
  const ir_node *maker = c->made_by;
  ir_tensor *in = ARENA_ARRAY(scratch, ir_tensor, (size_t)maker->operand_count), out = {0};
  const ir_tensor **list = ARENA_ARRAY(scratch, const ir_tensor *, (size_t)maker->operand_count);
  for (int i = 0; i < maker->operand_count; i++) {
    const ir_value *v = maker->operands[i];
    if (!v) continue;
    TRY(concrete_type(scratch, &v->type, NULL, &in[i]));
    in[i].data = (void *)(uintptr_t)known_bytes(done, v->def->attrs.constant);
    list[i] = &in[i];
  }
  TRY(ir_evaluate_node(scratch, maker, list, NULL, &out));
  pointer_map_set(scratch, done, c, out.data);
  return OK;
}

/* Depth first with a stack of its own: a chain of makers may be longer than the C stack is deep. */
status ir_constant_bytes(arena *scratch, const ir_constant *c, const void **bytes) {
  pointer_map done = {0};
  constant_stack todo = {0};
  ARENA_PUSH(scratch, todo.items, todo.count, todo.capacity) = c;
  while (todo.count) {
    const ir_constant *top = todo.items[todo.count - 1];
    if (!known_bytes(&done, top)) {
      if (!top->made_by) {
        return fail(scratch, STATUS_INPUT, "constant %s has no data",
                    top->name ? top->name : "without a name");
      }
      if (push_needed(scratch, &todo, &done, top)) continue;
      TRY(make_constant(scratch, &done, top));
    }
    todo.count--;
  }
  *bytes = known_bytes(&done, c);
  return OK;
}

/* ---- graphs ---- */

typedef struct {
  arena *scratch;
  ir_graph *graph;
  int64_t *symbols;
  ir_tensor *states;
  pointer_map tensors; /* ir_value to ir_tensor */
} evaluation;

/* A graph input whose size is a plain symbol gives the symbol its value. */
static status bind_inputs(evaluation *e, const ir_tensor *inputs) {
  ir_module *m = e->graph->module;
  for (size_t i = 0; i < e->graph->input_count; i++) {
    const ir_type *type = &e->graph->inputs[i]->type;
    const ir_tensor *given = &inputs[i];
    if (given->rank != type->rank || given->dtype != type->dtype) {
      return fail(e->scratch, STATUS_INPUT, "input %s has the wrong dtype or rank",
                  e->graph->inputs[i]->name);
    }
    TRY(check_size(e->scratch, given));
    for (int k = 0; k < type->rank; k++) {
      ir_dim d = ir_dim_resolve(m, type->dims[k]);
      if (!ir_dim_is_symbol(d)) continue;
      int64_t *value = &e->symbols[ir_dim_symbol_index(d)];
      if (*value == UNKNOWN) *value = given->dims[k];
    }
  }
  return OK;
}

/* Symbols that are bound to expressions of others. */
static status derive_symbols(evaluation *e) {
  ir_module *m = e->graph->module;
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++) {
    ir_dim symbol = ir_dim_symbol_at(m, i), value = ir_dim_resolve(m, symbol);
    if (value == symbol) continue;
    symbol_check check = {e->symbols, false};
    ir_dim_visit_postfix(value, visit_symbol, &check);
    if (!check.unknown) e->symbols[i] = ir_dim_evaluate(value, e->symbols);
  }
  return OK;
}

static status check_inputs(evaluation *e, const ir_tensor *inputs) {
  for (size_t i = 0; i < e->graph->input_count; i++) {
    const ir_value *input = e->graph->inputs[i];
    ir_tensor wanted = {0};
    TRY(concrete_type(e->scratch, &input->type, e->symbols, &wanted));
    for (int k = 0; k < wanted.rank; k++) {
      if (wanted.dims[k] == inputs[i].dims[k]) continue;
      status s = fail(e->scratch, STATUS_INPUT, "axis %d of input %s has the wrong size", k, input->name);
      s = fail_expected(e->scratch, s, "%lld", (long long)wanted.dims[k]);
      return fail_found(e->scratch, s, "%lld", (long long)inputs[i].dims[k]);
    }
    pointer_map_set(e->scratch, &e->tensors, input, arena_copy(e->scratch, &inputs[i], sizeof inputs[i]));
  }
  return OK;
}

static status run_node(evaluation *e, const ir_node *node) {
  ir_tensor *out = ARENA_NEW(e->scratch, ir_tensor);
  const ir_tensor **in = ARENA_ARRAY(e->scratch, const ir_tensor *, (size_t)node->operand_count + 1);
  for (int i = 0; i < node->operand_count; i++) {
    if (!node->operands[i]) continue;
    in[i] = pointer_map_get(&e->tensors, node->operands[i]);
    if (!in[i]) return fail(e->scratch, STATUS_DEFECT, "operand %d is used before it is made", i);
  }
  if (ir_op_describe(node->op)->op_class == IR_CLASS_STATE) {
    bool exists = node->attrs.state >= 0 && (size_t)node->attrs.state < e->graph->module->state_count;
    if (!exists || !e->states) return fail(e->scratch, STATUS_INPUT, "there is no state for it");
    in[node->operand_count] = &e->states[node->attrs.state];
    TRY(check_size(e->scratch, in[node->operand_count]));
  }
  if (node->op == IR_CONST) { /* no copy: constants may be large */
    const void *bytes = NULL;
    TRY(concrete_type(e->scratch, &node->result->type, e->symbols, out));
    TRY(ir_constant_bytes(e->scratch, node->attrs.constant, &bytes));
    out->data = (void *)(uintptr_t)bytes;
  } else {
    TRY(ir_evaluate_node(e->scratch, node, in, e->symbols, out));
  }
  pointer_map_set(e->scratch, &e->tensors, node->result, out);
  return OK;
}

status ir_evaluate(arena *scratch, ir_graph *g, const ir_tensor *inputs, ir_tensor *states,
                   ir_tensor *outputs) {
  evaluation e = {.scratch = scratch, .graph = g, .states = states};
  size_t symbol_count = ir_dim_symbol_count(g->module);
  e.symbols = ARENA_ARRAY(scratch, int64_t, symbol_count);
  for (size_t i = 0; i < symbol_count; i++) e.symbols[i] = UNKNOWN;
  TRY(bind_inputs(&e, inputs));
  TRY(derive_symbols(&e));
  TRY(check_inputs(&e, inputs));
  for (const ir_node *node = g->first; node; node = node->next)
    TRY(at_node(scratch, run_node(&e, node), node));
  for (size_t i = 0; i < g->output_count; i++) {
    const ir_tensor *result = pointer_map_get(&e.tensors, g->outputs[i].value);
    if (!result)
      return fail(scratch, STATUS_DEFECT, "output %s is not made by the graph", g->outputs[i].name);
    outputs[i] = *result;
  }
  return OK;
}
