/*
 * import_scan.c: Scan as a loop node (loop.h) whose body reads a slice of each
 * scanned input by the number of its turn.
 */
#include "onnx/loop.h"

typedef struct {
  onnx_loop loop; /* first: enter_scan gets it */
  int scanned;    /* inputs that are scanned */
  ir_value *inputs[ONNX_LOOP_MOST_CARRIED];
  int axes[ONNX_LOOP_MOST_CARRIED];
  bool backward[ONNX_LOOP_MOST_CARRIED];
  ir_dim length;
} scan_import;

/* Names for this turn's slice of each scanned input. */
static void enter_scan(onnx_loop *l, onnx_body *body) {
  scan_import *s = (scan_import *)l;
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
  s->loop.condition = ir_const_scalar(c->b, SMELT_BOOL, 1);
  onnx_loop_import(&s->loop, parts);
}

/* The node's values, checked; `from`: where they start among the inputs. NULL after a failure. */
static scan_import *begin_scan(onnx_context *c, int from) {
  const Onnx__GraphProto *body = onnx_attr_graph(c, "body");
  int64_t scanned = onnx_attr_int(c, "num_scan_inputs", 0);
  int given = c->in_count - from;
  if (scanned < 1 || scanned > given || scanned > ONNX_LOOP_MOST_CARRIED) {
    onnx_fail(c, "num_scan_inputs is %lld, but it has %d inputs", (long long)scanned, given);
    return NULL;
  }
  int carried = given - (int)scanned;
  int outputs = c->out_count > carried ? c->out_count : carried;
  if (!onnx_loop_check_body(c, body, carried, given, outputs)) return NULL;
  scan_import *s = ARENA_NEW(c->a, scan_import);
  s->loop = (onnx_loop){.c = c, .proto = body, .carried = carried, .enter = enter_scan};
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
  int64_t batch = 0;
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
    {"", "Scan", 8, 8, 0, -1, import_batched_scan, IR_LOOP},
    {"", "Scan", 9, 0, 1, -1, import_scan, IR_LOOP},
};
const onnx_op_table onnx_scan_ops = ONNX_OP_TABLE(rows);
