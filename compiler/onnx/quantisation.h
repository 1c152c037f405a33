/* quantisation.h: linear quantisation as arithmetic, shared by the domains that have it. Private to
 * compiler/onnx. */
#ifndef SMELT_ONNX_QUANTISATION_H
#define SMELT_ONNX_QUANTISATION_H

#include "onnx/import.h"

/* Each element of v along `axis` repeated `block` times, the last ones fewer, to be `size` long. */
ir_value *onnx_spread_blocks(onnx_context *c, ir_value *v, int axis, int64_t block, ir_dim size);

/* x - zero_point (NULL: 0) in i32; a vector of zero points belongs to axis `axis`. */
ir_value *onnx_centre(onnx_context *c, ir_value *x, ir_value *zero_point, int axis);

/* A scale that may be a vector along `axis` of a tensor of `rank`, to broadcast with it. */
ir_value *onnx_scale_along(onnx_context *c, ir_value *scale, int axis, int rank);

/*
 * x to u8 over its range with 0 in it, as DynamicQuantizeLinear does: scale = (max - min) / 255, zero_point =
 * round(-min / scale), in u8.
 */
ir_value *onnx_quantise_range(onnx_context *c, ir_value *x, ir_value **scale, ir_value **zero_point);

#endif
