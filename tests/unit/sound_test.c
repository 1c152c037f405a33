/* Sound: every form of WAV gives the samples, anything else says what is wrong; rates and spectra are exact.
 */
#include "sound/sound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* ---- WAV ------------------------------------------------------------------------------------ */

typedef struct {
  uint8_t bytes[4096];
  size_t count;
} file;

static void put(file *f, const void *bytes, size_t count) {
  memcpy(f->bytes + f->count, bytes, count);
  f->count += count;
}

static void put_number(file *f, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; i++) f->bytes[f->count++] = (uint8_t)(number >> 8 * i);
}

static void put_head(file *f, const char *kind, uint64_t bytes) {
  *f = (file){0};
  put(f, kind, 4);
  put_number(f, bytes, 4);
  put(f, "WAVE", 4);
}

static void put_format(file *f, int kind, int channels, int rate, int bits) {
  put(f, "fmt ", 4);
  put_number(f, 16, 4);
  put_number(f, (uint64_t)kind, 2);
  put_number(f, (uint64_t)channels, 2);
  put_number(f, (uint64_t)rate, 4);
  put_number(f, (uint64_t)(rate * channels * bits / 8), 4);
  put_number(f, (uint64_t)(channels * bits / 8), 2);
  put_number(f, (uint64_t)bits, 2);
}

static void put_data(file *f, uint64_t stated, const void *bytes, size_t count) {
  put(f, "data", 4);
  put_number(f, stated, 4);
  put(f, bytes, count);
}

static void expect(const file *f, int32_t rate, const float *samples, int64_t count) {
  rt_wave wave;
  uint8_t *exact = malloc(f->count); /* reading past its end is seen */
  memcpy(exact, f->bytes, f->count);
  rt_wave_fault fault = rt_wave_read(exact, f->count, &wave);
  free(exact);
  if (fault.what) fail_msg("%s at byte %d", fault.what, (int)fault.place);
  assert_int_equal(wave.rate, rate);
  assert_int_equal(wave.count, count);
  for (int64_t i = 0; i < count; i++) assert_true(fabsf(wave.samples[i] - samples[i]) < 1e-7f);
  free(wave.samples);
}

static void expect_fault(const file *f, const char *what, uint64_t place) {
  rt_wave wave;
  rt_wave_fault fault = rt_wave_read(f->bytes, f->count, &wave);
  free(wave.samples);
  assert_non_null(fault.what);
  if (!strstr(fault.what, what)) fail_msg("expected '%s', found '%s'", what, fault.what);
  assert_int_equal(fault.place, place);
}

static const int16_t two_samples[] = {16384, -32768};
static const float two_values[] = {0.5f, -1};

