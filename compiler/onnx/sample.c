/* sample.c: values between elements, as gathers of weighted neighbours. */
#include "onnx/sample.h"

#include <string.h>

static ir_value *between(onnx_context *c, ir_value *x, ir_value *low, ir_value *high) {
  return ir_binary(c->b, IR_MAX, ir_binary(c->b, IR_MIN, x, high), low);
}
/* size + more, as a number like x */
static ir_value *size_like(onnx_context *c, const ir_value *x, ir_dim size, double more) {
  return onnx_add(c, ir_cast(c->b, ir_dim_scalar(c->b, size), x->type.dtype), onnx_number_like(c, x, more));
}

/*
 * Mirrored at both ends of an axis until inside: a triangle wave. An axis of one element, mirrored at its
 * centre, has no other.
 */
static ir_value *mirror(onnx_context *c, const onnx_sampler *s, ir_value *places, ir_dim size) {
  ir_value *low = onnx_number_like(c, places, s->ends_at_centres ? 0 : -0.5), *zero;
  ir_value *range = size_like(c, places, size, s->ends_at_centres ? -1 : 0);
  ir_value *period = onnx_mul(c, range, onnx_number_like(c, places, 2)), *divisor;
  zero = onnx_number_like(c, places, 0);
  divisor = ir_binary(c->b, IR_MAX, period, onnx_number_like(c, places, 1));
  ir_value *distance = ir_unary(c->b, IR_ABS, onnx_sub(c, places, low));
  ir_value *turns = ir_unary(c->b, IR_FLOOR, ir_binary(c->b, IR_DIV, distance, divisor));
  distance = onnx_sub(c, distance, onnx_mul(c, turns, divisor));
  distance = ir_binary(c->b, IR_MIN, distance, onnx_sub(c, period, distance));
  return onnx_add(c, low, ir_binary(c->b, IR_MAX, distance, zero));
}

ir_value *onnx_limit_places(onnx_context *c, const onnx_sampler *s, ir_value *places, ir_dim size) {
  if (s->padding == ONNX_SAMPLE_REFLECTION) return mirror(c, s, places, size);
  ir_value *low = onnx_number_like(c, places, 0), *high = size_like(c, places, size, -1);
  if (s->padding == ONNX_SAMPLE_BORDER && s->interpolation != ONNX_SAMPLE_CUBIC) {
    return between(c, places, low, high);
  }
  /* so far outside, no tap reaches in */
  ir_value *reach = onnx_number_like(c, places, 3);
  return between(c, places, onnx_sub(c, low, reach), onnx_add(c, high, reach));
}

/* ---- taps along one axis ---- */

/* How much an element at `distance` (not negative) weighs. */
static ir_value *weigh(onnx_context *c, onnx_interpolation interpolation, ir_value *distance) {
  ir_value *one = onnx_number_like(c, distance, 1);
  if (interpolation == ONNX_SAMPLE_LINEAR) return onnx_sub(c, one, distance);
  /* Keys' cubic convolution kernel (1981) with A = -0.75: up to distance 1, and beyond */
  const double A = -0.75;
  const double inner[] = {A + 2, -(A + 3), 0, 1}, outer[] = {A, -5 * A, 8 * A, -4 * A};
  ir_value *sums[2];
  for (int i = 0; i < 2; i++) {
    const double *factors = i ? outer : inner;
    sums[i] = onnx_number_like(c, distance, factors[0]);
    for (int k = 1; k < 4; k++) {
      sums[i] = onnx_add(c, onnx_mul(c, sums[i], distance), onnx_number_like(c, distance, factors[k]));
    }
  }
  return ir_select(c->b, ir_binary(c->b, IR_LE, distance, one), sums[0], sums[1]);
}

typedef struct {
  ir_value *index;  /* i64, in [0, size) */
  ir_value *weight; /* NULL: 1 */
  ir_value *inside; /* NULL: everywhere */
} axis_taps;

