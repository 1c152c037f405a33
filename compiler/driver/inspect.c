/* inspect.c: smelt inspect: what a model is made of and what smelt makes of it. */
#include "driver/commands.h"
#include "driver/compile.h"

static void print_sizes(const compilation *c) {
  const plan_module *p = c->plan;
  printf("model      %s\n", c->folder.model);
  if (c->folder.encoder) printf("encoder    %s\n", c->folder.encoder);
  printf("kind       %s\n", c->is_generator ? (c->folder.encoder ? "encoder-decoder" : "decoder") : "graph");
  printf("weights    %.1f MB in %zu constants\n", (double)p->weights_bytes / 1e6, p->weight_count);
  printf("state      %.1f MB, at most %lld tokens\n", (double)p->state_bytes / 1e6,
         (long long)(c->is_generator ? c->generation.max_tokens : 0));
  printf("arena      %.1f MB\n", (double)p->arena_bytes / 1e6);
}

/* Steps per kernel of one entry: whether attention, norms and linears were recognised. */
static void print_entry(const plan_entry *e) {
  int counts[PLAN_KERNEL_COUNT] = {0}, barriers = 0;
  for (size_t i = 0; i < e->step_count; i++) {
    counts[e->steps[i].kernel]++;
    barriers += e->steps[i].barrier;
  }
  printf("%-10s %zu steps, %d barriers:", e->graph->name, e->step_count, barriers);
  for (int k = 0; k < PLAN_KERNEL_COUNT; k++) {
    if (counts[k]) printf(" %d %s", counts[k], plan_kernel_name((plan_kernel)k));
  }
  printf("\n");
}

int command_inspect(arena *a, const driver_options *options) {
  (void)a;
  compilation c;
  status s = compile_begin(&c, options);
  progress_end(&c.progress);
  if (s) {
    print_failure(s);
  } else {
    print_sizes(&c);
    for (size_t i = 0; i < c.plan->entry_count; i++) print_entry(&c.plan->entries[i]);
  }
  int code = s ? (int)s->code : STATUS_OK;
  compile_end(&c);
  return code;
}
