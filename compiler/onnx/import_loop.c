/*
 * import_loop.c: Loop and Scan as a loop node (ir.h, Control flow). The
 * number of the turn is a symbol, so what a body slices by it is a view. A
 * carried value that changes its shape gets sizes of its own, which are
 * carried beside it and measured at the start of each turn.
 */
#include "onnx/import.h"

#include <string.h>

enum { MOST_CARRIED = 64, MOST_VALUES = 256, MOST_ATTEMPTS = IR_MAX_RANK * 2 };

typedef struct {
  onnx_context *c;
  const Onnx__GraphProto *proto;
  ir_value *trip, *condition;     /* i64 [], bool [] */
  ir_dim turn;                    /* the symbol */
  int carried;                    /* values that ONNX carries */
  ir_value *first[MOST_CARRIED];  /* their first contents */
  uint32_t varying[MOST_CARRIED]; /* bit d: the size of axis d changes */
  int size_count;                 /* sizes carried in front of the values */
  const char *input_names[MOST_CARRIED];
  onnx_body body;
  ir_value *outputs[MOST_VALUES]; /* of the body: condition, carried, gathered */
  int output_count;
  bool has_condition;  /* the ONNX body gives it; a scan's does not */
  size_t symbol_count; /* before the body: its own symbols are younger */
  /* Gives the body its further names, such as a scan's slices. */
  void (*enter)(void *user, onnx_body *body);
  void *user;
} loop_import;

static ir_value *truth(ir_builder *b) {
  return ir_const_data(b, &(ir_type){.dtype = SMELT_BOOL}, &(bool){true});
}

static ir_value *scalar(onnx_context *c, ir_builder *b, ir_value *x) {
  int64_t count;
  if (b->failed || x->type.rank == 0) return x;
  if (!ir_type_is_static(&x->type, &count) || count != 1)
    return onnx_fail(c, "a condition or count must be one value");
  return ir_reshape(b, x, NULL, 0);
}

/* ---- one attempt at the body ---- */

