/* import_convolution.c: convolutions over windows (im2col), and transposed ones as convolutions of a spread
 * input. */
#include "onnx/convolution.h"

#include <string.h>

int64_t onnx_read_groups(onnx_context *c, const ir_type *x, const ir_type *weight) {
  int64_t groups = onnx_attr_int(c, "group", 1), channels, filters;
  if (onnx_failed(c)) return 0;
  if (!ir_dim_is_const(ir_dim_resolve(c->m, x->dims[1]), &channels) ||
      !ir_dim_is_const(weight->dims[0], &filters)) {
    onnx_fail(c, "the numbers of channels must be known");
    return 0;
  }
  if (groups >= 1 && channels % groups == 0 && filters % groups == 0) return groups;
  onnx_fail(c, "its %lld groups do not divide %lld channels and %lld filters", (long long)groups,
            (long long)channels, (long long)filters);
  return 0;
}

/* Windows [N, C, O0, K0, O1, K1, ..] with the axes as `wanted`: 'N', 'C', 'O' (all of them), 'K' (all). */
static ir_value *arrange(onnx_context *c, ir_value *windows, const onnx_window *w, const char *wanted) {
  int perm[IR_MAX_RANK], rank = 0;
  for (; *wanted; wanted++) {
    if (*wanted == 'N') perm[rank++] = 0;
    if (*wanted == 'C') perm[rank++] = 1;
    for (int i = 0; i < w->axes && *wanted == 'O'; i++) perm[rank++] = 2 + 2 * i;
    for (int i = 0; i < w->axes && *wanted == 'K'; i++) perm[rank++] = 3 + 2 * i;
  }
  return ir_transpose(c->b, windows, perm);
}

/* One group: windows as rows, times the filters as columns: what a linear layer does. */
static ir_value *convolve_whole(onnx_context *c, ir_value *windows, ir_value *weight, ir_value *bias,
                                const onnx_window *w, ir_dim places) {
  const ir_type *type = &weight->type;
  ir_dim length = onnx_dim_product(c, type->dims, 1, type->rank);
  ir_dim rows[3] = {windows->type.dims[0], places, length}, filters[2] = {type->dims[0], length};
  ir_value *x = ir_reshape(c->b, arrange(c, windows, w, "NOCK"), rows, 3);
  ir_value *product = ir_matmul(c->b, x, onnx_swap_last(c, ir_reshape(c->b, weight, filters, 2)));
  if (bias) product = ir_binary(c->b, IR_ADD, product, bias);
  return onnx_swap_last(c, product);
}

/* [N, G, M / G, C / G * K] x [N, G, C / G * K, O] */
static ir_value *convolve_groups(onnx_context *c, ir_value *windows, ir_value *weight, ir_value *bias,
                                 const onnx_window *w, ir_dim places, int64_t groups) {
  const ir_type *type = &weight->type;
  ir_dim G = onnx_dim(c, groups), one = onnx_dim(c, 1),
         length = onnx_dim_product(c, type->dims, 1, type->rank);
  ir_dim filters[4] = {one, G, ir_dim_div(c->m, type->dims[0], G), length};
  ir_dim columns[4] = {windows->type.dims[0], G, length, places};
  ir_value *x = ir_reshape(c->b, arrange(c, windows, w, "NCKO"), columns, 4);
  ir_value *product = ir_matmul(c->b, ir_reshape(c->b, weight, filters, 4), x);
  ir_dim joined[3] = {windows->type.dims[0], type->dims[0], places}, column[2] = {type->dims[0], one};
  product = ir_reshape(c->b, product, joined, 3);
  return bias ? ir_binary(c->b, IR_ADD, product, ir_reshape(c->b, bias, column, 2)) : product;
}

ir_value *onnx_convolve_windows(onnx_context *c, ir_value *windows, ir_value *weight, ir_value *bias,
                                const onnx_window *w, int64_t groups) {
  ir_dim channels = ir_dim_mul(c->m, weight->type.dims[1], onnx_dim(c, groups));
  if (onnx_failed(c)) return windows;
  if (!ir_dim_unify(c->m, windows->type.dims[1], channels)) {
    return onnx_fail(c, "its weight does not fit its channels");
  }
  if (bias && (bias->type.rank != 1 || !ir_dim_unify(c->m, bias->type.dims[0], weight->type.dims[0]))) {
    return onnx_fail(c, "its bias is not a number per filter");
  }
  ir_dim result[IR_MAX_RANK] = {windows->type.dims[0], weight->type.dims[0]};
  memcpy(result + 2, w->count, (size_t)w->axes * sizeof *result);
  ir_dim places = onnx_dim_product(c, w->count, 0, w->axes);
  ir_value *product = groups == 1 ? convolve_whole(c, windows, weight, bias, w, places)
                                  : convolve_groups(c, windows, weight, bias, w, places, groups);
  return ir_reshape(c->b, product, result, w->axes + 2);
}

