/* inspect_facts.c: counting what the plan holds, and its work at the build's limits. */
#include "driver/inspect.h"

#include <stdlib.h>
#include <string.h>

/* ---- sizes ---- */

int64_t inspect_largest(ir_module *m, ir_dim symbol) {
  int64_t lowest, highest;
  ir_dim_bounds(m, symbol, &lowest, &highest);
  return highest;
}

static void note_symbol(void *user, ir_dim_op op, int64_t operand) {
  bool *uses = user;
  if (op == IR_DIM_SYMBOL) uses[operand] = true;
}

static const bool *used_symbols(ir_module *m, const ir_graph *g) {
  bool *uses = ARENA_ARRAY(m->arena, bool, ir_dim_symbol_count(m) + 1);
  for (size_t i = 0; i < g->input_count; i++) {
    const ir_type *type = &g->inputs[i]->type;
    for (int k = 0; k < type->rank; k++) ir_dim_visit_postfix(type->dims[k], note_symbol, uses);
  }
  for (const ir_node *n = g->first; n; n = n->next) {
    const ir_type *type = &n->result->type;
    for (int k = 0; k < type->rank; k++) ir_dim_visit_postfix(type->dims[k], note_symbol, uses);
  }
  return uses;
}

/*
 * The sizes at which an entry is judged: all at their limits, but a prompt's first piece has nothing before
 * it and decoding makes the last token that fits.
 */
static void choose_sizes(const compilation *c, size_t index, inspect_entry *e) {
  ir_module *m = c->module;
  size_t count = ir_dim_symbol_count(m);
  int64_t *at = ARENA_ARRAY(m->arena, int64_t, count + 1);
  for (size_t i = 0; i < count; i++) {
    at[i] = inspect_largest(m, ir_dim_symbol_at(m, i));
    if (at[i] == INT64_MAX) at[i] = 1; /* no memory depends on it: the number of a loop's turn */
  }
  e->at = at;
  const smelt_manifest_generation *g = &c->generation;
  if (!c->is_generator) return;
  if ((int32_t)index == g->prefill_entry) {
    at[g->past_symbol] = 0;
    e->tokens = e->context = at[g->sequence_symbol];
  } else if ((int32_t)index == g->decode_entry) {
    at[g->past_symbol] = g->max_tokens - 1;
    e->tokens = 1;
    e->context = g->max_tokens;
  } else if (g->max_encoder_tokens) {
    e->tokens = e->context = at[g->encoder_symbol];
  }
}

/* ---- work ---- */

