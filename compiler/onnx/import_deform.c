/*
 * import_deform.c: convolutions whose kernel elements are each moved by an
 * offset of their own (onnx docs: DeformConv; Dai et al., Deformable
 * Convolutional Networks). The moved elements are sampled, linearly and with
 * zeros outside; over those windows it is a convolution.
 */
#include "onnx/convolution.h"
#include "onnx/sample.h"

enum { DATA, WEIGHT, OFFSET, BIAS, MASK };

typedef struct {
  onnx_window window;
  int64_t offset_groups; /* channels of one group share their offsets */
  ir_dim images;         /* A = N * offset_groups: each is sampled by itself */
  ir_dim elements;       /* K: of the kernel */
  ir_dim places;         /* O: windows */
} deformation;

/* Offsets are [N, offset_groups * K * axes, count...], a mask is [N, offset_groups * K, count...]. */
static bool fits_windows(onnx_context *c, const deformation *d, const ir_value *v, int64_t numbers) {
  const ir_type *x = &c->in[DATA]->type;
  ir_dim wanted = ir_dim_mul(c->m, onnx_dim(c, d->offset_groups * numbers), d->elements);
  bool fits = onnx_is_float(v) && v->type.rank == x->rank &&
              ir_dim_unify(c->m, v->type.dims[0], x->dims[0]) && ir_dim_unify(c->m, v->type.dims[1], wanted);
  for (int i = 0; fits && i < d->window.axes; i++) {
    fits = ir_dim_unify(c->m, v->type.dims[2 + i], d->window.count[i]);
  }
  if (!fits) onnx_fail(c, "its %s do not fit its windows", numbers == 1 ? "masks" : "offsets");
  return fits;
}

static bool read_deformation(onnx_context *c, deformation *d) {
  const ir_type *x = &c->in[DATA]->type;
  int64_t channels;
  *d = (deformation){.offset_groups = onnx_attr_int(c, "offset_group", 1)};
  if (!onnx_read_window(c, x, &c->in[WEIGHT]->type, &d->window)) return false;
  if (!ir_dim_is_const(ir_dim_resolve(c->m, x->dims[1]), &channels) || d->offset_groups < 1 ||
      channels % d->offset_groups) {
    onnx_fail(c, "its %lld offset groups do not divide its channels", (long long)d->offset_groups);
    return false;
  }
  d->images = ir_dim_mul(c->m, x->dims[0], onnx_dim(c, d->offset_groups));
  d->elements = onnx_dim(c, onnx_window_elements(&d->window));
  d->places = onnx_dim_product(c, d->window.count, 0, d->window.axes);
  return fits_windows(c, d, c->in[OFFSET], d->window.axes) &&
         (!c->in[MASK] || fits_windows(c, d, c->in[MASK], 1));
}

/* Where kernel elements lie along an axis, moved: [A, 1, K * O]. */
static ir_value *moved_places(onnx_context *c, const deformation *d, int axis) {
  const onnx_window *w = &d->window;
  int axes = w->axes;
  ir_dim one = onnx_dim(c, 1), line[3] = {d->images, one, ir_dim_mul(c->m, d->elements, d->places)};
  ir_dim split[4] = {d->images, d->elements, onnx_dim(c, axes), d->places}, apart[IR_MAX_RANK];
  ir_dim along[IR_MAX_RANK];
  apart[0] = d->images;
  along[0] = one;
  for (int i = 0; i < axes; i++) {
    apart[1 + i] = onnx_dim(c, w->kernel[i]);
    apart[1 + axes + i] = w->count[i];
    along[1 + i] = i == axis ? apart[1 + i] : one;
    along[1 + axes + i] = i == axis ? w->count[i] : one;
  }
  ir_value *offset =
      ir_slice_axis(c->b, ir_reshape(c->b, c->in[OFFSET], split, 4), 2, onnx_dim(c, axis), one);
  if (offset->type.dtype != SMELT_F64) offset = ir_cast(c->b, offset, SMELT_F32);
  ir_value *at = ir_transpose(c->b, onnx_window_places(c, w, axis), (const int[]){1, 0});
  at = ir_binary(c->b, IR_SUB, at, ir_dim_scalar(c->b, w->before[axis]));
  at = ir_reshape(c->b, ir_cast(c->b, at, offset->type.dtype), along, 1 + 2 * axes);
  at = ir_binary(c->b, IR_ADD, ir_reshape(c->b, offset, apart, 1 + 2 * axes), at);
  return ir_reshape(c->b, at, line, 3);
}

/* [A, C / offset_groups, K * O] as the windows [N, C, count0, kernel0, count1, kernel1, ..]. */
static ir_value *as_windows(onnx_context *c, const deformation *d, ir_value *sampled) {
  const ir_type *x = &c->in[DATA]->type;
  int axes = d->window.axes, perm[IR_MAX_RANK] = {0, 1};
  ir_dim shape[IR_MAX_RANK] = {x->dims[0], x->dims[1]};
  for (int i = 0; i < axes; i++) {
    shape[2 + i] = onnx_dim(c, d->window.kernel[i]);
    shape[2 + axes + i] = d->window.count[i];
    perm[2 + 2 * i] = 2 + axes + i;
    perm[3 + 2 * i] = 2 + i;
  }
  return ir_transpose(c->b, ir_reshape(c->b, sampled, shape, 2 + 2 * axes), perm);
}

static ir_value *import_deform_conv(onnx_context *c) {
  const onnx_sampler sampler = {.interpolation = ONNX_SAMPLE_LINEAR, .padding = ONNX_SAMPLE_ZEROS};
  ir_value *x = c->in[DATA], *places[ONNX_MAX_SPATIAL];
  deformation d;
  if (!read_deformation(c, &d)) return x;
  int64_t groups = onnx_read_groups(c, &x->type, &c->in[WEIGHT]->type);
  if (!groups) return x;
  int axes = d.window.axes;
  ir_dim shape[IR_MAX_RANK] = {d.images, ir_dim_div(c->m, x->type.dims[1], onnx_dim(c, d.offset_groups))};
  for (int i = 0; i < axes; i++) {
    shape[2 + i] = d.window.size[i];
    places[i] = onnx_limit_places(c, &sampler, moved_places(c, &d, i), d.window.size[i]);
  }
  ir_value *images = ir_reshape(c->b, x, shape, 2 + axes);
  if (onnx_failed(c)) return x;
  ir_value *sampled = onnx_sample(c, &sampler, images, axes, onnx_plane_numbers(c, images, 3), places);
  if (c->in[MASK]) {
    ir_dim line[3] = {d.images, onnx_dim(c, 1), ir_dim_mul(c->m, d.elements, d.places)};
    sampled = ir_binary(c->b, IR_MUL, sampled, ir_reshape(c->b, c->in[MASK], line, 3));
  }
  return onnx_convolve_windows(c, as_windows(c, &d, sampled), c->in[WEIGHT], c->in[BIAS], &d.window, groups);
}

static const onnx_op_row rows[] = {
    {"", "DeformConv", 19, 0, 3, 5, import_deform_conv, IR_MATMUL},
};
const onnx_op_table onnx_deform_ops = ONNX_OP_TABLE(rows);
