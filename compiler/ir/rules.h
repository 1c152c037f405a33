/* rules.h: the functions that ops.def names: ir_infer_RULE and ir_evaluate_RULE. Private to ir/. */
#ifndef SMELT_IR_RULES_H
#define SMELT_IR_RULES_H

#include "ir/ir.h"

#define OP(NAME, name, class, least, most, attributes, infer, evaluate, summary)                             \
  ir_infer_rule ir_infer_##infer;                                                                            \
  ir_evaluate_rule ir_evaluate_##evaluate;
#include "ir/ops.def"
#undef OP

#endif
