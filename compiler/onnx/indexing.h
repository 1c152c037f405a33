/*
 * indexing.h: index tensors as places in flattened data, shared by what reads
 * (gathers) and what writes (scatters) there. Negative indices count from the
 * end of their axis. Private to compiler/onnx.
 */
#ifndef SMELT_ONNX_INDEXING_H
#define SMELT_ONNX_INDEXING_H

#include "onnx/import.h"

/* Negative indices (i64) count from the end of an axis of `size`: those, as indices from its start. */
ir_value *onnx_wrap_indices(onnx_context *c, ir_value *indices, ir_dim size);

/* [shape of indices] i64: place of data[i0, .., indices[i0, .., ik], .., ik]. Ranks are equal. */
ir_value *onnx_flat_elements(onnx_context *c, const ir_type *data, ir_value *indices, int axis);
/* The elements there. */
ir_value *onnx_gather_elements(onnx_context *c, ir_value *data, ir_value *indices, int axis);
/*
 * data seen as [N, D] with rows replaced by, or combined with (op: a scatter), updates seen as [M, D];
 * places: any shape with M elements, those outside [0, N) doing nothing.
 */
ir_value *onnx_scatter_rows(onnx_context *c, ir_op op, ir_value *data, ir_value *places, ir_value *updates,
                            ir_dim N, ir_dim D);
/*
 * in[0] is data, in[1] indices [batch..., outer..., depth]. The number of the slice data[batch..., index
 * tuple] among all slices of that depth: [batch..., outer...] i64.
 */
ir_value *onnx_flat_tuples(onnx_context *c, int batch, int depth);

/*
 * x: [N], any element type -> i64 [n]: the places of its n elements that are not zero, in order. n is known,
 * or measured while the model runs, and then named for `hint`.
 */
ir_value *onnx_true_places(onnx_context *c, ir_value *x, const char *hint);

#endif
