/* walk.h: going through concrete tensors, for the reference evaluators. Private to ir/. */
#ifndef SMELT_IR_EVALUATE_WALK_H
#define SMELT_IR_EVALUATE_WALK_H

#include "ir/element.h"
#include "ir/rules.h"

/* Elements between neighbours along each axis of a dense row-major tensor. */
void walk_strides(const ir_tensor *t, int64_t *strides);
/* Strides to read t as if it had out's dims: 0 where t has size 1. False where it does not broadcast to them.
 */
bool walk_broadcast(const ir_tensor *t, const ir_tensor *out, int64_t *strides);
/* Steps `index` to the next element of t in row-major order; false after the last. */
bool walk_next(const ir_tensor *t, int64_t *index);
/* Sum of index[i] * strides[i]. */
int64_t walk_offset(int rank, const int64_t *index, const int64_t *strides);

/* Element `to` of out becomes element `from` of in; both have the same dtype. */
void walk_copy(ir_tensor *out, int64_t to, const ir_tensor *in, int64_t from);

/* All elements as double, in `a`. */
double *walk_doubles(arena *a, const ir_tensor *t);

/* Sizes that fit in the graph's expressions but not on these operands. */
status walk_misfit(arena *scratch, const ir_node *node, const char *what);

#endif
