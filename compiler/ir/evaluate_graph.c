/* evaluate_graph.c: the reference evaluator's walk over a graph, its loops and branches. */
#include "ir/evaluate/concrete.h"
#include "ir/evaluate/walk.h"

#include <string.h>

/* One graph, or one turn of a body, which has the symbols of the graph around it. */
typedef struct {
  arena *scratch;
  ir_graph *graph;
  int64_t *symbols; /* by index */
  int64_t *largest; /* likewise, of all values so far */
  ir_tensor *states;
  pointer_map tensors; /* ir_value to ir_tensor; a loop's or branch's to an array of its results */
} evaluation;

static void set_symbol(evaluation *e, size_t symbol, int64_t value) {
  e->symbols[symbol] = value;
  if (value > e->largest[symbol]) e->largest[symbol] = value;
}

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
    TRY(concrete_check_size(e->scratch, given));
    for (int k = 0; k < type->rank; k++) {
      ir_dim d = ir_dim_resolve(m, type->dims[k]);
      if (!ir_dim_is_symbol(d)) continue;
      size_t symbol = ir_dim_symbol_index(d);
      if (e->symbols[symbol] == CONCRETE_UNKNOWN) set_symbol(e, symbol, given->dims[k]);
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
    if (concrete_is_known(value, e->symbols)) set_symbol(e, i, ir_dim_evaluate(value, e->symbols));
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

/* ---- control ---- */

static status run_nodes(evaluation *e, ir_tensor *outputs);

static const ir_tensor *operand(const evaluation *e, const ir_node *node, int index) {
  return pointer_map_get(&e->tensors, node->operands[index]);
}

/* The body on `inputs`, in `memory`; its results go to `outputs`. */
static status run_body(evaluation *e, arena *memory, ir_graph *body, const ir_tensor *inputs,
                       ir_tensor *outputs) {
  evaluation inner = *e;
  inner.scratch = memory;
  inner.graph = body;
  inner.tensors = (pointer_map){0};
  for (size_t i = 0; i < body->input_count; i++) {
    pointer_map_set(memory, &inner.tensors, body->inputs[i],
                    arena_copy(memory, &inputs[i], sizeof inputs[i]));
  }
  return run_nodes(&inner, outputs);
}

static status run_measure(evaluation *e, const ir_node *node) {
  const ir_tensor *x = operand(e, node, 0);
  ir_dim size = node->attrs.dim_list[0];
  int64_t value = element_integer(x->dtype, x->data, 0), known;
  if (value < 0) value = 0;
  if (concrete_is_known(ir_dim_resolve(e->graph->module, size), e->symbols) && !ir_dim_is_symbol(size)) {
    TRY(concrete_dim(e->scratch, ir_dim_resolve(e->graph->module, size), e->symbols, &known));
    if (known == value) return OK;
    status s = fail(e->scratch, STATUS_INPUT, "a size that is computed does not fit the others");
    return fail_found(e->scratch, fail_expected(e->scratch, s, "%lld", (long long)known), "%lld",
                      (long long)value);
  }
  if (!ir_dim_is_symbol(size)) return fail(e->scratch, STATUS_DEFECT, "measure without a symbol");
  set_symbol(e, ir_dim_symbol_index(size), value);
  return OK;
}

/* One gathered value of all turns: an axis of turns in front. */
static ir_tensor gather_turns(arena *a, const ir_tensor *turns, int64_t turn_count, const ir_type *element) {
  ir_tensor all = {.dtype = element->dtype, .rank = element->rank + 1, .dims = {turn_count}};
  for (int i = 0; turn_count && i < turns[0].rank; i++) all.dims[i + 1] = turns[0].dims[i];
  size_t bytes = turn_count ? (size_t)ir_tensor_count(&turns[0]) * ir_dtype_bytes(all.dtype) : 0;
  char *data = arena_alloc(a, bytes * (size_t)turn_count + 1);
  for (int64_t i = 0; bytes && i < turn_count; i++) memcpy(data + (size_t)i * bytes, turns[i].data, bytes);
  all.data = data;
  return all;
}

enum { MOST_TURNS = 1 << 14 };

/* A loop that is evaluated. The two arenas take turns: one holds what the last turn left, the other is free.
 */
typedef struct {
  evaluation *e;
  const ir_node *node;
  ir_tensor *in, *out;
  ir_tensor *turns; /* gathered values of all turns, one turn after the other */
  size_t gathered, kept, capacity;
  arena memory[2];
} loop_evaluation;

static ir_tensor copy_tensor(arena *a, const ir_tensor *t) {
  ir_tensor copy = *t;
  copy.data = arena_copy(a, t->data, (size_t)ir_tensor_count(t) * ir_dtype_bytes(t->dtype));
  return copy;
}

/* What failed may lie in memory that is freed with the turn. */
static status keep_failure(arena *a, status s) {
  status kept = fail(a, s->code, "%s", arena_text(a, s->cause));
  return s->node ? fail_node(a, kept, "%s", arena_text(a, s->node)) : kept;
}

static status run_turn(loop_evaluation *l, int64_t turn, bool *goes_on) {
  evaluation *e = l->e;
  size_t carried = (size_t)l->node->attrs.carried;
  arena *memory = &l->memory[turn % 2];
  arena_free(memory);
  *memory = (arena){0};
  set_symbol(e, ir_dim_symbol_index(l->node->attrs.dim_list[0]), turn);
  status s = run_body(e, memory, l->node->attrs.body, l->in, l->out);
  if (s) return keep_failure(e->scratch, s);
  *goes_on = element_integer(SMELT_BOOL, l->out[0].data, 0) != 0;
  /* A carried value may be what the body was given: memory of the turn before, which the next turn frees. */
  for (size_t i = 0; i < carried; i++) l->in[i] = copy_tensor(memory, &l->out[1 + i]);
  for (size_t i = 0; i < l->gathered; i++)
    ARENA_PUSH(e->scratch, l->turns, l->kept, l->capacity) =
        copy_tensor(e->scratch, &l->out[1 + carried + i]);
  return OK;
}

static status run_turns(loop_evaluation *l, int64_t *turn_count) {
  evaluation *e = l->e;
  int64_t most = element_integer(SMELT_I64, operand(e, l->node, 0)->data, 0);
  bool goes_on = element_integer(SMELT_BOOL, operand(e, l->node, 1)->data, 0) != 0;
  for (*turn_count = 0; *turn_count < most && goes_on; (*turn_count)++) {
    if (*turn_count == MOST_TURNS) return fail(e->scratch, STATUS_INPUT, "the loop does not end");
    TRY(run_turn(l, *turn_count, &goes_on));
  }
  set_symbol(e, ir_dim_symbol_index(l->node->attrs.dim_list[0]), *turn_count); /* for `largest` */
  return OK;
}

/* Returns the loop's results: carried values, then gathered ones. */
static status run_loop(evaluation *e, const ir_node *node, ir_tensor **results, int64_t *turn_count) {
  ir_graph *body = node->attrs.body;
  size_t carried = (size_t)node->attrs.carried;
  loop_evaluation l = {.e = e, .node = node, .gathered = body->output_count - 1 - carried};
  l.in = ARENA_ARRAY(e->scratch, ir_tensor, body->input_count);
  l.out = ARENA_ARRAY(e->scratch, ir_tensor, body->output_count);
  for (size_t i = 0; i < body->input_count; i++) l.in[i] = *operand(e, node, 2 + (int)i);
  status s = run_turns(&l, turn_count);
  *results = ARENA_ARRAY(e->scratch, ir_tensor, carried + l.gathered + 1);
  for (size_t i = 0; i < carried && !s; i++) (*results)[i] = copy_tensor(e->scratch, &l.in[i]);
  arena_free(&l.memory[0]);
  arena_free(&l.memory[1]);
  for (size_t i = 0; i < l.gathered && !s; i++) {
    ir_tensor *column = ARENA_ARRAY(e->scratch, ir_tensor, (size_t)*turn_count + 1);
    for (int64_t k = 0; k < *turn_count; k++) column[k] = l.turns[(size_t)k * l.gathered + i];
    (*results)[carried + i] =
        gather_turns(e->scratch, column, *turn_count, &body->outputs[1 + carried + i].value->type);
  }
  return s;
}

static status run_branch(evaluation *e, const ir_node *node, ir_tensor **results, int64_t *taken) {
  *taken = element_integer(SMELT_BOOL, operand(e, node, 0)->data, 0) != 0;
  ir_graph *body = *taken ? node->attrs.body : node->attrs.otherwise;
  ir_tensor *in = ARENA_ARRAY(e->scratch, ir_tensor, body->input_count + 1);
  *results = ARENA_ARRAY(e->scratch, ir_tensor, body->output_count + 1);
  for (size_t i = 0; i < body->input_count; i++) in[i] = *operand(e, node, 1 + (int)i);
  return run_body(e, e->scratch, body, in, *results);
}

/* The tensor of a loop's or branch's own value comes first in its array of results. */
static status run_parts(evaluation *e, const ir_node *node) {
  ir_tensor *results;
  int64_t number;
  TRY((node->op == IR_LOOP ? run_loop : run_branch)(e, node, &results, &number));
  size_t count = node->op == IR_LOOP ? node->attrs.body->output_count - 1 : node->attrs.body->output_count;
  ir_tensor *all = ARENA_ARRAY(e->scratch, ir_tensor, count + 1);
  all[0] = (ir_tensor){.dtype = SMELT_I64, .data = arena_copy(e->scratch, &number, sizeof number)};
  for (size_t i = 0; i < count; i++) all[i + 1] = results[i];
  pointer_map_set(e->scratch, &e->tensors, node->result, all);
  return OK;
}

static status run_part(evaluation *e, const ir_node *node) {
  ir_tensor *out = arena_copy(e->scratch, operand(e, node, 0) + 1 + node->attrs.index, sizeof *out);
  ir_tensor wanted;
  TRY(concrete_type(e->scratch, &node->result->type, e->symbols, &wanted));
  bool empty = ir_tensor_count(&wanted) == 0 && ir_tensor_count(out) == 0;
  for (int i = 0; i < wanted.rank && !empty; i++) {
    if (wanted.dims[i] != out->dims[i])
      return fail(e->scratch, STATUS_INPUT, "axis %d has size %lld instead of %lld", i,
                  (long long)out->dims[i], (long long)wanted.dims[i]);
  }
  memcpy(out->dims, wanted.dims, sizeof wanted.dims);
  pointer_map_set(e->scratch, &e->tensors, node->result, out);
  return OK;
}

static status run_control(evaluation *e, const ir_node *node) {
  for (int i = 0; i < node->operand_count; i++) {
    if (!operand(e, node, i))
      return fail(e->scratch, STATUS_DEFECT, "operand %d is used before it is made", i);
  }
  switch (node->op) {
  case IR_MEASURE:
    TRY(run_measure(e, node));
    pointer_map_set(e->scratch, &e->tensors, node->result, (void *)(uintptr_t)operand(e, node, 0));
    return OK;
  case IR_PART:
    return run_part(e, node);
  default:
    return run_parts(e, node);
  }
}

static status run_node(evaluation *e, const ir_node *node) {
  if (ir_op_describe(node->op)->op_class == IR_CLASS_CONTROL) return run_control(e, node);
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
    TRY(concrete_check_size(e->scratch, in[node->operand_count]));
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

static status run_nodes(evaluation *e, ir_tensor *outputs) {
  arena *a = e->scratch;
  for (const ir_node *n = e->graph->first; n; n = n->next) {
    status s = run_node(e, n);
    if (s) return fail_node(a, s, "%s", n->origin ? n->origin : ir_op_describe(n->op)->name);
  }
  for (size_t i = 0; i < e->graph->output_count; i++) {
    const ir_output *output = &e->graph->outputs[i];
    const ir_tensor *result = pointer_map_get(&e->tensors, output->value);
    if (!result) return fail(a, STATUS_DEFECT, "output %s is not made by the graph", output->name);
    outputs[i] = *result;
  }
  return OK;
}

status ir_evaluate_sizes(arena *scratch, ir_graph *g, const ir_tensor *inputs, ir_tensor *states,
                         ir_tensor *outputs, int64_t *largest) {
  size_t symbol_count = ir_dim_symbol_count(g->module);
  evaluation e = {.scratch = scratch, .graph = g, .states = states, .largest = largest};
  e.symbols = ARENA_ARRAY(scratch, int64_t, symbol_count);
  if (!largest) e.largest = ARENA_ARRAY(scratch, int64_t, symbol_count);
  for (size_t i = 0; i < symbol_count; i++) {
    e.symbols[i] = CONCRETE_UNKNOWN;
    e.largest[i] = 0;
  }
  TRY(bind_inputs(&e, inputs));
  TRY(derive_symbols(&e));
  TRY(check_inputs(&e, inputs));
  return run_nodes(&e, outputs);
}

status ir_evaluate(arena *scratch, ir_graph *g, const ir_tensor *inputs, ir_tensor *states,
                   ir_tensor *outputs) {
  return ir_evaluate_sizes(scratch, g, inputs, states, outputs, NULL);
}