ir_value *onnx_convolve(onnx_context *c, ir_value *x, ir_value *weight, ir_value *bias, const onnx_window *w,
                        int64_t groups) {
  return onnx_convolve_windows(c, onnx_windows(c, x, w, 0), weight, bias, w, groups);
}

static ir_value *import_conv(onnx_context *c) {
  onnx_window w;
  const ir_type *x = &c->in[0]->type, *weight = &c->in[1]->type;
  if (!onnx_read_window(c, x, weight, &w)) return c->in[0];
  /* Where the file has but a name for the channels, the weight knows them. */
  int64_t groups = onnx_attr_int(c, "group", 1);
  if (groups >= 1) ir_dim_unify(c->m, x->dims[1], ir_dim_mul(c->m, weight->dims[1], onnx_dim(c, groups)));
  groups = onnx_read_groups(c, x, weight);
  return groups ? onnx_convolve(c, c->in[0], c->in[1], c->in[2], &w, groups) : c->in[0];
}

/* ---- transposed ---- */

/* How much is added (or, negative, cut) around the spread input, and how many results there are. */
typedef struct {
  ir_dim before[ONNX_MAX_SPATIAL], after[ONNX_MAX_SPATIAL], count[ONNX_MAX_SPATIAL];
} transposed_sizes;

/*
 * Full results are stride * (size - 1) + (kernel - 1) * dilation + 1, and output_padding; pads cut them. An
 * output_shape, or auto_pad, says what is to be left instead.
 */
static bool transposed_extent(onnx_context *c, onnx_window *w, transposed_sizes *t) {
  const char *mode = onnx_attr_text(c, "auto_pad", "NOTSET");
  bool upper = strcmp(mode, "SAME_UPPER") == 0, same = upper || strcmp(mode, "SAME_LOWER") == 0;
  int shape_count, extra_count;
  const int64_t *shape = onnx_attr_ints(c, "output_shape", &shape_count);
  const int64_t *extra = onnx_attr_ints(c, "output_padding", &extra_count);
  if (!onnx_read_pads(c, w)) return false;
  if ((shape && shape_count != w->axes) || (extra && extra_count != w->axes)) {
    onnx_fail(c, "its output_shape or output_padding does not fit its %d axes", w->axes);
    return false;
  }
  for (int i = 0; i < w->axes; i++) {
    ir_dim one = onnx_dim(c, 1), reach = onnx_dim(c, (w->kernel[i] - 1) * w->dilation[i]);
    ir_dim more = onnx_dim(c, extra ? extra[i] : 0), stride = onnx_dim(c, w->stride[i]);
    ir_dim full = ir_dim_add(c->m, ir_dim_mul(c->m, ir_dim_sub(c->m, w->size[i], one), stride), reach);
    full = ir_dim_add(c->m, ir_dim_add(c->m, full, one), more);
    t->count[i] = ir_dim_sub(c->m, full, ir_dim_add(c->m, w->before[i], w->after[i]));
    if (shape || same) {
      t->count[i] = shape ? onnx_dim(c, shape[i]) : ir_dim_mul(c->m, w->size[i], stride);
      ir_dim total = ir_dim_sub(c->m, full, t->count[i]), half = ir_dim_div(c->m, total, onnx_dim(c, 2));
      w->before[i] = upper ? half : ir_dim_sub(c->m, total, half);
      w->after[i] = ir_dim_sub(c->m, total, w->before[i]);
    }
    t->before[i] = ir_dim_sub(c->m, reach, w->before[i]);
    t->after[i] = ir_dim_add(c->m, ir_dim_sub(c->m, reach, w->after[i]), more);
  }
  return !onnx_failed(c);
}

