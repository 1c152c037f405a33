/* scalar.h: scalar.def as functions, for evaluators that apply an elementwise operator inside. Private to
 * ir/. */
#ifndef SMELT_IR_EVALUATE_SCALAR_H
#define SMELT_IR_EVALUATE_SCALAR_H

#include "ir/evaluate/walk.h"

/* Whether the operator has a row in scalar.def. */
bool scalar_knows(ir_op op);
/* x[i] = op(x[i], y[i], z[i]); operands that it does not have may be x. */
void scalar_floats(ir_op op, double *x, const double *y, const double *z, int64_t count);
/* An activation of linear: x itself for IR_IDENTITY (and for 0, the unset attribute). */
double scalar_activation(ir_op op, double x);
/* out[to] = op(out[to], y[from]) for an operator of two operands; all of one dtype. */
void scalar_combine(ir_op op, ir_tensor *out, int64_t to, const ir_tensor *y, int64_t from);

#endif
