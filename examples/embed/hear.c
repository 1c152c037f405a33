/* hear.c FILE: what is said in a WAV file, piece by piece, by a model such as whisper-tiny. */
#include <smelt/media.h>

#include <stdio.h>

extern const smelt_image smelt_model_whisper;

static bool on_piece(void *user, const smelt_piece *piece) {
  (void)user;
  printf("%.2f\t%.2f\t%.*s\n", piece->start_s, piece->end_s, (int)piece->bytes, piece->text);
  return true;
}

int main(int argc, char **argv) {
  static char file[1 << 25];
  FILE *stream = argc > 1 ? fopen(argv[1], "rb") : NULL;
  size_t bytes = stream ? fread(file, 1, sizeof file, stream) : 0;
  smelt_hearing hearing = {.tells_times = true};
  smelt_model *model;
  if (smelt_open(&smelt_model_whisper, NULL, &model)) return 1;
  smelt_result result = smelt_transcribe(model, file, bytes, &hearing, on_piece, NULL);
  if (result) fprintf(stderr, "hear: %s\n", smelt_error(model));
  smelt_close(model);
  return result ? 1 : 0;
}