/* Sizes first, then the values whose types are made of them. */
static void add_carried_inputs(loop_import *l) {
  onnx_context *c = l->c;
  ir_dim sizes[MOST_CARRIED][IR_MAX_RANK];
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

static bool import_body(loop_import *l) {
  onnx_context *c = l->c;
  onnx_body_begin(c, &l->body);
  add_carried_inputs(l);
  l->enter(l->user, &l->body);
  if (!l->has_condition) l->outputs[0] = truth(&l->body.builder);
  return onnx_body_import(c, &l->body, l->proto, l->outputs + !l->has_condition);
}

/* Marks the sizes that a turn changes; false if there were none new. */
static bool find_varying(loop_import *l) {
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

static bool check_kinds(loop_import *l) {
  for (int i = 0; i < l->carried; i++) {
    const ir_type *in = &l->first[i]->type, *out = &l->outputs[1 + i]->type;
    if (in->dtype == out->dtype && in->rank == out->rank) continue;
    onnx_fail(l->c, "its carried value %d changes its element type or rank in its body", i);
    return false;
  }
  return true;
}

static bool import_stable_body(loop_import *l) {
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

static void add_body_outputs(loop_import *l) {
  ir_builder *b = &l->body.builder;
  ir_graph *g = l->body.graph;
  ir_graph_add_output(g, "condition", scalar(l->c, b, l->outputs[0]));
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

static ir_value *build_loop(loop_import *l) {
  onnx_context *c = l->c;
  int count = 2 + l->size_count + l->carried + (int)l->body.captured_count, at = 0;
  ir_value **operands = ARENA_ARRAY(c->a, ir_value *, (size_t)count);
  operands[at++] = l->trip;
  operands[at++] = l->condition;
  for (int i = 0; i < l->carried; i++) {
    for (int d = 0; d < l->first[i]->type.rank; d++)
      if (l->varying[i] >> d & 1) operands[at++] = ir_dim_scalar(c->b, l->first[i]->type.dims[d]);
  }
  for (int i = 0; i < l->carried; i++) operands[at++] = l->first[i];
  for (size_t i = 0; i < l->body.captured_count; i++) operands[at++] = l->body.captured[i];
  ir_dim *turn = arena_copy(c->a, &l->turn, sizeof l->turn);
  ir_attrs attrs = {
      .dim_list = turn, .dim_count = 1, .body = l->body.graph, .carried = l->size_count + l->carried};
  return ir_build(c->b, IR_LOOP, operands, count, &attrs);
}

static ir_value *carried_part(loop_import *l, ir_value *loop, int index, int *size) {
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
static ir_dim turn_count(loop_import *l, ir_value *loop) {
  double first, later;
  ir_module *m = l->c->m;
  bool always = ir_value_scalar(l->condition, &first) && first != 0 &&
                ir_value_scalar(l->body.graph->outputs[0].value, &later) && later != 0;
  if (always && l->trip->content)
    return ir_dim_max(m, ir_dim_resolve(m, l->trip->content[0]), ir_dim_const(m, 0));
  return ir_measure(l->c->b, loop, "turns", l->turn);
}

static ir_value *gathered_part(loop_import *l, ir_value *loop, int index, ir_dim turns) {
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
static void limit_turns(loop_import *l) {
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
static void import_loop_node(loop_import *l, ir_value **parts) {
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

static bool check_counts(onnx_context *c, const Onnx__GraphProto *body, int carried) {
  if (!body) {
    onnx_fail(c, "it has no body");
    return false;
  }
  if (carried > MOST_CARRIED || body->n_output > MOST_VALUES || body->n_input > MOST_VALUES) {
    onnx_fail(c, "its body has too many inputs or outputs");
    return false;
  }
  return true;
}

/* ---- Loop (opset 1, 11, 13) ---- */

static void enter_loop(void *user, onnx_body *body) {
  loop_import *l = user;
  onnx_context *c = l->c;
  const Onnx__ValueInfoProto *const *inputs = (const Onnx__ValueInfoProto *const *)l->proto->input;
  ir_value *number = ir_dim_scalar(&body->builder, l->turn);
  onnx_body_name(c, body, onnx_text(inputs[0]->name), number);
  onnx_body_name(c, body, onnx_text(inputs[1]->name), truth(&body->builder));
}

static ir_value *import_loop(onnx_context *c) {
  const Onnx__GraphProto *body = onnx_attr_graph(c, "body");
  int carried = c->in_count > 2 ? c->in_count - 2 : 0;
  if (!check_counts(c, body, carried)) return NULL;
  if (body->n_input != (size_t)carried + 2 || body->n_output < (size_t)carried + 1)
    return onnx_fail(c, "its body does not take and give what it carries");
  if (c->out_count > (int)body->n_output - 1) return onnx_fail(c, "it has more outputs than its body");
  if (onnx_unroll_loop(c, body)) return c->out[0];
  if (onnx_failed(c)) return NULL;
  loop_import *l = ARENA_NEW(c->a, loop_import);
  *l = (loop_import){
      .c = c, .proto = body, .carried = carried, .output_count = (int)body->n_output, .enter = enter_loop};
  l->has_condition = true;
  l->user = l;
  int64_t forever = INT64_MAX;
  l->trip = c->in[0] ? ir_cast(c->b, scalar(c, c->b, c->in[0]), SMELT_I64)
                     : ir_const_data(c->b, &(ir_type){.dtype = SMELT_I64}, &forever);
  l->condition = c->in[1] ? scalar(c, c->b, c->in[1]) : truth(c->b);
  for (int i = 0; i < carried; i++) {
    l->first[i] = c->in[2 + i];
    l->input_names[i] = onnx_text(body->input[2 + i]->name);
    if (!l->first[i]) return onnx_fail(c, "its input %d is missing", 2 + i);
  }
  ir_value **parts = ARENA_ARRAY(c->a, ir_value *, body->n_output + 1);
  import_loop_node(l, parts);
  for (int i = 0; i < c->out_count; i++) c->out[i] = parts[i];
  return onnx_failed(c) ? l->condition : parts[0];
}

/* ---- Scan (opset 9, 11) ---- */

typedef struct {
  loop_import loop;
  int scanned; /* inputs that are scanned */
  ir_value *inputs[MOST_CARRIED];
  int axes[MOST_CARRIED];
  bool backward[MOST_CARRIED];
  ir_dim length;
} scan_import;

/* Names for this turn's slice of each scanned input. */
static void enter_scan(void *user, onnx_body *body) {
  scan_import *s = user;
  onnx_context *c = s->loop.c;
  ir_builder *b = &body->builder;
  for (int i = 0; i < s->scanned; i++) {
    ir_value *x = onnx_body_capture(c->model, body, s->inputs[i]);
    ir_dim last = ir_dim_sub(c->m, s->length, ir_dim_const(c->m, 1));
    ir_dim at = s->backward[i] ? ir_dim_sub(c->m, last, s->loop.turn) : s->loop.turn;
    ir_value *slice = ir_slice_axis(b, x, s->axes[i], at, ir_dim_const(c->m, 1));
    ir_dim dims[IR_MAX_RANK];
    int rank = 0;
    for (int d = 0; d < x->type.rank; d++)
      if (d != s->axes[i]) dims[rank++] = x->type.dims[d];
    onnx_body_name(c, body, onnx_text(s->loop.proto->input[s->loop.carried + i]->name),
                   ir_reshape(b, slice, dims, rank));
  }
}

static int64_t listed(const int64_t *list, int count, int index, int64_t fallback) {
  return list && index < count ? list[index] : fallback;
}

static bool read_scan_inputs(onnx_context *c, scan_import *s) {
  int axis_count, direction_count;
  const int64_t *axes = onnx_attr_ints(c, "scan_input_axes", &axis_count);
  const int64_t *directions = onnx_attr_ints(c, "scan_input_directions", &direction_count);
  for (int i = 0; i < s->scanned; i++) {
    ir_value *x = s->inputs[i] = c->in[s->loop.carried + i];
    if (!x) return onnx_fail(c, "a scanned input is missing"), false;
    s->axes[i] = onnx_axis(c, listed(axes, axis_count, i, 0), x->type.rank);
    s->backward[i] = listed(directions, direction_count, i, 0) == 1;
    if (onnx_failed(c)) return false;
    ir_dim length = x->type.dims[s->axes[i]];
    if (!s->length) s->length = length;
    if (!ir_dim_unify(c->m, s->length, length))
      return onnx_fail(c, "its scanned inputs differ in length"), false;
  }
  return true;
}

/* Turns are in front and in order; the node may want them elsewhere, or reversed. */
static ir_value *arrange(onnx_context *c, ir_value *x, int64_t axis, bool backward) {
  int rank = x->type.rank, to = onnx_axis(c, axis, rank), perm[IR_MAX_RANK], n = 0;
  if (onnx_failed(c)) return x;
  if (backward) {
    ir_dim start[IR_MAX_RANK];
    int64_t step[IR_MAX_RANK];
    for (int d = 0; d < rank; d++) {
      start[d] = d ? onnx_dim(c, 0) : ir_dim_sub(c->m, x->type.dims[0], onnx_dim(c, 1));
      step[d] = d ? 1 : -1;
    }
    x = ir_slice(c->b, x, start, x->type.dims, step);
  }
  for (int d = 0; d < rank; d++) perm[d] = d == to ? 0 : ++n;
  return ir_transpose(c->b, x, perm);
}

/* The loop over slices of s->inputs from s->loop.first on. Fills parts. */
static void scan(scan_import *s, ir_value **parts) {
  onnx_context *c = s->loop.c;
  s->loop.trip = ir_dim_scalar(c->b, s->length);
  s->loop.condition = truth(c->b);
  import_loop_node(&s->loop, parts);
}

/* The node's values, checked; `from`: where they start among the inputs. NULL after a failure. */
static scan_import *begin_scan(onnx_context *c, int from) {
  const Onnx__GraphProto *body = onnx_attr_graph(c, "body");
  int64_t scanned = onnx_attr_int(c, "num_scan_inputs", 0);
  int given = c->in_count - from;
  if (scanned < 1 || scanned > given || scanned > MOST_CARRIED) {
    onnx_fail(c, "num_scan_inputs is %lld, but it has %d inputs", (long long)scanned, given);
    return NULL;
  }
  int carried = given - (int)scanned;
  if (!check_counts(c, body, carried)) return NULL;
  bool fits = body->n_input == (size_t)given && body->n_output >= (size_t)carried;
  if (!fits || (int)body->n_output < c->out_count) {
    onnx_fail(c, "its body does not take and give what it carries");
    return NULL;
  }
  scan_import *s = ARENA_NEW(c->a, scan_import);
  s->loop = (loop_import){.c = c, .proto = body, .carried = carried, .enter = enter_scan, .user = s};
  s->loop.output_count = (int)body->n_output + 1;
  s->scanned = (int)scanned;
  for (int i = 0; i < given; i++) {
    if (!c->in[from + i]) {
      onnx_fail(c, "its input %d is missing", from + i);
      return NULL;
    }
    if (i >= carried) continue;
    s->loop.first[i] = c->in[from + i];
    s->loop.input_names[i] = onnx_text(body->input[i]->name);
  }
  return s;
}

static ir_value *import_scan(onnx_context *c) {
  scan_import *s = begin_scan(c, 0);
  if (!s || !read_scan_inputs(c, s)) return NULL;
  ir_value **parts = ARENA_ARRAY(c->a, ir_value *, (size_t)s->loop.output_count + 1);
  scan(s, parts);
  int axis_count, direction_count, carried = s->loop.carried;
  const int64_t *axes = onnx_attr_ints(c, "scan_output_axes", &axis_count);
  const int64_t *directions = onnx_attr_ints(c, "scan_output_directions", &direction_count);
  for (int i = 0; i < c->out_count && !onnx_failed(c); i++) {
    int k = i - carried;
    c->out[i] = k < 0 ? parts[i]
                      : arrange(c, parts[i], listed(axes, axis_count, k, 0),
                                listed(directions, direction_count, k, 0) == 1);
  }
  return onnx_failed(c) ? s->loop.condition : c->out[0];
}

/* ---- Scan in opset 8: a batch in front, each of its rows scanned by itself ---- */

enum { MOST_ROWS = 64 };

/* Row `row` of x: [B, ...] */
static ir_value *batch_row(onnx_context *c, ir_value *x, int64_t row) {
  ir_value *one = ir_slice_axis(c->b, x, 0, onnx_dim(c, row), onnx_dim(c, 1));
  return ir_reshape(c->b, one, x->type.dims + 1, x->type.rank - 1);
}

static ir_value *stack(onnx_context *c, ir_value **rows, int64_t count) {
  for (int64_t i = 0; i < count && !onnx_failed(c); i++) {
    ir_dim dims[IR_MAX_RANK] = {onnx_dim(c, 1)};
    int rank = rows[i]->type.rank;
    if (rank == IR_MAX_RANK) return onnx_fail(c, "a result has too many axes");
    for (int d = 0; d < rank; d++) dims[d + 1] = rows[i]->type.dims[d];
    rows[i] = ir_reshape(c->b, rows[i], dims, rank + 1);
  }
  return onnx_failed(c) ? rows[0] : ir_concat(c->b, rows, (int)count, 0);
}

static ir_value *import_batched_scan(onnx_context *c) {
  scan_import *s = begin_scan(c, 1);
  int64_t batch;
  int direction_count, carried = s ? s->loop.carried : 0;
  if (!s) return NULL;
  if (c->in[0]) return onnx_fail(c, "lengths for each sequence are not supported");
  const int64_t *directions = onnx_attr_ints(c, "directions", &direction_count);
  for (int i = 1; i < c->in_count; i++) {
    bool fits = c->in[i]->type.rank > (i > carried) && ir_dim_is_const(c->in[i]->type.dims[0], &batch);
    if (!fits || batch < 1 || batch > MOST_ROWS)
      return onnx_fail(c, "its batch must be from 1 to %d", MOST_ROWS);
    if (!ir_dim_unify(c->m, c->in[i]->type.dims[0], c->in[1]->type.dims[0]))
      return onnx_fail(c, "its batches differ");
  }
  ir_value **results = ARENA_ARRAY(c->a, ir_value *, (size_t)(s->loop.output_count * MOST_ROWS));
  for (int64_t row = 0; row < batch && !onnx_failed(c); row++) {
    ir_value **parts = ARENA_ARRAY(c->a, ir_value *, (size_t)s->loop.output_count);
    for (int i = 0; i < carried; i++) s->loop.first[i] = batch_row(c, c->in[1 + i], row);
    for (int i = 0; i < s->scanned; i++) {
      s->inputs[i] = batch_row(c, c->in[1 + carried + i], row);
      s->backward[i] = listed(directions, direction_count, i, 0) == 1;
      s->length = s->inputs[i]->type.dims[0];
    }
    scan(s, parts);
    for (int i = 0; i < c->out_count; i++) results[i * MOST_ROWS + row] = parts[i];
  }
  for (int i = 0; i < c->out_count && !onnx_failed(c); i++)
    c->out[i] = stack(c, results + i * MOST_ROWS, batch);
  return onnx_failed(c) ? s->loop.condition : c->out[0];
}

static const onnx_op_row rows[] = {
    {"", "Loop", 1, 0, 0, -1, import_loop, IR_IDENTITY},
    {"", "Scan", 8, 8, 0, -1, import_batched_scan, IR_IDENTITY},
    {"", "Scan", 9, 0, 1, -1, import_scan, IR_IDENTITY},
};
const onnx_op_table onnx_loop_ops = ONNX_OP_TABLE(rows);
