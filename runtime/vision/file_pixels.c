/* file_pixels.c: an image file as what the model reads, as media.h offers it. */
#include "core/core.h"
#include "smelt/media.h"
#include "vision/vision.h"

int64_t smelt_pixels(smelt_model *model, const void *file, size_t bytes, float *pixels, int64_t capacity) {
  const smelt_manifest_vision *v = model->manifest.vision;
  if (!v) {
    rt_fail(model, SMELT_BAD_ARGUMENT, "the model reads no images");
    return -1;
  }
  rt_picture picture;
  int64_t count = (int64_t)v->channels * v->height * v->width;
  const char *wrong = rt_picture_read(file, bytes, &picture);
  if (!wrong && capacity >= count) wrong = rt_picture_pixels(v, &picture, pixels);
  rt_picture_free(&picture);
  if (wrong) rt_fail(model, SMELT_BAD_ARGUMENT, "%s", wrong);
  return wrong ? -1 : count;
}
