/* inspect_json.c: the facts for programs: exact numbers, sizes as the expressions they are. */
#include "driver/inspect.h"

#include <jansson.h>

static json_t *number(uint64_t n) {
  return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

static json_t *expression(ir_dim d) {
  text t = {0};
  ir_dim_print(&t, d);
  json_t *word = json_string(t.bytes);
  text_free(&t);
  return word ? word : json_null(); /* a name that is no UTF-8 */
}

static json_t *describe_value(const char *name, const ir_type *type) {
  text t = {0};
  json_t *dims = json_array();
  for (int i = 0; i < type->rank; i++) {
    int64_t size;
    bool is_fixed = ir_dim_is_const(type->dims[i], &size);
    json_array_append_new(dims, is_fixed ? json_integer(size) : expression(type->dims[i]));
  }
  ir_type_print(&t, type);
  json_t *value = json_pack("{s:s?, s:s?, s:s, s:o}", "name", name, "type", t.bytes, "dtype",
                            ir_dtype_name(type->dtype), "dims", dims);
  text_free(&t);
  return value;
}

static json_t *describe_inputs(const ir_graph *g) {
  json_t *inputs = json_array();
  for (size_t i = 0; i < g->input_count; i++) {
    json_array_append_new(inputs, describe_value(g->inputs[i]->name, &g->inputs[i]->type));
  }
  return inputs;
}

static json_t *describe_outputs(const ir_graph *g) {
  json_t *outputs = json_array();
  for (size_t i = 0; i < g->output_count; i++) {
    json_array_append_new(outputs, describe_value(g->outputs[i].name, &g->outputs[i].value->type));
  }
  return outputs;
}

/* ---- counts ---- */

static json_t *count_kernels(const inspect_entry *e) {
  json_t *kernels = json_object();
  for (int k = 0; k < PLAN_KERNEL_COUNT; k++) {
    if (e->kernels[k])
      json_object_set_new(kernels, plan_kernel_name((plan_kernel)k), json_integer(e->kernels[k]));
  }
  return kernels;
}

static json_t *count_operators(const int *counts) {
  json_t *operators = json_object();
  for (int op = 0; op < IR_OP_COUNT; op++) {
    if (counts[op]) json_object_set_new(operators, ir_op_describe((ir_op)op)->name, json_integer(counts[op]));
  }
  return operators;
}

static json_t *describe_linear(const inspect_entry *e) {
  int activated = 0;
  for (int op = 0; op < IR_OP_COUNT; op++) activated += e->activations[op];
  return json_pack("{s:i, s:i, s:i, s:i, s:o}", "gated", e->gated, "activation", activated, "residual",
                   e->with_residual, "bias", e->biased, "activations", count_operators(e->activations));
}

static json_t *count_rewrites(const compilation *c, const ir_graph *g) {
  json_t *passes = json_object();
  for (size_t i = 0; i < c->pass_count; i++) {
    const pass_record *record = &c->passes[i];
    if (record->graph != g) continue;
    json_int_t before = json_integer_value(json_object_get(passes, record->pass->name));
    json_object_set_new(passes, record->pass->name, json_integer(before + record->rewrites));
  }
  return passes;
}

/* ---- work ---- */

/* The value of each size that the entry depends on, or its limit where it has one. */
static json_t *describe_sizes(const inspect_entry *e, bool at_limits) {
  ir_module *m = e->entry->graph->module;
  json_t *sizes = json_object();
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++) {
    ir_dim symbol = ir_dim_symbol_at(m, i);
    if (!e->uses[i] || (at_limits && inspect_largest(m, symbol) == INT64_MAX)) continue;
    json_object_set_new(sizes, ir_dim_symbol_name(symbol),
                        json_integer(at_limits ? inspect_largest(m, symbol) : e->at[i]));
  }
  return sizes;
}

