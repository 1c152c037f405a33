/*
 * sample.h: values of a tensor between its elements, for operators that read
 * images at real-valued places. Private to compiler/onnx.
 *
 * A place is a number of elements from the centre of an axis's first one. Each
 * result is a sum over taps: neighbouring elements, each with a weight, their
 * number per axis given by the interpolation.
 */
#ifndef SMELT_ONNX_SAMPLE_H
#define SMELT_ONNX_SAMPLE_H

#include "onnx/window.h"

typedef enum { ONNX_SAMPLE_NEAREST, ONNX_SAMPLE_LINEAR, ONNX_SAMPLE_CUBIC } onnx_interpolation;
/* What is read beyond the first and last element: zeros, that element, or the image mirrored. */
typedef enum { ONNX_SAMPLE_ZEROS, ONNX_SAMPLE_BORDER, ONNX_SAMPLE_REFLECTION } onnx_sample_padding;

typedef struct {
  onnx_interpolation interpolation;
  onnx_sample_padding padding;
  bool ends_at_centres; /* the image ends at the outer elements' centres, not at their edges */
} onnx_sampler;

/* Places along an axis of `size` brought to where taps make sense of them: numbers near the axis. */
ir_value *onnx_limit_places(onnx_context *c, const onnx_sampler *s, ir_value *places, ir_dim size);

/*
 * Weighted taps of x [.., spatial...], whose last `axes` axes are sampled: their sum over the taps is the
 * value between the elements. planes: i64, the number of the spatial plane that a result reads. places[i]:
 * f32 or f64, along spatial axis i. planes and places have one rank r and broadcast to the results' shape;
 * returns [results..., taps0, taps1...] of rank r + axes and x's dtype, which must be a float unless nearest.
 */
ir_value *onnx_sample_taps(onnx_context *c, const onnx_sampler *s, ir_value *x, int axes, ir_value *planes,
                           ir_value *const *places);
/* The sum over the taps: [results...] of rank r. */
ir_value *onnx_sample(onnx_context *c, const onnx_sampler *s, ir_value *x, int axes, ir_value *planes,
                      ir_value *const *places);

/* Numbers of the planes of x [A, B, spatial...]: i64 [A, B, 1, ...] of `rank`. */
ir_value *onnx_plane_numbers(onnx_context *c, const ir_value *x, int rank);

#endif
