/*
 * orientation.c: how a camera was held, as Exif says it, in a JPEG's segment APP1 or a PNG's chunk eXIf; and
 * pictures that are turned so that they stand upright, as PIL's ImageOps.exif_transpose does.
 */
#include "vision/vision.h"

#include <stdlib.h>
#include <string.h>

enum { UPRIGHT = 1, ORIENTATIONS = 9, ORIENTATION_TAG = 0x0112 };

/* ---- Exif -------------------------------------------------------------------------------- */

static uint32_t number(const uint8_t *at, int bytes, bool is_big) {
  uint32_t value = 0;
  for (int i = 0; i < bytes; i++) value |= (uint32_t)at[i] << 8 * (is_big ? bytes - 1 - i : i);
  return value;
}

/* What the first directory of a TIFF file says. */
static int in_tiff(const uint8_t *bytes, size_t count) {
  enum { HEADER_BYTES = 8, ENTRY_BYTES = 12, SHORT = 3 };
  if (count < HEADER_BYTES) return UPRIGHT;
  bool is_big = memcmp(bytes, "MM\0*", 4) == 0;
  size_t at = number(bytes + 4, 4, is_big);
  if ((!is_big && memcmp(bytes, "II*", 4) != 0) || at > count - 2) return UPRIGHT;
  uint32_t entries = number(bytes + at, 2, is_big);
  for (at += 2; entries > 0 && count - at >= ENTRY_BYTES; entries--, at += ENTRY_BYTES) {
    if (number(bytes + at, 2, is_big) != ORIENTATION_TAG) continue;
    uint32_t value = number(bytes + at + 8, 2, is_big);
    bool is_known = number(bytes + at + 2, 2, is_big) == SHORT && value >= 1 && value < ORIENTATIONS;
    return is_known ? (int)value : UPRIGHT;
  }
  return UPRIGHT;
}

static int in_jpeg(const uint8_t *bytes, size_t count) {
  enum { APP1 = 0xe1, SCAN = 0xda };
  static const char name[6] = "Exif\0";
  for (size_t at = 2; count - at >= 4 && bytes[at] == 0xff;) {
    size_t length = number(bytes + at + 2, 2, true);
    if (bytes[at + 1] == 0xff) {
      at++;
      continue;
    }
    if (bytes[at + 1] == SCAN || length < 2 || count - at - 2 < length) break;
    const uint8_t *content = bytes + at + 4;
    if (bytes[at + 1] == APP1 && length >= 2 + sizeof name && memcmp(content, name, sizeof name) == 0)
      return in_tiff(content + sizeof name, length - 2 - sizeof name);
    at += 2 + length;
  }
  return UPRIGHT;
}

static int in_png(const uint8_t *bytes, size_t count) {
  enum { SIGNATURE_BYTES = 8, AROUND_BYTES = 12 }; /* of a chunk: length, name, checksum */
  for (size_t at = SIGNATURE_BYTES; count - at >= AROUND_BYTES;) {
    size_t length = number(bytes + at, 4, true);
    if (count - at - AROUND_BYTES < length) break;
    if (memcmp(bytes + at + 4, "eXIf", 4) == 0) return in_tiff(bytes + at + 8, length);
    at += AROUND_BYTES + length;
  }
  return UPRIGHT;
}

/* ---- turning ------------------------------------------------------------------------------- */

/* Where a pixel comes from: x and y change places, and then are counted from the other side. */
static const struct {
  bool swaps, from_right, from_bottom;
} turns[ORIENTATIONS] = {
    [2] = {false, true, false}, [3] = {false, true, true}, [4] = {false, false, true},
    [5] = {true, false, false}, [6] = {true, false, true}, [7] = {true, true, true},
    [8] = {true, true, false},
};

bool rt_picture_set_upright(const void *file, size_t count, rt_picture *picture) {
  enum { PIXEL_BYTES = 3 };
  const uint8_t *bytes = file;
  int how = count < 8        ? UPRIGHT
            : *bytes == 0xff ? in_jpeg(bytes, count)
            : *bytes == 0x89 ? in_png(bytes, count)
                             : UPRIGHT;
  if (how == UPRIGHT) return true;
  size_t width = (size_t)picture->width, height = (size_t)picture->height;
  uint8_t *turned = malloc(width * height * PIXEL_BYTES), *to = turned;
  if (!turned) return false;
  bool swaps = turns[how].swaps;
  for (size_t y = 0; y < (swaps ? width : height); y++) {
    for (size_t x = 0; x < (swaps ? height : width); x++, to += PIXEL_BYTES) {
      size_t column = swaps ? y : x, row = swaps ? x : y;
      if (turns[how].from_right) column = width - 1 - column;
      if (turns[how].from_bottom) row = height - 1 - row;
      memcpy(to, picture->bytes + (row * width + column) * PIXEL_BYTES, PIXEL_BYTES);
    }
  }
  free(picture->bytes);
  *picture = (rt_picture){.bytes = turned,
                          .width = swaps ? (int32_t)height : (int32_t)width,
                          .height = swaps ? (int32_t)width : (int32_t)height};
  return true;
}
