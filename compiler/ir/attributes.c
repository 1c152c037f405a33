/* attributes.c: the form of each attribute, in printing order; the names are those of IR_ATTRS. */
#include "ir/attributes.h"

#define ROW(NAME, form, member) [IR_ATTR_BIT_##NAME] = {name_of_##NAME, form, offsetof(ir_attrs, member)}

enum { NAME_BYTES = 16 };
#define X(NAME, name) static const char name_of_##NAME[NAME_BYTES] = #name;
IR_ATTRS(X)
#undef X

const attr_row attr_rows[ATTR_COUNT] = {
    ROW(CONSTANT, ATTR_CONSTANT, constant),
    ROW(DTYPE, ATTR_DTYPE, dtype),
    ROW(AXIS, ATTR_INTEGER, axis),
    ROW(AXES, ATTR_AXIS_SET, axes),
    ROW(PERM, ATTR_PERM, perm),
    ROW(SHAPE, ATTR_SHAPE, shape),
    ROW(START, ATTR_DIMS, start),
    ROW(STEP, ATTR_STEPS, step),
    ROW(DIM_LIST, ATTR_DIM_LIST, dim_list),
    ROW(VALUE, ATTR_REAL, value),
    ROW(EPSILON, ATTR_REAL, epsilon),
    ROW(SCALE, ATTR_REAL, scale),
    ROW(SOFTCAP, ATTR_REAL, softcap),
    ROW(CAUSAL, ATTR_FLAG, causal),
    ROW(INTERLEAVED, ATTR_FLAG, interleaved),
    ROW(GATED, ATTR_FLAG, gated),
    ROW(WIDE, ATTR_FLAG, wide),
    ROW(APART, ATTR_FLAG, apart),
    ROW(ACTIVATION, ATTR_OP, activation),
    ROW(STATE, ATTR_STATE, state),
    ROW(BODY, ATTR_GRAPH, body),
    ROW(OTHERWISE, ATTR_GRAPH, otherwise),
    ROW(CARRIED, ATTR_COUNT_OF, carried),
    ROW(INDEX, ATTR_COUNT_OF, index),
};

int attr_list_length(ir_op op, int result_rank) {
  return op == IR_IOTA ? 1 : result_rank;
}
