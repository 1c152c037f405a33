/* content.h: elements of small integer tensors as dim expressions. Private to ir/. */
#ifndef SMELT_IR_CONTENT_H
#define SMELT_IR_CONTENT_H

#include "ir/ir.h"

/*
 * The elements of the node's result as dim expressions (bool: 0 and 1), or
 * NULL when they are not sizes, not known, or more than IR_MAX_CONTENT.
 * n->result->type is set. The list lives in the module's arena.
 */
const ir_dim *ir_content_compute(ir_module *m, const ir_node *n);

/* Whether every element is a constant. */
bool ir_content_is_const(const ir_dim *content, int64_t count);

#endif
