/* import_unpooling.c: the ways back from windows: Col2Im adds them up, MaxUnpool puts maxima where they were.
 */
#include "onnx/indexing.h"
#include "onnx/window.h"

#include <string.h>

/* Zeros of x's dtype. */
static ir_value *zeros(onnx_context *c, const ir_value *x, const ir_dim *dims, int rank) {
  return ir_expand(c->b, onnx_number_like(c, x, 0), dims, rank);
}

/* `v` [n] along axis `axis` of `rank`. */
static ir_value *stand_along(onnx_context *c, ir_value *v, int axis, int rank) {
  ir_dim dims[IR_MAX_RANK];
  if (onnx_failed(c)) return v;
  for (int i = 0; i < rank; i++) dims[i] = i == axis ? v->type.dims[0] : onnx_dim(c, 1);
  return ir_reshape(c->b, v, dims, rank);
}

/* ---- Col2Im ---- */

/* Reads the sizes of image and block, strides, dilations and pads; false if they do not fit. */
static bool read_blocks(onnx_context *c, onnx_window *w) {
  int64_t *image, *block;
  int image_axes, block_axes, strides, dilations;
  const int64_t *stride = onnx_attr_ints(c, "strides", &strides);
  const int64_t *dilation = onnx_attr_ints(c, "dilations", &dilations);
  if (!onnx_integers(c, 1, "image shape", &image, &image_axes) ||
      !onnx_integers(c, 2, "block shape", &block, &block_axes)) {
    return false;
  }
  bool fits = image_axes == block_axes && image_axes >= 1 && image_axes <= ONNX_MAX_SPATIAL &&
              (!stride || strides == image_axes) && (!dilation || dilations == image_axes);
  *w = (onnx_window){.axes = fits ? image_axes : 0};
  for (int i = 0; i < w->axes; i++) {
    w->kernel[i] = block[i];
    w->stride[i] = stride ? stride[i] : 1;
    w->dilation[i] = dilation ? dilation[i] : 1;
    w->size[i] = onnx_dim(c, image[i]);
    fits = fits && image[i] > 0 && block[i] > 0 && w->stride[i] > 0 && w->dilation[i] > 0 &&
           image[i] < INT32_MAX && block[i] < 1 << 15 && w->stride[i] < 1 << 15 && w->dilation[i] < 1 << 15;
  }
  if (!fits) onnx_fail(c, "its shapes, strides or dilations do not fit");
  if (!fits || !onnx_read_pads(c, w)) return false;
  for (int i = 0; i < w->axes; i++) {
    ir_dim padded = ir_dim_add(c->m, w->size[i], ir_dim_add(c->m, w->before[i], w->after[i]));
    ir_dim extent = onnx_dim(c, (w->kernel[i] - 1) * w->dilation[i] + 1);
    int64_t room;
    if (!ir_dim_is_const(ir_dim_sub(c->m, padded, extent), &room) || room < 0) {
      onnx_fail(c, "its block is larger than the padded image");
      return false;
    }
    w->count[i] = onnx_dim(c, room / w->stride[i] + 1);
  }
  return true;
}

/*
 * Where element k of block o lies in the padded image, flattened: i64 [K.., O..], the order in which the
 * input has them.
 */
static ir_value *block_places(onnx_context *c, const onnx_window *w, const ir_dim *padded) {
  ir_value *place = NULL;
  int rank = 2 * w->axes;
  ir_dim zero = onnx_dim(c, 0);
  for (int i = 0; i < w->axes; i++) {
    ir_dim kernel = onnx_dim(c, w->kernel[i]);
    ir_value *element = ir_iota(c->b, &kernel, 1, 0, zero, w->dilation[i]);
    ir_value *block = ir_iota(c->b, &w->count[i], 1, 0, zero, w->stride[i]);
    ir_value *along =
        ir_binary(c->b, IR_ADD, stand_along(c, element, i, rank), stand_along(c, block, w->axes + i, rank));
    along = ir_binary(c->b, IR_MUL, along, ir_dim_scalar(c->b, onnx_dim_product(c, padded, i + 1, w->axes)));
    place = place ? ir_binary(c->b, IR_ADD, place, along) : along;
  }
  return place;
}

