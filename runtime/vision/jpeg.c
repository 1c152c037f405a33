/* jpeg.c: a JPEG file from marker to marker (T.81, annex B), and the picture that its scans make. */
#include "vision/jpeg.h"

#include <stdlib.h>
#include <string.h>

static const char damaged[] = "the JPEG image is damaged", cut_off[] = "the JPEG image is cut off",
                  other_kind[] =
                      "the JPEG image is of a kind that is not read: expected Huffman codes and 8 bits",
                  no_memory[] = "out of memory";

enum { SOI = 0xd8, EOI = 0xd9, SOS = 0xda, DQT = 0xdb, DHT = 0xc4, DRI = 0xdd, APP0 = 0xe0, APP14 = 0xee };

/* ---- a segment ------------------------------------------------------------------------------ */

typedef struct {
  const uint8_t *at, *end;
} segment;

static size_t left(const segment *s) {
  return (size_t)(s->end - s->at);
}

/* Callers have seen that there are as many. */
static int take_byte(segment *s) {
  return *s->at++;
}

static int take_two(segment *s) {
  int high = take_byte(s);
  return high << 8 | take_byte(s);
}

static const char *read_quantisers(jpeg *j, segment s) {
  while (left(&s) > 0) {
    int head = take_byte(&s), is_wide = head >> 4, index = head & 15;
    if (is_wide > 1 || index >= JPEG_TABLES || left(&s) < (is_wide ? 128u : 64u)) return damaged;
    for (int i = 0; i < JPEG_BLOCK; i++)
      j->quantisers[index][rt_jpeg_natural_order[i]] = (uint16_t)(is_wide ? take_two(&s) : take_byte(&s));
    j->has_quantiser[index] = true;
  }
  return NULL;
}

static const char *read_codes(jpeg *j, segment s) {
  while (left(&s) > 0) {
    int head = take_byte(&s), index = head & 15, count = 0;
    if (head >> 4 > 1 || index >= JPEG_TABLES || left(&s) < 16) return damaged;
    const uint8_t *counts = s.at;
    for (int i = 0; i < 16; i++) count += counts[i];
    s.at += 16;
    if (count > 256 || left(&s) < (size_t)count) return damaged;
    jpeg_code *code = head >> 4 ? &j->ac_codes[index] : &j->dc_codes[index];
    if (!rt_jpeg_make_code(code, counts, s.at, count)) return damaged;
    s.at += count;
  }
  return NULL;
}

static void read_adobe(jpeg *j, segment s) {
  if (left(&s) < 12 || memcmp(s.at, "Adobe", 5) != 0) return;
  j->has_adobe = true;
  j->adobe_transform = s.at[11];
}

/* ---- the frame ------------------------------------------------------------------------------ */

static int32_t share(int32_t size, int part, int whole) {
  return (int32_t)(((int64_t)size * part + whole - 1) / whole);
}

static const char *make_components(jpeg *j) {
  for (int i = 0; i < j->count; i++) {
    jpeg_component *c = &j->components[i];
    if (j->most_across % c->across || j->most_down % c->down) return other_kind;
    c->width = share(j->width, c->across, j->most_across);
    c->height = share(j->height, c->down, j->most_down);
    c->columns = share(j->width, 1, 8 * j->most_across) * c->across;
    c->rows = share(j->height, 1, 8 * j->most_down) * c->down;
    size_t blocks = (size_t)c->columns * (size_t)c->rows;
    c->coefficients = calloc(blocks * JPEG_BLOCK, sizeof *c->coefficients);
    c->samples = malloc(blocks * JPEG_BLOCK);
    if (!c->coefficients || !c->samples) return no_memory;
  }
  return NULL;
}

static const char *read_frame(jpeg *j, segment s, bool is_progressive) {
  if (j->has_frame || left(&s) < 6) return damaged;
  j->has_frame = true;
  j->is_progressive = is_progressive;
  if (take_byte(&s) != 8) return other_kind;
  j->height = take_two(&s);
  j->width = take_two(&s);
  j->count = take_byte(&s);
  if (j->width < 1 || j->height < 1) return "the image has no pixels";
  if ((int64_t)j->width * j->height > RT_PICTURE_MOST_PIXELS) return rt_picture_too_large;
  if (j->count != 1 && j->count != 3 && j->count != 4) return other_kind;
  if (left(&s) < 3 * (size_t)j->count) return damaged;
  for (int i = 0; i < j->count; i++) {
    jpeg_component *c = &j->components[i];
    c->id = take_byte(&s);
    int factors = take_byte(&s);
    c->across = factors >> 4;
    c->down = factors & 15;
    c->table = take_byte(&s);
    if (c->across < 1 || c->across > 4 || c->down < 1 || c->down > 4 || c->table >= JPEG_TABLES)
      return damaged;
    if (c->across > j->most_across) j->most_across = c->across;
    if (c->down > j->most_down) j->most_down = c->down;
  }
  return make_components(j);
}

/* ---- scans ---------------------------------------------------------------------------------- */

static bool scan_fits(const jpeg *j) {
  if (!j->is_progressive) return j->first == 0 && j->last == 63 && j->high == 0 && j->low == 0;
  bool is_range =
      j->first == 0 ? j->last == 0 : j->first <= j->last && j->last < 64 && j->scan_components == 1;
  return is_range && j->low < 14 && (j->high == 0 || j->high == j->low + 1);
}

