/* siblings.c: not written yet. */
#include "pass/rewrite.h"

bool pass_siblings(ir_graph *g, pass_report *report) { return rewrite_graph(g, report, NULL, 0); }
