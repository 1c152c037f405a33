/*
 * sound.h: from the bytes of a WAV file to what an encoder reads: samples of
 * one channel at the model's rate, or their log-mel spectrogram. Needs libc's
 * memory only; the same input gives the same numbers on every machine. Public
 * to runtime/app; linked into programs that hear.
 */
#ifndef RT_SOUND_H
#define RT_SOUND_H

#include "smelt/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One channel. */
typedef struct {
  float *samples; /* owned, in [-1, 1] where the file's are integers */
  int64_t count;
  int32_t rate; /* samples per second */
} rt_wave;

enum { RT_LEAST_RATE = 1000, RT_MOST_RATE = 768000 };

/* ---- WAV (wav.c) -------------------------------------------------------------------- */

/* What is wrong with a file; what == NULL: nothing. */
typedef struct {
  const char *what; /* static, with what was expected */
  uint64_t place;   /* the byte it is said at */
  bool has_found;   /* whether the following is known */
  int64_t found;
} rt_wave_fault;

/*
 * Reads RIFF or RF64 files: integers of 8, 16, 24 or 32 bits, floats of 32 or 64, plain or
 * WAVE_FORMAT_EXTENSIBLE; channels are averaged. Chunks may have any order. A data chunk whose size is not
 * known yet (a header that was written into a pipe) or reaches beyond the file ends where the file does.
 * wave->samples is the caller's to free, also after a failure.
 */
rt_wave_fault rt_wave_read(const void *bytes, size_t count, rt_wave *wave);

/* ---- rates (resample.c) ---------------------------------------------------------------- */

/*
 * The same sound at another rate: ceil(count * rate / wave->rate) samples, sample i at i / rate seconds. Up
 * to 0.9 of the lower rate's half nothing changes, what is beyond that half is 90 dB lower at least. *to is
 * the caller's to free, also after a failure. False: out of memory, or too long.
 */
bool rt_wave_resample(const rt_wave *wave, int32_t rate, rt_wave *to);

/* Mean 0 and variance 1, as feature extractors' do_normalize. */
void rt_wave_normalize(rt_wave *wave);

/* ---- spectra (turn.c, fourier.c, mel.c) --------------------------------------------------- */

/* cos and sin of `part` / `whole` of a turn, 0 <= part < whole, to the last bit or two. */
void rt_turn(int64_t part, int64_t whole, double *cosine, double *sine);

/* Sequences that are transformed side by side, so that vectors hold the same element of several. */
enum { RT_LANES = 4 };
typedef double rt_lanes __attribute__((vector_size(RT_LANES * sizeof(double))));
typedef struct {
  rt_lanes re, im;
} rt_complex;

/* The discrete Fourier transform of any size. */
typedef struct rt_fourier rt_fourier;
rt_fourier *rt_fourier_create(int32_t size); /* NULL: out of memory, or size < 1 */
void rt_fourier_free(rt_fourier *f);         /* NULL is allowed */
/* Where the input goes, [size]. */
rt_complex *rt_fourier_input(rt_fourier *f);
/* The transform of the input, [size], until the next one. */
const rt_complex *rt_fourier_run(rt_fourier *f);

/* A log-mel spectrogram. */
typedef struct {
  int32_t bands;
  int64_t frames;
  float *values; /* owned, [bands][frames] */
} rt_mel;

/*
 * As Whisper's feature extractor: frames of fft_size samples under a periodic Hann window every `hop`, the
 * first one centred on sample 0 (the sound is mirrored at its ends), `bands` mel filters of Slaney's form up
 * to 8 kHz, log10, cut off 8 below the highest, (x + 4) / 4. count / hop frames. wave: longer than fft_size
 * / 2. mel->values is the caller's to free. False: out of memory, or too short.
 */
bool rt_mel_make(const rt_wave *wave, int32_t fft_size, int32_t hop, int32_t bands, rt_mel *mel);

#endif
