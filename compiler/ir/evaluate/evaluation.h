/*
 * evaluation.h: a graph while the reference evaluator runs it. Private to ir/.
 */
#ifndef SMELT_IR_EVALUATE_EVALUATION_H
#define SMELT_IR_EVALUATE_EVALUATION_H

#include "ir/ir.h"

/* One graph, or one turn of a body, which has the symbols of the graph around it. */
typedef struct {
  arena *scratch;
  ir_graph *graph;
  int64_t *symbols; /* by index */
  int64_t *largest; /* likewise, of all values so far */
  ir_tensor *states;
  pointer_map tensors; /* ir_value to ir_tensor; a loop's or branch's to an array of its results */
} evaluation;

void evaluation_set_symbol(evaluation *e, size_t symbol, int64_t value);

/* Runs e->graph, whose inputs are in e->tensors; outputs[0 .. output_count). */
status evaluate_nodes(evaluation *e, ir_tensor *outputs);
/* One node of class CONTROL: puts what it gives into e->tensors, or a size into e->symbols. */
status evaluate_control(evaluation *e, const ir_node *node);

#endif