static void samples_of_every_size_are_read(void **state) {
  (void)state;
  static const struct {
    int kind, bits;
    uint8_t bytes[16];
  } rows[] = {
      {1, 8, {192, 0}},
      {1, 16, {0, 0x40, 0, 0x80}},
      {1, 24, {0, 0, 0x40, 0, 0, 0x80}},
      {1, 32, {0, 0, 0, 0x40, 0, 0, 0, 0x80}},
      {3, 32, {0, 0, 0, 0x3f, 0, 0, 0x80, 0xbf}},
      {3, 64, {0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0, 0, 0, 0, 0, 0, 0xf0, 0xbf}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    file f;
    size_t bytes = (size_t)rows[i].bits / 4;
    put_head(&f, "RIFF", 36 + bytes);
    put_format(&f, rows[i].kind, 1, 16000, rows[i].bits);
    put_data(&f, bytes, rows[i].bytes, bytes);
    expect(&f, 16000, two_values, 2);
  }
}

static void channels_are_averaged(void **state) {
  (void)state;
  static const int16_t samples[] = {16384, 0, -16384, -32768, -32768, -32768, 1, 2};
  static const float values[] = {0, -1};
  file f;
  put_head(&f, "RIFF", 0);
  put_format(&f, 1, 3, 44100, 16);
  put_data(&f, 12, samples, 12);
  expect(&f, 44100, values, 2);
  put_head(&f, "RIFF", 0); /* a frame that is cut off is none */
  put_format(&f, 1, 3, 44100, 16);
  put_data(&f, 16, samples, 16);
  expect(&f, 44100, values, 2);
}

static void chunks_come_in_any_order(void **state) {
  (void)state;
  file f;
  put_head(&f, "RIFF", 100);
  put(&f, "LIST\3\0\0\0abc", 12); /* of an odd size, and a byte behind it */
  put_data(&f, 4, two_samples, 4);
  put(&f, "note\0\0\0\0", 8);
  put_format(&f, 1, 1, 8000, 16);
  expect(&f, 8000, two_values, 2);
}

static void extensible_formats_are_known(void **state) {
  (void)state;
  static const uint8_t name[] = {1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};
  file f;
  put_head(&f, "RIFF", 100);
  put_format(&f, 0xFFFE, 1, 48000, 16);
  f.bytes[16] = 40;
  put_number(&f, 22, 2);
  put_number(&f, 16, 2);
  put_number(&f, 4, 4);
  put(&f, name, sizeof name);
  size_t end = f.count;
  put_data(&f, 4, two_samples, 4);
  expect(&f, 48000, two_values, 2);
  f.bytes[end - 1] = 0;
  expect_fault(&f, "extensible", 20);
}

/* What a pipe leaves: sizes that were never filled in. RF64: sizes in a chunk of their own. */
static void data_may_end_with_the_file(void **state) {
  (void)state;
  static const struct {
    uint64_t riff, data;
  } rows[] = {{0xFFFFFFFF, 0xFFFFFFFF}, {0, 0}, {0xFFFFFFFF, 0}, {100, 1000}, {100, 0x7FFFFFFF}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    file f;
    put_head(&f, "RIFF", rows[i].riff);
    put_format(&f, 1, 1, 16000, 16);
    put_data(&f, rows[i].data, two_samples, 4);
    expect(&f, 16000, two_values, 2);
  }
  file f;
  put_head(&f, "RF64", 0xFFFFFFFF);
  put(&f, "ds64\34\0\0\0", 8);
  put_number(&f, 100, 8);
  put_number(&f, 4, 8);
  put_number(&f, 2, 8);
  put_number(&f, 0, 4);
  put_format(&f, 1, 1, 16000, 16);
  put_data(&f, 0xFFFFFFFF, two_samples, 4);
  put(&f, "LIST\4\0\0\0abcd", 12);
  expect(&f, 16000, two_values, 2);
}

static file well_formed(void) {
  file f;
  put_head(&f, "RIFF", 100);
  put_format(&f, 1, 1, 16000, 16);
  put_data(&f, 4, two_samples, 4);
  return f;
}

static void strange_headers_say_what_is_wrong(void **state) {
  (void)state;
  static const struct {
    size_t at;
    int bytes;
    uint64_t number;
    const char *what;
    uint64_t place;
  } rows[] = {
      {0, 1, 'X', "is no WAV file", 0},      {3, 1, 'X', "big-endian", 0},
      {8, 1, 'X', "is no WAV file", 0},      {12, 1, 'X', "no 'fmt ' chunk", 48},
      {16, 4, 15, "too short", 20},          {16, 4, 1000, "does not end", 12},
      {20, 2, 85, "compressed", 20},         {22, 2, 0, "channels", 22},
      {22, 2, 2000, "channels", 22},         {24, 4, 12, "sample rate", 24},
      {24, 4, 800000, "sample rate", 24},    {32, 2, 4, "frames", 32},
      {34, 2, 12, "samples of another", 34}, {36, 1, 'X', "no 'data' chunk", 48},
      {40, 4, 0, "has no samples", 44},      {20, 2, 3, "samples of another", 34},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    file f = well_formed();
    f.count = rows[i].at;
    put_number(&f, rows[i].number, rows[i].bytes);
    f.count = 48;
    expect_fault(&f, rows[i].what, rows[i].place);
  }
  for (size_t count = 0; count < 48; count++) {
    file f = well_formed();
    rt_wave wave;
    f.count = count;
    rt_wave_fault fault = rt_wave_read(f.bytes, f.count, &wave);
    free(wave.samples);
    assert_true((fault.what != NULL) == (count < 46)); /* one sample is enough */
  }
}

static void samples_that_are_no_numbers_are_refused(void **state) {
  (void)state;
  const float samples[] = {0.5f, NAN, 1};
  file f;
  put_head(&f, "RIFF", 100);
  put_format(&f, 3, 1, 16000, 32);
  put_data(&f, 12, samples, 12);
  expect_fault(&f, "no number", 48);
}

/* ---- rates ---------------------------------------------------------------------------------- */

static rt_wave sine(int32_t rate, double hertz) {
  rt_wave wave = {.rate = rate, .count = rate / 4};
  wave.samples = malloc((size_t)wave.count * sizeof *wave.samples);
  for (int64_t i = 0; i < wave.count; i++) wave.samples[i] = (float)sin(2 * pi * hertz * (double)i / rate);
  return wave;
}

/* Of a sine resampled to 16 kHz, the largest difference from one that was made at that rate, or from nothing.
 */
static double worst(int32_t rate, double hertz, bool is_kept) {
  rt_wave wave = sine(rate, hertz), to;
  double most = 0;
  assert_true(rt_wave_resample(&wave, 16000, &to));
  assert_int_equal(to.count, (wave.count * 16000 + rate - 1) / rate);
  for (int64_t i = 1600; i < to.count - 1600; i++) { /* the ends come from silence */
    double gap = fabs(to.samples[i] - (is_kept ? sin(2 * pi * hertz * (double)i / 16000) : 0));
    most = gap > most ? gap : most;
  }
  free(wave.samples);
  free(to.samples);
  return most;
}

static void what_both_rates_hold_stays(void **state) {
  (void)state;
  static const int32_t rates[] = {8000, 11025, 16000, 22050, 32000, 44100, 44101, 48000, 96000};
  for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
    double highest = (rates[i] < 16000 ? rates[i] : 16000) / 2 * 0.9;
    for (int part = 1; part <= 4; part++) assert_true(worst(rates[i], highest * part / 4, true) < 2e-5);
  }
}

