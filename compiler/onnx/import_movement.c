/* import_movement.c: operators that only move elements; sizes from inputs are read at build time. */
#include "onnx/import.h"

#include <math.h>
#include <string.h>

/* ---- reshapes ---- */

/* Dims as Reshape means them: 0 keeps the input's (unless allowzero), one -1 takes what is left. */
static ir_value *reshape_as(onnx_context *c, const ir_dim *wanted, int rank) {
  ir_value *x = c->in[0];
  int open = -1;
  bool allow_zero = onnx_attr_int(c, "allowzero", 0) != 0;
  if (rank > IR_MAX_RANK)
    return onnx_fail(c, "the result has rank %d; at most %d are supported", rank, IR_MAX_RANK);
  ir_dim dims[IR_MAX_RANK], rest = onnx_dim(c, 1);
  for (int i = 0; i < rank; i++) {
    int64_t size;
    dims[i] = ir_dim_resolve(c->m, wanted[i]);
    bool known = ir_dim_is_const(dims[i], &size);
    if (known && size < -1) return onnx_fail(c, "dim %d of its shape is %lld", i, (long long)size);
    if (known && size == -1) {
      if (open >= 0) return onnx_fail(c, "its shape has more than one -1");
      open = i;
      continue;
    }
    if (known && size == 0 && !allow_zero) {
      if (i >= x->type.rank)
        return onnx_fail(c, "dim %d of its shape is 0, but the input has rank %d", i, x->type.rank);
      dims[i] = x->type.dims[i];
    }
    rest = ir_dim_mul(c->m, rest, dims[i]);
  }
  if (open >= 0) {
    if (ir_dim_is(rest, 0)) return onnx_fail(c, "its shape has a -1 beside a dim of size 0");
    dims[open] = ir_dim_div(c->m, ir_type_element_count(c->m, &x->type), rest);
  }
  return ir_reshape(c->b, x, dims, rank);
}

static ir_value *import_reshape(onnx_context *c) {
  const ir_dim *wanted;
  int rank;
  return onnx_sizes(c, 1, "shape", &wanted, &rank) ? reshape_as(c, wanted, rank) : c->in[0];
}

/* Up to opset 4 the shape is an attribute. */
static ir_value *import_reshape_by_attribute(onnx_context *c) {
  int rank;
  const int64_t *shape = onnx_attr_ints(c, "shape", &rank);
  if (!shape) return onnx_fail(c, "its shape is missing");
  return reshape_as(c, onnx_dims_of(c, shape, rank), rank);
}

/* [d0 * ... * d(axis-1), d(axis) * ...] */
static ir_value *import_flatten(onnx_context *c) {
  ir_value *x = c->in[0];
  int64_t axis = onnx_attr_int(c, "axis", 1);
  int rank = x->type.rank;
  if (axis < 0) axis += axis >= -rank ? rank : 0;
  if (axis < 0 || axis > rank)
    return onnx_fail(c, "axis %lld is out of range for rank %d", (long long)axis, rank);
  ir_dim dims[2] = {onnx_dim_product(c, x->type.dims, 0, (int)axis),
                    onnx_dim_product(c, x->type.dims, (int)axis, rank)};
  return ir_reshape(c->b, x, dims, 2);
}

static ir_value *import_squeeze(onnx_context *c) {
  ir_value *x = c->in[0];
  const int *axes;
  int count, rank = 0;
  uint32_t dropped = 0;
  if (!onnx_axes(c, 1, x->type.rank, &axes, &count)) return x;
  for (int i = 0; axes && i < count; i++) {
    dropped |= 1u << axes[i];
    if (!ir_dim_unify(c->m, x->type.dims[axes[i]], onnx_dim(c, 1))) {
      return onnx_fail(c, "axis %d to be dropped is not of size 1", axes[i]);
    }
  }
  ir_dim dims[IR_MAX_RANK];
  for (int i = 0; i < x->type.rank; i++) {
    bool drop = axes ? (dropped >> i & 1) != 0 : ir_dim_is(x->type.dims[i], 1);
    if (!drop) dims[rank++] = x->type.dims[i];
  }
  return ir_reshape(c->b, x, dims, rank);
}

