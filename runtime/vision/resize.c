/*
 * resize.c: PIL's resize, to the byte. A pass along rows, then one along columns; each result is a sum of
 * bytes times weights of 22 bits behind the point, rounded to a byte between the passes. When an image gets
 * smaller the filter gets as much wider, so that every byte counts.
 */
#include "vision/vision.h"

#include <stdlib.h>
#include <string.h>

enum { WEIGHT_BITS = 22, CHANNELS = 3 };

/* ---- filters ------------------------------------------------------------------------------- */

static double absolute(double x) {
  return x < 0 ? -x : x;
}

/* The sine of pi * x for |x| <= 3: x less the nearest integer, then sine's series, exact to a double. */
static double sine_of_pi(double x) {
  static const double pi = 3.14159265358979323846;
  int whole = (int)(x < 0 ? x - 0.5 : x + 0.5);
  double r = pi * (x - whole), square = r * r, term = r, sum = r;
  for (int i = 2; i <= 22; i += 2) sum += term *= -square / (i * (i + 1));
  return whole % 2 ? -sum : sum;
}

static double sinc(double x) {
  return x == 0 ? 1 : sine_of_pi(x) / (3.14159265358979323846 * x);
}

static double box(double x) {
  return x > -0.5 && x <= 0.5 ? 1 : 0;
}

static double triangle(double x) {
  x = absolute(x);
  return x < 1 ? 1 - x : 0;
}

static double hamming(double x) {
  x = absolute(x);
  double half_sine = sine_of_pi(x / 2), cosine = 1 - 2 * half_sine * half_sine;
  return x >= 1 ? 0 : sinc(x) * (0.54f + 0.46f * cosine);
}

