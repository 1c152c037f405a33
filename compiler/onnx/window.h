/*
 * window.h: sliding windows over the spatial axes of [N, C, spatial...], shared
 * by convolutions and pooling: their attributes, the sizes that follow from
 * them, and the windows themselves as movement. Private to compiler/onnx.
 */
#ifndef SMELT_ONNX_WINDOW_H
#define SMELT_ONNX_WINDOW_H

#include "onnx/import.h"

enum { ONNX_MAX_SPATIAL = 3 }; /* a windowed tensor has 2 + 2 * 3 axes, the most there can be */

/* Per spatial axis: window o covers elements o * stride + k * dilation - before, for k in [0, kernel). */
typedef struct {
  int axes;
  int64_t kernel[ONNX_MAX_SPATIAL], stride[ONNX_MAX_SPATIAL], dilation[ONNX_MAX_SPATIAL];
  ir_dim size[ONNX_MAX_SPATIAL];                            /* of the input */
  ir_dim before[ONNX_MAX_SPATIAL], after[ONNX_MAX_SPATIAL]; /* padding */
  ir_dim count[ONNX_MAX_SPATIAL];                           /* of windows */
} onnx_window;

/*
 * Reads kernel_shape, strides, dilations, pads, auto_pad and ceil_mode for x, and works out `before`, `after`
 * and `count`. weight (NULL: none): [M, C, kernel...], whose dims are the kernel's. False and a failure if
 * they do not fit.
 */
bool onnx_read_window(onnx_context *c, const ir_type *x, const ir_type *weight, onnx_window *w);
/* Only kernel, stride, dilation and size: transposed convolutions have sizes of their own. */
bool onnx_read_kernel(onnx_context *c, const ir_type *x, const ir_type *weight, onnx_window *w);
/* The attribute `pads` into before and after; zeros without it. */
bool onnx_read_pads(onnx_context *c, onnx_window *w);

/* x [N, C, size...] -> [N, C, count0, kernel0, count1, kernel1, ...], padded with `fill`. */
ir_value *onnx_windows(onnx_context *c, ir_value *x, const onnx_window *w, double fill);
/* Where element k of window o lies along an axis, counted from the padding's start: [count, kernel] i64. */
ir_value *onnx_window_places(onnx_context *c, const onnx_window *w, int axis);
/* Product of the kernel's sizes. */
int64_t onnx_window_elements(const onnx_window *w);

#endif