static ir_value *import_unsqueeze(onnx_context *c) {
  ir_value *x = c->in[0];
  const int64_t *raw;
  int64_t *input;
  int count;
  if ((raw = onnx_attr_ints(c, "axes", &count)) == NULL) {
    if (!c->in[1]) return onnx_fail(c, "its axes are missing");
    if (!onnx_integers(c, 1, "axes", &input, &count)) return x;
    raw = input;
  }
  int rank = x->type.rank + count;
  if (rank > IR_MAX_RANK)
    return onnx_fail(c, "the result has rank %d; at most %d are supported", rank, IR_MAX_RANK);
  uint32_t added = 0;
  for (int i = 0; i < count; i++) {
    uint32_t bit = 1u << onnx_axis(c, raw[i], rank);
    if (added & bit) return onnx_fail(c, "it names axis %lld twice", (long long)raw[i]);
    added |= bit;
  }
  ir_dim dims[IR_MAX_RANK];
  for (int i = 0, from = 0; i < rank; i++) dims[i] = added >> i & 1 ? onnx_dim(c, 1) : x->type.dims[from++];
  return ir_reshape(c->b, x, dims, rank);
}

static ir_value *import_transpose(onnx_context *c) {
  ir_value *x = c->in[0];
  int count, rank = x->type.rank, perm[IR_MAX_RANK];
  const int64_t *given = onnx_attr_ints(c, "perm", &count);
  uint32_t seen = 0;
  if (given && count != rank) return onnx_fail(c, "perm has %d axes, the input %d", count, rank);
  for (int i = 0; i < rank; i++) {
    perm[i] = given ? onnx_axis(c, given[i], rank) : rank - 1 - i;
    if (seen & (1u << perm[i])) return onnx_fail(c, "perm names axis %d twice", perm[i]);
    seen |= 1u << perm[i];
  }
  return rank ? ir_transpose(c->b, x, perm) : x;
}

/* ---- joining, splitting, repeating ---- */

static ir_value *import_concat(onnx_context *c) {
  for (int i = 0; i < c->in_count; i++) {
    if (!c->in[i]) return onnx_fail(c, "its input %d is missing", i);
    if (c->in[i]->type.rank != c->in[0]->type.rank) return onnx_fail(c, "its inputs differ in rank");
  }
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", c->opset < 4 ? 1 : 0), c->in[0]->type.rank);
  if (onnx_failed(c)) return c->in[0];
  return c->in_count == 1 ? c->in[0] : ir_concat(c->b, c->in, c->in_count, axis);
}

/* Sizes of Split's parts where the node does not list them: equal, the last one smaller (opset 18). */
static void equal_parts(onnx_context *c, ir_dim size, int count, ir_dim *parts) {
  ir_dim divisor = onnx_dim(c, count);
  ir_dim rounded = c->opset >= 18 ? ir_dim_add(c->m, size, onnx_dim(c, count - 1)) : size;
  for (int i = 0; i < count; i++) parts[i] = ir_dim_div(c->m, rounded, divisor);
  int64_t known, part;
  if (!ir_dim_is_const(size, &known) || !ir_dim_is_const(parts[0], &part)) return;
  if (c->opset < 18 && known % count) {
    onnx_fail(c, "size %lld does not split into %d equal parts", (long long)known, count);
  }
  int64_t last = known - part * (count - 1);
  parts[count - 1] = onnx_dim(c, last > 0 ? last : 0);
}

