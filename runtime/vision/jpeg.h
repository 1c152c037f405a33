/*
 * jpeg.h: JPEG files (ITU T.81: baseline, extended and progressive with Huffman codes, 8 bits), decoded to
 * the very bytes that libjpeg gives with its defaults. Private to runtime/vision.
 */
#ifndef RT_VISION_JPEG_H
#define RT_VISION_JPEG_H

#include "vision/vision.h"

enum { JPEG_COMPONENTS = 4, JPEG_TABLES = 4, JPEG_BLOCK = 64, JPEG_LOOK_BITS = 9, JPEG_MOST_SCANS = 256 };

/* A Huffman code: of codes up to JPEG_LOOK_BITS long symbol and length at once, of longer ones by their
 * ranges. */
typedef struct {
  bool is_known;
  uint8_t symbols[256];
  uint16_t look[1 << JPEG_LOOK_BITS]; /* length << 8 | symbol; 0: the code is longer */
  int32_t ends[17];                   /* past the last code of this length */
  int32_t offsets[17];                /* code + offset: the index of its symbol */
} jpeg_code;

typedef struct {
  int id, across, down, table; /* sampling factors, quantisation table */
  int dc, ac;                  /* codes of the scan */
  int32_t width, height;       /* samples that are part of the image */
  int32_t columns, rows;       /* blocks, filled up to whole units */
  int16_t *coefficients;       /* [rows][columns][64], in natural order */
  uint8_t *samples;            /* [rows * 8][columns * 8] */
  int32_t last_dc;
  bool is_seen; /* by a scan */
} jpeg_component;

/* Bits of a scan. Behind its end (a marker, or the file's end) there are zeros, which sound files do not ask
 * for. */
typedef struct {
  const uint8_t *at, *end;
  uint64_t bits; /* the highest come first */
  int count;     /* of them that are there */
  int padding;   /* of these that are behind the end */
  bool is_over;  /* a bit behind the end was used */
} jpeg_bits;

typedef struct {
  jpeg_bits in;
  int32_t width, height;
  int count, most_across, most_down; /* components, largest sampling factors */
  bool is_progressive, has_frame, has_jfif, has_adobe;
  int adobe_transform;
  jpeg_component components[JPEG_COMPONENTS];
  uint16_t quantisers[JPEG_TABLES][JPEG_BLOCK]; /* in natural order */
  bool has_quantiser[JPEG_TABLES];
  jpeg_code dc_codes[JPEG_TABLES], ac_codes[JPEG_TABLES];
  int restart_interval; /* units; 0: none */
  int scan_count;
  /* of the scan at hand */
  jpeg_component *scan[JPEG_COMPONENTS];
  int scan_components, first, last, high, low; /* T.81's Ss, Se, Ah, Al */
  int32_t run;                                 /* blocks without new coefficients to come */
} jpeg;

extern const uint8_t rt_jpeg_natural_order[JPEG_BLOCK];

/* jpeg_scan.c: makes a code of how many there are of each length; false: there is no such code. */
bool rt_jpeg_make_code(jpeg_code *code, const uint8_t counts[16], const uint8_t *symbols, int symbol_count);
/* The scan's coefficients; j->in is at its first byte, and then at what follows it. False: damaged. */
bool rt_jpeg_read_scan(jpeg *j);

/* jpeg_samples.c: all blocks of a component to samples. */
void rt_jpeg_transform(const jpeg *j, jpeg_component *c);
/* jpeg_color.c: row y of the image as RGB, from all components' samples; `scratch` is [4][width + 16]. */
void rt_jpeg_write_row(const jpeg *j, int32_t y, uint8_t *scratch, uint8_t *rgb);

/* jpeg.c: as rt_picture_read. */
const char *rt_jpeg_read(const uint8_t *bytes, size_t count, rt_picture *picture);

#endif
