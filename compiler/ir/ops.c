/* ops.c: the operator table in memory. */
#include "ir/rules.h"

#include <string.h>

static const ir_op_info op_table[IR_OP_COUNT] = {
#define OP(NAME, name, class, least, most, attributes, infer, evaluate, summary)                             \
  [IR_##NAME] = {                                                                                            \
      #name, IR_CLASS_##class, least, most, attributes, ir_infer_##infer, ir_evaluate_##evaluate, summary},
#include "ir/ops.def"
#undef OP
};

const ir_op_info *ir_op_describe(ir_op op) {
  return &op_table[op];
}

bool ir_op_named(const char *name, size_t length, ir_op *op) {
  for (int i = 0; i < IR_OP_COUNT; i++) {
    if (strlen(op_table[i].name) == length && memcmp(op_table[i].name, name, length) == 0) {
      *op = (ir_op)i;
      return true;
    }
  }
  return false;
}

ir_op ir_scatter_combination(ir_op scatter) {
  static const ir_op combinations[IR_OP_COUNT] = {[IR_SCATTER_ADD] = IR_ADD,
                                                  [IR_SCATTER_MUL] = IR_MUL,
                                                  [IR_SCATTER_MIN] = IR_MIN,
                                                  [IR_SCATTER_MAX] = IR_MAX};
  return combinations[scatter] ? combinations[scatter] : IR_IDENTITY; /* IR_CONST, 0, combines nothing */
}
