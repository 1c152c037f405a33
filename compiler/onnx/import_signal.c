/* import_signal.c: windows of signals and Fourier transforms, these as products with tables of sines. */
#include "onnx/import.h"

#include <math.h>
#include <string.h>

enum { MOST_POINTS = 1 << 14 }; /* of a transform: its table has the square of it */

/* ---- windows of signals: a0 - a1 cos(2 pi n / N) + a2 cos(4 pi n / N) ---- */

static const struct {
  const char *op_type;
  double a0, a1, a2;
} signal_windows[] = {{"HannWindow", 0.5, 0.5, 0},
                      {"HammingWindow", 25.0 / 46, 21.0 / 46, 0},
                      {"BlackmanWindow", 0.42, 0.5, 0.08}};

/* N is the size of a periodic window, one less of a symmetric one. */
static ir_value *import_signal_window(onnx_context *c) {
  ir_dim size;
  ir_dtype dtype;
  int64_t output = onnx_attr_int(c, "output_datatype", 1);
  bool periodic = onnx_attr_int(c, "periodic", 1) != 0;
  if (!onnx_size(c, 0, "size", &size)) return c->in[0];
  if (output < 0 || output > 255 || !onnx_dtype((int32_t)output, &dtype)) {
    return onnx_fail(c, "its output_datatype %lld is not supported", (long long)output);
  }
  size_t k = 0;
  while (k + 1 < sizeof signal_windows / sizeof *signal_windows &&
         strcmp(signal_windows[k].op_type, c->row->op_type) != 0) {
    k++;
  }
  ir_dim period = periodic ? size : ir_dim_sub(c->m, size, onnx_dim(c, 1));
  ir_value *n = ir_cast(c->b, ir_iota(c->b, &size, 1, 0, onnx_dim(c, 0), 1), SMELT_F64);
  ir_value *turn = ir_binary(c->b, IR_DIV, n, ir_cast(c->b, ir_dim_scalar(c->b, period), SMELT_F64));
  ir_value *angle = ir_binary(c->b, IR_MUL, turn, ir_const_scalar(c->b, SMELT_F64, 2 * acos(-1)));
  ir_value *twice = ir_binary(c->b, IR_ADD, angle, angle);
  ir_value *first = ir_const_scalar(c->b, SMELT_F64, signal_windows[k].a0);
  ir_value *second = ir_binary(c->b, IR_MUL, ir_unary(c->b, IR_COS, angle),
                               ir_const_scalar(c->b, SMELT_F64, signal_windows[k].a1));
  ir_value *third = ir_binary(c->b, IR_MUL, ir_unary(c->b, IR_COS, twice),
                              ir_const_scalar(c->b, SMELT_F64, signal_windows[k].a2));
  return ir_cast(c->b, ir_binary(c->b, IR_ADD, ir_binary(c->b, IR_SUB, first, second), third), dtype);
}

/* ---- triangles of equal width on the mel scale, for spectra ---- */

static double mel_of(double hertz) {
  return 2595 * log10(1 + hertz / 700);
}
static double hertz_of(double mel) {
  return 700 * (pow(10, mel / 2595) - 1);
}

/* The triangle that rises from bin `low` to `centre` and falls to `high`, into column `at` of [bins, count].
 */
static void draw_triangle(float *table, int64_t bins, int64_t count, int64_t at, const int64_t *edges) {
  int64_t low = edges[0], centre = edges[1], high = edges[2];
  if (centre == low && centre >= 0 && centre < bins) table[centre * count + at] = 1;
  for (int64_t i = low; i <= centre && i < bins && low < centre; i++)
    if (i >= 0) table[i * count + at] = (float)((double)(i - low) / (double)(centre - low));
  for (int64_t i = centre; i < high && i < bins; i++)
    if (i >= 0) table[i * count + at] = (float)((double)(high - i) / (double)(high - centre));
}

