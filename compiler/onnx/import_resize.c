/*
 * import_resize.c: resampling along axes of fixed size (onnx docs: Resize). Each
 * axis is done by itself: results are sums of weighted neighbours, whose
 * places and weights are worked out here.
 */
#include "onnx/import.h"

#include "ir/element.h"

#include <math.h>
#include <string.h>

typedef enum { RESIZE_NEAREST, RESIZE_LINEAR, RESIZE_CUBIC } resize_mode;
static const char *const mode_names[] = {"nearest", "linear", "cubic", NULL};

/* How the place of a result maps to one in the input. */
typedef enum {
  MAP_HALF_PIXEL,
  MAP_HALF_PIXEL_SYMMETRIC,
  MAP_HALF_PIXEL_TORCH,
  MAP_ALIGN_CORNERS,
  MAP_ASYMMETRIC,
  MAP_CROP,
} resize_map;
static const char *const map_names[] = {
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_crop_and_resize",
    NULL,
};

/* To which neighbour a place is rounded. */
typedef enum { ROUND_HALF_DOWN, ROUND_HALF_UP, ROUND_FLOOR, ROUND_CEIL } resize_rounding;
static const char *const rounding_names[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil",
                                             NULL};

enum { MOST_ELEMENTS = 1 << 24 }; /* of an axis, and of its table of weights */

typedef struct {
  resize_mode mode;
  resize_map map;
  resize_rounding rounding;
  double cubic_a, extrapolation;
  bool exclude_outside, antialias;
} resize_rule;

/* One axis: result x of `count` lies at place(x) among `size` elements. */
typedef struct {
  int64_t size, count;
  double scale, roi_start, roi_end;
} resize_axis;

/* ---- where a result lies ---- */

static double place_of(const resize_rule *r, const resize_axis *a, int64_t x) {
  double wide = a->scale * (double)a->size, last = (double)(a->size - 1), i = (double)x;
  double span = a->roi_end - a->roi_start, half_pixel = (i + 0.5) / a->scale - 0.5;
  switch (r->map) {
  case MAP_HALF_PIXEL:
    return half_pixel;
  case MAP_HALF_PIXEL_SYMMETRIC:
    return (double)a->size / 2 * (1 - (double)a->count / wide) + half_pixel;
  case MAP_HALF_PIXEL_TORCH:
    return wide == 1 ? -0.5 : half_pixel;
  case MAP_ALIGN_CORNERS:
    return wide == 1 ? 0 : i * last / (wide - 1);
  case MAP_ASYMMETRIC:
    return i / a->scale;
  case MAP_CROP:
    break;
  }
  return wide == 1 ? span * last / 2 : i * span * last / (wide - 1) + a->roi_start * last;
}

static double round_place(const resize_rule *r, double place) {
  switch (r->rounding) {
  case ROUND_HALF_DOWN:
    return ceil(place - 0.5);
  case ROUND_HALF_UP:
    return floor(place + 0.5);
  case ROUND_FLOOR:
    return floor(place);
  case ROUND_CEIL:
    break;
  }
  return ceil(place);
}

/* ---- weights ---- */