/* input [N, C * K.., O..] -> [N, C, image..]: blocks are added where they lie. */
static ir_value *import_col2im(onnx_context *c) {
  ir_value *x = c->in[0];
  onnx_window w;
  if (x->type.rank != 3) return onnx_fail(c, "needs rank 3, not %d", x->type.rank);
  if (!read_blocks(c, &w)) return x;
  int axes = w.axes;
  ir_dim padded[ONNX_MAX_SPATIAL], start[2 + ONNX_MAX_SPATIAL], result[2 + ONNX_MAX_SPATIAL];
  for (int i = 0; i < axes; i++)
    padded[i] = ir_dim_add(c->m, w.size[i], ir_dim_add(c->m, w.before[i], w.after[i]));
  ir_dim kernel = onnx_dim(c, onnx_window_elements(&w)), blocks = onnx_dim_product(c, w.count, 0, axes);
  ir_dim channels = ir_dim_div(c->m, x->type.dims[1], kernel),
         planes = ir_dim_mul(c->m, x->type.dims[0], channels);
  ir_dim places = ir_dim_mul(c->m, kernel, blocks), area = onnx_dim_product(c, padded, 0, axes);
  if (!ir_dim_unify(c->m, blocks, x->type.dims[2])) return onnx_fail(c, "it has another number of blocks");
  /* rows are places and columns planes, so that one list of places serves all planes */
  ir_dim apart[2] = {planes, places}, image[2] = {area, planes};
  ir_value *columns = ir_transpose(c->b, ir_reshape(c->b, x, apart, 2), (const int[]){1, 0});
  ir_value *sum = onnx_scatter_rows(c, IR_SCATTER_ADD, zeros(c, x, image, 2), block_places(c, &w, padded),
                                    columns, area, planes);
  result[0] = x->type.dims[0];
  result[1] = channels;
  start[0] = start[1] = onnx_dim(c, 0);
  memcpy(result + 2, padded, (size_t)axes * sizeof *padded);
  sum = ir_reshape(c->b, ir_transpose(c->b, sum, (const int[]){1, 0}), result, 2 + axes);
  memcpy(result + 2, w.size, (size_t)axes * sizeof *padded);
  memcpy(start + 2, w.before, (size_t)axes * sizeof *padded);
  return ir_slice(c->b, sum, start, result, NULL);
}

/* ---- MaxUnpool ---- */

/* Sizes before pooling: (size - 1) * stride - pads + kernel */
static void unpooled_dims(onnx_context *c, const onnx_window *w, ir_dim *dims) {
  for (int i = 0; i < w->axes; i++) {
    ir_dim last = ir_dim_mul(c->m, ir_dim_sub(c->m, w->size[i], onnx_dim(c, 1)), onnx_dim(c, w->stride[i]));
    ir_dim pads = ir_dim_add(c->m, w->before[i], w->after[i]);
    dims[2 + i] = ir_dim_add(c->m, ir_dim_sub(c->m, last, pads), onnx_dim(c, w->kernel[i]));
  }
}

/* Maxima at the places, in the tensor that they were pooled from, that MaxPool gave; zeros elsewhere. */
static ir_value *import_max_unpool(onnx_context *c) {
  ir_value *x = c->in[0];
  onnx_window w;
  int rank = x->type.rank, count;
  ir_dim dims[IR_MAX_RANK];
  const ir_dim *wanted = NULL;
  if (!onnx_read_kernel(c, &x->type, NULL, &w) || !onnx_read_pads(c, &w)) return x;
  memcpy(dims, x->type.dims, sizeof dims);
  unpooled_dims(c, &w, dims);
  if (c->in[2] && !onnx_sizes(c, 2, "output shape", &wanted, &count)) return x;
  if (wanted && count != rank) return onnx_fail(c, "its output shape has %d dims, not %d", count, rank);
  ir_dim all = onnx_dim_product(c, dims, 0, rank);
  ir_value *places = ir_cast(c->b, c->in[1], SMELT_I64);
  ir_value *result =
      onnx_scatter_rows(c, IR_SCATTER, zeros(c, x, dims, rank), places, x, all, onnx_dim(c, 1));
  if (!wanted || onnx_failed(c)) return result;
  ir_attrs pad = {.rank = rank};
  for (int i = 0; i < rank; i++) {
    int64_t more;
    pad.start[i] = onnx_dim(c, 0);
    pad.shape[i] = ir_dim_resolve(c->m, wanted[i]);
    if (!ir_dim_is_const(ir_dim_sub(c->m, pad.shape[i], dims[i]), &more) || more < 0)
      return onnx_fail(c, "its output shape is smaller than what was pooled");
  }
  return ir_build(c->b, IR_PAD, &result, 1, &pad);
}

static const onnx_op_row rows[] = {
    {"", "Col2Im", 18, 0, 3, 3, import_col2im, IR_SCATTER_ADD},
    {"", "MaxUnpool", 9, 0, 2, 3, import_max_unpool, IR_SCATTER},
};
const onnx_op_table onnx_unpooling_ops = ONNX_OP_TABLE(rows);
