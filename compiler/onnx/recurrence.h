/*
 * recurrence.h: recurrent layers of one direction: what a step computes, and
 * steps one after the other. Private to compiler/onnx. Formulas and the order
 * of gates are those of ONNX (docs: RNN, GRU, LSTM).
 *
 * T, B, I, H: steps, sequences, input size, hidden size; G: gates of H rows
 * each. What the gates take from the inputs is one product for all steps; a
 * step adds what they take from the state.
 */
#ifndef SMELT_ONNX_RECURRENCE_H
#define SMELT_ONNX_RECURRENCE_H

#include "onnx/activation.h"

enum { RECURRENT_MAX_GATES = 4, RECURRENT_MAX_ACTIVATIONS = 3 };

/* What goes from step to step: [B, H] each. */
typedef struct {
  ir_value *hidden;
  ir_value *memory; /* LSTM's cell; NULL for the others */
} recurrent_state;

typedef struct recurrent_cell recurrent_cell;
/* The state after a step; inputs: [B, G * H], the step's row of recurrent_inputs. */
typedef recurrent_state recurrent_step(onnx_context *c, const recurrent_cell *cell, ir_value *inputs,
                                       recurrent_state state);

/* A step's constants: values from outside the steps, for whoever puts a step into a body of its own. */
struct recurrent_cell {
  recurrent_step *step;
  int gates;
  ir_dim hidden_size;
  ir_value *weight;   /* [H, G * H] */
  ir_value *bias;     /* [H], GRU's linear_before_reset only: of the state's part of the new value; or NULL */
  ir_value *peephole; /* LSTM: [3 * H], or NULL */
  struct {
    onnx_formula *formula;
    double alpha, beta;
  } activations[RECURRENT_MAX_ACTIVATIONS];
  double clip;              /* sums are limited to [-clip, clip] before an activation; 0: not */
  bool input_forget;        /* LSTM: what is not taken from the input is kept */
  bool linear_before_reset; /* GRU: the reset gate scales the state's product, not the state */
};

recurrent_step recurrent_simple_step, recurrent_gru_step, recurrent_lstm_step;

/* x: [T, B, I], weight: [G * H, I], bias: [G * H] or NULL -> [T, B, G * H] */
ir_value *recurrent_inputs(onnx_context *c, ir_value *x, ir_value *weight, ir_value *bias);

/* One step among all: its number, and i64 [B, 1], the lengths of the sequences; or NULL: all are in full. */
typedef struct {
  ir_dim step;
  ir_value *lengths;
} recurrent_place;

/*
 * The step with row place->step of inputs [T, B, G * H]. Beyond its length a sequence keeps its state, and
 * *output [B, H] is zeros; before, *output is the hidden state.
 */
recurrent_state recurrent_advance(onnx_context *c, const recurrent_cell *cell, ir_value *inputs,
                                  const recurrent_place *place, recurrent_state state, ir_value **output);

/* All steps, from the first to the last or back. */
typedef struct {
  bool backward;
  ir_dim steps;      /* T */
  ir_value *lengths; /* as in recurrent_place */
} recurrent_order;

/*
 * All steps one after the other; *outputs [T, B, H] is what each of them gives, in the inputs' order. Returns
 * the last state. As nodes of the graph itself where T is a number and not 0; as a loop for any T.
 */
typedef recurrent_state recurrent_run(onnx_context *c, const recurrent_cell *cell, ir_value *inputs,
                                      const recurrent_order *order, recurrent_state state,
                                      ir_value **outputs);
recurrent_run recurrent_unroll, recurrent_loop;

#endif