/* Keys' cubic convolution kernel with parameter A (1981). */
static double cubic(double x, double A) {
  x = fabs(x);
  if (x <= 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  return x < 2 ? ((A * x - 5 * A) * x + 8 * A) * x - 4 * A : 0;
}

/* How far neighbours reach to either side: the kernel's width, spread where antialiasing makes smaller. */
static double reach_of(const resize_rule *r, const resize_axis *a) {
  double width = r->mode == RESIZE_NEAREST ? 0 : r->mode == RESIZE_LINEAR ? 1 : 2;
  double widest = 2 * (double)a->size + 2; /* where there is no result, scale may be 0 */
  return r->antialias && a->scale < 1 ? fmin(width / a->scale, widest) : width;
}

static int64_t tap_count(const resize_rule *r, const resize_axis *a) {
  return r->mode == RESIZE_NEAREST ? 1 : 2 * (int64_t)ceil(reach_of(r, a));
}

/* Neighbours of result x: taps places and weights, which sum to 1. */
static void weigh(const resize_rule *r, const resize_axis *a, int64_t x, int64_t taps, int64_t *places,
                  float *weights) {
  double place = place_of(r, a, x), sum = 0;
  double shrink = r->antialias && a->scale < 1 ? a->scale : 1;
  int64_t first = (int64_t)floor(place) - taps / 2 + 1;
  if (r->mode == RESIZE_NEAREST) first = (int64_t)round_place(r, place);
  for (int64_t k = 0; k < taps; k++) {
    int64_t at = first + k;
    double distance = ((double)at - place) * shrink, w = 1;
    if (r->mode == RESIZE_LINEAR) w = fmax(1 - fabs(distance), 0);
    if (r->mode == RESIZE_CUBIC) w = cubic(distance, r->cubic_a);
    if (r->exclude_outside && (at < 0 || at >= a->size)) w = 0;
    places[k] = at < 0 ? 0 : at >= a->size ? a->size - 1 : at;
    weights[k] = (float)w;
    sum += w;
  }
  for (int64_t k = 0; k < taps && sum != 0; k++) weights[k] = (float)(weights[k] / sum);
}

/* ---- one axis ---- */

static ir_value *const_vector(onnx_context *c, ir_dtype dtype, int64_t count, const void *data) {
  ir_type type = {.dtype = dtype, .rank = 1, .dims = {onnx_dim(c, count)}};
  return ir_const_data(c->b, &type, data);
}

/* `vector` along axis `axis` of `rank`. */
static ir_value *stand_along(onnx_context *c, ir_value *vector, int axis, int rank) {
  ir_dim dims[IR_MAX_RANK];
  for (int i = 0; i < rank; i++) dims[i] = i == axis ? vector->type.dims[0] : onnx_dim(c, 1);
  return ir_reshape(c->b, vector, dims, rank);
}

/* Results that lie outside the input are the extrapolation value. */
static ir_value *fill_outside(onnx_context *c, ir_value *x, int axis, const resize_rule *r,
                              const resize_axis *a) {
  uint8_t *outside = ARENA_ARRAY(c->a, uint8_t, (size_t)a->count);
  for (int64_t i = 0; i < a->count; i++) {
    double place = place_of(r, a, i);
    outside[i] = place < 0 || place > (double)(a->size - 1);
  }
  ir_value *mask = stand_along(c, const_vector(c, SMELT_BOOL, a->count, outside), axis, x->type.rank);
  return ir_select(c->b, mask, onnx_number_like(c, x, r->extrapolation), x);
}

static ir_value *resample(onnx_context *c, ir_value *x, int axis, const resize_rule *r,
                          const resize_axis *a) {
  int64_t taps = tap_count(r, a);
  int rank = x->type.rank;
  if (rank >= IR_MAX_RANK || taps > MOST_ELEMENTS / (a->count + 1)) return onnx_fail(c, "it is too large");
  int64_t *places = ARENA_ARRAY(c->a, int64_t, (size_t)(a->count * taps));
  float *weights = ARENA_ARRAY(c->a, float, (size_t)(a->count * taps));
  for (int64_t i = 0; i < a->count; i++) weigh(r, a, i, taps, places + i * taps, weights + i * taps);
  ir_value *chosen = ir_gather(c->b, x, const_vector(c, SMELT_I64, a->count * taps, places), axis);
  if (onnx_failed(c)) return x;
  if (r->mode != RESIZE_NEAREST) {
    ir_value *all = ir_cast(c->b, const_vector(c, SMELT_F32, a->count * taps, weights), x->type.dtype);
    chosen = ir_binary(c->b, IR_MUL, chosen, stand_along(c, all, axis, rank));
    ir_dim dims[IR_MAX_RANK];
    for (int i = 0; i <= rank; i++) dims[i] = x->type.dims[i > axis ? i - 1 : i];
    dims[axis] = onnx_dim(c, a->count);
    dims[axis + 1] = onnx_dim(c, taps);
    chosen = ir_reduce(c->b, IR_REDUCE_SUM, ir_reshape(c->b, chosen, dims, rank + 1), 1u << (axis + 1));
    if (onnx_failed(c)) return x;
    for (int i = axis + 1; i < rank; i++) dims[i] = x->type.dims[i];
    chosen = ir_reshape(c->b, chosen, dims, rank);
  }
  return r->map == MAP_CROP ? fill_outside(c, chosen, axis, r, a) : chosen;
}

/* ---- what the node asks for ---- */

/* Which of `names` the text attribute `name` is; fails where it is none of them. */
static int named(onnx_context *c, const char *name, const char *text, const char *const *names) {
  for (int i = 0; names[i]; i++) {
    if (strcmp(names[i], text) == 0) return i;
  }
  onnx_fail(c, "%s '%s' is not supported", name, text);
  return 0;
}

static resize_rule read_rule(onnx_context *c) {
  bool old = c->opset < 11; /* Upsample, and the first Resize */
  const char *map_name = "coordinate_transformation_mode";
  const char *mode = onnx_attr_text(c, "mode", "nearest");
  const char *map = onnx_attr_text(c, map_name, old ? "asymmetric" : "half_pixel");
  const char *rounding = onnx_attr_text(c, "nearest_mode", old ? "floor" : "round_prefer_floor");
  if (c->opset < 7 && strcmp(mode, "bilinear") == 0) mode = "linear";
  return (resize_rule){
      .mode = (resize_mode)named(c, "mode", mode, mode_names),
      .map = (resize_map)named(c, map_name, map, map_names),
      .rounding = (resize_rounding)named(c, "nearest_mode", rounding, rounding_names),
      .cubic_a = onnx_attr_float(c, "cubic_coeff_a", -0.75),
      .extrapolation = onnx_attr_float(c, "extrapolation_value", 0),
      .exclude_outside = onnx_attr_int(c, "exclude_outside", 0) != 0,
      .antialias = onnx_attr_int(c, "antialias", 0) != 0,
  };
}

/* Numbers of a constant float vector; NULL where the input is absent or empty. */
static const double *read_floats(onnx_context *c, int index, int *count) {
  const ir_value *v = c->in[index];
  const void *data = v ? ir_value_data(v) : NULL;
  int64_t elements;
  *count = 0;
  if (!v || (ir_type_is_static(&v->type, &elements) && elements == 0)) return NULL;
  if (!data || v->type.rank != 1 || !onnx_is_float(v) || elements > 2 * IR_MAX_RANK) {
    onnx_fail(c, "its scales or region (input %d) depend on data", index);
    return NULL;
  }
  double *list = ARENA_ARRAY(c->a, double, (size_t)elements);
  for (int64_t i = 0; i < elements; i++) list[i] = element_double(v->type.dtype, data, i);
  *count = (int)elements;
  return list;
}

/* Scales of Resize and Upsample in all opsets; fails if they do not fit `axes`. */
static const double *read_scales(onnx_context *c, int axes) {
  int count;
  if (c->opset < 7) {
    double *planes = ARENA_ARRAY(c->a, double, 4);
    planes[0] = planes[1] = 1;
    planes[2] = onnx_attr_float(c, "height_scale", 0);
    planes[3] = onnx_attr_float(c, "width_scale", 0);
    if (axes != 4) onnx_fail(c, "needs rank 4, not %d", axes);
    return planes;
  }
  const float *attribute = onnx_attr_floats(c, "scales", &count);
  if (!attribute) {
    const double *input = read_floats(c, c->opset >= 11 ? 2 : 1, &count);
    if (input && count != axes) onnx_fail(c, "it has %d scales for %d axes", count, axes);
    return input;
  }
  double *list = ARENA_ARRAY(c->a, double, (size_t)count);
  for (int i = 0; i < count; i++) list[i] = (double)attribute[i];
  if (count != axes) onnx_fail(c, "it has %d scales for %d axes", count, axes);
  return list;
}

/* One scale for all axes, so that none is larger (or smaller) than asked for. */
static void keep_aspect(onnx_context *c, resize_axis *list, int count) {
  const char *policy = onnx_attr_text(c, "keep_aspect_ratio_policy", "stretch");
  bool larger = strcmp(policy, "not_smaller") == 0;
  if (!larger && strcmp(policy, "not_larger") != 0) return;
  double scale = list[0].scale;
  for (int i = 1; i < count; i++) scale = larger ? fmax(scale, list[i].scale) : fmin(scale, list[i].scale);
  for (int i = 0; i < count; i++) {
    list[i].scale = scale;
    list[i].count = (int64_t)floor(scale * (double)list[i].size + 0.5);
  }
}

/* Sizes of the axes before and after. */
static bool read_axes_sizes(onnx_context *c, const int *axes, int count, resize_axis *list) {
  const double *scales = read_scales(c, count);
  int64_t *sizes = NULL;
  int size_count = count, roi_count;
  if (!scales && !onnx_failed(c) && c->opset >= 11 && c->in[3] &&
      !onnx_integers(c, 3, "sizes", &sizes, &size_count)) {
    return false;
  }
  const double *roi = c->opset >= 11 ? read_floats(c, 1, &roi_count) : NULL;
  if (onnx_failed(c)) return false;
  if ((!scales && !sizes) || size_count != count) {
    onnx_fail(c, "it needs a scale or a size for each of its %d axes", count);
    return false;
  }
  for (int i = 0; i < count; i++) {
    resize_axis *a = &list[i];
    ir_dim size = ir_dim_resolve(c->m, c->in[0]->type.dims[axes[i]]);
    *a = (resize_axis){.size = -1, .count = -1, .scale = scales ? scales[i] : 0, .roi_end = 1};
    if (scales && scales[i] == 1 && !ir_dim_is_const(size, NULL)) continue; /* stays as it is */
    if (!ir_dim_is_const(size, &a->size) || a->size < 1 || a->size > MOST_ELEMENTS) {
      onnx_fail(c, "axis %d, which is resized, must have a fixed size", axes[i]);
      return false;
    }
    double wanted = scales ? floor(scales[i] * (double)a->size) : (double)sizes[i];
    if (!(wanted >= 0 && wanted <= MOST_ELEMENTS)) {
      onnx_fail(c, "axis %d cannot be resized to %g elements", axes[i], wanted);
      return false;
    }
    a->count = (int64_t)wanted;
    if (!scales) a->scale = wanted / (double)a->size;
    if (roi && roi_count == 2 * count) {
      a->roi_start = roi[i];
      a->roi_end = roi[i + count];
    }
  }
  if (sizes && count > 0) keep_aspect(c, list, count);
  return true;
}

static ir_value *import_resize(onnx_context *c) {
  ir_value *x = c->in[0];
  resize_rule rule = read_rule(c);
  resize_axis list[IR_MAX_RANK];
  int every[IR_MAX_RANK], count;
  const int64_t *given = onnx_attr_ints(c, "axes", &count);
  if (!given) count = x->type.rank;
  if (count > x->type.rank) return onnx_fail(c, "it names more axes than there are");
  for (int i = 0; i < count; i++) every[i] = given ? onnx_axis(c, given[i], x->type.rank) : i;
  if (onnx_failed(c) || !read_axes_sizes(c, every, count, list)) return x;
  if (rule.mode != RESIZE_NEAREST && !onnx_is_float(x)) return onnx_fail(c, "only floats are interpolated");
  for (int i = 0; i < count && !onnx_failed(c); i++) {
    bool same = list[i].size == list[i].count && list[i].scale == 1;
    if (list[i].size < 0 || (same && rule.map != MAP_CROP)) continue;
    x = resample(c, x, every[i], &rule, &list[i]);
  }
  return x;
}

static const onnx_op_row rows[] = {
    {"", "Resize", 10, 0, 1, 4, import_resize, IR_GATHER},
    {"", "Upsample", 1, 9, 1, 2, import_resize, IR_GATHER},
};
const onnx_op_table onnx_resize_ops = ONNX_OP_TABLE(rows);
