/* wav.c: the WAVE form of RIFF files, as recorders, editors and pipes write it. */
#include "sound/sound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_INTEGER = 1, FORMAT_FLOAT = 3, FORMAT_EXTENSIBLE = 0xFFFE };
enum { CHUNK_HEADER_BYTES = 8, RIFF_HEADER_BYTES = 12, FORMAT_BYTES = 16, EXTENSIBLE_BYTES = 40 };
enum { MOST_CHANNELS = 1024 };
static const uint32_t unknown_size = UINT32_MAX;

typedef struct {
  const uint8_t *bytes;
  size_t count;
  bool is_long;        /* RF64: sizes of 64 bits stand in a chunk of their own */
  uint64_t long_bytes; /* of the data chunk; 0: not said */
  bool is_streamed;    /* its writer did not know how long it would be */
  const uint8_t *format;
  uint32_t format_bytes;
  const uint8_t *data;
  size_t data_bytes;
} riff;

typedef struct {
  uint32_t kind, channels, rate, sample_bytes;
} wave_format;

static uint32_t little(const uint8_t *at, int bytes) {
  uint32_t value = 0;
  for (int i = bytes - 1; i >= 0; i--) value = value << 8 | at[i];
  return value;
}

static uint64_t little_long(const uint8_t *at) {
  return (uint64_t)little(at + 4, 4) << 32 | little(at, 4);
}

static bool is_called(const uint8_t *at, const char *name) {
  return memcmp(at, name, 4) == 0;
}

static rt_wave_fault at_place(const riff *r, const uint8_t *at, const char *what) {
  return (rt_wave_fault){.what = what, .place = (uint64_t)(at - r->bytes)};
}

static rt_wave_fault found(const riff *r, const uint8_t *at, const char *what, int64_t number) {
  rt_wave_fault fault = at_place(r, at, what);
  fault.has_found = true;
  fault.found = number;
  return fault;
}

/* ---- chunks ----------------------------------------------------------------------------- */

static rt_wave_fault read_head(riff *r) {
  if (r->count < RIFF_HEADER_BYTES)
    return found(r, r->bytes, "is too short for a WAV file", (int64_t)r->count);
  r->is_long = is_called(r->bytes, "RF64") || is_called(r->bytes, "BW64");
  if (is_called(r->bytes, "RIFX")) return at_place(r, r->bytes, "has its bytes in big-endian order (RIFX)");
  if ((!r->is_long && !is_called(r->bytes, "RIFF")) || !is_called(r->bytes + 8, "WAVE"))
    return at_place(r, r->bytes, "is no WAV file (expected RIFF or RF64, and WAVE)");
  uint32_t bytes = little(r->bytes + 4, 4);
  r->is_streamed = !r->is_long && (bytes == 0 || bytes == unknown_size);
  return (rt_wave_fault){0};
}

/* How many of the `left` bytes belong to the data chunk, whose header says `bytes`. */
static uint64_t data_bytes(const riff *r, uint64_t bytes, uint64_t left) {
  if (r->is_long && bytes == unknown_size && r->long_bytes) bytes = r->long_bytes;
  bool is_unknown = bytes == unknown_size || (bytes == 0 && r->is_streamed);
  return is_unknown || bytes > left ? left : bytes;
}

/* Takes what matters from the chunk at `at`, whose content has `bytes` bytes in the file. */
static void take_chunk(riff *r, const uint8_t *at, size_t bytes) {
  const uint8_t *content = at + CHUNK_HEADER_BYTES;
  if (is_called(at, "ds64") && bytes >= 16) r->long_bytes = little_long(content + 8);
  if (is_called(at, "fmt ") && !r->format) {
    r->format = content;
    r->format_bytes = (uint32_t)bytes;
  }
  if (is_called(at, "data") && !r->data) {
    r->data = content;
    r->data_bytes = bytes;
  }
}

/* Whether the byte behind a chunk of odd size is the next one's first: some writers leave the padding out. */
static bool lacks_padding(const riff *r, size_t place) {
  bool is_there = place <= r->count && r->count - place >= CHUNK_HEADER_BYTES;
  return is_there && (is_called(r->bytes + place, "fmt ") || is_called(r->bytes + place, "data"));
}

static rt_wave_fault find_chunks(riff *r) {
  size_t place = RIFF_HEADER_BYTES;
  while (place + CHUNK_HEADER_BYTES <= r->count && !(r->format && r->data)) {
    const uint8_t *at = r->bytes + place;
    uint64_t left = r->count - place - CHUNK_HEADER_BYTES, bytes = little(at + 4, 4);
    if (is_called(at, "data")) bytes = data_bytes(r, bytes, left);
    if (bytes > left) {
      if (is_called(at, "fmt ")) return found(r, at, "has a 'fmt ' chunk that does not end", (int64_t)bytes);
      break;
    }
    take_chunk(r, at, (size_t)bytes);
    place += CHUNK_HEADER_BYTES + (size_t)bytes;
    if (bytes % 2 && !lacks_padding(r, place)) place++;
  }
  const uint8_t *end = r->bytes + r->count;
  if (!r->format) return at_place(r, end, "has no 'fmt ' chunk, which says what its samples are");
  if (!r->data) return at_place(r, end, "has no 'data' chunk, where its samples would be");
  return (rt_wave_fault){0};
}

