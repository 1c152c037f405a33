/*
 * vision.c: what runtime/vision makes of images, for tests that compare it with PIL. Each line of standard
 * input asks for one thing, and one line answers: "ok WIDTH HEIGHT", or "wrong: WHY". OUT gets the bytes.
 *   read FILE OUT                        rows of RGB
 *   resize FILE WIDTH HEIGHT FILTER OUT  the same after PIL's resize
 *   pixels FILE CONFIG OUT               floats as a preprocessor_config.json says
 */
#define _POSIX_C_SOURCE 200809L
#include "driver/vision.h"
#include "vision/vision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *write_file(const char *path, const void *bytes, size_t count) {
  FILE *file = fopen(path, "wb");
  bool ok = file && fwrite(bytes, 1, count, file) == count;
  if (file) ok = fclose(file) == 0 && ok;
  return ok ? NULL : "the result cannot be written";
}

static const char *write_picture(const rt_picture *p, const char *out) {
  return write_file(out, p->bytes, 3 * (size_t)p->width * (size_t)p->height);
}

static const char *write_pixels(arena *a, rt_picture *p, const char *config, const char *out) {
  smelt_manifest_vision v;
  status s = vision_read_config(a, config, NULL, &v);
  if (s) return s->cause;
  if (!v.crops) {
    v.height = v.resize_height;
    v.width = v.resize_width;
  }
  size_t count = (size_t)v.channels * v.height * v.width;
  float *pixels = calloc(count, sizeof *pixels);
  const char *wrong = pixels ? rt_picture_pixels(&v, p, pixels) : "out of memory";
  if (!wrong) wrong = write_file(out, pixels, count * sizeof *pixels);
  free(pixels);
  return wrong;
}

static void answer(char *line) {
  char none[] = "", *words[6] = {none, none, none, none, none, none};
  int count = 0;
  for (char *word = strtok(line, "\t\n"); word && count < 6; word = strtok(NULL, "\t\n"))
    words[count++] = word;
  arena a = {0};
  file_view file;
  rt_picture p = {0};
  status s = file_map(&a, words[1], &file);
  uint8_t *bytes =
      s ? NULL : malloc(file.count + !file.count); /* of exact size: reading past its end is seen */
  if (bytes && file.count) memcpy(bytes, file.bytes, file.count);
  const char *wrong = s ? s->cause : rt_picture_read(bytes, file.count, &p);
  free(bytes);
  if (!wrong && strcmp(words[0], "resize") == 0 &&
      !rt_picture_resize(&p, atoi(words[2]), atoi(words[3]), (smelt_resampling)atoi(words[4])))
    wrong = "out of memory";
  if (!wrong && strcmp(words[0], "pixels") == 0) {
    wrong = write_pixels(&a, &p, words[2], words[3]);
  } else if (!wrong) {
    wrong = write_picture(&p, words[count - 1]);
  }
  if (wrong)
    printf("wrong: %s\n", wrong);
  else
    printf("ok %d %d\n", (int)p.width, (int)p.height);
  fflush(stdout);
  rt_picture_free(&p);
  if (!s) file_unmap(&file);
  arena_free(&a);
}

int main(void) {
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, stdin) > 0) answer(line);
  free(line);
  return 0;
}
