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
                      const recurrent_order *order, ir_dim turn, recurrent_state state) {
  onnx_context inside = *c;
  inside.b = &body->builder;
  recurrent_state own = {.hidden = ir_graph_add_input(body->graph, "hidden", &state.hidden->type)};
  if (state.memory) own.memory = ir_graph_add_input(body->graph, "memory", &state.memory->type);
  recurrent_cell own_cell = captured_cell(c, body, cell);
  ir_dim last = ir_dim_sub(c->m, order->steps, onnx_dim(c, 1));
  recurrent_place place = {.step = order->backward ? ir_dim_sub(c->m, last, turn) : turn};
  if (order->lengths) place.lengths = onnx_body_capture(c->model, body, order->lengths);
  ir_value *rows = onnx_body_capture(c->model, body, inputs), *output = NULL;
  recurrent_state fresh = recurrent_advance(&inside, &own_cell, rows, &place, own, &output);
  if (body->builder.failed) {
    ir_build_fail(c->b, body->builder.failed);
    return;
  }
  ir_value *always = ir_const_data(&body->builder, &(ir_type){.dtype = SMELT_BOOL}, &(bool){true});
  ir_graph_add_output(body->graph, "condition", always);
  ir_graph_add_output(body->graph, "next_hidden", fresh.hidden);
  if (state.memory) ir_graph_add_output(body->graph, "next_memory", fresh.memory);
  ir_graph_add_output(body->graph, "output", output);
}

static ir_value *build_loop(onnx_context *c, const onnx_body *body, ir_dim steps, ir_dim turn,
                            recurrent_state state) {
  int carried = state.memory ? 2 : 1, count = 0;
  ir_value **operands = ARENA_ARRAY(c->a, ir_value *, 4 + body->captured_count);
  operands[count++] = ir_dim_scalar(c->b, steps);
  operands[count++] = ir_const_data(c->b, &(ir_type){.dtype = SMELT_BOOL}, &(bool){true});
  operands[count++] = state.hidden;
  if (state.memory) operands[count++] = state.memory;
  for (size_t i = 0; i < body->captured_count; i++) operands[count++] = body->captured[i];
  ir_attrs attrs = {.dim_list = arena_copy(c->a, &turn, sizeof turn), .dim_count = 1, .body = body->graph};
  attrs.carried = carried;
  return ir_build(c->b, IR_LOOP, operands, count, &attrs);
}

recurrent_state recurrent_loop(onnx_context *c, const recurrent_cell *cell, ir_value *inputs,
                               const recurrent_order *order, recurrent_state state, ir_value **outputs) {
  onnx_body *body = ARENA_NEW(c->a, onnx_body);
  ir_dim turn = ir_dim_new_symbol(c->m, "turn"), zero = onnx_dim(c, 0);
  ir_dim_set_limit(c->m, turn, order->steps);
  onnx_body_begin(c, body);
  fill_body(c, body, cell, inputs, order, turn, state);
  *outputs = inputs;
  if (onnx_failed(c)) return state;
  ir_value *loop = build_loop(c, body, order->steps, turn, state);
  ir_type gathered = {.dtype = inputs->type.dtype, .rank = 3};
  ir_dim dims[3] = {order->steps, inputs->type.dims[1], cell->hidden_size};
  for (int i = 0; i < 3; i++) gathered.dims[i] = dims[i];
  recurrent_state last = {.hidden = onnx_body_part(c, loop, 0, &state.hidden->type)};
  if (state.memory) last.memory = onnx_body_part(c, loop, 1, &state.memory->type);
  *outputs = onnx_body_part(c, loop, state.memory ? 2 : 1, &gathered);
  if (order->backward) { /* turns come in order, steps from the last */
    ir_dim start[3] = {ir_dim_sub(c->m, order->steps, onnx_dim(c, 1)), zero, zero};
    *outputs = ir_slice(c->b, *outputs, start, dims, (const int64_t[]){-1, 1, 1});
  }
  return last;
}
