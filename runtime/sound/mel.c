/*
 * mel.c: log-mel spectra. Eight frames are transformed at once: two real ones are the two parts of complex
 * ones, which lie side by side in the lanes of vectors.
 */
#include "decode/decode.h"
#include "sound/sound.h"

#include <stdlib.h>

#pragma STDC FP_CONTRACT OFF

enum { FRAMES_AT_ONCE = 2 * RT_LANES };

typedef struct {
  int32_t first, count; /* bins of the spectrum */
  const double *weights;
} filter;

typedef struct {
  int32_t fft_size, bins, bands;
  rt_fourier *fourier;
  double *window;  /* [fft_size] */
  filter *filters; /* [bands] */
  double *weights; /* [2 * bins + bands]: a bin lies in two filters at most */
  double *powers;  /* [bins][FRAMES_AT_ONCE] */
} maker;

/* ---- the filters ------------------------------------------------------------------------ */

/* Slaney's scale: 3 mels for 200 Hz up to 1 kHz; beyond, 27 mels for a factor of 6.4. */
static double hertz_of(double mels) {
  double steps = rt_logarithm(6.4) / 27;
  return mels < 15 ? 200 * mels / 3 : 1000 / rt_exponential(-steps * (mels - 15));
}

static double highest_mel(void) {
  return 15 + rt_logarithm(8.0) * 27 / rt_logarithm(6.4); /* 8 kHz */
}

/* A triangle over left, middle and right, of area 1. The bin's distance is that of numpy's linspace to rate
 * / 2. */
static void make_filter(maker *m, int32_t band, int32_t rate, double *weights) {
  double step = highest_mel() / (m->bands + 1);
  double left = hertz_of(step * band), middle = hertz_of(step * (band + 1)),
         right = hertz_of(step * (band + 2));
  filter *f = &m->filters[band];
  int32_t highest = rate / 2;
  *f = (filter){.weights = weights};
  for (int32_t bin = 0; bin < m->bins; bin++) {
    double hertz = (double)highest * bin / (m->bins - 1);
    double up = (hertz - left) / (middle - left), down = (right - hertz) / (right - middle);
    double height = up < down ? up : down;
    if (height <= 0) continue;
    if (f->count == 0) f->first = bin;
    f->count = bin - f->first + 1;
    weights[bin - f->first] = height * 2 / (right - left);
  }
}

static void make_filters(maker *m, int32_t rate) {
  double *weights = m->weights;
  for (int32_t band = 0; band < m->bands; band++) {
    make_filter(m, band, rate, weights);
    weights += m->filters[band].count;
  }
}

/* ---- frames --------------------------------------------------------------------------------- */

/* Sample `at`, those beyond the ends mirrored. */
static double mirrored(const rt_wave *wave, int64_t at) {
  if (at < 0) at = -at;
  if (at >= wave->count) at = 2 * (wave->count - 1) - at;
  return wave->samples[at];
}

/* Frames from `frame` on, as far as there are `frames`; the others are silent. */
static void fill_frames(const maker *m, const rt_wave *wave, int32_t hop, int64_t frame, int64_t frames) {
  rt_complex *input = rt_fourier_input(m->fourier);
  for (int lane = 0; lane < FRAMES_AT_ONCE; lane++) {
    int64_t begin = (frame + lane) * hop - m->fft_size / 2;
    bool is_there = frame + lane < frames;
    for (int32_t i = 0; i < m->fft_size; i++) {
      double sample = is_there ? mirrored(wave, begin + i) * m->window[i] : 0;
      if (lane % 2)
        input[i].im[lane / 2] = sample;
      else
        input[i].re[lane / 2] = sample;
    }
  }
}

