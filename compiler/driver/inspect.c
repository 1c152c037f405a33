/* inspect.c: smelt inspect: what a model is made of and what smelt makes of it, for people and, with --json,
 * programs. */
#include "driver/commands.h"
#include "driver/compile.h"

#include <jansson.h>

static const char *kind_of(const compilation *c) {
  return c->is_generator ? (c->folder.encoder ? "encoder-decoder" : "decoder") : "graph";
}

/* ---- what an entry is made of ---- */

typedef struct {
  int kernels[PLAN_KERNEL_COUNT]; /* steps per kernel: whether attention, norms and linears were recognised */
  int operators[IR_OP_COUNT];     /* nodes per operator after all passes */
  int barriers, gated, activated, with_residual; /* the last three of the linears */
} entry_counts;

static entry_counts count_entry(const plan_entry *e) {
  entry_counts counts = {0};
  for (size_t i = 0; i < e->step_count; i++) {
    counts.kernels[e->steps[i].kernel]++;
    counts.barriers += e->steps[i].barrier;
  }
  for (const ir_node *n = e->graph->first; n; n = n->next) {
    counts.operators[n->op]++;
    if (n->op != IR_LINEAR) continue;
    counts.gated += n->attrs.gated;
    counts.activated += !n->attrs.gated && n->attrs.activation != IR_IDENTITY;
    counts.with_residual += n->operand_count > 3 && n->operands[3];
  }
  return counts;
}

/* ---- for people ---- */

static void print_sizes(const compilation *c) {
  const plan_module *p = c->plan;
  printf("model      %s\n", c->folder.model);
  if (c->folder.encoder) printf("encoder    %s\n", c->folder.encoder);
  printf("kind       %s\n", kind_of(c));
  printf("weights    %.1f MB in %zu constants\n", (double)p->weights_bytes / 1e6, p->weight_count);
  printf("state      %.1f MB, at most %lld tokens\n", (double)p->state_bytes / 1e6,
         (long long)(c->is_generator ? c->generation.max_tokens : 0));
  printf("arena      %.1f MB\n", (double)p->arena_bytes / 1e6);
}

static void print_entry(const plan_entry *e) {
  entry_counts counts = count_entry(e);
  printf("%-10s %zu steps, %d barriers:", e->graph->name, e->step_count, counts.barriers);
  for (int k = 0; k < PLAN_KERNEL_COUNT; k++) {
    if (counts.kernels[k]) printf(" %d %s", counts.kernels[k], plan_kernel_name((plan_kernel)k));
  }
  printf("\n");
}

/* ---- for programs ---- */

static json_t *describe_value(const char *name, const ir_type *type) {
  text t = {0};
  ir_type_print(&t, type);
  json_t *value = json_pack("{s:s, s:s}", "name", name, "type", t.bytes);
  text_free(&t);
  return value;
}

static json_t *describe_entry(const plan_entry *e) {
  entry_counts counts = count_entry(e);
  json_t *kernels = json_object(), *operators = json_object(), *inputs = json_array(),
         *outputs = json_array();
  for (int k = 0; k < PLAN_KERNEL_COUNT; k++) {
    if (counts.kernels[k])
      json_object_set_new(kernels, plan_kernel_name((plan_kernel)k), json_integer(counts.kernels[k]));
  }
  for (int op = 0; op < IR_OP_COUNT; op++) {
    if (counts.operators[op])
      json_object_set_new(operators, ir_op_describe((ir_op)op)->name, json_integer(counts.operators[op]));
  }
  const ir_graph *g = e->graph;
  for (size_t i = 0; i < g->input_count; i++)
    json_array_append_new(inputs, describe_value(g->inputs[i]->name, &g->inputs[i]->type));
  for (size_t i = 0; i < g->output_count; i++) {
    json_array_append_new(outputs, describe_value(g->outputs[i].name, &g->outputs[i].value->type));
  }
  return json_pack("{s:s, s:o, s:o, s:i, s:i, s:o, s:o, s:{s:i, s:i, s:i}}", "name", g->name, "inputs",
                   inputs, "outputs", outputs, "steps", (int)e->step_count, "barriers", counts.barriers,
                   "kernels", kernels, "operators", operators, "linear", "gated", counts.gated, "activation",
                   counts.activated, "residual", counts.with_residual);
}

static void print_json(const compilation *c) {
  const plan_module *p = c->plan;
  json_t *entries = json_array();
  for (size_t i = 0; i < p->entry_count; i++) json_array_append_new(entries, describe_entry(&p->entries[i]));
  json_t *root =
      json_pack("{s:s, s:s?, s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "model", c->folder.model, "encoder",
                c->folder.encoder, "kind", kind_of(c), "weights_bytes", (json_int_t)p->weights_bytes,
                "constants", (json_int_t)p->weight_count, "state_bytes", (json_int_t)p->state_bytes,
                "arena_bytes", (json_int_t)p->arena_bytes, "max_tokens",
                (json_int_t)(c->is_generator ? c->generation.max_tokens : 0), "entries", entries);
  json_dumpf(root, stdout, JSON_INDENT(1));
  putchar('\n');
  json_decref(root);
}

int command_inspect(arena *a, const driver_options *options) {
  (void)a;
  compilation c;
  status s = compile_begin(&c, options);
  progress_end(&c.progress);
  if (s) {
    print_failure(s);
  } else if (options->json) {
    print_json(&c);
  } else {
    print_sizes(&c);
    for (size_t i = 0; i < c.plan->entry_count; i++) print_entry(&c.plan->entries[i]);
  }
  int code = s ? (int)s->code : STATUS_OK;
  compile_end(&c);
  return code;
}
