/* evaluate_graph.c: the reference evaluator's walk over a graph. */
#include "ir/evaluate/concrete.h"
#include "ir/evaluate/evaluation.h"
#include "ir/rules.h"

void evaluation_set_symbol(evaluation *e, size_t symbol, int64_t value) {
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
      if (e->symbols[symbol] == CONCRETE_UNKNOWN) evaluation_set_symbol(e, symbol, given->dims[k]);
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
    if (concrete_is_known(value, e->symbols)) evaluation_set_symbol(e, i, ir_dim_evaluate(value, e->symbols));
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
  if (ir_op_describe(node->op)->op_class == IR_CLASS_CONTROL) return evaluate_control(e, node);
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

status evaluate_nodes(evaluation *e, ir_tensor *outputs) {
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
  return evaluate_nodes(&e, outputs);
}

status ir_evaluate(arena *scratch, ir_graph *g, const ir_tensor *inputs, ir_tensor *states,
                   ir_tensor *outputs) {
  return ir_evaluate_sizes(scratch, g, inputs, states, outputs, NULL);
}
