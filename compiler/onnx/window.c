/* window.c: attributes of convolutions and pooling, and windows as gathers (im2col). */
#include "onnx/window.h"

#include <string.h>

enum { MAX_WINDOW = 1 << 20 }; /* of a kernel, stride or dilation: sizes stay far from overflow */

/* A list of one number per axis, `fallback` where the attribute is missing. */
static bool read_list(onnx_context *c, const char *name, int axes, int64_t fallback, int64_t *list) {
  int count;
  const int64_t *given = onnx_attr_ints(c, name, &count);
  if (given && count == 0) given = NULL;
  if (given && count != axes) {
    onnx_fail(c, "%s has %d numbers for %d axes", name, count, axes);
    return false;
  }
  for (int i = 0; i < axes; i++) {
    list[i] = given ? given[i] : fallback;
    if (list[i] >= 1 && list[i] <= MAX_WINDOW) continue;
    onnx_fail(c, "%s has %lld", name, (long long)list[i]);
    return false;
  }
  return !onnx_failed(c);
}

bool onnx_read_kernel(onnx_context *c, const ir_type *x, const ir_type *weight, onnx_window *w) {
  *w = (onnx_window){.axes = x->rank - 2};
  if (w->axes < 1 || w->axes > ONNX_MAX_SPATIAL || (weight && weight->rank != x->rank)) {
    onnx_fail(c, "needs 1 to %d spatial axes, not %d", ONNX_MAX_SPATIAL, w->axes);
    return false;
  }
  if (!read_list(c, "strides", w->axes, 1, w->stride)) return false;
  if (!read_list(c, "dilations", w->axes, 1, w->dilation)) return false;
  if (!weight && !onnx_has_attr(c, "kernel_shape")) {
    onnx_fail(c, "its kernel_shape is missing");
    return false;
  }
  if (!weight && !read_list(c, "kernel_shape", w->axes, 1, w->kernel)) return false;
  for (int i = 0; i < w->axes; i++) {
    w->size[i] = ir_dim_resolve(c->m, x->dims[2 + i]);
    if (!weight) continue;
    if (!ir_dim_is_const(weight->dims[2 + i], &w->kernel[i]) || w->kernel[i] < 1 ||
        w->kernel[i] > MAX_WINDOW) {
      onnx_fail(c, "the kernel's size must be known");
      return false;
    }
  }
  return true;
}

bool onnx_read_pads(onnx_context *c, onnx_window *w) {
  int count;
  const int64_t *pads = onnx_attr_ints(c, "pads", &count);
  if (pads && count != 2 * w->axes) {
    onnx_fail(c, "pads has %d numbers for %d axes", count, w->axes);
    return false;
  }
  for (int i = 0; i < w->axes; i++) {
    int64_t before = pads ? pads[i] : 0, after = pads ? pads[i + w->axes] : 0;
    if (before < 0 || after < 0 || before > MAX_WINDOW || after > MAX_WINDOW) {
      onnx_fail(c, "its padding %lld, %lld is not supported", (long long)before, (long long)after);
      return false;
    }
    w->before[i] = onnx_dim(c, before);
    w->after[i] = onnx_dim(c, after);
  }
  return !onnx_failed(c);
}

/* Elements from the first to the last of a window. */
static ir_dim window_extent(onnx_context *c, const onnx_window *w, int i) {
  return onnx_dim(c, (w->kernel[i] - 1) * w->dilation[i] + 1);
}

/* SAME: ceil(size / stride) windows; the padding that takes is split, the odd one going to the end or start.
 */
static void pad_same(onnx_context *c, onnx_window *w, int i, bool at_end) {
  ir_dim one = onnx_dim(c, 1), two = onnx_dim(c, 2), stride = onnx_dim(c, w->stride[i]);
  w->count[i] = ir_dim_div(c->m, ir_dim_add(c->m, w->size[i], ir_dim_sub(c->m, stride, one)), stride);
  ir_dim last = ir_dim_mul(c->m, ir_dim_sub(c->m, w->count[i], one), stride);
  ir_dim needed = ir_dim_sub(c->m, ir_dim_add(c->m, last, window_extent(c, w, i)), w->size[i]);
  ir_dim total = ir_dim_max(c->m, needed, onnx_dim(c, 0)), half = ir_dim_div(c->m, total, two);
  w->before[i] = at_end ? half : ir_dim_sub(c->m, total, half);
  w->after[i] = ir_dim_sub(c->m, total, w->before[i]);
}

/* Windows that fit; in ceil mode also one that begins inside and ends beyond. */
static bool count_windows(onnx_context *c, onnx_window *w, int i, bool ceil_mode) {
  ir_dim padded = ir_dim_add(c->m, w->size[i], ir_dim_add(c->m, w->before[i], w->after[i]));
  ir_dim room = ir_dim_sub(c->m, padded, window_extent(c, w, i)), stride = onnx_dim(c, w->stride[i]);
  ir_dim one = onnx_dim(c, 1);
  int64_t known, size, before, lowest, highest;
  ir_dim_bounds(c->m, room, &lowest, &highest);
  if (highest < 0 && !ceil_mode) {
    onnx_fail(c, "its window is larger than the padded input");
    return false;
  }
  if (!ceil_mode || w->stride[i] == 1) {
    w->count[i] = ir_dim_add(c->m, ir_dim_div(c->m, room, stride), one);
    if (lowest < 0) w->count[i] = ir_dim_max(c->m, w->count[i], onnx_dim(c, 0));
    return true;
  }
  if (!ir_dim_is_const(room, &known) || !ir_dim_is_const(w->size[i], &size) ||
      !ir_dim_is_const(w->before[i], &before)) {
    onnx_fail(c, "ceil_mode needs an axis %d of fixed size", i + 2);
    return false;
  }
  int64_t step = w->stride[i], count = (known + step - 1) / step + 1;
  if ((count - 1) * step >= size + before) count--;
  w->count[i] = onnx_dim(c, count);
  return true;
}

