/* loop.c: a body that runs in turns as a loop node, its shapes found by trying. */
#include "onnx/loop.h"

/* How often a body is imported until its shapes are known: each finds at least one more size that changes. */
enum { MOST_ATTEMPTS = IR_MAX_RANK * 2 };

ir_value *onnx_loop_scalar(onnx_context *c, ir_builder *b, ir_value *x) {
  int64_t count;
  if (b->failed || x->type.rank == 0) return x;
  if (!ir_type_is_static(&x->type, &count) || count != 1)
    return onnx_fail(c, "a condition or count must be one value");
  return ir_reshape(b, x, NULL, 0);
}

/* ---- one attempt at the body ---- */

/* Sizes first, then the values whose types are made of them. */
static void add_carried_inputs(onnx_loop *l) {
  onnx_context *c = l->c;
  ir_dim sizes[ONNX_LOOP_MOST_CARRIED][IR_MAX_RANK] = {{NULL}};
  l->size_count = 0;
  for (int i = 0; i < l->carried; i++) {
    for (int d = 0; d < l->first[i]->type.rank; d++) {
      if (!(l->varying[i] >> d & 1)) continue;
      const char *name = arena_format(c->a, "size_%d", l->size_count++);
      ir_value *size = ir_graph_add_input(l->body.graph, name, &(ir_type){.dtype = SMELT_I64});
      sizes[i][d] = ir_measure(&l->body.builder, size, "size", NULL);
    }
  }
  for (int i = 0; i < l->carried; i++) {
    ir_type type = l->first[i]->type;
    for (int d = 0; d < type.rank; d++) {
      if (l->varying[i] >> d & 1) type.dims[d] = sizes[i][d];
    }
    const char *name = arena_format(c->a, "carried_%d", i);
    onnx_body_name(c, &l->body, l->input_names[i], ir_graph_add_input(l->body.graph, name, &type));
  }
}

static bool import_body(onnx_loop *l) {
  onnx_context *c = l->c;
  onnx_body_begin(c, &l->body);
  add_carried_inputs(l);
  l->enter(l, &l->body);
  if (!l->gives_condition) l->outputs[0] = ir_const_scalar(&l->body.builder, SMELT_BOOL, 1);
  return onnx_body_import(c, &l->body, l->proto, l->outputs + !l->gives_condition);
}

/* Marks the sizes that a turn changes; false if there were none new. */
static bool find_varying(onnx_loop *l) {
  bool found = false;
  for (int i = 0; i < l->carried; i++) {
    const ir_type *in = &l->body.graph->inputs[l->size_count + i]->type, *out = &l->outputs[1 + i]->type;
    for (int d = 0; d < in->rank && d < out->rank; d++) {
      if (l->varying[i] >> d & 1 || ir_dim_equal(l->c->m, in->dims[d], out->dims[d])) continue;
      l->varying[i] |= 1u << d;
      found = true;
    }
  }
  return found;
}

static bool check_kinds(onnx_loop *l) {
  for (int i = 0; i < l->carried; i++) {
    const ir_type *in = &l->first[i]->type, *out = &l->outputs[1 + i]->type;
    if (in->dtype == out->dtype && in->rank == out->rank) continue;
    onnx_fail(l->c, "its carried value %d changes its element type or rank in its body", i);
    return false;
  }
  return true;
}

static bool import_stable_body(onnx_loop *l) {
  l->symbol_count = ir_dim_symbol_count(l->c->m);
  for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    if (!import_body(l) || !check_kinds(l)) return false;
    if (!find_varying(l)) return true;
    onnx_body_drop(&l->body);
  }
  onnx_fail(l->c, "the shapes of its carried values change in a way that is not supported");
  return false;
}

/* ---- the node ---- */

static void add_body_outputs(onnx_loop *l) {
  ir_builder *b = &l->body.builder;
  ir_graph *g = l->body.graph;
  ir_graph_add_output(g, "condition", onnx_loop_scalar(l->c, b, l->outputs[0]));
  for (int i = 0, n = 0; i < l->carried; i++) {
    for (int d = 0; d < l->first[i]->type.rank; d++) {
      if (!(l->varying[i] >> d & 1)) continue;
      ir_graph_add_output(g, arena_format(l->c->a, "next_size_%d", n++),
                          ir_dim_scalar(b, l->outputs[1 + i]->type.dims[d]));
    }
  }
  for (int i = 1; i < l->output_count; i++)
    ir_graph_add_output(g, arena_format(l->c->a, i <= l->carried ? "next_%d" : "gathered_%d", i - 1),
                        l->outputs[i]);
}

