/*
 * import_suppression.c: NonMaxSuppression. Candidates are sorted by score;
 * a loop over them keeps each one that no kept one before it covers, for all
 * batches and classes at once.
 */
#include "onnx/indexing.h"

#include <math.h>

enum { CORNERS = 4, LOW_Y = 0, LOW_X, HIGH_Y, HIGH_X, AREA, SCORE, PLANE_COUNT };

/* What the loop's body reads. */
typedef struct {
  ir_value *planes[PLANE_COUNT];    /* [B, C, N] each, sorted by score */
  ir_value *most, *overlap, *least; /* scalars: boxes per class (i64), thresholds */
} suppression;

static ir_value *plane(onnx_context *c, ir_value *boxes, int index, ir_value *places, const ir_dim *dims) {
  ir_dim all = ir_dim_mul(c->m, boxes->type.dims[0], boxes->type.dims[1]);
  ir_value *one = ir_slice_axis(c->b, boxes, 2, onnx_dim(c, index), onnx_dim(c, 1));
  return ir_reshape(c->b, ir_gather(c->b, ir_reshape(c->b, one, &all, 1), places, 0), dims, 3);
}

/* Corners of the boxes in order of score; a box is given by any two opposite corners, or centre and size. */
static void read_boxes(onnx_context *c, suppression *s, ir_value *order, const ir_dim *dims) {
  ir_builder *b = c->b;
  ir_dim one = onnx_dim(c, 1);
  ir_value *batch = ir_iota(b, (ir_dim[]){dims[0], one, one}, 3, 0, onnx_dim(c, 0), 1);
  ir_value *first = ir_binary(b, IR_MUL, batch, ir_dim_scalar(b, dims[2]));
  ir_value *places = ir_binary(b, IR_ADD, order, first), *p[CORNERS];
  for (int i = 0; i < CORNERS; i++) p[i] = plane(c, c->in[0], i, places, dims);
  if (onnx_attr_int(c, "center_point_box", 0) != 0) { /* x, y, width, height */
    ir_value *half = onnx_number_like(c, p[0], 0.5);
    ir_value *dx = ir_binary(b, IR_MUL, p[2], half), *dy = ir_binary(b, IR_MUL, p[3], half), *x = p[0],
             *y = p[1];
    p[0] = ir_binary(b, IR_SUB, y, dy);
    p[1] = ir_binary(b, IR_SUB, x, dx);
    p[2] = ir_binary(b, IR_ADD, y, dy);
    p[3] = ir_binary(b, IR_ADD, x, dx);
  }
  s->planes[LOW_Y] = ir_binary(b, IR_MIN, p[0], p[2]);
  s->planes[LOW_X] = ir_binary(b, IR_MIN, p[1], p[3]);
  s->planes[HIGH_Y] = ir_binary(b, IR_MAX, p[0], p[2]);
  s->planes[HIGH_X] = ir_binary(b, IR_MAX, p[1], p[3]);
  ir_value *height = ir_binary(b, IR_SUB, s->planes[HIGH_Y], s->planes[LOW_Y]);
  s->planes[AREA] = ir_binary(b, IR_MUL, height, ir_binary(b, IR_SUB, s->planes[HIGH_X], s->planes[LOW_X]));
}

static ir_value *scalar_input(onnx_context *c, int index, ir_dtype dtype, double otherwise) {
  int64_t count;
  ir_value *x = c->in[index];
  if (!x) return ir_const_scalar(c->b, dtype, otherwise);
  if (!ir_type_is_static(&x->type, &count) || count != 1)
    return onnx_fail(c, "its input %d must be one number", index);
  return ir_cast(c->b, ir_reshape(c->b, x, NULL, 0), dtype);
}

/* Overlap of the boxes' ranges with the candidate's (own: [B, C, 1]), 0 if there is none: [B, C, N] */
static ir_value *shared_length(ir_builder *b, ir_value *const *planes, ir_value *const *own, int low,
                               int high) {
  ir_value *end = ir_binary(b, IR_MIN, planes[high], own[high]);
  return ir_unary(b, IR_RELU, ir_binary(b, IR_SUB, end, ir_binary(b, IR_MAX, planes[low], own[low])));
}

/* kept: i64 [B, C, N], 0 or 1. Returns it after the candidate of this turn. */
static ir_value *judge(onnx_context *c, ir_builder *b, const suppression *s, ir_value *kept, ir_dim turn) {
  ir_value *const *planes = s->planes, *own[PLANE_COUNT];
  ir_dim one = onnx_dim(c, 1), N = kept->type.dims[2];
  for (int i = 0; i < PLANE_COUNT; i++) own[i] = ir_slice_axis(b, planes[i], 2, turn, one);
  ir_value *height = shared_length(b, planes, own, LOW_Y, HIGH_Y);
  ir_value *shared = ir_binary(b, IR_MUL, height, shared_length(b, planes, own, LOW_X, HIGH_X));
  ir_value *both = ir_binary(b, IR_SUB, ir_binary(b, IR_ADD, planes[AREA], own[AREA]), shared);
  ir_value *covers = ir_binary(b, IR_GT, ir_binary(b, IR_DIV, shared, both), s->overlap);
  ir_value *covered =
      ir_reduce(b, IR_REDUCE_MAX, ir_binary(b, IR_MUL, kept, ir_cast(b, covers, SMELT_I64)), 4);
  ir_value *room = ir_binary(b, IR_LT, ir_reduce(b, IR_REDUCE_SUM, kept, 4), s->most);
  ir_value *good = ir_binary(b, IR_AND, room, ir_binary(b, IR_GT, own[SCORE], s->least));
  good = ir_binary(b, IR_AND, good, ir_binary(b, IR_EQ, covered, ir_const_scalar(b, SMELT_I64, 0)));
  ir_value *places = ir_iota(b, (ir_dim[]){one, one, N}, 3, 2, onnx_dim(c, 0), 1);
  ir_value *here = ir_binary(b, IR_EQ, places, ir_dim_scalar(b, turn));
  return ir_select(b, here, ir_cast(b, good, SMELT_I64), kept);
}

