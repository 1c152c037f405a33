/*
 * resample.c: another rate for a sound. The two rates have few relative phases, and for each the filter, a
 * sinc under a Kaiser window, is computed once.
 */
#include "sound/sound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

enum { CROSSINGS = 64, WIDTH = 8 }; /* of the sinc, to each side; samples added up side by side */
enum { WINDOW_POINTS = 1 << 14 };
enum { MOST_KEPT = 1 << 22 }; /* numbers of all phases: with more, each is computed when it is met */
typedef float lanes __attribute__((vector_size(WIDTH * sizeof(float)), aligned(4)));

typedef struct {
  int32_t up, down; /* output i lies at input i down / up */
  double cutoff;    /* of a turn per input sample, times two */
  double reach;     /* of the filter, in input samples */
  int32_t taps;
  bool is_kept;
  double *window; /* [WINDOW_POINTS + 2] */
  float *filters; /* [up][taps], or one */
  bool *is_known; /* [up] */
} resampler;

static int32_t common_divisor(int32_t a, int32_t b) {
  while (b) {
    int32_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* The modified Bessel function of order 0: terms (x / 2)^2k / k!^2, which fall from k > x / 2 on. */
static double bessel(double x) {
  double term = 1, sum = 1;
  for (int k = 1; term > sum * 1e-17; k++) {
    term *= x * x / (4.0 * k * k);
    sum += term;
  }
  return sum;
}

/* The window's half, from its middle to its end; straight lines between so many points are 2^-24 off. */
static bool make_window(resampler *r) {
  static const double beta = 10; /* 100 dB */
  r->window = malloc((WINDOW_POINTS + 2) * sizeof *r->window);
  if (!r->window) return false;
  for (int i = 0; i <= WINDOW_POINTS; i++) {
    double place = (double)i / WINDOW_POINTS;
    r->window[i] = bessel(beta * sqrt(1 - place * place)) / bessel(beta);
  }
  r->window[WINDOW_POINTS + 1] = 0;
  return true;
}

static double window_at(const resampler *r, double place) {
  double at = (place < 0 ? -place : place) * WINDOW_POINTS;
  if (at >= WINDOW_POINTS) return 0;
  int i = (int)at;
  return r->window[i] + (at - i) * (r->window[i + 1] - r->window[i]);
}

/* Tap by tap sin(pi cutoff x) is turned on by the same angle. The filter's sum is made 1: a constant stays
 * one. */
static void make_filter(const resampler *r, int32_t phase, float *filter) {
  static const double pi = 3.14159265358979323846;
  static const int64_t fine = INT64_C(1) << 40;
  int32_t before = r->taps / 2 - 1;
  double first = -before - (double)phase / r->up, turns = -first * r->cutoff / 2, sum = 0;
  double cosine, sine, step_cosine, step_sine;
  rt_turn((int64_t)((turns - (double)(int64_t)turns) * (double)fine), fine, &cosine, &sine);
  rt_turn((int64_t)(r->cutoff / 2 * (double)fine), fine, &step_cosine, &step_sine);
  sine = -sine;
  for (int32_t tap = 0; tap < r->taps; tap++) {
    double at = first + tap, angle = pi * r->cutoff * at;
    double value = (at > -1e-9 && at < 1e-9 ? 1 : sine / angle) * window_at(r, at / r->reach);
    double turned = cosine * step_cosine - sine * step_sine;
    sine = cosine * step_sine + sine * step_cosine;
    cosine = turned;
    sum += value;
    filter[tap] = (float)value;
  }
  for (int32_t tap = 0; tap < r->taps; tap++) filter[tap] = (float)(filter[tap] / sum);
}

static const float *filter_of(resampler *r, int32_t phase) {
  float *filter = r->filters + (r->is_kept ? (size_t)phase * (size_t)r->taps : 0);
  if (!r->is_kept || !r->is_known[phase]) make_filter(r, phase, filter);
  r->is_known[phase] = true;
  return filter;
}

static bool begin(resampler *r, int32_t from, int32_t to) {
  int32_t divisor = common_divisor(from, to);
  double ratio = to < from ? (double)to / from : 1;
  r->up = to / divisor;
  r->down = from / divisor;
  r->cutoff = 0.95 * ratio;
  r->reach = CROSSINGS / ratio;
  r->taps = 2 * (((int32_t)r->reach + 1 + WIDTH) / WIDTH * WIDTH);
  r->is_kept = (int64_t)r->taps * r->up <= MOST_KEPT;
  r->filters = calloc((size_t)r->taps * (size_t)(r->is_kept ? r->up : 1), sizeof *r->filters);
  r->is_known = calloc((size_t)r->up, sizeof *r->is_known);
  return r->filters && r->is_known && make_window(r);
}

/* `samples` [taps], summed in a fixed order. */
static float apply(const float *filter, const float *samples, int32_t taps) {
  lanes sums = {0};
  for (int32_t i = 0; i < taps; i += WIDTH)
    sums += *(const lanes *)(filter + i) * *(const lanes *)(samples + i);
  float sum = 0;
  for (int i = 0; i < WIDTH; i++) sum += sums[i];
  return sum;
}

/* The sound between two silences as long as the filter. */
static float *surround(const rt_wave *wave, int32_t taps) {
  float *samples = calloc((size_t)wave->count + 2 * (size_t)taps, sizeof *samples);
  if (samples) memcpy(samples + taps, wave->samples, (size_t)wave->count * sizeof *samples);
  return samples;
}

static bool copy(const rt_wave *wave, rt_wave *to) {
  to->count = wave->count;
  to->samples = malloc((size_t)wave->count * sizeof *to->samples);
  if (to->samples) memcpy(to->samples, wave->samples, (size_t)wave->count * sizeof *to->samples);
  return to->samples != NULL;
}

bool rt_wave_resample(const rt_wave *wave, int32_t rate, rt_wave *to) {
  *to = (rt_wave){.rate = rate};
  if (rate == wave->rate) return copy(wave, to);
  resampler r = {0};
  bool has_begun = begin(&r, wave->rate, rate);
  float *samples = has_begun ? surround(wave, r.taps) : NULL;
  to->count = (wave->count * r.up + r.down - 1) / (r.down ? r.down : 1);
  to->samples = samples ? malloc((size_t)to->count * sizeof *to->samples) : NULL;
  for (int64_t i = 0; to->samples && i < to->count; i++) {
    int64_t at = i * r.down;
    const float *first = samples + r.taps + at / r.up - (r.taps / 2 - 1);
    to->samples[i] = apply(filter_of(&r, (int32_t)(at % r.up)), first, r.taps);
  }
  free(samples);
  free(r.window);
  free(r.filters);
  free(r.is_known);
  return to->samples != NULL;
}

void rt_wave_normalize(rt_wave *wave) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < wave->count; i++) sum += wave->samples[i];
  double mean = sum / (double)wave->count;
  for (int64_t i = 0; i < wave->count; i++) {
    double rest = wave->samples[i] - mean;
    squares += rest * rest;
  }
  double deviation = sqrt(squares / (double)wave->count + 1e-7);
  for (int64_t i = 0; i < wave->count; i++) wave->samples[i] = (float)((wave->samples[i] - mean) / deviation);
}