static double cubic(double x) {
  static const double a = -0.5;
  x = absolute(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static double lanczos(double x) {
  return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

static const struct {
  double (*weight)(double distance);
  double support; /* beyond it the weight is 0 */
} filters[SMELT_RESAMPLING_COUNT] = {
    [SMELT_RESAMPLING_LANCZOS] = {lanczos, 3}, [SMELT_RESAMPLING_BILINEAR] = {triangle, 1},
    [SMELT_RESAMPLING_BICUBIC] = {cubic, 2},   [SMELT_RESAMPLING_BOX] = {box, 0.5},
    [SMELT_RESAMPLING_HAMMING] = {hamming, 1},
};

/* ---- weights ------------------------------------------------------------------------------- */

/* What each of `count` results is made of: weights[i * most ..], of bytes from first[i] on. */
typedef struct {
  int32_t *first, *length; /* [count] */
  int32_t *weights;        /* [count * most] */
  int32_t count, most;
} weighing;

static void weighing_free(weighing *w) {
  free(w->first);
  free(w->length);
  free(w->weights);
}

/* Weights of one result, whose sum is 1. `scratch` has room for them. */
static void weigh(weighing *w, int32_t i, int32_t size, double scale, smelt_resampling filter,
                  double *scratch) {
  double wide = scale < 1 ? 1 : scale, support = filters[filter].support * wide, center = (i + 0.5) * scale;
  int32_t first = (int32_t)(center - support + 0.5), end = (int32_t)(center + support + 0.5);
  double sum = 0, shrink = 1 / wide;
  if (first < 0) first = 0;
  if (end > size) end = size;
  for (int32_t x = first; x < end; x++) {
    scratch[x - first] = filters[filter].weight((x - center + 0.5) * shrink);
    sum += scratch[x - first];
  }
  w->first[i] = first;
  w->length[i] = end - first;
  int32_t *weights = w->weights + (size_t)i * (size_t)w->most;
  for (int32_t x = 0; x < end - first; x++) {
    double weight = (sum != 0 ? scratch[x] / sum : scratch[x]) * (1 << WEIGHT_BITS);
    weights[x] = (int32_t)(weight < 0 ? weight - 0.5 : weight + 0.5);
  }
}

/* For `count` results out of `size` bytes. False: out of memory. */
static bool weighing_make(weighing *w, int32_t size, int32_t count, smelt_resampling filter) {
  double scale = (double)size / count, support = filters[filter].support * (scale < 1 ? 1 : scale);
  int32_t most = (int32_t)support + ((int32_t)support < support ? 1 : 0);
  *w = (weighing){.count = count, .most = 2 * most + 1};
  w->first = calloc((size_t)count, sizeof *w->first);
  w->length = calloc((size_t)count, sizeof *w->length);
  w->weights = calloc((size_t)count * (size_t)w->most, sizeof *w->weights);
  double *scratch = calloc((size_t)w->most, sizeof *scratch);
  bool ok = w->first && w->length && w->weights && scratch;
  for (int32_t i = 0; ok && i < count; i++) weigh(w, i, size, scale, filter, scratch);
  free(scratch);
  if (!ok) weighing_free(w);
  return ok;
}

static uint8_t rounded(int32_t sum) {
  int32_t value = sum >> WEIGHT_BITS;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* ---- passes -------------------------------------------------------------------------------- */

enum { HALF = 1 << (WEIGHT_BITS - 1) };

static void along_row(const uint8_t *from, const weighing *w, uint8_t *to) {
  for (int32_t i = 0; i < w->count; i++, to += CHANNELS) {
    const uint8_t *at = from + (size_t)w->first[i] * CHANNELS;
    const int32_t *weights = w->weights + (size_t)i * (size_t)w->most;
    int32_t red = HALF, green = HALF, blue = HALF;
    for (int32_t x = 0; x < w->length[i]; x++, at += CHANNELS) {
      red += at[0] * weights[x];
      green += at[1] * weights[x];
      blue += at[2] * weights[x];
    }
    to[0] = rounded(red);
    to[1] = rounded(green);
    to[2] = rounded(blue);
  }
}

/* Result row i of rows of `bytes` bytes, whose sums are kept in sums[bytes]. */
static void across_rows(const uint8_t *from, size_t bytes, const weighing *w, int32_t i, int32_t *sums,
                        uint8_t *to) {
  const int32_t *weights = w->weights + (size_t)i * (size_t)w->most;
  for (size_t x = 0; x < bytes; x++) sums[x] = HALF;
  for (int32_t y = 0; y < w->length[i]; y++) {
    const uint8_t *row = from + (size_t)(w->first[i] + y) * bytes;
    for (size_t x = 0; x < bytes; x++) sums[x] += row[x] * weights[y];
  }
  for (size_t x = 0; x < bytes; x++) to[x] = rounded(sums[x]);
}

/* The picture's rows are replaced by `rows`, which are NULL where there was no memory. */
static bool replace(rt_picture *picture, uint8_t *rows, int32_t width, int32_t height) {
  if (!rows) return false;
  free(picture->bytes);
  *picture = (rt_picture){rows, width, height};
  return true;
}

static bool resize_rows(rt_picture *picture, int32_t width, smelt_resampling filter) {
  weighing w;
  size_t from = (size_t)picture->width * CHANNELS, to = (size_t)width * CHANNELS;
  if (!weighing_make(&w, picture->width, width, filter)) return false;
  uint8_t *rows = malloc(to * (size_t)picture->height);
  for (int32_t y = 0; rows && y < picture->height; y++)
    along_row(picture->bytes + (size_t)y * from, &w, rows + (size_t)y * to);
  weighing_free(&w);
  return replace(picture, rows, width, picture->height);
}

static bool resize_columns(rt_picture *picture, int32_t height, smelt_resampling filter) {
  weighing w;
  size_t bytes = (size_t)picture->width * CHANNELS;
  if (!weighing_make(&w, picture->height, height, filter)) return false;
  uint8_t *rows = malloc(bytes * (size_t)height);
  int32_t *sums = calloc(bytes, sizeof *sums);
  bool ok = rows && sums;
  for (int32_t y = 0; ok && y < height; y++)
    across_rows(picture->bytes, bytes, &w, y, sums, rows + (size_t)y * bytes);
  weighing_free(&w);
  free(sums);
  if (!ok) free(rows);
  return replace(picture, ok ? rows : NULL, picture->width, height);
}

/* ---- the nearest pixel --------------------------------------------------------------------- */

/* Where each of `count` results comes from; PIL adds up the scale as this does. */
static void nearest_places(int32_t size, int32_t count, int32_t *places) {
  double scale = (double)size / count, at = scale * 0.5;
  for (int32_t i = 0; i < count; i++, at += scale) places[i] = (int32_t)at < size ? (int32_t)at : size - 1;
}

static bool resize_nearest(rt_picture *picture, int32_t width, int32_t height) {
  uint8_t *rows = malloc((size_t)width * (size_t)height * CHANNELS), *to = rows;
  int32_t *columns = calloc((size_t)width + (size_t)height, sizeof *columns), *lines = columns + width;
  bool ok = rows && columns;
  if (ok) nearest_places(picture->width, width, columns);
  if (ok) nearest_places(picture->height, height, lines);
  for (int32_t y = 0; ok && y < height; y++) {
    const uint8_t *row = picture->bytes + (size_t)lines[y] * (size_t)picture->width * CHANNELS;
    for (int32_t x = 0; x < width; x++, to += CHANNELS)
      memcpy(to, row + (size_t)columns[x] * CHANNELS, CHANNELS);
  }
  free(columns);
  if (!ok) free(rows);
  return replace(picture, ok ? rows : NULL, width, height);
}

bool rt_picture_resize(rt_picture *picture, int32_t width, int32_t height, smelt_resampling filter) {
  if (width == picture->width && height == picture->height) return true;
  if (filter == SMELT_RESAMPLING_NEAREST) return resize_nearest(picture, width, height);
  return (width == picture->width || resize_rows(picture, width, filter)) &&
         (height == picture->height || resize_columns(picture, height, filter));
}
