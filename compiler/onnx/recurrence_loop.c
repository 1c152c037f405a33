/* recurrence_loop.c: the steps of a recurrent layer as a loop node (ir.h, Control flow). */
#include "onnx/recurrence.h"

/* The cell as the body sees it. */
static recurrent_cell captured_cell(onnx_context *c, onnx_body *body, const recurrent_cell *cell) {
  recurrent_cell own = *cell;
  own.weight = onnx_body_capture(c->model, body, cell->weight);
  if (cell->bias) own.bias = onnx_body_capture(c->model, body, cell->bias);
  if (cell->peephole) own.peephole = onnx_body_capture(c->model, body, cell->peephole);
  return own;
}

/* One turn: the state goes in and comes out, the step's output is gathered. */
static void fill_body(onnx_context *c, onnx_body *body, const recurrent_cell *cell, ir_value *inputs,
                      const recurrent_order *order, recurrent_state state) {
  onnx_context inside = *c;
  inside.b = &body->builder;
  recurrent_state own = {.hidden = ir_graph_add_input(body->graph, "hidden", &state.hidden->type)};
  if (state.memory) own.memory = ir_graph_add_input(body->graph, "memory", &state.memory->type);
  recurrent_cell own_cell = captured_cell(c, body, cell);
  ir_dim last = ir_dim_sub(c->m, order->steps, onnx_dim(c, 1));
  recurrent_place place = {.step = order->backward ? ir_dim_sub(c->m, last, body->turn) : body->turn};
  if (order->lengths) place.lengths = onnx_body_capture(c->model, body, order->lengths);
  ir_value *rows = onnx_body_capture(c->model, body, inputs), *output = NULL;
  recurrent_state fresh = recurrent_advance(&inside, &own_cell, rows, &place, own, &output);
  if (body->builder.failed) {
    ir_build_fail(c->b, body->builder.failed);
    return;
  }
  ir_graph_add_output(body->graph, "next_hidden", fresh.hidden);
  if (state.memory) ir_graph_add_output(body->graph, "next_memory", fresh.memory);
  ir_graph_add_output(body->graph, "output", output);
}

recurrent_state recurrent_loop(onnx_context *c, const recurrent_cell *cell, ir_value *inputs,
                               const recurrent_order *order, recurrent_state state, ir_value **outputs) {
  onnx_body *body = ARENA_NEW(c->a, onnx_body);
  onnx_body_begin_turns(c, body, "turn", order->steps);
  fill_body(c, body, cell, inputs, order, state);
  *outputs = inputs;
  if (onnx_failed(c)) return state;
  ir_value *first[] = {state.hidden, state.memory}, *steps = ir_dim_scalar(c->b, order->steps);
  ir_value *loop = onnx_body_loop(c, body, steps, NULL, first, state.memory ? 2 : 1);
  ir_type gathered = {.dtype = inputs->type.dtype,
                      .rank = 3,
                      .dims = {order->steps, inputs->type.dims[1], cell->hidden_size}};
  recurrent_state last = {.hidden = onnx_body_part(c, loop, 0, &state.hidden->type)};
  if (state.memory) last.memory = onnx_body_part(c, loop, 1, &state.memory->type);
  *outputs = onnx_body_part(c, loop, state.memory ? 2 : 1, &gathered);
  if (order->backward) { /* turns come in order, steps from the last */
    ir_dim zero = onnx_dim(c, 0), start[3] = {ir_dim_sub(c->m, order->steps, onnx_dim(c, 1)), zero, zero};
    *outputs = ir_slice(c->b, *outputs, start, gathered.dims, (const int64_t[]){-1, 1, 1});
  }
  return last;
}
