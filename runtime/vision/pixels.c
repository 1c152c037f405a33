/* pixels.c: a picture as the numbers that a model reads: resized, cropped, rescaled and normalised. */
#include "vision/vision.h"

/* size * large / small, cut to an integer as Python's int() of that quotient of integers does. */
static int32_t in_proportion(int32_t size, int32_t large, int32_t small) {
  double quotient = (double)((int64_t)size * large) / small;
  return quotient <= INT32_MAX ? (int32_t)quotient : 0;
}

rt_picture_size rt_picture_resized(const smelt_manifest_vision *v, int32_t width, int32_t height) {
  rt_picture_size size = {(int32_t)v->resize_width, (int32_t)v->resize_height};
  if (v->resize == SMELT_RESIZE_NONE) size = (rt_picture_size){width, height};
  if (v->resize != SMELT_RESIZE_SHORT_EDGE) return size;
  if (width <= height)
    size.height = in_proportion(size.width, height, width);
  else
    size.width = in_proportion(size.height, width, height);
  bool is_large = (int64_t)size.width * size.height > RT_PICTURE_MOST_PIXELS;
  return size.width < 1 || size.height < 1 || is_large ? (rt_picture_size){0, 0} : size;
}

/* The value of each byte of a channel. In single precision after the product, as NumPy's arrays are. */
static void fill_values(const smelt_manifest_vision *v, uint32_t channel, float values[256]) {
  for (int i = 0; i < 256; i++) {
    float value = v->rescales ? (float)(i * v->rescale_factor) : (float)i;
    values[i] = v->normalises ? (value - v->mean[channel]) / v->deviation[channel] : value;
  }
}

/* Half of a difference, down also where it is negative: there what is missing on the left is the larger. */
static int32_t half(int32_t difference) {
  return difference < 0 ? -((1 - difference) / 2) : difference / 2;
}

/* A channel of what is in the middle of the picture; around the picture bytes are 0. */
static void write_plane(const smelt_manifest_vision *v, const rt_picture *picture, uint32_t channel,
                        float *plane) {
  float values[256];
  fill_values(v, channel, values);
  uint32_t byte = v->swaps_red_and_blue ? 2 - channel : channel;
  int32_t height = (int32_t)v->height, width = (int32_t)v->width;
  int32_t top = half(picture->height - height), left = half(picture->width - width);
  for (int32_t y = 0; y < height; y++) {
    bool is_row = y + top >= 0 && y + top < picture->height;
    const uint8_t *row = is_row ? picture->bytes + (size_t)(y + top) * (size_t)picture->width * 3 : NULL;
    for (int32_t x = 0; x < width; x++) {
      bool is_inside = row && x + left >= 0 && x + left < picture->width;
      *plane++ = values[is_inside ? row[(size_t)(x + left) * 3 + byte] : 0];
    }
  }
}

const char *rt_picture_pixels(const smelt_manifest_vision *v, rt_picture *picture, float *pixels) {
  rt_picture_size size = rt_picture_resized(v, picture->width, picture->height);
  if (size.width == 0) return "the image is too narrow: its longer side would become too long";
  if (!rt_picture_resize(picture, size.width, size.height, (smelt_resampling)v->resample))
    return "out of memory";
  if (!v->crops && (picture->width != (int32_t)v->width || picture->height != (int32_t)v->height))
    return "the image has another size than the model reads";
  for (uint32_t channel = 0; channel < v->channels; channel++)
    write_plane(v, picture, channel, pixels + (size_t)channel * v->height * v->width);
  return NULL;
}
