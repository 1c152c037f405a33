/* recurrence.c: the cells of recurrent layers, and their steps one after the other. */
#include "onnx/recurrence.h"

static ir_value *one_minus(onnx_context *c, ir_value *x) {
  return ir_binary(c->b, IR_SUB, onnx_number_like(c, x, 1), x);
}

/* Gates [first, first + count) of the last axis. */
static ir_value *gates_of(onnx_context *c, const recurrent_cell *cell, ir_value *v, int first, int count) {
  ir_dim H = cell->hidden_size;
  if (onnx_failed(c)) return v;
  return ir_slice_axis(c->b, v, v->type.rank - 1, ir_dim_mul(c->m, H, onnx_dim(c, first)),
                       ir_dim_mul(c->m, H, onnx_dim(c, count)));
}

/* activation `index` of a limited sum */
static ir_value *activate(onnx_context *c, const recurrent_cell *cell, int index, ir_value *sum) {
  if (cell->clip > 0) {
    sum = ir_binary(c->b, IR_MIN, sum, onnx_number_like(c, sum, cell->clip));
    sum = ir_binary(c->b, IR_MAX, sum, onnx_number_like(c, sum, -cell->clip));
  }
  return cell->activations[index].formula(c, sum, cell->activations[index].alpha,
                                          cell->activations[index].beta);
}

/* ---- cells: state H (and C), inputs x already multiplied ---- */

/* H = f(x + H R) */
recurrent_state recurrent_simple_step(onnx_context *c, const recurrent_cell *cell, ir_value *inputs,
                                      recurrent_state state) {
  ir_value *sum = onnx_add(c, inputs, ir_matmul(c->b, state.hidden, cell->weight));
  return (recurrent_state){.hidden = activate(c, cell, 0, sum)};
}

/*
 * z, r = f(x + H R); new = g(x + (r H) R), or g(x + r (H R + bias)) with linear_before_reset;
 * H = (1 - z) new + z H. Gates are z, r, new.
 */
recurrent_state recurrent_gru_step(onnx_context *c, const recurrent_cell *cell, ir_value *inputs,
                                   recurrent_state state) {
  enum { UPDATE, RESET, NEW };
  ir_value *H = state.hidden, *weight = cell->weight, *product = NULL, *whole = NULL;
  if (cell->linear_before_reset) {
    whole = ir_matmul(c->b, H, weight);
    product = gates_of(c, cell, whole, UPDATE, 2);
  } else {
    product = ir_matmul(c->b, H, gates_of(c, cell, weight, UPDATE, 2));
  }
  ir_value *both = activate(c, cell, 0, onnx_add(c, gates_of(c, cell, inputs, UPDATE, 2), product));
  ir_value *update = gates_of(c, cell, both, UPDATE, 1), *reset = gates_of(c, cell, both, RESET, 1);
  if (cell->linear_before_reset) {
    product = gates_of(c, cell, whole, NEW, 1);
    if (cell->bias) product = onnx_add(c, product, cell->bias);
    product = onnx_mul(c, reset, product);
  } else {
    product = ir_matmul(c->b, onnx_mul(c, reset, H), gates_of(c, cell, weight, NEW, 1));
  }
  ir_value *fresh = activate(c, cell, 1, onnx_add(c, gates_of(c, cell, inputs, NEW, 1), product));
  return (recurrent_state){.hidden =
                               onnx_add(c, onnx_mul(c, one_minus(c, update), fresh), onnx_mul(c, update, H))};
}

/*
 * i, f = f(x + H R + P C), C = f C + i g(x + H R), o = f(x + H R + P C), H = o h(C). Gates are i, o, f, new;
 * peepholes i, o, f.
 */