/* num_mel_bins, dft_length, sample_rate, lower and upper edge in hertz: [dft_length / 2 + 1, num_mel_bins] */
static ir_value *import_mel_weights(onnx_context *c) {
  int64_t count, length, rate, output = onnx_attr_int(c, "output_datatype", 1);
  double lower, upper;
  ir_dtype dtype;
  if (!onnx_integer(c, 0, "num_mel_bins", &count) || !onnx_integer(c, 1, "dft_length", &length) ||
      !onnx_integer(c, 2, "sample_rate", &rate) || !onnx_number(c, 3, "lower edge", &lower) ||
      !onnx_number(c, 4, "upper edge", &upper)) {
    return c->in[0];
  }
  if (output < 0 || output > 255 || !onnx_dtype((int32_t)output, &dtype))
    return onnx_fail(c, "its output_datatype %lld is not supported", (long long)output);
  if (count < 1 || count > MOST_POINTS || length < 1 || length > MOST_POINTS || rate < 1 ||
      !(lower >= 0 && lower <= upper && upper <= (double)rate)) {
    return onnx_fail(c, "its sizes or edges are out of range");
  }
  int64_t bins = length / 2 + 1, *edges = ARENA_ARRAY(c->a, int64_t, (size_t)count + 2);
  float *table = ARENA_ARRAY(c->a, float, (size_t)(bins * count));
  double first = mel_of(lower), step = (mel_of(upper) - first) / (double)(count + 2);
  for (int64_t i = 0; i < count + 2; i++) {
    edges[i] = (int64_t)floor((double)(length + 1) * hertz_of(first + (double)i * step) / (double)rate);
  }
  for (int64_t i = 0; i < count; i++) draw_triangle(table, bins, count, i, edges + i);
  ir_type type = {.dtype = SMELT_F32, .rank = 2, .dims = {onnx_dim(c, bins), onnx_dim(c, count)}};
  return ir_cast(c->b, ir_const_data(c->b, &type, table), dtype);
}

/* ---- Fourier transforms: sums of x[n] e^(-2 pi i k n / N), or with + and divided by N ---- */

/* cos or sin of 2 pi k n / N: [N, count] of x's dtype, times scale. */
static ir_value *wave_table(onnx_context *c, const ir_value *x, int64_t N, int64_t count, bool sine,
                            double scale) {
  float *table = ARENA_ARRAY(c->a, float, (size_t)(N * count));
  for (int64_t n = 0; n < N; n++) {
    for (int64_t k = 0; k < count; k++) {
      double angle = 2 * acos(-1) * (double)(n * k % N) / (double)N;
      table[n * count + k] = (float)((sine ? sin(angle) : cos(angle)) * scale);
    }
  }
  ir_type type = {.dtype = SMELT_F32, .rank = 2, .dims = {onnx_dim(c, N), onnx_dim(c, count)}};
  return ir_cast(c->b, ir_const_data(c->b, &type, table), x->type.dtype);
}

/*
 * real, imaginary (NULL: zeros): [..., N]. Results side by side: [..., count, 2].
 */
static ir_value *transform(onnx_context *c, ir_value *real, ir_value *imaginary, int64_t N, int64_t count,
                           bool inverse) {
  double scale = inverse ? 1 / (double)N : 1, turn = inverse ? -scale : scale;
  ir_value *cosine = wave_table(c, real, N, count, false, scale),
           *sine = wave_table(c, real, N, count, true, turn);
  ir_value *parts[2] = {ir_matmul(c->b, real, cosine), ir_unary(c->b, IR_NEG, ir_matmul(c->b, real, sine))};
  if (imaginary) {
    parts[0] = ir_binary(c->b, IR_ADD, parts[0], ir_matmul(c->b, imaginary, sine));
    parts[1] = ir_binary(c->b, IR_ADD, parts[1], ir_matmul(c->b, imaginary, cosine));
  }
  if (onnx_failed(c)) return real;
  ir_dim dims[IR_MAX_RANK];
  int rank = parts[0]->type.rank;
  if (rank >= IR_MAX_RANK) return onnx_fail(c, "the result has more than %d dims", IR_MAX_RANK);
  memcpy(dims, parts[0]->type.dims, sizeof dims);
  dims[rank] = onnx_dim(c, 1);
  for (int i = 0; i < 2; i++) parts[i] = ir_reshape(c->b, parts[i], dims, rank + 1);
  return ir_concat(c->b, parts, 2, rank);
}

