/* convolution.h: convolution as movement and matrix products. Private to compiler/onnx. */
#ifndef SMELT_ONNX_CONVOLUTION_H
#define SMELT_ONNX_CONVOLUTION_H

#include "onnx/window.h"

/*
 * x [N, C, size...] with weight [M, C / groups, kernel...] -> [N, M, count...], where w says which windows;
 * bias [M] or NULL. Any element type, integers wrap. Needs IR_MAX_RANK >= 2 + 2 * axes.
 */
ir_value *onnx_convolve(onnx_context *c, ir_value *x, ir_value *weight, ir_value *bias, const onnx_window *w,
                        int64_t groups);
/* The same over windows that are there: [N, C, count0, kernel0, count1, kernel1, ..], as onnx_windows gives
 * them. */
ir_value *onnx_convolve_windows(onnx_context *c, ir_value *windows, ir_value *weight, ir_value *bias,
                                const onnx_window *w, int64_t groups);
/* The attribute `group`; 0 and a failure if it does not divide x's channels and the weight's first dim. */
int64_t onnx_read_groups(onnx_context *c, const ir_type *x, const ir_type *weight);

#endif
