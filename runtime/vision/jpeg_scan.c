/* jpeg_scan.c: the coefficients of a scan, T.81 annexes F (sequential) and G (progressive). */
#include "vision/jpeg.h"

#include <string.h>

const uint8_t rt_jpeg_natural_order[JPEG_BLOCK] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/* ---- codes --------------------------------------------------------------------------------- */

bool rt_jpeg_make_code(jpeg_code *code, const uint8_t counts[16], const uint8_t *symbols, int symbol_count) {
  *code = (jpeg_code){.is_known = true};
  memcpy(code->symbols, symbols, (size_t)symbol_count);
  int32_t next = 0, index = 0;
  for (int length = 1; length <= 16; length++) {
    code->offsets[length] = index - next;
    for (int i = 0; i < counts[length - 1]; i++, next++, index++) {
      if (next >= 1 << length) return false;
      int free_bits = JPEG_LOOK_BITS - length;
      for (int32_t rest = 0; free_bits >= 0 && rest < 1 << free_bits; rest++)
        code->look[(next << free_bits) + rest] = (uint16_t)(length << 8 | symbols[index]);
    }
    code->ends[length] = next;
    next <<= 1;
  }
  return true;
}

/* ---- bits ---------------------------------------------------------------------------------- */

/* The next byte of the scan; false at its end. 0xff 0 stands for 0xff, 0xff and anything else ends the scan.
 */
static bool next_byte(jpeg_bits *in, uint8_t *byte) {
  if (in->at == in->end) return false;
  *byte = *in->at;
  if (*byte != 0xff) {
    in->at++;
    return true;
  }
  if (in->end - in->at < 2 || in->at[1] != 0) return false;
  in->at += 2;
  return true;
}

static void fill(jpeg_bits *in) {
  while (in->count <= 56) {
    uint8_t byte = 0;
    if (in->padding > 0 || !next_byte(in, &byte)) in->padding += 8;
    in->bits |= (uint64_t)byte << (56 - in->count);
    in->count += 8;
  }
}

static void drop(jpeg_bits *in, int count) {
  in->bits <<= count;
  in->count -= count;
  if (in->count >= in->padding) return;
  in->padding = in->count;
  in->is_over = true;
}

/* `count` bits, 0 to 16, as a number. */
static int32_t take(jpeg_bits *in, int count) {
  if (count == 0) return 0;
  if (in->count < count) fill(in);
  int32_t value = (int32_t)(in->bits >> (64 - count));
  drop(in, count);
  return value;
}

/* -1: no such code. */
static int decode(jpeg_bits *in, const jpeg_code *code) {
  if (in->count < 16) fill(in);
  uint16_t look = code->look[in->bits >> (64 - JPEG_LOOK_BITS)];
  if (look) {
    drop(in, look >> 8);
    return look & 0xff;
  }
  for (int length = JPEG_LOOK_BITS + 1; length <= 16; length++) {
    int32_t value = (int32_t)(in->bits >> (64 - length));
    if (value >= code->ends[length]) continue;
    drop(in, length);
    return code->symbols[(value + code->offsets[length]) & 0xff];
  }
  return -1;
}

