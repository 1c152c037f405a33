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