/* places get `axes` more axes, of which `axis` holds the taps. */
static axis_taps find_taps(onnx_context *c, const onnx_sampler *s, ir_value *places, ir_dim size, int axis,
                           int axes) {
  static const int counts[] = {1, 2, 4};
  int rank = places->type.rank;
  ir_dim shape[IR_MAX_RANK], tap_shape[IR_MAX_RANK];
  for (int i = 0; i < rank + axes; i++) {
    shape[i] = i < rank ? places->type.dims[i] : onnx_dim(c, 1);
    tap_shape[i] = onnx_dim(c, i == rank + axis ? counts[s->interpolation] : 1);
  }
  places = ir_reshape(c->b, places, shape, rank + axes);
  axis_taps taps = {0};
  ir_value *element = ir_unary(c->b, IR_ROUND, places);
  if (s->interpolation != ONNX_SAMPLE_NEAREST) {
    int64_t first = s->interpolation == ONNX_SAMPLE_CUBIC ? -1 : 0;
    ir_value *step = ir_iota(c->b, tap_shape, rank + axes, rank + axis, onnx_dim(c, first), 1);
    element = onnx_add(c, ir_unary(c->b, IR_FLOOR, places), ir_cast(c->b, step, places->type.dtype));
    taps.weight = weigh(c, s->interpolation, ir_unary(c->b, IR_ABS, onnx_sub(c, element, places)));
  }
  ir_value *zero = onnx_number_like(c, places, 0), *last = size_like(c, places, size, -1);
  if (s->padding == ONNX_SAMPLE_REFLECTION) element = mirror(c, s, element, size);
  if (s->padding == ONNX_SAMPLE_ZEROS) {
    taps.inside =
        ir_binary(c->b, IR_AND, ir_binary(c->b, IR_GE, element, zero), ir_binary(c->b, IR_LE, element, last));
  }
  taps.index = ir_cast(c->b, between(c, element, zero, last), SMELT_I64);
  return taps;
}

ir_value *onnx_sample_taps(onnx_context *c, const onnx_sampler *s, ir_value *x, int axes, ir_value *planes,
                           ir_value *const *places) {
  ir_value *weight = NULL, *inside = NULL;
  if (onnx_failed(c)) return x;
  int rank = planes->type.rank;
  if (rank + axes > IR_MAX_RANK) return onnx_fail(c, "it has too many axes");
  if (s->interpolation != ONNX_SAMPLE_NEAREST && !onnx_is_float(x)) {
    return onnx_fail(c, "only floats are interpolated");
  }
  const ir_dim *sizes = x->type.dims + x->type.rank - axes;
  ir_dim shape[IR_MAX_RANK];
  for (int i = 0; i < rank + axes; i++) shape[i] = i < rank ? planes->type.dims[i] : onnx_dim(c, 1);
  ir_value *flat = ir_reshape(c->b, planes, shape, rank + axes);
  for (int i = 0; i < axes && !onnx_failed(c); i++) {
    axis_taps taps = find_taps(c, s, places[i], sizes[i], i, axes);
    flat = onnx_add(c, onnx_mul(c, flat, ir_dim_scalar(c->b, sizes[i])), taps.index);
    if (taps.weight) weight = weight ? onnx_mul(c, weight, taps.weight) : taps.weight;
    if (taps.inside) inside = inside ? ir_binary(c->b, IR_AND, inside, taps.inside) : taps.inside;
  }
  ir_dim all = ir_type_element_count(c->m, &x->type);
  ir_value *values = ir_gather(c->b, ir_reshape(c->b, x, &all, 1), flat, 0);
  if (inside) values = ir_select(c->b, inside, values, onnx_number_like(c, x, 0));
  return weight ? onnx_mul(c, values, ir_cast(c->b, weight, x->type.dtype)) : values;
}

ir_value *onnx_sample(onnx_context *c, const onnx_sampler *s, ir_value *x, int axes, ir_value *planes,
                      ir_value *const *places) {
  ir_value *taps = onnx_sample_taps(c, s, x, axes, planes, places);
  if (onnx_failed(c)) return x;
  int rank = taps->type.rank - axes;
  ir_dim shape[IR_MAX_RANK];
  memcpy(shape, taps->type.dims, sizeof shape);
  if (s->interpolation != ONNX_SAMPLE_NEAREST) {
    taps = ir_reduce(c->b, IR_REDUCE_SUM, taps, ((1u << axes) - 1) << rank);
  }
  return ir_reshape(c->b, taps, shape, rank);
}

ir_value *onnx_plane_numbers(onnx_context *c, const ir_value *x, int rank) {
  ir_dim shape[IR_MAX_RANK] = {NULL};
  for (int i = 0; i < rank; i++) shape[i] = i < 2 ? x->type.dims[i] : onnx_dim(c, 1);
  ir_dim count = ir_dim_mul(c->m, shape[0], shape[1]);
  return ir_reshape(c->b, ir_iota(c->b, &count, 1, 0, onnx_dim(c, 0), 1), shape, rank);
}