/* A number of `size` bits, the lower half of which stands for negative ones. */
static int32_t take_signed(jpeg_bits *in, int size) {
  int32_t value = take(in, size);
  return size > 0 && value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

/* ---- blocks -------------------------------------------------------------------------------- */

typedef bool block_reader(jpeg *j, jpeg_component *c, int16_t *block);

static bool read_dc(jpeg *j, jpeg_component *c, int16_t *block) {
  int size = decode(&j->in, &j->dc_codes[c->dc]);
  if (size < 0 || size > 15) return false;
  c->last_dc += take_signed(&j->in, size);
  if (c->last_dc > INT16_MAX || c->last_dc < INT16_MIN) return false;
  block[0] = (int16_t)(c->last_dc * (1 << j->low));
  return true;
}

static bool refine_dc(jpeg *j, jpeg_component *c, int16_t *block) {
  (void)c;
  if (take(&j->in, 1)) block[0] = (int16_t)(block[0] | 1 << j->low);
  return true;
}

/* Coefficients first .. last, or a run of blocks that have none. */
static bool read_ac(jpeg *j, jpeg_component *c, int16_t *block) {
  if (j->run > 0) {
    j->run--;
    return true;
  }
  for (int k = j->first > 0 ? j->first : 1; k <= j->last; k++) {
    int symbol = decode(&j->in, &j->ac_codes[c->ac]), zeros = symbol >> 4, size = symbol & 15;
    if (symbol < 0) return false;
    if (size == 0 && zeros < 15) {
      if (!j->is_progressive && zeros > 0) return false;
      j->run = (1 << zeros) - 1 + take(&j->in, zeros);
      return true;
    }
    k += zeros;
    if (k > j->last) return false;
    if (size > 0) block[rt_jpeg_natural_order[k]] = (int16_t)(take_signed(&j->in, size) * (1 << j->low));
  }
  return true;
}

static bool read_sequential(jpeg *j, jpeg_component *c, int16_t *block) {
  return read_dc(j, c, block) && read_ac(j, c, block);
}

/* One more bit of a coefficient that is not zero. */
static void refine(jpeg *j, int16_t *coefficient) {
  int bit = 1 << j->low;
  if (take(&j->in, 1) && !(*coefficient & bit))
    *coefficient = (int16_t)(*coefficient + (*coefficient > 0 ? bit : -bit));
}

/* From k on: refines what is there until `zeros` more zeros are passed; where it stops. */
static int refine_until(jpeg *j, int16_t *block, int k, int zeros) {
  for (; k <= j->last; k++) {
    int16_t *coefficient = &block[rt_jpeg_natural_order[k]];
    if (*coefficient)
      refine(j, coefficient);
    else if (zeros-- == 0)
      break;
  }
  return k;
}

static bool refine_ac(jpeg *j, jpeg_component *c, int16_t *block) {
  int k = j->first;
  for (; j->run == 0 && k <= j->last; k++) {
    int symbol = decode(&j->in, &j->ac_codes[c->ac]), zeros = symbol >> 4, size = symbol & 15, value = 0;
    if (symbol < 0 || size > 1) return false;
    if (size == 0 && zeros < 15) {
      j->run = (1 << zeros) + take(&j->in, zeros);
      break;
    }
    if (size > 0) value = take(&j->in, 1) ? 1 << j->low : -(1 << j->low);
    k = refine_until(j, block, k, zeros);
    if (value && k > j->last) return false;
    if (value) block[rt_jpeg_natural_order[k]] = (int16_t)value;
  }
  if (j->run == 0) return true;
  refine_until(j, block, k, JPEG_BLOCK);
  j->run--;
  return true;
}

static block_reader *reader_of(const jpeg *j) {
  if (!j->is_progressive) return read_sequential;
  if (j->first == 0) return j->high > 0 ? refine_dc : read_dc;
  return j->high > 0 ? refine_ac : read_ac;
}

/* ---- units --------------------------------------------------------------------------------- */

static int16_t *block_at(const jpeg_component *c, int32_t row, int32_t column) {
  return c->coefficients + ((size_t)row * (size_t)c->columns + (size_t)column) * JPEG_BLOCK;
}

/* A unit is a block where the scan is of one component, else of each as many as its factors say. */
static bool read_unit(jpeg *j, block_reader *read, int32_t row, int32_t column) {
  if (j->scan_components == 1) return read(j, j->scan[0], block_at(j->scan[0], row, column));
  for (int i = 0; i < j->scan_components; i++) {
    jpeg_component *c = j->scan[i];
    for (int y = 0; y < c->down; y++)
      for (int x = 0; x < c->across; x++)
        if (!read(j, c, block_at(c, row * c->down + y, column * c->across + x))) return false;
  }
  return true;
}

static void begin_interval(jpeg *j) {
  j->in.bits = 0;
  j->in.count = j->in.padding = 0;
  j->run = 0;
  for (int i = 0; i < j->scan_components; i++) j->scan[i]->last_dc = 0;
}

/* Past the marker between intervals. */
static bool restart(jpeg *j) {
  jpeg_bits *in = &j->in;
  while (in->end - in->at >= 2 && in->at[0] == 0xff && in->at[1] == 0xff) in->at++;
  if (in->end - in->at < 2 || in->at[0] != 0xff || (in->at[1] & 0xf8) != 0xd0) return false;
  in->at += 2;
  begin_interval(j);
  return true;
}

bool rt_jpeg_read_scan(jpeg *j) {
  const jpeg_component *only = j->scan[0];
  bool is_one = j->scan_components == 1;
  int32_t unit_width = 8 * j->most_across, unit_height = 8 * j->most_down;
  int32_t columns = is_one ? (only->width + 7) / 8 : (j->width + unit_width - 1) / unit_width;
  int32_t rows = is_one ? (only->height + 7) / 8 : (j->height + unit_height - 1) / unit_height;
  block_reader *read = reader_of(j);
  int left = j->restart_interval;
  begin_interval(j);
  for (int32_t row = 0; row < rows; row++) {
    for (int32_t column = 0; column < columns; column++) {
      if (j->restart_interval > 0 && left-- == 0) {
        if (!restart(j)) return false;
        left = j->restart_interval - 1;
      }
      if (!read_unit(j, read, row, column)) return false;
    }
    if (j->in.is_over) return false;
  }
  return true;
}
