/* precision.h: what precision.c and losses.c share. Private to pass/. */
#ifndef SMELT_PASS_PRECISION_H
#define SMELT_PASS_PRECISION_H

#include "pass/rewrite.h"

/* The number of a linear's weight among those that bytes can hold (ir_module.weight_names); false: they
 * cannot. */
bool precision_number(ir_module *m, const ir_node *linear, size_t *number);

/* The linear over bytes, for one that has a number; NULL where it cannot be built. */
ir_value *precision_quantise(ir_builder *b, ir_node *linear);

/* x rounded to bytes, a scale for each place of the axes that are left: about x = bytes * scale. */
ir_value *precision_bytes(ir_builder *b, ir_value *x, uint32_t axes, ir_value **scale);

/* losses.c: adds the output "losses". Returns whether there is one now that was not. */
bool precision_measure(ir_graph *g, pass_report *report);

#endif
