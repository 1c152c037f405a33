/*
 * chain.h: elementwise operators over floats, one inside the other: rows at a
 * time, with no memory for what lies between them. Private to ir/.
 */
#ifndef SMELT_IR_EVALUATE_CHAIN_H
#define SMELT_IR_EVALUATE_CHAIN_H

#include "ir/evaluate/walk.h"

enum { CHAIN_MAX_DEPTH = 8 /* links one inside the other: each has rows on the C stack */ };

/* What an operator makes of its operands; or, without one, the elements of a tensor. */
typedef struct chain chain;
struct chain {
  const ir_node *node; /* one of which chain_computes is true, or NULL */
  const ir_tensor *memory;
  chain *in[3];
  int64_t strides[IR_MAX_RANK], at, step; /* chain_evaluate's: how memory is read */
};

/* Whether the node computes with floats, so that it may be the last of a chain. */
bool chain_computes(const ir_node *node);
/* Whether it may stand inside: its result can be had without being stored. */
bool chain_links(const ir_node *node);

/* The last of a chain, with all its elements, which broadcast to out's dims; inner links have those dims. */
status chain_evaluate(arena *scratch, chain *last, ir_tensor *out);

#endif
