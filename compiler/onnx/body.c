/* body.c: graphs that a loop or branch runs, and what they see of the graph around them. */
#include "onnx/encoding.h"

/* What a body costs beside its nodes, as onnx_charge counts: some thousands of bodies are a hostile file. */
enum { BODY_WORK = 64 };

void onnx_body_begin(onnx_context *c, onnx_body *body) {
  *body = (onnx_body){.graph = ir_graph_new_body(c->b->graph), .around = c->b};
  body->builder = (ir_builder){.graph = body->graph, .origin = c->b->origin};
  body->scope = (onnx_scope){.parent = c->scope, .body = body};
  body->scope.given = ARENA_NEW(c->a, onnx_names);
  body->builder.failed = onnx_charge(c->model, BODY_WORK);
}

void onnx_body_begin_turns(onnx_context *c, onnx_body *body, const char *name, ir_dim turns) {
  ir_dim turn = ir_dim_new_symbol(c->m, name);
  ir_dim_set_limit(c->m, turn, turns);
  onnx_body_begin(c, body);
  body->turn = turn;
  ir_graph_add_output(body->graph, "condition", ir_const_scalar(&body->builder, SMELT_BOOL, 1));
}

void onnx_body_name(onnx_context *c, onnx_body *body, const char *name, ir_value *value) {
  onnx_names_add(c->a, &body->scope.names, name, NULL)->value = value;
}

bool onnx_body_import(onnx_context *c, onnx_body *body, const Onnx__GraphProto *proto, ir_value **values) {
  status s = body->builder.failed;
  if (!s) s = onnx_declare_initializers(c->model, proto, &body->scope);
  if (!s) s = onnx_import_body(c->model, &body->builder, &body->scope, proto, values);
  for (size_t i = 0; i < proto->n_output && !s; i++) {
    if (values[i] != c->model->none && !onnx_sequence_of(c->model, values[i])) continue;
    s = fail(c->a, STATUS_INPUT, "whether it runs depends on data, and its '%s' is a sequence or an optional",
             onnx_text(proto->output[i]->name));
  }
  if (s) ir_build_fail(c->b, s);
  return !s;
}

/* A sequence of what the body sees of the elements. */
static ir_value *capture_sequence(onnx_model *model, onnx_body *body, const onnx_sequence *outer) {
  ir_value *inner, **elements = ARENA_ARRAY(model->arena, ir_value *, (size_t)outer->count);
  for (int i = 0; i < outer->count; i++) elements[i] = onnx_body_capture(model, body, outer->elements[i]);
  status s = onnx_new_sequence(model, elements, outer->count, &inner);
  return s ? ir_build_fail(&body->builder, s) : inner;
}

ir_value *onnx_body_capture(onnx_model *model, onnx_body *body, ir_value *outer) {
  arena *a = model->arena;
  ir_builder *b = &body->builder;
  ir_value *inner = NULL;
  size_t own_count = body->graph->input_count - body->captured_count;
  const onnx_sequence *sequence = onnx_sequence_of(model, outer);
  if (sequence) return capture_sequence(model, body, sequence);
  if (outer == model->none) return outer;
  for (size_t i = 0; i < body->captured_count; i++) {
    if (body->captured[i] == outer) return body->graph->inputs[own_count + i];
  }
  int64_t count;
  if (ir_value_is_const(outer)) {
    inner = ir_const(b, outer->def->attrs.constant);
  } else if (outer->content && ir_type_is_static(&outer->type, &count)) {
    ir_value *sizes = ir_reshape(b, ir_dims(b, outer->content, count), outer->type.dims, outer->type.rank);
    inner = ir_cast(b, sizes, outer->type.dtype);
  } else {
    const char *name = arena_format(a, "outer_%zu", body->captured_count);
    ARENA_PUSH(a, body->captured, body->captured_count, body->captured_capacity) = outer;
    inner = ir_graph_add_input(body->graph, name, &outer->type);
  }
  onnx_note(model, inner, onnx_noted(model, outer));
  return inner;
}

ir_value *onnx_body_loop(onnx_context *c, const onnx_body *body, ir_value *trip, ir_value *condition,
                         ir_value *const *first, int carried) {
  int count = 0;
  ir_value **operands = ARENA_ARRAY(c->a, ir_value *, 2 + (size_t)carried + body->captured_count);
  operands[count++] = trip;
  operands[count++] = condition ? condition : ir_const_scalar(c->b, SMELT_BOOL, 1);
  for (int i = 0; i < carried; i++) operands[count++] = first[i];
  for (size_t i = 0; i < body->captured_count; i++) operands[count++] = body->captured[i];
  ir_attrs attrs = {.dim_list = arena_copy(c->a, &body->turn, sizeof body->turn), .dim_count = 1};
  attrs.body = body->graph;
  attrs.carried = carried;
  return ir_build(c->b, IR_LOOP, operands, count, &attrs);
}

ir_value *onnx_body_part(onnx_context *c, ir_value *from, int index, const ir_type *type) {
  ir_attrs attrs = {.dtype = type->dtype, .index = index, .rank = type->rank};
  for (int d = 0; d < type->rank; d++) attrs.shape[d] = type->dims[d];
  return ir_build(c->b, IR_PART, &from, 1, &attrs);
}

void onnx_body_drop(onnx_body *body) {
  ir_module *m = body->graph->module;
  while (m->graphs[m->graph_count - 1] != body->graph) m->graph_count--;
  m->graph_count--;
}

typedef struct {
  int64_t symbol_count;
  bool is_outer;
} dim_check;

static void visit_dim(void *user, ir_dim_op op, int64_t operand) {
  dim_check *check = user;
  if (op == IR_DIM_SYMBOL && operand >= check->symbol_count) check->is_outer = false;
}

bool onnx_is_outer_dim(ir_dim d, size_t symbol_count) {
  dim_check check = {(int64_t)symbol_count, true};
  ir_dim_visit_postfix(d, visit_dim, &check);
  return check.is_outer;
}
