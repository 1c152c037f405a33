/*
 * wav_fuzz.c: any bytes as a WAV file: refused with a reason, or samples that are numbers, which are then
 * resampled and transformed.
 */
#include "fuzz.h"

#include "sound/sound.h"

#include <stdlib.h>

enum { MOST_SAMPLES = 1 << 14, RATE = 16000 };

static void check_numbers(const char *what, const float *values, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    if (values[i] - values[i] != 0) fuzz_finding(what, OK, NULL);
}

static void hear(const rt_wave *wave) {
  rt_wave to = {0};
  rt_mel mel = {0};
  check_numbers("a sample is no number", wave->samples, wave->count);
  if (!rt_wave_resample(wave, RATE, &to)) fuzz_finding("a short sound is not resampled", OK, NULL);
  if (to.count != (wave->count * RATE + wave->rate - 1) / wave->rate)
    fuzz_finding("a resampled sound has another length", OK, NULL);
  if (rt_mel_make(&to, 400, 160, 80, &mel))
    check_numbers("a feature is no number", mel.values, mel.bands * mel.frames);
  free(mel.values);
  free(to.samples);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
  rt_wave wave;
  rt_wave_fault fault = rt_wave_read(bytes, count, &wave);
  if (!fault.what && (wave.count < 1 || wave.rate < RT_LEAST_RATE || wave.rate > RT_MOST_RATE))
    fuzz_finding("a sound is out of range", OK, NULL);
  if (fault.what && fault.place > count) fuzz_finding("a fault lies behind the file", OK, NULL);
  if (!fault.what && wave.count <= MOST_SAMPLES) hear(&wave);
  free(wave.samples);
  return 0;
}