static ir_value *build_loop(onnx_loop *l) {
  onnx_context *c = l->c;
  ir_value **first = ARENA_ARRAY(c->a, ir_value *, (size_t)(l->size_count + l->carried));
  int count = 0;
  for (int i = 0; i < l->carried; i++) {
    for (int d = 0; d < l->first[i]->type.rank; d++)
      if (l->varying[i] >> d & 1) first[count++] = ir_dim_scalar(c->b, l->first[i]->type.dims[d]);
  }
  for (int i = 0; i < l->carried; i++) first[count++] = l->first[i];
  l->body.turn = l->turn;
  return onnx_body_loop(c, &l->body, l->trip, l->condition, first, count);
}

static ir_value *carried_part(onnx_loop *l, ir_value *loop, int index, int *size) {
  onnx_context *c = l->c;
  ir_type type = l->first[index]->type;
  for (int d = 0; d < type.rank; d++) {
    if (!(l->varying[index] >> d & 1)) continue;
    type.dims[d] =
        ir_measure(c->b, onnx_body_part(c, loop, (*size)++, &(ir_type){.dtype = SMELT_I64}), "size", NULL);
  }
  return onnx_body_part(c, loop, l->size_count + index, &type);
}

/* How many turns there were: what is known of it, or measured. */
static ir_dim turn_count(onnx_loop *l, ir_value *loop) {
  double first, later;
  ir_module *m = l->c->m;
  bool always = ir_value_scalar(l->condition, &first) && first != 0 &&
                ir_value_scalar(l->body.graph->outputs[0].value, &later) && later != 0;
  if (always && l->trip->content)
    return ir_dim_max(m, ir_dim_resolve(m, l->trip->content[0]), ir_dim_const(m, 0));
  return ir_measure(l->c->b, loop, "turns", l->turn);
}

static ir_value *gathered_part(onnx_loop *l, ir_value *loop, int index, ir_dim turns) {
  onnx_context *c = l->c;
  const ir_type *type = &l->outputs[1 + index]->type;
  ir_type result = {.dtype = type->dtype, .rank = type->rank + 1, .dims = {turns}};
  if (type->rank == IR_MAX_RANK) return onnx_fail(c, "a gathered value has too many axes");
  for (int d = 0; d < type->rank; d++) {
    result.dims[d + 1] = ir_dim_resolve(c->m, type->dims[d]);
    if (!onnx_is_outer_dim(result.dims[d + 1], l->symbol_count))
      return onnx_fail(c, "its gathered value %d changes its shape from turn to turn", index - l->carried);
  }
  return onnx_body_part(c, loop, l->size_count + index, &result);
}

/* The most turns that memory must hold something for. */
static void limit_turns(onnx_loop *l) {
  int64_t count;
  ir_module *m = l->c->m;
  bool gathers = l->output_count > 1 + l->carried;
  if (l->trip->content && !(ir_dim_is_const(l->trip->content[0], &count) && count == INT64_MAX)) {
    ir_dim_set_limit(m, l->turn, ir_dim_max(m, l->trip->content[0], ir_dim_const(m, 0)));
  } else if (!gathers) {
    ir_dim_set_limit(m, l->turn, ir_dim_const(m, INT64_MAX - 1));
  }
}

/* Fills parts: carried values, then gathered ones. */
void onnx_loop_import(onnx_loop *l, ir_value **parts) {
  onnx_context *c = l->c;
  l->turn = ir_dim_new_symbol(c->m, "turn");
  limit_turns(l);
  if (!import_stable_body(l)) return;
  add_body_outputs(l);
  if (l->body.builder.failed) {
    ir_build_fail(c->b, l->body.builder.failed);
    return;
  }
  ir_value *loop = build_loop(l);
  int size = 0;
  for (int i = 0; i < l->carried; i++) parts[i] = carried_part(l, loop, i, &size);
  if (l->output_count == 1 + l->carried || onnx_failed(c)) return;
  ir_dim turns = turn_count(l, loop);
  for (int i = l->carried; i < l->output_count - 1; i++) parts[i] = gathered_part(l, loop, i, turns);
}

bool onnx_loop_check_body(onnx_context *c, const Onnx__GraphProto *body, int carried, int inputs,
                          int outputs) {
  if (!body) {
    onnx_fail(c, "it has no body");
    return false;
  }
  status s = OK;
  if (carried > ONNX_LOOP_MOST_CARRIED || body->n_output > ONNX_LOOP_MOST_VALUES ||
      body->n_input > ONNX_LOOP_MOST_VALUES) {
    s = fail(c->a, STATUS_INPUT, "its body has too many inputs or outputs");
    s = fail_expected(c->a, s, "at most %d, of them %d carried", ONNX_LOOP_MOST_VALUES,
                      ONNX_LOOP_MOST_CARRIED);
  } else if (body->n_input != (size_t)inputs || body->n_output < (size_t)outputs) {
    s = fail(c->a, STATUS_INPUT, "its body does not take and give what it carries");
    s = fail_expected(c->a, s, "%d inputs and at least %d outputs", inputs, outputs);
  }
  if (!s) return true;
  ir_build_fail(c->b, fail_found(c->a, s, "%zu inputs and %zu outputs", body->n_input, body->n_output));
  return false;
}