/* Axis `axis` of x made `wanted` long: cut, or padded with zeros. */
static ir_value *fit_length(onnx_context *c, ir_value *x, int axis, int64_t size, int64_t wanted) {
  if (wanted <= size) return ir_slice_axis(c->b, x, axis, onnx_dim(c, 0), onnx_dim(c, wanted));
  ir_attrs pad = {.rank = x->type.rank};
  for (int i = 0; i < pad.rank; i++) {
    pad.start[i] = onnx_dim(c, 0);
    pad.shape[i] = i == axis ? onnx_dim(c, wanted) : x->type.dims[i];
  }
  return ir_build(c->b, IR_PAD, &x, 1, &pad);
}

/* x [..., 1 | 2] with `axis` last: the real parts (0) or the imaginary ones (1); NULL where there are none.
 */
static ir_value *part_along(onnx_context *c, ir_value *x, int axis, int part) {
  int rank = x->type.rank, perm[IR_MAX_RANK];
  if (part && ir_dim_is(x->type.dims[rank - 1], 1)) return NULL;
  ir_value *one = ir_slice_axis(c->b, x, rank - 1, onnx_dim(c, part), onnx_dim(c, 1));
  one = ir_reshape(c->b, one, x->type.dims, rank - 1);
  for (int i = 0; i < rank - 1; i++) perm[i] = i;
  perm[axis] = rank - 2;
  perm[rank - 2] = axis;
  return ir_transpose(c->b, one, perm);
}

/*
 * The real signal of N points whose spectrum's first N / 2 + 1 points are given; the others are their
 * conjugates: x[n] = 1/N sum over k of w[k] (re[k] cos - im[k] sin), w[k] being 2 where point k has a
 * conjugate of its own. real, imaginary: [..., N / 2 + 1]; the result [..., N, 1].
 */
static ir_value *inverse_of_half(onnx_context *c, ir_value *real, ir_value *imaginary, int64_t N) {
  int64_t half = N / 2 + 1;
  float *table = ARENA_ARRAY(c->a, float, (size_t)(N * half));
  ir_type type = {.dtype = SMELT_F32, .rank = 2, .dims = {onnx_dim(c, half), onnx_dim(c, N)}};
  ir_value *parts[2] = {real, imaginary}, *sum = NULL;
  for (int i = 0; i < 2 && parts[i]; i++) {
    for (int64_t k = 0; k < half; k++) {
      double weight = (k == 0 || 2 * k == N ? 1 : 2) / (double)N;
      for (int64_t n = 0; n < N; n++) {
        double angle = 2 * acos(-1) * (double)(n * k % N) / (double)N;
        table[k * N + n] = (float)((i ? -sin(angle) : cos(angle)) * weight);
      }
    }
    ir_value *waves = ir_cast(c->b, ir_const_data(c->b, &type, table), real->type.dtype);
    ir_value *product = ir_matmul(c->b, parts[i], waves);
    sum = sum ? ir_binary(c->b, IR_ADD, sum, product) : product;
  }
  if (onnx_failed(c) || !sum) return real;
  ir_dim dims[IR_MAX_RANK];
  int rank = sum->type.rank;
  memcpy(dims, sum->type.dims, sizeof dims);
  if (rank >= IR_MAX_RANK) return onnx_fail(c, "the result has more than %d dims", IR_MAX_RANK);
  dims[rank] = onnx_dim(c, 1);
  return ir_reshape(c->b, sum, dims, rank + 1);
}