/* Of x + iy, transformed to Z: X[k] = (Z[k] + conj Z[n - k]) / 2, iY[k] = (Z[k] - conj Z[n - k]) / 2. */
static void find_powers(maker *m) {
  const rt_complex *z = rt_fourier_run(m->fourier);
  for (int32_t k = 0; k < m->bins; k++) {
    const rt_complex *a = &z[k], *b = &z[k == 0 ? 0 : m->fft_size - k];
    rt_lanes re = a->re + b->re, im = a->im - b->im;
    rt_lanes other_re = a->im + b->im, other_im = b->re - a->re;
    rt_lanes even = (re * re + im * im) * 0.25, odd = (other_re * other_re + other_im * other_im) * 0.25;
    for (int lane = 0; lane < RT_LANES; lane++) {
      m->powers[k * FRAMES_AT_ONCE + 2 * lane] = even[lane];
      m->powers[k * FRAMES_AT_ONCE + 2 * lane + 1] = odd[lane];
    }
  }
}

static void apply_filters(const maker *m, int64_t frame, rt_mel *mel) {
  for (int32_t band = 0; band < m->bands; band++) {
    const filter *f = &m->filters[band];
    double sums[FRAMES_AT_ONCE] = {0};
    for (int32_t i = 0; i < f->count; i++)
      for (int lane = 0; lane < FRAMES_AT_ONCE; lane++)
        sums[lane] += f->weights[i] * m->powers[(f->first + i) * FRAMES_AT_ONCE + lane];
    for (int lane = 0; lane < FRAMES_AT_ONCE && frame + lane < mel->frames; lane++) {
      double sum = sums[lane] < 1e-10 ? 1e-10 : sums[lane];
      mel->values[band * mel->frames + frame + lane] = (float)(rt_logarithm(sum) * 0.43429448190325182765);
    }
  }
}

/* ---- all of it ---------------------------------------------------------------------------------- */

static bool begin(maker *m, int32_t rate) {
  m->fourier = rt_fourier_create(m->fft_size);
  m->window = malloc((size_t)m->fft_size * sizeof *m->window);
  m->filters = calloc((size_t)m->bands, sizeof *m->filters);
  m->weights = calloc(2 * (size_t)m->bins + (size_t)m->bands, sizeof *m->weights);
  m->powers = malloc((size_t)m->bins * FRAMES_AT_ONCE * sizeof *m->powers);
  if (!m->fourier || !m->window || !m->filters || !m->weights || !m->powers) return false;
  for (int32_t i = 0; i < m->fft_size; i++) {
    double cosine, sine;
    rt_turn(i, m->fft_size, &cosine, &sine);
    m->window[i] = 0.5 - 0.5 * cosine;
  }
  make_filters(m, rate);
  return true;
}

static void end(maker *m) {
  rt_fourier_free(m->fourier);
  free(m->window);
  free(m->filters);
  free(m->weights);
  free(m->powers);
}

static void compress(rt_mel *mel) {
  int64_t count = mel->bands * mel->frames;
  float highest = mel->values[0];
  for (int64_t i = 0; i < count; i++) highest = mel->values[i] > highest ? mel->values[i] : highest;
  float lowest = highest - 8;
  for (int64_t i = 0; i < count; i++) {
    float value = mel->values[i] < lowest ? lowest : mel->values[i];
    mel->values[i] = (value + 4) / 4;
  }
}

bool rt_mel_make(const rt_wave *wave, int32_t fft_size, int32_t hop, int32_t bands, rt_mel *mel) {
  *mel = (rt_mel){.bands = bands, .frames = wave->count / hop};
  if (wave->count <= fft_size / 2 || mel->frames < 1) return false;
  maker m = {.fft_size = fft_size, .bins = fft_size / 2 + 1, .bands = bands};
  mel->values = calloc((size_t)bands * (size_t)mel->frames, sizeof *mel->values);
  bool has_begun = begin(&m, wave->rate) && mel->values;
  for (int64_t frame = 0; has_begun && frame < mel->frames; frame += FRAMES_AT_ONCE) {
    fill_frames(&m, wave, hop, frame, mel->frames);
    find_powers(&m);
    apply_filters(&m, frame, mel);
  }
  if (has_begun) compress(mel);
  end(&m);
  return has_begun;
}