static bool has_codes(const jpeg *j, const jpeg_component *c) {
  bool needs_dc = j->first == 0 && j->high == 0, needs_ac = j->last > 0;
  return (!needs_dc || j->dc_codes[c->dc].is_known) && (!needs_ac || j->ac_codes[c->ac].is_known);
}

static const char *read_scan(jpeg *j, segment s) {
  if (!j->has_frame || left(&s) < 1 || ++j->scan_count > JPEG_MOST_SCANS) return damaged;
  j->scan_components = take_byte(&s);
  if (j->scan_components < 1 || j->scan_components > j->count) return damaged;
  if (left(&s) < 2 * (size_t)j->scan_components + 3) return damaged;
  for (int i = 0; i < j->scan_components; i++) {
    int id = take_byte(&s), codes = take_byte(&s), at = 0;
    while (at < j->count && j->components[at].id != id) at++;
    if (at == j->count || codes >> 4 >= JPEG_TABLES || (codes & 15) >= JPEG_TABLES) return damaged;
    for (int before = 0; before < i; before++)
      if (j->scan[before] == &j->components[at]) return damaged;
    j->scan[i] = &j->components[at];
    j->scan[i]->dc = codes >> 4;
    j->scan[i]->ac = codes & 15;
    j->scan[i]->is_seen = true;
  }
  j->first = take_byte(&s);
  j->last = take_byte(&s);
  int approximation = take_byte(&s);
  j->high = approximation >> 4;
  j->low = approximation & 15;
  if (!scan_fits(j)) return damaged;
  for (int i = 0; i < j->scan_components; i++)
    if (!has_codes(j, j->scan[i])) return damaged;
  if (rt_jpeg_read_scan(j)) return NULL;
  return j->in.at == j->in.end ? cut_off : damaged;
}

/* ---- markers -------------------------------------------------------------------------------- */

/* The next marker, past it; -1: the file ends. Whatever is between scans and markers is passed over. */
static int next_marker(jpeg_bits *in) {
  while (in->end - in->at >= 2) {
    if (in->at[0] == 0xff && in->at[1] != 0 && in->at[1] != 0xff) {
      in->at += 2;
      return in->at[-1];
    }
    in->at++;
  }
  in->at = in->end;
  return -1;
}

static bool has_no_segment(int marker) {
  return (marker >= 0xd0 && marker <= SOI) || marker == 0x01; /* restarts, SOI, TEM */
}

static const char *read_segment(jpeg *j, int marker, segment s) {
  switch (marker) {
  case DQT:
    return read_quantisers(j, s);
  case DHT:
    return read_codes(j, s);
  case DRI:
    if (left(&s) < 2) return damaged;
    j->restart_interval = take_two(&s);
    return NULL;
  case 0xc0: /* SOF0: baseline */
  case 0xc1: /* SOF1: extended */
  case 0xc2: /* SOF2: progressive */
    return read_frame(j, s, marker == 0xc2);
  case SOS:
    return read_scan(j, s);
  case APP0:
    j->has_jfif |= left(&s) >= 5 && memcmp(s.at, "JFIF", 5) == 0;
    return NULL;
  case APP14:
    read_adobe(j, s);
    return NULL;
  default: /* the other frames: lossless, hierarchical, arithmetic codes */
    return marker > 0xc2 && marker <= 0xcf && marker != 0xc8 && marker != 0xcc ? other_kind : NULL;
  }
}

static const char *read_markers(jpeg *j) {
  for (int marker; (marker = next_marker(&j->in)) != EOI;) {
    if (marker < 0) return cut_off;
    if (has_no_segment(marker)) continue;
    segment s = {j->in.at, j->in.end};
    if (left(&s) < 2) return cut_off;
    int length = take_two(&s);
    if (length < 2) return damaged;
    if (left(&s) < (size_t)length - 2) return cut_off;
    s.end = s.at + (length - 2);
    j->in.at = s.end;
    const char *wrong = read_segment(j, marker, s);
    if (wrong) return wrong;
  }
  return NULL;
}

/* ---- the picture ---------------------------------------------------------------------------- */

static const char *make_picture(jpeg *j, rt_picture *picture) {
  if (!j->has_frame) return damaged;
  for (int i = 0; i < j->count; i++) {
    jpeg_component *c = &j->components[i];
    if (!c->is_seen || !j->has_quantiser[c->table]) return damaged;
    rt_jpeg_transform(j, c);
    free(c->coefficients);
    c->coefficients = NULL;
  }
  size_t width = (size_t)j->width, height = (size_t)j->height;
  uint8_t *scratch = malloc(JPEG_COMPONENTS * (width + 16));
  picture->bytes = malloc(width * height * 3);
  picture->width = j->width;
  picture->height = j->height;
  bool ok = scratch && picture->bytes;
  for (int32_t y = 0; ok && y < j->height; y++)
    rt_jpeg_write_row(j, y, scratch, picture->bytes + (size_t)y * width * 3);
  free(scratch);
  return ok ? NULL : no_memory;
}

const char *rt_jpeg_read(const uint8_t *bytes, size_t count, rt_picture *picture) {
  jpeg *j = calloc(1, sizeof *j);
  if (!j) return no_memory;
  j->in = (jpeg_bits){.at = bytes, .end = bytes + count};
  const char *wrong = read_markers(j);
  if (!wrong) wrong = make_picture(j, picture);
  for (int i = 0; i < JPEG_COMPONENTS; i++) {
    free(j->components[i].coefficients);
    free(j->components[i].samples);
  }
  free(j);
  return wrong;
}
