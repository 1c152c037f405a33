/* import_grid.c: grids of places, and images read at them (onnx docs: AffineGrid, GridSample). */
#include "onnx/sample.h"

#include <string.h>

/* ---- GridSample ---- */

/* The index of `name` in the list, or -1 and a failure. */
static int find_name(onnx_context *c, const char *what, const char *name, const char *const *list,
                     int count) {
  for (int i = 0; i < count; i++) {
    if (strcmp(list[i], name) == 0) return i;
  }
  onnx_fail(c, "unknown %s '%s'", what, name);
  return -1;
}

/* Interpolations were renamed in opset 20. */
static bool read_sampler(onnx_context *c, onnx_sampler *s) {
  static const char *const modes[] = {"nearest", "linear", "cubic", "nearest", "bilinear", "bicubic"};
  static const char *const paddings[] = {"zeros", "border", "reflection"};
  const char *mode_text = onnx_attr_text(c, "mode", "linear");
  int mode = find_name(c, "mode", mode_text, modes, 6);
  int padding = find_name(c, "padding_mode", onnx_attr_text(c, "padding_mode", "zeros"), paddings, 3);
  *s = (onnx_sampler){.ends_at_centres = onnx_attr_int(c, "align_corners", 0) != 0};
  if (onnx_failed(c)) return false;
  s->interpolation = (onnx_interpolation)(mode % 3);
  s->padding = (onnx_sample_padding)padding;
  return true;
}

/* -1 and 1 are the outer elements' centres where corners are aligned, else the image's edges. */
static ir_value *elements_of(onnx_context *c, ir_value *normal, ir_dim size, bool align_corners) {
  ir_value *one = onnx_number_like(c, normal, 1), *two = onnx_number_like(c, normal, 2);
  ir_value *length = ir_cast(c->b, ir_dim_scalar(c->b, size), normal->type.dtype);
  ir_value *moved = ir_binary(c->b, IR_ADD, normal, one);
  if (align_corners) {
    return ir_binary(c->b, IR_MUL, ir_binary(c->b, IR_DIV, moved, two), ir_binary(c->b, IR_SUB, length, one));
  }
  moved = ir_binary(c->b, IR_SUB, ir_binary(c->b, IR_MUL, moved, length), one);
  return ir_binary(c->b, IR_DIV, moved, two);
}

/* x: [N, C, size...], grid: [N, count..., axes], its last axis naming the last spatial axis first. */
static ir_value *import_grid_sample(onnx_context *c) {
  ir_value *x = c->in[0], *grid = c->in[1], *places[ONNX_MAX_SPATIAL];
  int axes = x->type.rank - 2;
  onnx_sampler s;
  if (axes < 1 || axes > ONNX_MAX_SPATIAL) {
    return onnx_fail(c, "needs 1 to %d spatial axes, not %d", ONNX_MAX_SPATIAL, axes);
  }
  if (!onnx_is_float(grid) || grid->type.rank != x->type.rank ||
      !ir_dim_is(ir_dim_resolve(c->m, grid->type.dims[axes + 1]), axes) ||
      !ir_dim_unify(c->m, grid->type.dims[0], x->type.dims[0])) {
    return onnx_fail(c, "its grid does not fit its input");
  }
  if (!read_sampler(c, &s)) return x;
  if (grid->type.dtype != SMELT_F64) grid = ir_cast(c->b, grid, SMELT_F32);
  ir_dim shape[IR_MAX_RANK] = {x->type.dims[0], x->type.dims[1]};
  ir_dim line[3] = {shape[0], onnx_dim(c, 1), onnx_dim_product(c, grid->type.dims, 1, axes + 1)};
  memcpy(shape + 2, grid->type.dims + 1, (size_t)axes * sizeof *shape);
  for (int i = 0; i < axes; i++) {
    ir_dim size = x->type.dims[2 + i];
    ir_value *one = ir_slice_axis(c->b, grid, axes + 1, onnx_dim(c, axes - 1 - i), onnx_dim(c, 1));
    one = elements_of(c, ir_reshape(c->b, one, line, 3), size, s.ends_at_centres);
    places[i] = onnx_limit_places(c, &s, one, size);
  }
  ir_value *result = onnx_sample(c, &s, x, axes, onnx_plane_numbers(c, x, 3), places);
  return ir_reshape(c->b, result, shape, axes + 2);
}

