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

status pass_run_all(ir_graph *g, pass_observer *observe, void *user) {
  arena *a = g->module->arena;
  for (size_t i = 0; i < PASS_COUNT; i++) {
    pass_report report = {0};
    bool changed = pass_table[i].run(g, &report);
    if (report.failed)
      return fail_hint(a, report.failed, "pass %s made a node that does not fit", pass_table[i].name);
    if (observe) observe(user, &pass_table[i], g, &report);
    if (!changed) continue;
    status s = ir_verify(g);
    if (s) {
      s = fail(a, STATUS_DEFECT, "pass %s broke graph %s: %s", pass_table[i].name, g->name, s->cause);
      return s;
    }
  }
  return OK;
}
