/* dead.c: nodes whose result nobody reads go, last first, so that whole chains go at once. */
#include "pass/pass.h"

bool pass_dead(ir_graph *g, pass_report *report) {
  report->rewrites = (int)ir_remove_dead(g);
  return report->rewrites > 0;
}