static ir_value *import_split(onnx_context *c) {
  ir_value *x = c->in[0];
  int count = c->out_count, listed;
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", 0), x->type.rank);
  const int64_t *attribute = onnx_attr_ints(c, "split", &listed);
  if (onnx_failed(c)) return x;
  if (onnx_has_attr(c, "num_outputs") && onnx_attr_int(c, "num_outputs", 0) != count) {
    return onnx_fail(c, "num_outputs differs from its number of outputs");
  }
  if (count == 0) return onnx_fail(c, "it has no outputs");
  ir_dim *parts = ARENA_ARRAY(c->a, ir_dim, (size_t)count);
  const ir_dim *input = NULL;
  if (!attribute && c->in[1] && !onnx_sizes(c, 1, "split", &input, &listed)) return x;
  if ((attribute || input) && listed != count)
    return onnx_fail(c, "it lists %d sizes for %d outputs", listed, count);
  if (!attribute && !input) equal_parts(c, x->type.dims[axis], count, parts);
  ir_dim start = onnx_dim(c, 0);
  for (int i = 0; i < count; i++) {
    if (attribute) parts[i] = onnx_dim(c, attribute[i]);
    if (input) parts[i] = input[i];
    c->out[i] = ir_slice_axis(c->b, x, axis, start, parts[i]);
    start = ir_dim_add(c->m, start, parts[i]);
  }
  if (!ir_dim_unify(c->m, start, x->type.dims[axis]))
    return onnx_fail(c, "its parts do not add up to the axis");
  return c->out[0];
}

static ir_value *import_expand(onnx_context *c) {
  ir_value *x = c->in[0];
  const ir_dim *wanted;
  ir_dim dims[IR_MAX_RANK];
  int count, rank;
  if (!onnx_sizes(c, 1, "shape", &wanted, &count)) return x;
  if (count > IR_MAX_RANK)
    return onnx_fail(c, "the result has rank %d; at most %d are supported", count, IR_MAX_RANK);
  if (!onnx_broadcast(c, x->type.dims, x->type.rank, wanted, count, dims, &rank)) return x;
  return rank ? ir_expand(c->b, x, dims, rank) : x;
}

/* One axis repeated: [before, 1, size, after] expanded to [before, times, size, after]. */
static ir_value *tile_axis(onnx_context *c, ir_value *x, const ir_dim *dims, int rank, int axis,
                           ir_dim times) {
  ir_dim before = onnx_dim_product(c, dims, 0, axis), after = onnx_dim_product(c, dims, axis + 1, rank);
  ir_dim apart[4] = {before, onnx_dim(c, 1), dims[axis], after};
  x = ir_reshape(c->b, x, apart, 4);
  apart[1] = times;
  return ir_expand(c->b, x, apart, 4);
}

static ir_value *import_tile(onnx_context *c) {
  ir_value *x = c->in[0];
  const ir_dim *repeats;
  ir_dim dims[IR_MAX_RANK];
  int count, rank = x->type.rank;
  if (!onnx_sizes(c, 1, "repeats", &repeats, &count)) return x;
  if (count != rank) return onnx_fail(c, "it has %d repeats for rank %d", count, rank);
  memcpy(dims, x->type.dims, sizeof dims);
  for (int i = 0; i < rank; i++) {
    if (ir_dim_is(repeats[i], 1)) continue;
    x = tile_axis(c, x, dims, rank, i, repeats[i]);
    dims[i] = ir_dim_mul(c->m, dims[i], repeats[i]);
    x = ir_reshape(c->b, x, dims, rank);
  }
  return x;
}

/* Up to opset 5 one axis is repeated, both given as tensors of one element, floats even. */
static ir_value *import_tile_of_axis(onnx_context *c) {
  ir_value *x = c->in[0];
  double times, along;
  int rank = x->type.rank;
  if (!onnx_number(c, 1, "tiles", &times) || !onnx_number(c, 2, "axis", &along)) return x;
  if (!(times >= 0 && times < INT32_MAX && fabs(along) < IR_MAX_RANK))
    return onnx_fail(c, "its tiles do not fit");
  int axis = onnx_axis(c, (int64_t)along, rank);
  if (onnx_failed(c)) return x;
  ir_dim dims[IR_MAX_RANK], count = onnx_dim(c, (int64_t)times);
  memcpy(dims, x->type.dims, sizeof dims);
  x = tile_axis(c, x, dims, rank, axis, count);
  dims[axis] = ir_dim_mul(c->m, dims[axis], count);
  return ir_reshape(c->b, x, dims, rank);
}

