/*
 * jpeg_color.c: from components' samples to a row of RGB. Components with half the columns or rows are made
 * as large as the image by weights of 3 and 1 (libjpeg's "fancy upsampling"), others by repeating samples.
 */
#include "vision/jpeg.h"

/* ---- as many samples as the image has columns ------------------------------------------------ */

static const uint8_t *row_at(const jpeg_component *c, int32_t y) {
  int32_t last = c->height - 1, row = y < 0 ? 0 : y > last ? last : y;
  return c->samples + (size_t)row * (size_t)c->columns * 8;
}

/* Between two samples rounding goes down on the left of one and up on its right. */
static void double_columns(const uint8_t *from, int32_t count, uint8_t *to) {
  for (int32_t x = 0; x < count; x++, to += 2) {
    to[0] = (uint8_t)(x > 0 ? (from[x] * 3 + from[x - 1] + 1) >> 2 : from[x]);
    to[1] = (uint8_t)(x < count - 1 ? (from[x] * 3 + from[x + 1] + 2) >> 2 : from[x]);
  }
}

static void double_rows(const uint8_t *near, const uint8_t *far, int32_t count, int round, uint8_t *to) {
  for (int32_t x = 0; x < count; x++) to[x] = (uint8_t)((near[x] * 3 + far[x] + round) >> 2);
}

/* Both at once, so that it is rounded once. */
static void double_both(const uint8_t *near, const uint8_t *far, int32_t count, uint8_t *to) {
  int before = near[0] * 3 + far[0], sum = before;
  for (int32_t x = 0; x < count; x++, to += 2) {
    int after = x < count - 1 ? near[x + 1] * 3 + far[x + 1] : sum;
    to[0] = (uint8_t)((sum * 3 + before + 8) >> 4);
    to[1] = (uint8_t)((sum * 3 + after + 7) >> 4);
    before = sum;
    sum = after;
  }
}

/* Row y of the image's size; in `scratch` where the component's own does not do. */
static const uint8_t *full_row(const jpeg *j, const jpeg_component *c, int32_t y, uint8_t *scratch) {
  int wider = j->most_across / c->across, higher = j->most_down / c->down;
  const uint8_t *near = row_at(c, y / higher), *far = row_at(c, y % 2 ? y / 2 + 1 : y / 2 - 1);
  if (wider == 1 && higher == 1) return near;
  if (wider == 2 && higher == 1 && c->width > 2) {
    double_columns(near, c->width, scratch);
  } else if (wider == 1 && higher == 2) {
    double_rows(near, far, c->width, y % 2 ? 2 : 1, scratch);
  } else if (wider == 2 && higher == 2 && c->width > 2) {
    double_both(near, far, c->width, scratch);
  } else {
    for (int32_t x = 0; x < j->width; x++) scratch[x] = near[x / wider];
  }
  return scratch;
}

/* ---- color ----------------------------------------------------------------------------------- */

static uint8_t clamped(int32_t value) {
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* Luminance and two differences to RGB (JFIF), with 16 bits behind the point. */
static void write_rgb(int y, int blue, int red, uint8_t *rgb) {
  enum { HALF = 1 << 15, RED = 91881, BLUE = 116130, GREEN_BLUE = 22554, GREEN_RED = 46802 };
  blue -= 128;
  red -= 128;
  rgb[0] = clamped(y + ((RED * red + HALF) >> 16));
  rgb[1] = clamped(y + ((-GREEN_BLUE * blue - GREEN_RED * red + HALF) >> 16));
  rgb[2] = clamped(y + ((BLUE * blue + HALF) >> 16));
}

/* What is left of `light` under an ink; files hold how much of the ink is absent. */
static uint8_t under_ink(uint8_t absent, int light) {
  int product = (255 - absent) * light + 128;
  return (uint8_t)(light - ((product + (product >> 8)) >> 8));
}

/* Whether three components are RGB as they are: as Adobe's marker says, else by their names. */
static bool is_rgb(const jpeg *j) {
  if (j->has_jfif) return false;
  if (j->has_adobe) return j->adobe_transform == 0;
  return j->components[0].id == 'R' && j->components[1].id == 'G' && j->components[2].id == 'B';
}

void rt_jpeg_write_row(const jpeg *j, int32_t y, uint8_t *scratch, uint8_t *rgb) {
  const uint8_t *rows[JPEG_COMPONENTS];
  for (int i = 0; i < j->count; i++)
    rows[i] = full_row(j, &j->components[i], y, scratch + (size_t)i * ((size_t)j->width + 16));
  bool is_plain = j->count == 3 ? is_rgb(j) : !(j->has_adobe && j->adobe_transform != 0);
  for (int32_t x = 0; x < j->width; x++, rgb += 3) {
    if (j->count == 1) {
      rgb[0] = rgb[1] = rgb[2] = rows[0][x];
      continue;
    }
    if (is_plain)
      for (int i = 0; i < 3; i++) rgb[i] = rows[i][x];
    else
      write_rgb(rows[0][x], rows[1][x], rows[2][x], rgb);
    if (j->count == 3) continue;
    /* Of YCCK the RGB is the inks', not how much of them is absent. */
    for (int i = 0; i < 3; i++) rgb[i] = under_ink(is_plain ? rgb[i] : (uint8_t)(255 - rgb[i]), rows[3][x]);
  }
}