recurrent_state recurrent_lstm_step(onnx_context *c, const recurrent_cell *cell, ir_value *inputs,
                                    recurrent_state state) {
  enum { INPUT, OUTPUT, FORGET, NEW, SUMS };
  ir_value *C = state.memory, *sums[SUMS];
  ir_value *all = onnx_add(c, inputs, ir_matmul(c->b, state.hidden, cell->weight));
  for (int i = 0; i < SUMS; i++) sums[i] = gates_of(c, cell, all, i, 1);
  ir_value *P = cell->peephole;
  if (P) sums[INPUT] = onnx_add(c, sums[INPUT], onnx_mul(c, gates_of(c, cell, P, INPUT, 1), C));
  if (P) sums[FORGET] = onnx_add(c, sums[FORGET], onnx_mul(c, gates_of(c, cell, P, FORGET, 1), C));
  ir_value *take = activate(c, cell, 0, sums[INPUT]);
  ir_value *keep = cell->input_forget ? one_minus(c, take) : activate(c, cell, 0, sums[FORGET]);
  C = onnx_add(c, onnx_mul(c, keep, C), onnx_mul(c, take, activate(c, cell, 1, sums[NEW])));
  if (P) sums[OUTPUT] = onnx_add(c, sums[OUTPUT], onnx_mul(c, gates_of(c, cell, P, OUTPUT, 1), C));
  const recurrent_cell unlimited = {
      .activations = {{cell->activations[2].formula, cell->activations[2].alpha, cell->activations[2].beta}}};
  ir_value *shown = activate(c, &unlimited, 0, C);
  return (recurrent_state){.hidden = onnx_mul(c, activate(c, cell, 0, sums[OUTPUT]), shown), .memory = C};
}

/* ---- steps ---- */

ir_value *recurrent_inputs(onnx_context *c, ir_value *x, ir_value *weight, ir_value *bias) {
  ir_value *product = ir_matmul(c->b, x, onnx_swap_last(c, weight));
  return bias ? onnx_add(c, product, bias) : product;
}

/* The new state where the step is within the sequence's length, else the old one. */
static recurrent_state keep_beyond(onnx_context *c, ir_value *within, recurrent_state fresh,
                                   recurrent_state old) {
  recurrent_state kept = {.hidden = ir_select(c->b, within, fresh.hidden, old.hidden)};
  if (fresh.memory) kept.memory = ir_select(c->b, within, fresh.memory, old.memory);
  return kept;
}

recurrent_state recurrent_advance(onnx_context *c, const recurrent_cell *cell, ir_value *inputs,
                                  const recurrent_place *place, recurrent_state state, ir_value **output) {
  if (onnx_failed(c)) return state;
  ir_dim row[2] = {inputs->type.dims[1], inputs->type.dims[2]};
  ir_value *x = ir_slice_axis(c->b, inputs, 0, place->step, onnx_dim(c, 1));
  recurrent_state fresh = cell->step(c, cell, ir_reshape(c->b, x, row, 2), state);
  *output = fresh.hidden;
  if (!place->lengths || onnx_failed(c)) return fresh;
  ir_value *within = ir_binary(c->b, IR_GT, place->lengths, ir_dim_scalar(c->b, place->step));
  *output = ir_select(c->b, within, fresh.hidden, onnx_number_like(c, fresh.hidden, 0));
  return keep_beyond(c, within, fresh, state);
}

recurrent_state recurrent_unroll(onnx_context *c, const recurrent_cell *cell, ir_value *inputs,
                                 const recurrent_order *order, recurrent_state state, ir_value **outputs) {
  int64_t steps = 0;
  ir_dim_is_const(order->steps, &steps);
  ir_value **shown = ARENA_ARRAY(c->a, ir_value *, (size_t)steps + 1);
  ir_dim step_shape[3] = {onnx_dim(c, 1), inputs->type.dims[1], cell->hidden_size};
  for (int64_t k = 0; k < steps && !onnx_failed(c); k++) {
    int64_t t = order->backward ? steps - 1 - k : k;
    recurrent_place place = {onnx_dim(c, t), order->lengths};
    ir_value *output = NULL;
    state = recurrent_advance(c, cell, inputs, &place, state, &output);
    shown[t] = ir_reshape(c->b, output, step_shape, 3);
  }
  if (!onnx_failed(c)) *outputs = ir_concat(c->b, shown, (int)steps, 0);
  return state;
}