/* ---- AffineGrid ---- */

/*
 * Centres of `size` elements that together cover [-1, 1], or, with corners aligned, reach from -1 to 1.
 * Counted from 1 down, so that one element alone then lies at 1, as ONNX Runtime has it.
 */
static ir_value *centres(onnx_context *c, ir_dtype dtype, ir_dim size, bool align_corners) {
  ir_dim one = onnx_dim(c, 1), last = ir_dim_sub(c->m, size, one), gaps = ir_dim_max(c->m, last, one);
  ir_value *left = ir_cast(c->b, ir_iota(c->b, &size, 1, 0, last, -1), dtype);
  ir_value *parts = ir_cast(c->b, ir_dim_scalar(c->b, align_corners ? gaps : size), dtype);
  ir_value *unit = onnx_number_like(c, parts, 1);
  left = ir_binary(c->b, IR_MUL, left, onnx_number_like(c, parts, 2));
  if (!align_corners) left = ir_binary(c->b, IR_ADD, left, unit);
  return ir_binary(c->b, IR_SUB, unit, ir_binary(c->b, IR_DIV, left, parts));
}

/* theta: [N, axes, axes + 1] -> [N, size..., axes]: theta times each centre (last axis first) and a 1. */
static ir_value *import_affine_grid(onnx_context *c) {
  ir_value *theta = c->in[0], *columns[ONNX_MAX_SPATIAL + 1];
  const ir_dim *sizes;
  int count;
  bool align_corners = onnx_attr_int(c, "align_corners", 0) != 0;
  if (!onnx_sizes(c, 1, "size", &sizes, &count)) return theta;
  int axes = count - 2;
  if (axes < 2 || axes > ONNX_MAX_SPATIAL || theta->type.rank != 3 || !onnx_is_float(theta) ||
      !ir_dim_is(ir_dim_resolve(c->m, theta->type.dims[1]), axes) ||
      !ir_dim_is(ir_dim_resolve(c->m, theta->type.dims[2]), axes + 1) ||
      !ir_dim_unify(c->m, theta->type.dims[0], sizes[0])) {
    return onnx_fail(c, "its theta does not fit its size");
  }
  ir_dim one = onnx_dim(c, 1), places = onnx_dim_product(c, sizes, 2, count);
  ir_dim spread[IR_MAX_RANK], column[2] = {places, one}, shape[IR_MAX_RANK] = {theta->type.dims[0]};
  memcpy(spread, sizes + 2, (size_t)axes * sizeof *spread);
  for (int i = 0; i < axes; i++) {
    ir_dim along[IR_MAX_RANK];
    for (int k = 0; k < axes; k++) along[k] = k == axes - 1 - i ? spread[k] : one;
    ir_value *centre = centres(c, theta->type.dtype, spread[axes - 1 - i], align_corners);
    centre = ir_expand(c->b, ir_reshape(c->b, centre, along, axes), spread, axes);
    columns[i] = ir_reshape(c->b, centre, column, 2);
    shape[1 + i] = spread[i];
  }
  columns[axes] = ir_expand(c->b, onnx_number_like(c, theta, 1), column, 2);
  shape[1 + axes] = onnx_dim(c, axes);
  ir_value *base = ir_concat(c->b, columns, axes + 1, 1);
  return ir_reshape(c->b, ir_matmul(c->b, base, onnx_swap_last(c, theta)), shape, axes + 2);
}

static const onnx_op_row rows[] = {
    {"", "GridSample", 16, 0, 2, 2, import_grid_sample, IR_GATHER},
    {"", "AffineGrid", 20, 0, 2, 2, import_affine_grid, IR_MATMUL},
};
const onnx_op_table onnx_grid_ops = ONNX_OP_TABLE(rows);