/* stride - 1 zeros between the elements of an axis: [.., size, 1, ..] padded to [.., size, stride, ..]. */
static ir_value *spread_axis(onnx_context *c, ir_value *x, int axis, int64_t stride) {
  int rank = x->type.rank;
  ir_dim size = x->type.dims[axis], one = onnx_dim(c, 1), step = onnx_dim(c, stride);
  ir_dim shape[3] = {onnx_dim_product(c, x->type.dims, 0, axis + 1), one,
                     onnx_dim_product(c, x->type.dims, axis + 1, rank)};
  if (stride == 1) return x;
  ir_attrs pad = {.rank = 3, .shape = {shape[0], step, shape[2]}};
  ir_value *apart = ir_reshape(c->b, x, shape, 3), *padded = ir_build(c->b, IR_PAD, &apart, 1, &pad);
  ir_dim dims[IR_MAX_RANK];
  memcpy(dims, x->type.dims, sizeof dims);
  dims[axis] = ir_dim_mul(c->m, size, step);
  padded = ir_reshape(c->b, padded, dims, rank);
  ir_dim kept = ir_dim_add(c->m, ir_dim_mul(c->m, ir_dim_sub(c->m, size, one), step), one);
  return onnx_failed(c) ? x : ir_slice_axis(c->b, padded, axis, onnx_dim(c, 0), kept);
}

/* Cuts what a negative before or after says, and makes them 0. */
static ir_value *cut_axis(onnx_context *c, ir_value *x, int axis, ir_dim *before, ir_dim *after) {
  int64_t lowest, highest;
  ir_dim start = onnx_dim(c, 0), size = x->type.dims[axis];
  ir_dim_bounds(c->m, *before, &lowest, &highest);
  if (lowest < 0) {
    size = ir_dim_add(c->m, size, *before);
    start = ir_dim_sub(c->m, start, *before);
    *before = onnx_dim(c, 0);
  }
  ir_dim_bounds(c->m, *after, &lowest, &highest);
  if (lowest < 0) {
    size = ir_dim_add(c->m, size, *after);
    *after = onnx_dim(c, 0);
  }
  return ir_slice_axis(c->b, x, axis, start, size);
}

/* [C, M / G, K..] as [M, C / G, K..] with every kernel axis reversed. */
static ir_value *turn_weight(onnx_context *c, ir_value *weight, int axes, int64_t groups) {
  const ir_dim *d = weight->type.dims;
  ir_dim G = onnx_dim(c, groups), inner = ir_dim_div(c->m, d[0], G),
         elements = onnx_dim_product(c, d, 2, 2 + axes);
  ir_dim apart[4] = {G, inner, d[1], elements}, result[IR_MAX_RANK], start[IR_MAX_RANK];
  int64_t step[IR_MAX_RANK];
  ir_value *turned = ir_transpose(c->b, ir_reshape(c->b, weight, apart, 4), (const int[]){0, 2, 1, 3});
  result[0] = ir_dim_mul(c->m, G, d[1]);
  result[1] = inner;
  for (int i = 0; i < 2 + axes; i++) {
    if (i >= 2) result[i] = d[i];
    start[i] = i < 2 ? onnx_dim(c, 0) : ir_dim_sub(c->m, d[i], onnx_dim(c, 1));
    step[i] = i < 2 ? 1 : -1;
  }
  turned = ir_reshape(c->b, turned, result, 2 + axes);
  return onnx_failed(c) ? weight : ir_slice(c->b, turned, start, result, step);
}

static ir_value *import_conv_transpose(onnx_context *c) {
  ir_value *x = c->in[0], *weight = c->in[1];
  onnx_window w;
  transposed_sizes t;
  if (!onnx_read_kernel(c, &x->type, &weight->type, &w) || !transposed_extent(c, &w, &t)) return x;
  int64_t groups = onnx_read_groups(c, &x->type, &weight->type);
  if (!groups) return x;
  for (int i = 0; i < w.axes; i++) {
    x = cut_axis(c, spread_axis(c, x, 2 + i, w.stride[i]), 2 + i, &t.before[i], &t.after[i]);
    if (onnx_failed(c)) return x;
    w.size[i] = x->type.dims[2 + i];
    w.stride[i] = 1;
    w.before[i] = t.before[i];
    w.after[i] = t.after[i];
    w.count[i] = t.count[i];
  }
  return onnx_convolve(c, x, turn_weight(c, weight, w.axes, groups), c->in[2], &w, groups);
}

static const onnx_op_row rows[] = {
    {"", "Conv", 1, 0, 2, 3, import_conv, IR_MATMUL},
    {"", "ConvTranspose", 1, 0, 2, 3, import_conv_transpose, IR_MATMUL},
};
const onnx_op_table onnx_convolution_ops = ONNX_OP_TABLE(rows);
