/*
 * image_fuzz.c: any bytes as an image file: refused, or a picture within the limits, which then becomes a
 * model's pixels in two ways. Its last byte says how it is resized.
 */
#include "fuzz.h"

#include "vision/vision.h"

#include <stdlib.h>

enum { SIDE = 8 };

static void check_pixels(rt_picture *picture, const smelt_manifest_vision *v) {
  float pixels[3 * SIDE * SIDE];
  if (rt_picture_pixels(v, picture, pixels)) return; /* too narrow */
  for (size_t i = 0; i < sizeof pixels / sizeof *pixels; i++)
    if (!(pixels[i] >= -1 && pixels[i] <= 1)) fuzz_finding("a pixel is out of range", OK, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
  smelt_manifest_vision v = {.channels = 3,
                             .height = SIDE,
                             .width = SIDE,
                             .resize = SMELT_RESIZE_SHORT_EDGE,
                             .resize_height = SIDE + 1,
                             .resize_width = SIDE + 1,
                             .crops = 1,
                             .rescales = 1,
                             .normalises = 1,
                             .mean = {0.5f, 0.5f, 0.5f},
                             .deviation = {0.5f, 0.5f, 0.5f},
                             .rescale_factor = 1.0 / 255};
  rt_picture picture;
  const char *wrong = rt_picture_read(bytes, count, &picture);
  if (!wrong != (picture.bytes != NULL)) fuzz_finding("a picture and a failure, or neither", OK, NULL);
  /* A large one costs time and shows nothing. */
  if (!wrong && (int64_t)picture.width * picture.height < 1 << 16) {
    v.resample = bytes[count - 1] % SMELT_RESAMPLING_COUNT;
    check_pixels(&picture, &v);
    v.resize = SMELT_RESIZE_EXACT;
    check_pixels(&picture, &v);
  }
  rt_picture_free(&picture);
  return 0;
}
