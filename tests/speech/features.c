/* features.c: features FILE.wav FFT HOP BANDS: the file's log-mel spectrogram as f32 [bands][frames] on
 * standard output. */
#include "sound/sound.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_BYTES = 1 << 24 };

int main(int argc, char **argv) {
  static uint8_t bytes[MOST_BYTES];
  FILE *file = argc == 5 ? fopen(argv[1], "rb") : NULL;
  if (!file) return 2;
  size_t count = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  rt_wave wave;
  rt_mel mel = {0};
  rt_wave_fault fault = rt_wave_read(bytes, count, &wave);
  bool ok = !fault.what && rt_mel_make(&wave, atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), &mel);
  if (ok) fwrite(mel.values, sizeof *mel.values, (size_t)(mel.bands * mel.frames), stdout);
  free(wave.samples);
  free(mel.values);
  return ok ? 0 : 1;
}