/* The axis is an attribute up to opset 19, an input after. */
static ir_value *import_dft(onnx_context *c) {
  ir_value *x = c->in[0];
  int rank = x->type.rank, perm[IR_MAX_RANK];
  int64_t wanted_axis = c->opset < 20 ? onnx_attr_int(c, "axis", 1) : -2, size, length;
  bool inverse = onnx_attr_int(c, "inverse", 0) != 0, onesided = onnx_attr_int(c, "onesided", 0) != 0;
  if (c->opset >= 20 && c->in[2] && !onnx_integer(c, 2, "axis", &wanted_axis)) return x;
  if (rank < 2 || rank >= IR_MAX_RANK || !onnx_is_float(x))
    return onnx_fail(c, "needs floats [..., 1] or [..., 2]");
  int axis = onnx_axis(c, wanted_axis, rank);
  if (onnx_failed(c)) return x;
  if (axis == rank - 1 || !ir_dim_is_const(ir_dim_resolve(c->m, x->type.dims[axis]), &size)) {
    return onnx_fail(c, "the axis that is transformed must have a fixed size");
  }
  length = onesided && inverse ? 2 * (size - 1) : size;
  if (c->in[1] && !onnx_integer(c, 1, "dft_length", &length)) return x;
  if (length < 1 || length > MOST_POINTS) return onnx_fail(c, "its length is %lld", (long long)length);
  x = fit_length(c, x, axis, size, onesided && inverse ? length / 2 + 1 : length);
  if (onnx_failed(c)) return x;
  ir_value *real = part_along(c, x, axis, 0), *imaginary = part_along(c, x, axis, 1);
  ir_value *result = onesided && inverse
                         ? inverse_of_half(c, real, imaginary, length)
                         : transform(c, real, imaginary, length, onesided ? length / 2 + 1 : length, inverse);
  for (int i = 0; i < rank; i++) perm[i] = i;
  perm[axis] = rank - 2;
  perm[rank - 2] = axis;
  return onnx_failed(c) ? x : ir_transpose(c->b, result, perm);
}

/* signal [B, L, 1 | 2] in frames of frame_length, frame_step apart, times window: [B, frames, bins, 2]. */
static ir_value *import_stft(onnx_context *c) {
  ir_value *x = c->in[0], *window = c->in[2];
  int64_t step, length, size;
  bool onesided = onnx_attr_int(c, "onesided", 1) != 0;
  if (!onnx_integer(c, 1, "frame_step", &step)) return x;
  if (x->type.rank != 3 || !ir_dim_is_const(ir_dim_resolve(c->m, x->type.dims[1]), &size)) {
    return onnx_fail(c, "needs a signal [B, L, 1] of fixed length");
  }
  if (c->in[3]) {
    if (!onnx_integer(c, 3, "frame_length", &length)) return x;
  } else if (!window || window->type.rank != 1 || !ir_dim_is_const(window->type.dims[0], &length)) {
    return onnx_fail(c, "it has neither frame_length nor window");
  }
  if (step < 1 || length < 1 || length > MOST_POINTS || length > size)
    return onnx_fail(c, "its frames do not fit");
  ir_dim frames = onnx_dim(c, (size - length) / step + 1), one = onnx_dim(c, 1), zero = onnx_dim(c, 0);
  ir_dim starts[2] = {frames, one}, elements[2] = {one, onnx_dim(c, length)};
  ir_value *places = ir_binary(c->b, IR_ADD, ir_iota(c->b, starts, 2, 0, zero, step),
                               ir_iota(c->b, elements, 2, 1, zero, 1));
  ir_value *parts[2] = {NULL, NULL};
  for (int i = 0; i < 2; i++) {
    ir_value *line = part_along(c, x, 1, i);
    if (!line) continue;
    parts[i] = ir_gather(c->b, line, places, 1);
    if (window) parts[i] = ir_binary(c->b, IR_MUL, parts[i], window);
  }
  return transform(c, parts[0], parts[1], length, onesided ? length / 2 + 1 : length, false);
}

static const onnx_op_row rows[] = {
    {"", "HannWindow", 17, 0, 1, 1, import_signal_window, IR_COS},
    {"", "HammingWindow", 17, 0, 1, 1, import_signal_window, IR_COS},
    {"", "BlackmanWindow", 17, 0, 1, 1, import_signal_window, IR_COS},
    {"", "MelWeightMatrix", 17, 0, 5, 5, import_mel_weights, IR_CONST},
    {"", "DFT", 17, 0, 1, 3, import_dft, IR_MATMUL},
    {"", "STFT", 17, 0, 2, 4, import_stft, IR_MATMUL},
};
const onnx_op_table onnx_signal_ops = ONNX_OP_TABLE(rows);
