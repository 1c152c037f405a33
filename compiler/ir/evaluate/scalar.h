/* scalar.h: scalar.def as functions, for evaluators that apply an elementwise operator inside. Private to
 * ir/. */
#ifndef SMELT_IR_EVALUATE_SCALAR_H
#define SMELT_IR_EVALUATE_SCALAR_H

#include "ir/ir.h"

/* An activation of linear: x itself for IR_IDENTITY (and for 0, the unset attribute). */
double scalar_activation(ir_op op, double x);

#endif
