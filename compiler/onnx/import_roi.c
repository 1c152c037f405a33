/* import_roi.c: regions of images, each resampled to one size (onnx docs: RoiAlign; He et al., Mask R-CNN).
 */
#include "onnx/sample.h"

#include <string.h>

enum { MOST_SAMPLES = 1 << 20 }; /* along one axis of a bin */

typedef struct {
  double scale, offset; /* from a region's coordinates to elements of x */
  bool half_pixel, largest;
  int64_t bins[2], samples; /* results along height and width; samples per bin and axis, 0: by its size */
} roi_rule;

/* Where samples lie along one axis, all of shape [R, 1, bins.., samples..] or less. */
typedef struct {
  ir_value *places;
  ir_value *inside; /* bool: this sample is in the image */
  ir_value *count;  /* of samples, f32 */
} roi_axis;

static ir_value *number(onnx_context *c, double value) {
  return ir_const_scalar(c->b, SMELT_F32, value);
}
static ir_value *both(onnx_context *c, ir_value *x, ir_value *y) {
  return ir_binary(c->b, IR_AND, x, y);
}

static bool read_rule(onnx_context *c, roi_rule *r) {
  bool old = c->opset < 16; /* which had no half pixels */
  const char *mode = onnx_attr_text(c, "mode", "avg"), *fallback = old ? "output_half_pixel" : "half_pixel";
  const char *transform = onnx_attr_text(c, "coordinate_transformation_mode", fallback);
  *r = (roi_rule){.scale = onnx_attr_float(c, "spatial_scale", 1),
                  .half_pixel = strcmp(transform, "half_pixel") == 0,
                  .largest = strcmp(mode, "max") == 0,
                  .bins = {onnx_attr_int(c, "output_height", 1), onnx_attr_int(c, "output_width", 1)},
                  .samples = onnx_attr_int(c, "sampling_ratio", 0)};
  r->offset = r->half_pixel ? 0.5 : 0;
  if (onnx_failed(c)) return false;
  if (!r->half_pixel && strcmp(transform, "output_half_pixel") != 0) {
    onnx_fail(c, "unknown coordinate_transformation_mode '%s'", transform);
  } else if (!r->largest && strcmp(mode, "avg") != 0) {
    onnx_fail(c, "unknown mode '%s'", mode);
  } else if (r->largest && r->samples <= 0) {
    onnx_fail(c, "mode max needs a sampling_ratio: without one the number of samples depends on data");
  } else if (r->bins[0] < 1 || r->bins[1] < 1 || r->bins[0] > MOST_SAMPLES || r->bins[1] > MOST_SAMPLES ||
             r->samples > MOST_SAMPLES) {
    onnx_fail(c, "its output size or sampling_ratio is out of range");
  }
  return !onnx_failed(c);
}

/* A counter, f32, along one of six axes. */
static ir_value *counter(onnx_context *c, ir_dim count, int axis) {
  ir_dim shape[6];
  for (int i = 0; i < 6; i++) shape[i] = i == axis ? count : onnx_dim(c, 1);
  return ir_cast(c->b, ir_iota(c->b, shape, 6, axis, onnx_dim(c, 0), 1), SMELT_F32);
}

/* Coordinate `index` of each region, in elements of x: [R, 1, 1, 1, 1, 1]. */
static ir_value *coordinate(onnx_context *c, const roi_rule *r, int index) {
  ir_dim one = onnx_dim(c, 1), shape[6] = {c->in[1]->type.dims[0], one, one, one, one, one};
  ir_value *v = ir_slice_axis(c->b, c->in[1], 1, onnx_dim(c, index), one);
  v = ir_cast(c->b, ir_reshape(c->b, v, shape, 6), SMELT_F32);
  return onnx_sub(c, onnx_mul(c, v, number(c, r->scale)), number(c, r->offset));
}

/*
 * Axis 0 is height, 1 width. A bin's samples lie evenly in it. Where their number follows from the bin's
 * size, ceil(size), they are more than half an element apart if there are several; so those that can lie in
 * the image, -1 to `size`, are at most 2 * size + 3, of which the first is worked out (rounding: and one
 * before).
 */