static int64_t add_saturating(int64_t a, int64_t b) {
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int by_weight(const void *left, const void *right) {
  const inspect_work *a = left, *b = right;
  double x = (double)a->bytes * INSPECT_BALANCE_FLOPS_PER_BYTE + (double)a->flops;
  double y = (double)b->bytes * INSPECT_BALANCE_FLOPS_PER_BYTE + (double)b->flops;
  return x != y ? (x < y ? 1 : -1) : strcmp(a->name, b->name);
}

static inspect_work *work_named(inspect_entry *e, const char *name) {
  size_t i = 0;
  while (i < e->work_count && strcmp(e->work[i].name, name) != 0) i++;
  if (i == e->work_count) e->work[e->work_count++].name = name;
  return &e->work[i];
}

static void measure_steps(ir_module *m, inspect_entry *e) {
  const plan_entry *entry = e->entry;
  ir_dim zero = ir_dim_const(m, 0);
  e->cost = (plan_cost){zero, zero, zero, zero};
  e->step_flops = ARENA_ARRAY(m->arena, int64_t, entry->step_count + 1);
  e->step_bytes = ARENA_ARRAY(m->arena, int64_t, entry->step_count + 1);
  e->work = ARENA_ARRAY(m->arena, inspect_work, entry->step_count + 1);
  for (size_t i = 0; i < entry->step_count; i++) {
    plan_cost cost = plan_step_cost(m, &entry->steps[i]);
    e->cost = plan_cost_sum(m, &e->cost, &cost);
    e->step_flops[i] = ir_dim_evaluate(cost.flops, e->at);
    ir_dim bytes = ir_dim_add(m, ir_dim_add(m, cost.weight_bytes, cost.state_bytes), cost.activation_bytes);
    e->step_bytes[i] = ir_dim_evaluate(bytes, e->at);
    inspect_work *work = work_named(e, plan_step_work(&entry->steps[i]));
    work->step_count++;
    work->flops = add_saturating(work->flops, e->step_flops[i]);
    work->bytes = add_saturating(work->bytes, e->step_bytes[i]);
  }
  qsort(e->work, e->work_count, sizeof *e->work, by_weight);
  e->flops = ir_dim_evaluate(e->cost.flops, e->at);
  e->weight_bytes = ir_dim_evaluate(e->cost.weight_bytes, e->at);
  e->state_bytes = ir_dim_evaluate(e->cost.state_bytes, e->at);
  e->activation_bytes = ir_dim_evaluate(e->cost.activation_bytes, e->at);
  e->bytes = add_saturating(add_saturating(e->weight_bytes, e->state_bytes), e->activation_bytes);
}

/* ---- nodes ---- */

static bool has_operand(const ir_node *n, int index) {
  return n->operand_count > index && n->operands[index];
}

/* Those of the bodies that loops and branches run included. */
static void count_nodes_of(inspect_entry *e, const ir_graph *g) {
  for (const ir_node *n = g->first; n; n = n->next) {
    e->operators[n->op]++;
    if (n->attrs.body) count_nodes_of(e, n->attrs.body);
    if (n->attrs.otherwise) count_nodes_of(e, n->attrs.otherwise);
    if (n->op == IR_ATTENTION) e->causal += n->attrs.causal;
    if (n->op != IR_LINEAR) continue;
    e->biased += has_operand(n, 2);
    e->with_residual += has_operand(n, 3);
    e->gated += n->attrs.gated;
    e->activations[n->attrs.activation] += !n->attrs.gated && n->attrs.activation != IR_IDENTITY;
  }
}

static void count_steps_and_nodes(inspect_entry *e) {
  for (size_t i = 0; i < e->entry->step_count; i++) {
    if (e->entry->steps[i].control == PLAN_CALL) e->kernels[e->entry->steps[i].kernel]++;
    e->barriers += e->entry->steps[i].barrier;
  }
  count_nodes_of(e, e->entry->graph);
}

/* ---- the model ---- */

static void add_file(inspect_facts *facts, onnx_model *file) {
  onnx_summary one;
  if (!file) return;
  onnx_summarise(file, &one);
  if (!facts->file.producer) facts->file = (onnx_summary){.producer = one.producer, .opset = one.opset};
  facts->file.node_count += one.node_count;
  facts->file.initializer_count += one.initializer_count;
  facts->file.element_count += one.element_count;
  facts->file.bytes += one.bytes;
}

static int64_t cache_bytes_per_token(ir_module *m) {
  int64_t sum = 0;
  for (size_t i = 0; i < m->state_count; i++) {
    const ir_state *s = &m->states[i];
    if (s->append_axis < 0) continue;
    int64_t bytes = (int64_t)ir_dtype_bytes(s->type.dtype), size;
    for (int k = 0; k < s->type.rank; k++) {
      if (k != s->append_axis && ir_dim_is_const(s->type.dims[k], &size)) bytes *= size;
    }
    sum += bytes;
  }
  return sum;
}

void inspect_gather(compilation *c, inspect_facts *facts) {
  const plan_module *p = c->plan;
  *facts = (inspect_facts){.compilation = c, .entry_count = p->entry_count};
  facts->kind = !c->is_generator ? "graph" : c->folder.encoder ? "encoder-decoder" : "decoder";
  for (size_t i = 0; i < sizeof c->files / sizeof *c->files; i++) add_file(facts, c->files[i]);
  for (size_t i = 0; i < p->weight_count; i++) {
    int64_t count = 0;
    ir_type_is_static(&p->weights[i].constant->type, &count);
    facts->parameter_count += (uint64_t)count;
  }
  facts->cache_bytes_per_token = cache_bytes_per_token(c->module);
  facts->entries = ARENA_ARRAY(&c->arena, inspect_entry, p->entry_count + 1);
  for (size_t i = 0; i < p->entry_count; i++) {
    inspect_entry *e = &facts->entries[i];
    e->entry = &p->entries[i];
    e->uses = used_symbols(c->module, e->entry->graph);
    choose_sizes(c, i, e);
    measure_steps(c->module, e);
    count_steps_and_nodes(e);
  }
}
