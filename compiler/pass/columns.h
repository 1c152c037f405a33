/* columns.h: linears seen as columns of weights, to be joined and split. Private to pass/. */
#ifndef SMELT_PASS_COLUMNS_H
#define SMELT_PASS_COLUMNS_H

#include "pass/rewrite.h"

/* x times some columns of a constant weight, plus bias: a whole linear, or a slice of one. */
typedef struct {
  ir_value *x;
  const ir_node *linear;
  ir_dim start, count; /* columns [start, start + count) of the linear's weight */
} column_range;

/* Whether n is a linear with constant weight and bias and nothing behind: no activation, gate, residual or
 * scales. */
bool columns_are_bare(const ir_node *n);

/* Reads v, which nothing else reads, as columns. */
bool columns_of(ir_module *m, const ir_value *v, column_range *columns);

/* A linear of all columns in order (attrs: activation, gated); NULL where the weights cannot be constants of
 * one element type. */
ir_value *columns_join(ir_builder *b, const column_range *ranges, int count, const ir_attrs *attrs);

#endif
