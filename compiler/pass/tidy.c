/* tidy.c: what fusions leave behind. */
#include "pass/pass.h"

bool pass_tidy(ir_graph *g, pass_report *report) {
  bool changed = pass_fold(g, report);
  changed |= pass_canonicalise(g, report);
  changed |= pass_dedupe(g, report);
  changed |= pass_dead(g, report);
  return changed;
}
