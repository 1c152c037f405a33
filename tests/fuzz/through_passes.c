/* through_passes.c: a graph through everything between import and code generation. */
#include "fuzz.h"
#include "pass/pass.h"
#include "plan/plan.h"

#include <stdlib.h>

enum { SYMBOL_LIMIT = 64 };

static const char *or_empty(const char *s) {
  return s ? s : "";
}

_Noreturn void fuzz_finding(const char *what, status s, ir_graph *g) {
  fprintf(stderr, "FINDING: %s\n", what);
  if (s) {
    fprintf(stderr, "%s: %s: expected %s, found %s\n", or_empty(s->node), or_empty(s->cause),
            or_empty(s->expected), or_empty(s->found));
  }
  text t = {0};
  if (g) ir_print(&t, g);
  fprintf(stderr, "%s\n", or_empty(t.bytes));
  text_free(&t);
  abort();
}

void fuzz_no_defect(const char *what, status s, ir_graph *g) {
  if (s && s->code == STATUS_DEFECT) fuzz_finding(what, s, g);
}

uint64_t fuzz_seed(const uint8_t *bytes, size_t count) {
  uint64_t hash = 14695981039346656037u; /* FNV-1a */
  for (size_t i = 0; i < count; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
  return hash;
}

/* pass_run_all verifies only after a pass that says it changed something. */
static void verify_after(void *user, const pass_info *pass, ir_graph *g, const pass_report *report) {
  (void)user;
  (void)report;
  status s = ir_verify(g);
  if (s) fuzz_finding(pass->name, s, g);
}

static void limit_symbols(ir_module *m) {
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++) {
    ir_dim symbol = ir_dim_symbol_at(m, i);
    if (!ir_dim_limit(m, symbol) && ir_dim_maximum(m, symbol) == INT64_MAX)
      ir_dim_set_maximum(m, symbol, SYMBOL_LIMIT);
  }
}

void fuzz_through_passes(ir_graph *g, uint64_t seed) {
  ir_module *m = g->module;
  fuzz_no_defect("the graph does not verify", ir_verify(g), g);
  limit_symbols(m);
  ir_apply_bindings(m);
  status s = ir_verify(g);
  fuzz_no_defect("the graph does not verify within limits", s, g);
  if (s) return; /* its sizes do not fit */
  ir_graph *before = ir_graph_clone(g, "before", NULL, NULL);
  s = pass_run_all(g, verify_after, NULL);
  /* Sizes may contradict each other where only a pass brings them together: an error then, as it should be.
   */
  if (s && s->code == STATUS_INPUT && fuzz_has_no_results(before, seed)) return;
  if (s) fuzz_finding("the passes failed", s, before);
  fuzz_same_results(before, g, seed);
  ir_module_keep(m, &g, 1); /* without `before` */
  plan_module *plan;
  fuzz_no_defect("the plan failed", plan_make(m, &plan), g);
}
