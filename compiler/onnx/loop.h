/*
 * loop.h: ONNX bodies that run in turns, as loop nodes (ir.h, Control flow).
 * Private to compiler/onnx.
 *
 * The number of the turn is a symbol, so what a body slices by it is a view. A
 * carried value that changes its shape gets sizes of its own, which are
 * carried beside it and measured at the start of each turn.
 */
#ifndef SMELT_ONNX_LOOP_H
#define SMELT_ONNX_LOOP_H

#include "onnx/import.h"

enum { ONNX_LOOP_MOST_CARRIED = 64, ONNX_LOOP_MOST_VALUES = 256 };

/* A loop while it is imported: the caller sets the first part and leaves the rest 0. */
typedef struct onnx_loop {
  onnx_context *c;
  const Onnx__GraphProto *proto;
  ir_value *trip, *condition;                      /* i64 [], bool [] */
  int carried;                                     /* values that ONNX carries */
  ir_value *first[ONNX_LOOP_MOST_CARRIED];         /* their first contents */
  const char *input_names[ONNX_LOOP_MOST_CARRIED]; /* of the body */
  int output_count;                                /* condition, carried, gathered */
  bool gives_condition;                            /* the ONNX body does; a Scan's does not */
  /* Gives the body its further names, such as a Scan's slices. */
  void (*enter)(struct onnx_loop *l, onnx_body *body);

  ir_dim turn;                              /* the symbol */
  uint32_t varying[ONNX_LOOP_MOST_CARRIED]; /* bit d: the size of axis d changes */
  int size_count;                           /* sizes carried in front of the values */
  size_t symbol_count;                      /* before the body: its own symbols are younger */
  onnx_body body;
  ir_value *outputs[1 + ONNX_LOOP_MOST_VALUES]; /* of the body */
} onnx_loop;

/*
 * Whether a body that carries so many values has exactly `inputs` inputs and at least `outputs` outputs; else
 * a failure.
 */
bool onnx_loop_check_body(onnx_context *c, const Onnx__GraphProto *body, int carried, int inputs,
                          int outputs);
/* x as a scalar; a failure if it is not one value. */
ir_value *onnx_loop_scalar(onnx_context *c, ir_builder *b, ir_value *x);
/* Adds the loop node. parts[0 .. output_count - 1): carried values after the last turn, then gathered ones.
 */
void onnx_loop_import(onnx_loop *l, ir_value **parts);

#endif
