/* pass.c: the table of passes and the one loop that runs them. */
#include "pass/pass.h"

#include <string.h>

static const pass_info pass_table[] = {
#define X(name, summary) {#name, summary, pass_##name},
    PASSES(X)
#undef X
};

enum { PASS_COUNT = sizeof pass_table / sizeof *pass_table };

const pass_info *pass_at(size_t index) {
  return index < PASS_COUNT ? &pass_table[index] : NULL;
}

const pass_info *pass_named(const char *name) {
  for (size_t i = 0; i < PASS_COUNT; i++) {
    if (strcmp(pass_table[i].name, name) == 0) return &pass_table[i];
  }
  return NULL;
}

static status run_pass(const pass_info *pass, ir_graph *g, pass_observer *observe, void *user) {
  arena *a = g->module->arena;
  pass_report report = {0};
  bool changed = pass->run(g, &report);
  if (report.failed) return fail_hint(a, report.failed, "pass %s made a node that does not fit", pass->name);
  if (observe) observe(user, pass, g, &report);
  status s = changed ? ir_verify(g) : OK;
  return s ? fail(a, STATUS_DEFECT, "pass %s broke graph %s: %s", pass->name, g->name, s->cause) : OK;
}

/* Sizes that got their value or limit after a node was made need not fit it any more. */
static status check_sizes(ir_graph *g) {
  return fail_hint(g->module->arena, ir_verify(g),
                   "the model's sizes do not fit each other, or not within the limits");
}

status pass_run_all(ir_graph *g, pass_observer *observe, void *user) {
  TRY(check_sizes(g));
  for (size_t i = 0; i < PASS_COUNT; i++) TRY(run_pass(&pass_table[i], g, observe, user));
  for (const ir_node *n = g->first; n; n = n->next) {
    if (n->attrs.body) TRY(pass_run_all(n->attrs.body, observe, user));
    if (n->attrs.otherwise) TRY(pass_run_all(n->attrs.otherwise, observe, user));
  }
  return OK;
}