static suppression capture(onnx_context *c, onnx_body *body, const suppression *outside) {
  suppression inside;
  for (int i = 0; i < PLANE_COUNT; i++)
    inside.planes[i] = onnx_body_capture(c->model, body, outside->planes[i]);
  inside.most = onnx_body_capture(c->model, body, outside->most);
  inside.overlap = onnx_body_capture(c->model, body, outside->overlap);
  inside.least = onnx_body_capture(c->model, body, outside->least);
  return inside;
}

/* The loop over candidates, from none kept on: what is kept, [B, C, N]. */
static ir_value *keep_best(onnx_context *c, const suppression *outside, const ir_dim *dims) {
  onnx_body body;
  ir_value *none = ir_expand(c->b, ir_const_scalar(c->b, SMELT_I64, 0), dims, 3);
  if (onnx_failed(c)) return none;
  onnx_body_begin_turns(c, &body, "candidate", dims[2]);
  ir_value *kept = ir_graph_add_input(body.graph, "kept", &none->type);
  suppression inside = capture(c, &body, outside);
  kept = judge(c, &body.builder, &inside, kept, body.turn);
  if (body.builder.failed) return ir_build_fail(c->b, body.builder.failed);
  ir_graph_add_output(body.graph, "kept_so_far", kept);
  ir_value *loop = onnx_body_loop(c, &body, ir_dim_scalar(c->b, dims[2]), NULL, &none, 1);
  return onnx_body_part(c, loop, 0, &none->type);
}

/* boxes: [B, N, 4], scores: [B, C, N] -> [selected, 3] i64: batch, class, box, best first in each class. */
static ir_value *import_suppression(onnx_context *c) {
  ir_builder *b = c->b;
  ir_value *scores = c->in[1];
  if (c->in[0]->type.rank != 3 || scores->type.rank != 3)
    return onnx_fail(c, "boxes and scores must have rank 3");
  const ir_dim *dims = scores->type.dims;
  bool fits = ir_dim_unify(c->m, c->in[0]->type.dims[0], dims[0]) &&
              ir_dim_unify(c->m, c->in[0]->type.dims[1], dims[2]);
  if (!fits || !ir_dim_unify(c->m, c->in[0]->type.dims[2], onnx_dim(c, CORNERS)))
    return onnx_fail(c, "its boxes do not fit its scores");
  ir_attrs sort = {.axis = 2, .rank = 3, .shape = {dims[0], dims[1], dims[2]}};
  ir_value *order = ir_build(b, IR_TOP_K, &scores, 1, &sort);
  suppression s = {.most = scalar_input(c, 2, SMELT_I64, 0),
                   .overlap = scalar_input(c, 3, SMELT_F32, 0),
                   .least = scalar_input(c, 4, SMELT_F32, -INFINITY)};
  if (onnx_failed(c)) return scores;
  read_boxes(c, &s, order, dims);
  s.planes[SCORE] = onnx_gather_elements(c, scores, order, 2);
  if (onnx_failed(c)) return scores;
  ir_dim all = onnx_dim_product(c, dims, 0, 3);
  ir_value *kept = ir_reshape(b, keep_best(c, &s, dims), &all, 1);
  ir_value *places = onnx_failed(c) ? kept : onnx_true_places(c, kept, "selected");
  if (onnx_failed(c)) return scores;
  ir_value *boxes = ir_dim_scalar(b, dims[2]), *classes = ir_dim_scalar(b, dims[1]);
  ir_value *line = ir_binary(b, IR_DIV, places, boxes);
  ir_value *columns[] = {ir_binary(b, IR_DIV, line, classes), ir_binary(b, IR_MOD, line, classes),
                         ir_gather(b, ir_reshape(b, order, &all, 1), places, 0)};
  ir_dim column[2] = {places->type.dims[0], onnx_dim(c, 1)};
  for (int i = 0; i < 3; i++) columns[i] = ir_reshape(b, columns[i], column, 2);
  return ir_concat(b, columns, 3, 1);
}

static const onnx_op_row rows[] = {
    {"", "NonMaxSuppression", 10, 0, 2, 5, import_suppression, IR_LOOP},
};
const onnx_op_table onnx_suppression_ops = ONNX_OP_TABLE(rows);
