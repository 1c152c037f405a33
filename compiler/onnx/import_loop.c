/* import_loop.c: Loop as its turns one after the other (unroll.c) or as a loop node (loop.h). */
#include "onnx/loop.h"

static void enter_loop(onnx_loop *l, onnx_body *body) {
  onnx_context *c = l->c;
  const Onnx__GraphProto *proto = l->proto;
  onnx_body_name(c, body, onnx_text(proto->input[0]->name), ir_dim_scalar(&body->builder, l->turn));
  onnx_body_name(c, body, onnx_text(proto->input[1]->name), ir_const_scalar(&body->builder, SMELT_BOOL, 1));
}

static ir_value *import_loop(onnx_context *c) {
  const Onnx__GraphProto *body = onnx_attr_graph(c, "body");
  int carried = c->in_count > 2 ? c->in_count - 2 : 0;
  int outputs = c->out_count > carried ? c->out_count : carried;
  if (!onnx_loop_check_body(c, body, carried, carried + 2, outputs + 1)) return NULL;
  if (onnx_unroll_loop(c, body)) return c->out[0];
  if (onnx_failed(c)) return NULL;
  onnx_loop *l = ARENA_NEW(c->a, onnx_loop);
  *l = (onnx_loop){.c = c, .proto = body, .carried = carried, .gives_condition = true, .enter = enter_loop};
  l->output_count = (int)body->n_output;
  int64_t forever = INT64_MAX; /* as a double it would be one more */
  l->trip = c->in[0] ? ir_cast(c->b, onnx_loop_scalar(c, c->b, c->in[0]), SMELT_I64)
                     : ir_const_data(c->b, &(ir_type){.dtype = SMELT_I64}, &forever);
  l->condition = c->in[1] ? onnx_loop_scalar(c, c->b, c->in[1]) : ir_const_scalar(c->b, SMELT_BOOL, 1);
  for (int i = 0; i < carried; i++) {
    l->first[i] = c->in[2 + i];
    l->input_names[i] = onnx_text(body->input[2 + i]->name);
    if (!l->first[i]) return onnx_fail(c, "its input %d is missing", 2 + i);
  }
  ir_value **parts = ARENA_ARRAY(c->a, ir_value *, body->n_output + 1);
  onnx_loop_import(l, parts);
  for (int i = 0; i < c->out_count; i++) c->out[i] = parts[i];
  return onnx_failed(c) ? l->condition : parts[0];
}

static const onnx_op_row rows[] = {
    {"", "Loop", 1, 0, 0, -1, import_loop, IR_LOOP},
};
const onnx_op_table onnx_loop_ops = ONNX_OP_TABLE(rows);