/* ---- blocks to depth and back ---- */

static ir_value *import_depth_to_space(onnx_context *c) {
  ir_value *x = c->in[0];
  const ir_dim *d = x->type.dims;
  int64_t block = onnx_attr_int(c, "blocksize", 0);
  bool crd = strcmp(onnx_attr_text(c, "mode", "DCR"), "CRD") == 0;
  if (x->type.rank != 4 || block < 1 || block > 1 << 20) return onnx_fail(c, "needs rank 4 and a blocksize");
  ir_dim n = onnx_dim(c, block), depth = ir_dim_div(c->m, d[1], onnx_dim(c, block * block));
  ir_dim dcr_shape[6] = {d[0], n, n, depth, d[2], d[3]}, crd_shape[6] = {d[0], depth, n, n, d[2], d[3]};
  const int dcr_perm[6] = {0, 3, 4, 1, 5, 2}, crd_perm[6] = {0, 1, 4, 2, 5, 3};
  x = ir_transpose(c->b, ir_reshape(c->b, x, crd ? crd_shape : dcr_shape, 6), crd ? crd_perm : dcr_perm);
  ir_dim result[4] = {d[0], depth, ir_dim_mul(c->m, d[2], n), ir_dim_mul(c->m, d[3], n)};
  return ir_reshape(c->b, x, result, 4);
}

static ir_value *import_space_to_depth(onnx_context *c) {
  ir_value *x = c->in[0];
  const ir_dim *d = x->type.dims;
  int64_t block = onnx_attr_int(c, "blocksize", 0);
  if (x->type.rank != 4 || block < 1 || block > 1 << 20) return onnx_fail(c, "needs rank 4 and a blocksize");
  ir_dim n = onnx_dim(c, block), height = ir_dim_div(c->m, d[2], n), width = ir_dim_div(c->m, d[3], n);
  ir_dim apart[6] = {d[0], d[1], height, n, width, n};
  const int perm[6] = {0, 3, 5, 1, 2, 4};
  x = ir_transpose(c->b, ir_reshape(c->b, x, apart, 6), perm);
  ir_dim result[4] = {d[0], ir_dim_mul(c->m, d[1], onnx_dim(c, block * block)), height, width};
  return ir_reshape(c->b, x, result, 4);
}

static const onnx_op_row rows[] = {
    {"", "Reshape", 1, 4, 1, 1, import_reshape_by_attribute, IR_RESHAPE},
    {"", "Reshape", 5, 0, 2, 2, import_reshape, IR_RESHAPE},
    {"", "Flatten", 1, 0, 1, 1, import_flatten, IR_RESHAPE},
    {"", "Squeeze", 1, 0, 1, 2, import_squeeze, IR_RESHAPE},
    {"", "Unsqueeze", 1, 0, 1, 2, import_unsqueeze, IR_RESHAPE},
    {"", "Transpose", 1, 0, 1, 1, import_transpose, IR_TRANSPOSE},
    {"", "Concat", 1, 0, 1, -1, import_concat, IR_CONCAT},
    {"", "Split", 1, 0, 1, 2, import_split, IR_SLICE},
    {"", "Expand", 8, 0, 2, 2, import_expand, IR_EXPAND},
    {"", "Tile", 1, 5, 3, 3, import_tile_of_axis, IR_EXPAND},
    {"", "Tile", 6, 0, 2, 2, import_tile, IR_EXPAND},
    {"", "DepthToSpace", 1, 0, 1, 1, import_depth_to_space, IR_TRANSPOSE},
    {"", "SpaceToDepth", 1, 0, 1, 1, import_space_to_depth, IR_TRANSPOSE},
};
const onnx_op_table onnx_movement_ops = ONNX_OP_TABLE(rows);
