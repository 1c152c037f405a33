/* see.c FILE: what is in a picture, by ../shapes/model. */
#include <smelt/media.h>

#include <stdio.h>

extern const smelt_image smelt_model_shapes;

int main(int argc, char **argv) {
  static char file[1 << 20];
  static float pixels[3 * 64 * 64];
  FILE *stream = argc > 1 ? fopen(argv[1], "rb") : NULL;
  size_t bytes = stream ? fread(file, 1, sizeof file, stream) : 0;
  smelt_model *model;
  smelt_tensor_info info;
  if (smelt_open(&smelt_model_shapes, NULL, &model) || smelt_input_info(model, "run", 0, &info)) return 1;
  smelt_tensor logits, input = {SMELT_F32, 4, {1, info.dims[1], info.dims[2], info.dims[3]}, pixels};
  int64_t count = smelt_pixels(model, file, bytes, pixels, sizeof pixels / sizeof *pixels);
  if (count < 0 || smelt_run(model, "run", &info.name, &input, 1, &logits))
    return fprintf(stderr, "see: %s\n", smelt_error(model)), 1;
  int32_t best = 0; /* logits: f32 [1, labels] */
  for (int32_t i = 1; i < logits.dims[1]; i++)
    if (((float *)logits.data)[i] > ((float *)logits.data)[best]) best = i;
  printf("%s\n", smelt_label(model, best));
  smelt_close(model);
}