static json_t *list_work(const inspect_entry *e) {
  json_t *rows = json_array();
  for (size_t i = 0; i < e->work_count; i++) {
    const inspect_work *w = &e->work[i];
    json_array_append_new(rows, json_pack("{s:s, s:i, s:I, s:I}", "name", w->name, "steps", w->step_count,
                                          "flops", (json_int_t)w->flops, "bytes", (json_int_t)w->bytes));
  }
  return rows;
}

/* One call at the sizes of `at`, and the same as expressions over the symbols. */
static json_t *describe_work(const inspect_entry *e) {
  json_t *bytes = json_pack("{s:I, s:I, s:I}", "weights", (json_int_t)e->weight_bytes, "state",
                            (json_int_t)e->state_bytes, "activations", (json_int_t)e->activation_bytes);
  json_t *expressions = json_pack("{s:o, s:o, s:o, s:o}", "flops", expression(e->cost.flops), "weights",
                                  expression(e->cost.weight_bytes), "state", expression(e->cost.state_bytes),
                                  "activations", expression(e->cost.activation_bytes));
  return json_pack("{s:o, s:I, s:I, s:o, s:o, s:s, s:o}", "at", describe_sizes(e, false), "tokens",
                   (json_int_t)e->tokens, "flops", (json_int_t)e->flops, "bytes", bytes, "expressions",
                   expressions, "bound_by", inspect_is_memory_bound(e) ? "memory" : "arithmetic", "operators",
                   list_work(e));
}

static json_t *describe_entry(const compilation *c, const inspect_entry *e) {
  const ir_graph *g = e->entry->graph;
  return json_pack("{s:s, s:o, s:o, s:o, s:i, s:i, s:I, s:o, s:o, s:o, s:i, s:o, s:o}", "name", g->name,
                   "inputs", describe_inputs(g), "outputs", describe_outputs(g), "limits",
                   describe_sizes(e, true), "steps", (int)e->entry->step_count, "barriers", e->barriers,
                   "arena_bytes", (json_int_t)e->entry->arena_bytes, "kernels", count_kernels(e), "operators",
                   count_operators(e->operators), "linear", describe_linear(e), "causal", e->causal, "passes",
                   count_rewrites(c, g), "work", describe_work(e));
}

/* ---- the model ---- */

static json_t *describe_file(const onnx_summary *f) {
  return json_pack("{s:s?, s:I, s:o, s:o, s:o, s:o}", "producer", f->producer, "opset", (json_int_t)f->opset,
                   "nodes", number(f->node_count), "initializers", number(f->initializer_count), "elements",
                   number(f->element_count), "bytes", number(f->bytes));
}

static json_t *describe_tokenizer(const compilation *c) {
  const tok_summary *t = &c->tokenizer_summary;
  if (!c->is_generator) return json_null();
  return json_pack("{s:s, s:I, s:I, s:I, s:I}", "family", t->family, "tokens", (json_int_t)t->vocab_size,
                   "merges", (json_int_t)t->merge_count, "added_tokens", (json_int_t)t->added_token_count,
                   "bytes", (json_int_t)c->tokenizer.count);
}

void inspect_print_json(const inspect_facts *f) {
  const compilation *c = f->compilation;
  const plan_module *p = c->plan;
  json_t *entries = json_array();
  for (size_t i = 0; i < f->entry_count; i++) {
    json_array_append_new(entries, describe_entry(c, &f->entries[i]));
  }
  json_t *root = json_pack(
      "{s:s, s:s?, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o}", "model", c->folder.model,
      "encoder", c->folder.encoder, "kind", f->kind, "file", describe_file(&f->file), "parameters",
      number(f->parameter_count), "weights_bytes", number(p->weights_bytes), "constants",
      number(p->weight_count), "state_bytes", number(p->state_bytes), "arena_bytes", number(p->arena_bytes),
      "max_tokens", (json_int_t)(c->is_generator ? c->generation.max_tokens : 0), "cache_bytes_per_token",
      (json_int_t)f->cache_bytes_per_token, "tokenizer", describe_tokenizer(c), "entries", entries);
  json_dumpf(root, stdout, JSON_INDENT(1));
  putchar('\n');
  json_decref(root);
}
