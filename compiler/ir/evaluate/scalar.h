/* scalar.h: scalar.def as functions, for evaluators that apply an elementwise operator inside. Private to
 * ir/. */
#ifndef SMELT_IR_EVALUATE_SCALAR_H
#define SMELT_IR_EVALUATE_SCALAR_H

#include "ir/evaluate/walk.h"

/* An activation of linear: x itself for IR_IDENTITY (and for 0, the unset attribute). */
double scalar_activation(ir_op op, double x);
/* out[to] = op(out[to], y[from]) for an operator of two operands; all of one dtype. */
void scalar_combine(ir_op op, ir_tensor *out, int64_t to, const ir_tensor *y, int64_t from);

#endif
