/* attributes.h: how each attribute of IR_ATTRS is kept and written. Private to ir/. */
#ifndef SMELT_IR_ATTRIBUTES_H
#define SMELT_IR_ATTRIBUTES_H

#include "ir/ir.h"

typedef enum {
  ATTR_CONSTANT, /* written before the braces: const "name" {0.5} */
  ATTR_DTYPE,    /* dtype = f32 */
  ATTR_INTEGER,  /* axis = 0 */
  ATTR_AXIS_SET, /* axes = [1, 2] */
  ATTR_PERM,     /* perm = [0, 2, 1]: as long as the result's rank */
  ATTR_SHAPE,    /* shape = [batch, 4]: written only where it is not the result's */
  ATTR_DIMS,     /* start = [0, past]: one per axis of the result; iota: one. Left out when all are 0 */
  ATTR_STEPS,    /* step = [1, -1]: likewise; left out when all are 1 */
  ATTR_DIM_LIST, /* list = [batch, past + 1] */
  ATTR_REAL,     /* epsilon = 1e-05 */
  ATTR_FLAG,     /* causal = true: left out when false */
  ATTR_OP,       /* activation = gelu: left out for identity */
  ATTR_STATE,    /* state = past_0: by name */
  ATTR_GRAPH,    /* body = run.body_1: by name, which may be given later in the text */
  ATTR_COUNT_OF, /* carried = 2 */
} attr_form;

typedef struct {
  const char *name;
  attr_form form;
  size_t offset; /* in ir_attrs */
} attr_row;

enum { ATTR_COUNT = IR_ATTR_BIT_INDEX + 1 };
extern const attr_row attr_rows[ATTR_COUNT]; /* indexed by IR_ATTR_BIT_* */

/* How many elements a node's start and step have. */
int attr_list_length(ir_op op, int result_rank);

#endif