bool onnx_read_window(onnx_context *c, const ir_type *x, const ir_type *weight, onnx_window *w) {
  const char *mode = onnx_attr_text(c, "auto_pad", "NOTSET");
  bool upper = strcmp(mode, "SAME_UPPER") == 0, lower = strcmp(mode, "SAME_LOWER") == 0;
  bool given = strcmp(mode, "NOTSET") == 0, valid = strcmp(mode, "VALID") == 0;
  bool ceil_mode = onnx_attr_int(c, "ceil_mode", 0) != 0;
  if (!onnx_read_kernel(c, x, weight, w)) return false;
  if (given && !onnx_read_pads(c, w)) return false;
  if (!upper && !lower && !given && !valid) {
    onnx_fail(c, "unknown auto_pad '%s'", mode);
    return false;
  }
  for (int i = 0; i < w->axes; i++) {
    if (valid) w->before[i] = w->after[i] = onnx_dim(c, 0);
    if (upper || lower) {
      pad_same(c, w, i, upper);
    } else if (!count_windows(c, w, i, ceil_mode && !valid)) {
      return false;
    }
  }
  return true;
}

/* ---- windows as movement ---- */

ir_value *onnx_window_places(onnx_context *c, const onnx_window *w, int axis) {
  ir_dim one = onnx_dim(c, 1), zero = onnx_dim(c, 0);
  ir_dim windows[2] = {w->count[axis], one}, elements[2] = {one, onnx_dim(c, w->kernel[axis])};
  return ir_binary(c->b, IR_ADD, ir_iota(c->b, windows, 2, 0, zero, w->stride[axis]),
                   ir_iota(c->b, elements, 2, 1, zero, w->dilation[axis]));
}

/* Padded so that the last window ends inside: in ceil mode it may reach beyond the padding that was asked
 * for. */
static ir_value *pad_input(onnx_context *c, ir_value *x, const onnx_window *w, double fill) {
  ir_attrs attrs = {.rank = x->type.rank, .value = fill};
  bool any = false;
  for (int i = 0; i < attrs.rank; i++) {
    attrs.start[i] = onnx_dim(c, 0);
    attrs.shape[i] = x->type.dims[i];
    if (i < 2) continue;
    int s = i - 2;
    ir_dim padded = ir_dim_add(c->m, w->size[s], ir_dim_add(c->m, w->before[s], w->after[s])), needed;
    needed = ir_dim_mul(c->m, ir_dim_sub(c->m, w->count[s], onnx_dim(c, 1)), onnx_dim(c, w->stride[s]));
    needed = ir_dim_add(c->m, needed, window_extent(c, w, s));
    int64_t lowest, highest;
    ir_dim_bounds(c->m, ir_dim_sub(c->m, needed, padded), &lowest, &highest);
    if (lowest > 0) padded = needed;
    attrs.start[i] = w->before[s];
    attrs.shape[i] = padded;
    any |= !ir_dim_equal(c->m, padded, w->size[s]);
  }
  return any ? ir_build(c->b, IR_PAD, &x, 1, &attrs) : x;
}

/* One axis [size] of x as [count, kernel]. */
static ir_value *window_axis(onnx_context *c, ir_value *x, const onnx_window *w, int spatial, int axis) {
  ir_dim kernel = onnx_dim(c, w->kernel[spatial]), dims[IR_MAX_RANK];
  int rank = x->type.rank;
  bool touching = w->stride[spatial] == w->kernel[spatial] && w->dilation[spatial] == 1;
  bool single = w->kernel[spatial] == 1 && w->stride[spatial] == 1;
  if (!single &&
      !(touching && ir_dim_equal(c->m, x->type.dims[axis], ir_dim_mul(c->m, w->count[spatial], kernel)))) {
    return ir_gather(c->b, x, onnx_window_places(c, w, spatial), axis);
  }
  for (int i = 0; i <= rank; i++) dims[i] = x->type.dims[i > axis ? i - 1 : i];
  dims[axis] = w->count[spatial];
  dims[axis + 1] = kernel;
  return ir_reshape(c->b, x, dims, rank + 1);
}

ir_value *onnx_windows(onnx_context *c, ir_value *x, const onnx_window *w, double fill) {
  x = pad_input(c, x, w, fill);
  for (int i = 0; i < w->axes && !onnx_failed(c); i++) x = window_axis(c, x, w, i, 2 + 2 * i);
  return x;
}

int64_t onnx_window_elements(const onnx_window *w) {
  int64_t product = 1;
  for (int i = 0; i < w->axes; i++) product *= w->kernel[i];
  return product;
}