/* ---- the format ---------------------------------------------------------------------------- */

/* All but the first two bytes of the names that WAVE_FORMAT_EXTENSIBLE gives to formats. */
static const uint8_t name_tail[14] = {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};

static rt_wave_fault read_format(const riff *r, wave_format *format) {
  const uint8_t *at = r->format;
  if (r->format_bytes < FORMAT_BYTES)
    return found(r, at, "has a 'fmt ' chunk that is too short (expected 16 bytes)", r->format_bytes);
  *format = (wave_format){little(at, 2), little(at + 2, 2), little(at + 4, 4), little(at + 14, 2) / 8};
  uint32_t bits = little(at + 14, 2), frame_bytes = little(at + 12, 2);
  if (format->kind == FORMAT_EXTENSIBLE) {
    if (r->format_bytes < EXTENSIBLE_BYTES || memcmp(at + 26, name_tail, sizeof name_tail) != 0)
      return at_place(r, at, "is of an extensible format that is not known");
    format->kind = little(at + 24, 2);
  }
  if (format->kind != FORMAT_INTEGER && format->kind != FORMAT_FLOAT)
    return found(r, at, "is compressed (expected format 1, integers, or 3, floats)", format->kind);
  bool fits = format->kind == FORMAT_FLOAT ? bits == 32 || bits == 64
                                           : bits == 8 || bits == 16 || bits == 24 || bits == 32;
  if (!fits)
    return found(r, at + 14,
                 "has samples of another size (expected integers of 8, 16, 24 or 32 bits, or floats "
                 "of 32 or 64)",
                 bits);
  if (format->channels < 1 || format->channels > MOST_CHANNELS)
    return found(r, at + 2, "has a number of channels out of range (expected 1 to 1024)", format->channels);
  if (format->rate < RT_LEAST_RATE || format->rate > RT_MOST_RATE)
    return found(r, at + 4, "has a sample rate out of range (expected 1000 to 768000)", format->rate);
  if (frame_bytes != format->channels * format->sample_bytes)
    return found(r, at + 12, "has frames whose size is not that of their samples", frame_bytes);
  return (rt_wave_fault){0};
}

/* ---- samples ---------------------------------------------------------------------------------- */

static float read_float(const uint8_t *at, uint32_t bytes) {
  uint32_t word = little(at, 4);
  uint64_t words = bytes == 8 ? little_long(at) : 0;
  float single;
  double twice;
  memcpy(&single, &word, sizeof single);
  memcpy(&twice, &words, sizeof twice);
  return bytes == 8 ? (float)twice : single;
}

/* Of 8 bits they are counted from 0, the others have a sign. */
static float read_integer(const uint8_t *at, uint32_t bytes) {
  if (bytes == 1) return (float)(*at - 128) / 128;
  int32_t value = (int32_t)(little(at, (int)bytes) << (32 - 8 * bytes));
  return (float)((double)value / 2147483648.0);
}

static rt_wave_fault read_samples(const riff *r, const wave_format *format, rt_wave *wave) {
  uint32_t frame_bytes = format->channels * format->sample_bytes;
  size_t count = r->data_bytes / frame_bytes;
  if (count == 0) return at_place(r, r->data, "has no samples");
  wave->samples = malloc(count * sizeof *wave->samples);
  if (!wave->samples) return at_place(r, r->data, "is too long for the memory there is");
  wave->count = (int64_t)count;
  wave->rate = (int32_t)format->rate;
  const uint8_t *at = r->data;
  for (size_t i = 0; i < count; i++) {
    double sum = 0;
    for (uint32_t c = 0; c < format->channels; c++, at += format->sample_bytes)
      sum += format->kind == FORMAT_FLOAT ? read_float(at, format->sample_bytes)
                                          : read_integer(at, format->sample_bytes);
    wave->samples[i] = (float)(sum / format->channels);
    if (!isfinite(wave->samples[i]))
      return found(r, at - frame_bytes, "has a sample that is no number; the first one is sample",
                   (int64_t)i);
  }
  return (rt_wave_fault){0};
}

rt_wave_fault rt_wave_read(const void *bytes, size_t count, rt_wave *wave) {
  riff r = {.bytes = bytes, .count = count};
  wave_format format = {0};
  *wave = (rt_wave){0};
  rt_wave_fault fault = read_head(&r);
  if (!fault.what) fault = find_chunks(&r);
  if (!fault.what) fault = read_format(&r, &format);
  if (!fault.what) fault = read_samples(&r, &format, wave);
  return fault;
}