static roi_axis sample_axis(onnx_context *c, const roi_rule *r, int axis, ir_dim size) {
  ir_value *start = coordinate(c, r, axis ? 0 : 1),
           *length = onnx_sub(c, coordinate(c, r, axis ? 2 : 3), start);
  if (!r->half_pixel) length = ir_binary(c->b, IR_MAX, length, number(c, 1));
  ir_value *bin = ir_binary(c->b, IR_DIV, length, number(c, (double)r->bins[axis]));
  ir_value *bin_start =
      onnx_add(c, start, onnx_mul(c, counter(c, onnx_dim(c, r->bins[axis]), 2 + axis), bin));
  ir_value *half = number(c, 0.5), *zero = number(c, 0), *lowest = number(c, -1);
  ir_value *first = NULL, *end = ir_cast(c->b, ir_dim_scalar(c->b, size), SMELT_F32);
  roi_axis a = {.count = number(c, (double)r->samples)};
  ir_dim taken = onnx_dim(c, r->samples);
  if (r->samples <= 0) {
    a.count = ir_unary(c->b, IR_CEIL, bin);
    taken = ir_dim_add(c->m, ir_dim_mul(c->m, size, onnx_dim(c, 2)), onnx_dim(c, 4));
  }
  ir_value *gap = ir_binary(c->b, IR_DIV, bin, a.count);
  ir_value *sample = counter(c, taken, 4 + axis);
  if (r->samples <= 0) {
    first = ir_binary(c->b, IR_DIV, onnx_sub(c, lowest, bin_start), gap);
    first = ir_binary(c->b, IR_MAX, ir_unary(c->b, IR_FLOOR, onnx_sub(c, first, half)), zero);
    sample = onnx_add(c, sample, first);
  }
  a.places = onnx_add(c, bin_start, onnx_mul(c, onnx_add(c, sample, half), gap));
  a.inside = both(c, ir_binary(c->b, IR_GE, a.places, lowest), ir_binary(c->b, IR_LE, a.places, end));
  if (first) a.inside = both(c, a.inside, ir_binary(c->b, IR_LT, sample, a.count));
  return a;
}

/* x: [N, C, H, W], rois: [R, 4] (left, top, right, bottom), batch: [R] -> [R, C, bins...] */
static ir_value *import_roi_align(onnx_context *c) {
  ir_value *x = c->in[0], *rois = c->in[1], *batch = c->in[2];
  const onnx_sampler sampler = {.interpolation = ONNX_SAMPLE_LINEAR, .padding = ONNX_SAMPLE_BORDER};
  roi_rule r;
  if (x->type.rank != 4 || rois->type.rank != 2 || batch->type.rank != 1 || !onnx_is_float(x) ||
      !onnx_is_float(rois) || !ir_dim_is(ir_dim_resolve(c->m, rois->type.dims[1]), 4) ||
      !ir_dim_unify(c->m, rois->type.dims[0], batch->type.dims[0])) {
    return onnx_fail(c, "its inputs do not fit each other");
  }
  if (!read_rule(c, &r)) return x;
  const ir_dim *d = x->type.dims;
  ir_dim one = onnx_dim(c, 1), regions = rois->type.dims[0];
  roi_axis axes[2];
  ir_value *places[2];
  for (int i = 0; i < 2; i++) {
    axes[i] = sample_axis(c, &r, i, d[2 + i]);
    places[i] = onnx_limit_places(c, &sampler, axes[i].places, d[2 + i]);
  }
  ir_dim region_shape[6] = {regions, one, one, one, one, one};
  ir_dim channel_shape[6] = {one, d[1], one, one, one, one};
  ir_value *image = ir_reshape(c->b, ir_cast(c->b, batch, SMELT_I64), region_shape, 6);
  ir_value *planes = onnx_add(c, onnx_mul(c, image, ir_dim_scalar(c->b, d[1])),
                              ir_iota(c->b, channel_shape, 6, 1, onnx_dim(c, 0), 1));
  ir_value *taps = onnx_sample_taps(c, &sampler, x, 2, planes, places);
  if (onnx_failed(c)) return x;
  ir_dim inside_shape[IR_MAX_RANK] = {regions, one};
  for (int i = 2; i < 6; i++) inside_shape[i] = taps->type.dims[i];
  inside_shape[6] = inside_shape[7] = one;
  ir_value *inside = ir_expand(c->b, both(c, axes[0].inside, axes[1].inside), inside_shape, 6);
  taps =
      ir_select(c->b, ir_reshape(c->b, inside, inside_shape, IR_MAX_RANK), taps, onnx_number_like(c, x, 0));
  ir_dim shape[4] = {regions, d[1], onnx_dim(c, r.bins[0]), onnx_dim(c, r.bins[1])};
  ir_value *joined = ir_reduce(c->b, r.largest ? IR_REDUCE_MAX : IR_REDUCE_SUM, taps, 0xf0);
  if (r.largest) return ir_reshape(c->b, joined, shape, 4);
  ir_value *count = ir_binary(c->b, IR_MAX, onnx_mul(c, axes[0].count, axes[1].count), number(c, 1));
  ir_dim count_shape[4] = {r.samples > 0 ? one : regions, one, one, one};
  count = ir_cast(c->b, ir_reshape(c->b, count, count_shape, 4), x->type.dtype);
  return ir_binary(c->b, IR_DIV, ir_reshape(c->b, joined, shape, 4), count);
}

static const onnx_op_row rows[] = {
    {"", "RoiAlign", 10, 0, 3, 3, import_roi_align, IR_GATHER},
};
const onnx_op_table onnx_roi_ops = ONNX_OP_TABLE(rows);