static void what_only_the_higher_rate_holds_goes(void **state) {
  (void)state;
  static const int32_t rates[] = {22050, 32000, 44100, 48000};
  for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++)
    for (int part = 0; part < 4; part++)
      assert_true(worst(rates[i], 8000 + (rates[i] / 2.0 - 8000) * part / 4, false) < 3e-5); /* 90 dB */
}

static void normalized_sound_has_mean_0_and_variance_1(void **state) {
  (void)state;
  rt_wave wave = sine(16000, 440);
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < wave.count; i++) wave.samples[i] = 0.25f * wave.samples[i] + 0.1f;
  rt_wave_normalize(&wave);
  for (int64_t i = 0; i < wave.count; i++) {
    sum += wave.samples[i];
    squares += wave.samples[i] * wave.samples[i];
  }
  assert_true(fabs(sum / (double)wave.count) < 1e-6);
  assert_true(fabs(squares / (double)wave.count - 1) < 1e-4);
  free(wave.samples);
}

/* ---- spectra --------------------------------------------------------------------------------- */

static void turns_are_cosines_and_sines(void **state) {
  (void)state;
  for (int64_t whole = 1; whole < 60; whole++) {
    for (int64_t part = 0; part < whole; part++) {
      double cosine, sine_of;
      rt_turn(part, whole, &cosine, &sine_of);
      assert_true(fabs(cosine - cos(2 * pi * (double)part / (double)whole)) < 2e-15);
      assert_true(fabs(sine_of - sin(2 * pi * (double)part / (double)whole)) < 2e-15);
    }
  }
}

static void transforms_of_any_size_are_sums(void **state) {
  (void)state;
  static const int32_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 12, 25, 49, 97, 128, 400, 512};
  for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
    int32_t size = sizes[s];
    rt_fourier *f = rt_fourier_create(size);
    rt_complex *input = rt_fourier_input(f);
    double re[512], im[512];
    for (int32_t i = 0; i < size; i++) {
      re[i] = sin(i * 1.7 + 1);
      im[i] = cos(i * i * 0.3);
      for (int lane = 0; lane < RT_LANES; lane++) {
        input[i].re[lane] = re[i] * (lane + 1);
        input[i].im[lane] = im[i];
      }
    }
    const rt_complex *z = rt_fourier_run(f);
    for (int32_t k = 0; k < size; k++) {
      double sums[4] = {0}; /* of re cos, re sin, im cos, im sin */
      for (int32_t i = 0; i < size; i++) {
        double angle = 2 * pi * (double)((int64_t)i * k % size) / size;
        sums[0] += re[i] * cos(angle), sums[1] += re[i] * sin(angle);
        sums[2] += im[i] * cos(angle), sums[3] += im[i] * sin(angle);
      }
      for (int lane = 0; lane < RT_LANES; lane++) {
        assert_true(fabs(z[k].re[lane] - (sums[0] * (lane + 1) + sums[3])) < 1e-11);
        assert_true(fabs(z[k].im[lane] - (sums[2] - sums[1] * (lane + 1))) < 1e-11);
      }
    }
    rt_fourier_free(f);
  }
  assert_null(rt_fourier_create(0));
}

static void silence_has_the_lowest_spectrum(void **state) {
  (void)state;
  float samples[3200] = {0};
  rt_mel mel;
  assert_true(rt_mel_make(&(rt_wave){samples, 3200, 16000}, 400, 160, 80, &mel));
  assert_int_equal(mel.frames, 20);
  for (int i = 0; i < 80 * 20; i++) assert_true(fabsf(mel.values[i] + 1.5f) < 1e-6f); /* (-10 + 4) / 4 */
  free(mel.values);
  assert_false(rt_mel_make(&(rt_wave){samples, 200, 16000}, 400, 160, 80, &mel));
  free(mel.values);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(samples_of_every_size_are_read),
      cmocka_unit_test(channels_are_averaged),
      cmocka_unit_test(chunks_come_in_any_order),
      cmocka_unit_test(extensible_formats_are_known),
      cmocka_unit_test(data_may_end_with_the_file),
      cmocka_unit_test(strange_headers_say_what_is_wrong),
      cmocka_unit_test(samples_that_are_no_numbers_are_refused),
      cmocka_unit_test(what_both_rates_hold_stays),
      cmocka_unit_test(what_only_the_higher_rate_holds_goes),
      cmocka_unit_test(normalized_sound_has_mean_0_and_variance_1),
      cmocka_unit_test(turns_are_cosines_and_sines),
      cmocka_unit_test(transforms_of_any_size_are_sums),
      cmocka_unit_test(silence_has_the_lowest_spectrum),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
