/*
 * unzstd.c: frames, blocks, literals and sequences of zstd. The whole output is at hand, so a match may reach
 * back to its first byte, and there is no window to keep. [RFC 8878, 3]
 */
#include "weights/unzstd.h"
#include "weights/checksum.h"
#include "weights/unzstd_entropy.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BLOCK_BYTES = 128 << 10, HISTORY = 3, CHECKSUM_BYTES = 4 };
enum { LENGTHS, OFFSETS, MATCHES, CODES };

/* What one block leaves to the next, and what it needs itself. */
typedef struct {
  uint8_t *to, *at, *end; /* the output: its first byte, the next, its end */
  zstd_tree tree;
  zstd_table tables[CODES];
  bool has_table[CODES];
  uint64_t offsets[HISTORY];
  const uint8_t *literals;
  size_t literal_count;
  uint8_t literal_bytes[MOST_BLOCK_BYTES];
} decoder;

static uint64_t little_endian(const uint8_t *from, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value |= (uint64_t)from[i] << 8 * i;
  return value;
}

/* ---- literals ---- */

/* As they stand, or one byte again and again. Returns the bytes that they took; 0: they are not sound. */
static size_t take_plain_literals(decoder *d, const uint8_t *from, size_t bytes) {
  int format = from[0] >> 2 & 3, header = format == 1 ? 2 : format == 3 ? 3 : 1;
  bool is_single = from[0] & 1;
  if (bytes < (size_t)header) return 0;
  d->literal_count = little_endian(from, header) >> (header == 1 ? 3 : 4);
  size_t stored = is_single ? 1 : d->literal_count;
  if (d->literal_count > MOST_BLOCK_BYTES || stored > bytes - (size_t)header) return 0;
  d->literals = from + header;
  if (is_single) {
    memset(d->literal_bytes, from[header], d->literal_count);
    d->literals = d->literal_bytes;
  }
  return (size_t)header + stored;
}

static bool decode_streams(decoder *d, const uint8_t *from, size_t bytes, bool is_four) {
  enum { JUMPS = 6 };
  zstd_bits streams[4];
  const uint8_t *end = from + bytes;
  if (!is_four)
    return rt_zstd_bits_open(streams, from, bytes, end) &&
           rt_zstd_tree_one(&d->tree, streams, d->literal_bytes, d->literal_count);
  if (bytes < JUMPS) return false;
  const uint8_t *at = from + JUMPS;
  for (int i = 0; i < 4; i++) {
    size_t count = i < 3 ? little_endian(from + 2 * i, 2) : (size_t)(end - at);
    if (count > (size_t)(end - at) || !rt_zstd_bits_open(&streams[i], at, count, end)) return false;
    at += count;
  }
  return rt_zstd_tree_four(&d->tree, streams, d->literal_bytes, d->literal_count);
}

static size_t take_coded_literals(decoder *d, const uint8_t *from, size_t bytes) {
  static const uint8_t headers[] = {3, 3, 4, 5}, widths[] = {10, 10, 14, 18};
  int format = from[0] >> 2 & 3, header = headers[format], width = widths[format];
  bool has_tree = (from[0] & 3) == 2;
  if (bytes < (size_t)header) return 0;
  uint64_t sizes = little_endian(from, header) >> 4, mask = ((uint64_t)1 << width) - 1;
  size_t stored = sizes >> width & mask, tree = 0;
  d->literal_count = sizes & mask;
  if (d->literal_count > MOST_BLOCK_BYTES || stored > bytes - (size_t)header) return 0;
  if (has_tree && !(tree = rt_zstd_tree_read(&d->tree, from + header, stored))) return 0;
  if (!d->tree.bits || !decode_streams(d, from + header + tree, stored - tree, format != 0)) return 0;
  d->literals = d->literal_bytes;
  return (size_t)header + stored;
}

/* ---- sequences: so many literals, then so many bytes again from so far back ---- */

/* Numbers of a code: a base, and bits that are added to it. */
typedef struct {
  uint32_t base;
  uint8_t bits;
} code_range;

static const code_range lengths[] = {
    {0, 0},     {1, 0},      {2, 0},      {3, 0},     {4, 0},   {5, 0},     {6, 0},     {7, 0},
    {8, 0},     {9, 0},      {10, 0},     {11, 0},    {12, 0},  {13, 0},    {14, 0},    {15, 0},
    {16, 1},    {18, 1},     {20, 1},     {22, 1},    {24, 2},  {28, 2},    {32, 3},    {40, 3},
    {48, 4},    {64, 6},     {128, 7},    {256, 8},   {512, 9}, {1024, 10}, {2048, 11}, {4096, 12},
    {8192, 13}, {16384, 14}, {32768, 15}, {65536, 16}};
static const code_range matches[] = {
    {3, 0},   {4, 0},     {5, 0},     {6, 0},     {7, 0},     {8, 0},      {9, 0},      {10, 0},    {11, 0},
    {12, 0},  {13, 0},    {14, 0},    {15, 0},    {16, 0},    {17, 0},     {18, 0},     {19, 0},    {20, 0},
    {21, 0},  {22, 0},    {23, 0},    {24, 0},    {25, 0},    {26, 0},     {27, 0},     {28, 0},    {29, 0},
    {30, 0},  {31, 0},    {32, 0},    {33, 0},    {34, 0},    {35, 1},     {37, 1},     {39, 1},    {41, 1},
    {43, 2},  {47, 2},    {51, 3},    {59, 3},    {67, 4},    {83, 4},     {99, 5},     {131, 7},   {259, 8},
    {515, 9}, {1027, 10}, {2051, 11}, {4099, 12}, {8195, 13}, {16387, 14}, {32771, 15}, {65539, 16}};

static const int16_t usual_lengths[] = {4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1,  1,  2,  2,
                                        2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1};
static const int16_t usual_offsets[] = {1, 1, 1, 1, 1, 1, 2, 2, 2, 1,  1,  1,  1,  1, 1,
                                        1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1};
static const int16_t usual_matches[] = {1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1,  1,  1,  1,  1,  1,  1, 1,
                                        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,  1,  1,  1,  1,  1,  1, 1,
                                        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1};

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))
static const struct {
  const int16_t *usual;
  int usual_count, usual_log, most_log, symbols;
} codes[CODES] = {
    [LENGTHS] = {usual_lengths, COUNT(usual_lengths), 6, 9, COUNT(lengths)},
    [OFFSETS] = {usual_offsets, COUNT(usual_offsets), 5, 8, 32},
    [MATCHES] = {usual_matches, COUNT(usual_matches), 6, 9, COUNT(matches)},
};

/* The table of a code, in the way that `mode` says. Moves *from; false: it is not sound. */
static bool take_table(decoder *d, int code, int mode, const uint8_t **from, const uint8_t *end) {
  enum { USUAL, SINGLE, DESCRIBED, AS_BEFORE };
  zstd_table *table = &d->tables[code];
  size_t used = 0;
  switch (mode) {
  case USUAL:
    rt_zstd_table_build(table, codes[code].usual, codes[code].usual_count, codes[code].usual_log);
    break;
  case SINGLE:
    if (*from == end || **from >= codes[code].symbols) return false;
    rt_zstd_table_single(table, **from);
    used = 1;
    break;
  case DESCRIBED:
    used = rt_zstd_table_read(table, *from, (size_t)(end - *from), codes[code].most_log, codes[code].symbols);
    if (!used) return false;
    break;
  default:
    return d->has_table[code];
  }
  *from += used;
  d->has_table[code] = true;
  return true;
}

/* How far back, by a number that may name one of the last three. 0: nowhere. */
static uint64_t take_offset(decoder *d, uint64_t number, bool has_literals) {
  uint64_t *last = d->offsets, offset;
  if (number > HISTORY) {
    offset = number - HISTORY;
    number = HISTORY;
  } else {
    number -= has_literals;
    offset = number < HISTORY ? last[number] : last[0] - 1;
  }
  if (number > 1) last[2] = last[1];
  if (number > 0) last[1] = last[0];
  last[0] = offset;
  return offset;
}

static bool put_literals(decoder *d, size_t count) {
  if (count > d->literal_count || count > (size_t)(d->end - d->at)) return false;
  memcpy(d->at, d->literals, count);
  d->at += count;
  d->literals += count;
  d->literal_count -= count;
  return true;
}

static bool put_match(decoder *d, uint64_t offset, size_t count) {
  if (offset == 0 || offset > (uint64_t)(d->at - d->to) || count > (size_t)(d->end - d->at)) return false;
  const uint8_t *from = d->at - offset;
  if (offset >= count)
    memcpy(d->at, from, count);
  else
    for (size_t i = 0; i < count; i++) d->at[i] = from[i];
  d->at += count;
  return true;
}

static bool run_sequences(decoder *d, const uint8_t *from, const uint8_t *end, size_t count) {
  zstd_bits bits;
  uint64_t states[CODES];
  if (!rt_zstd_bits_open(&bits, from, (size_t)(end - from), end)) return false;
  for (int i = 0; i < CODES; i++) states[i] = zstd_read(&bits, d->tables[i].log);
  for (size_t i = 0; i < count; i++) {
    const zstd_state *now[CODES];
    for (int k = 0; k < CODES; k++) now[k] = &d->tables[k].states[states[k]];
    const code_range *length = &lengths[now[LENGTHS]->symbol], *match = &matches[now[MATCHES]->symbol];
    uint64_t number = ((uint64_t)1 << now[OFFSETS]->symbol) + zstd_read(&bits, now[OFFSETS]->symbol);
    size_t match_count = match->base + zstd_read(&bits, match->bits);
    size_t literals = length->base + zstd_read(&bits, length->bits);
    if (bits.left < 0 || !put_literals(d, literals) ||
        !put_match(d, take_offset(d, number, literals != 0), match_count))
      return false;
    if (i + 1 == count) break;
    states[LENGTHS] = now[LENGTHS]->base + zstd_read(&bits, now[LENGTHS]->bits);
    states[MATCHES] = now[MATCHES]->base + zstd_read(&bits, now[MATCHES]->bits);
    states[OFFSETS] = now[OFFSETS]->base + zstd_read(&bits, now[OFFSETS]->bits);
  }
  return bits.left == 0;
}

static bool take_sequences(decoder *d, const uint8_t *from, const uint8_t *end) {
  if (from == end) return false;
  size_t count = *from++;
  if (count == 0) return from == end;
  int more = count == 255 ? 2 : count >= 128 ? 1 : 0;
  if (end - from < more + 1) return false;
  if (more == 1) count = ((count - 128) << 8) + from[0];
  if (more == 2) count = little_endian(from, 2) + 0x7f00;
  from += more;
  int modes = *from++;
  if (modes & 3) return false;
  return take_table(d, LENGTHS, modes >> 6, &from, end) &&
         take_table(d, OFFSETS, modes >> 4 & 3, &from, end) &&
         take_table(d, MATCHES, modes >> 2 & 3, &from, end) && run_sequences(d, from, end, count);
}

/* ---- blocks and the frame ---- */

static bool take_block(decoder *d, const uint8_t *from, size_t bytes) {
  if (!bytes) return false;
  size_t used = from[0] & 2 ? take_coded_literals(d, from, bytes) : take_plain_literals(d, from, bytes);
  return used && take_sequences(d, from + used, from + bytes) && put_literals(d, d->literal_count);
}

typedef struct {
  enum { RAW, SINGLE, CODED } kind;
  bool is_last;
  const uint8_t *from;
  size_t stored, bytes; /* what it has here; what comes out, unless it is coded */
} block;

/* The block at *from, which moves behind it. */
static const char *next_block(const uint8_t **from, const uint8_t *end, block *b) {
  enum { HEADER_BYTES = 3 };
  if (end - *from < HEADER_BYTES) return "the data ends early";
  uint32_t header = (uint32_t)little_endian(*from, HEADER_BYTES);
  *b = (block){.is_last = header & 1, .from = *from + HEADER_BYTES, .bytes = header >> 3};
  b->stored = (header >> 1 & 3) == SINGLE ? 1 : b->bytes;
  if (b->bytes > MOST_BLOCK_BYTES || b->stored > (size_t)(end - b->from))
    return "a block is longer than the data";
  if ((header >> 1 & 3) > CODED) return "a block is of no known kind";
  b->kind = header >> 1 & 3;
  *from = b->from + b->stored;
  return NULL;
}

static bool put_block(decoder *d, const block *b) {
  if (b->kind == CODED) return take_block(d, b->from, b->stored);
  if (b->bytes > (size_t)(d->end - d->at)) return false;
  if (b->kind == RAW) memcpy(d->at, b->from, b->bytes);
  if (b->kind == SINGLE) memset(d->at, *b->from, b->bytes);
  d->at += b->bytes;
  return true;
}

typedef struct {
  const uint8_t *blocks, *end; /* the checksum is behind them */
  size_t bytes;                /* that come out of it */
  bool has_checksum;
} frame;

/* What comes before the blocks of the frame at `from`, which makes at most `room` bytes. */
static const char *frame_head(const uint8_t *from, const uint8_t *end, size_t room, frame *f) {
  static const uint8_t dictionary_bytes[] = {0, 1, 2, 4}, size_bytes[] = {0, 2, 4, 8};
  enum { IS_SINGLE = 1 << 5, RESERVED = 1 << 3, HAS_CHECKSUM = 1 << 2, LEAST_BYTES = 6, MAGIC_BYTES = 4 };
  if (end - from < LEAST_BYTES || little_endian(from, MAGIC_BYTES) != 0xfd2fb528)
    return "this is no zstd frame";
  int flags = from[MAGIC_BYTES], width = size_bytes[flags >> 6];
  if (dictionary_bytes[flags & 3] || (flags & RESERVED)) return "the frame needs more than it has";
  if (!width && (flags & IS_SINGLE)) width = 1;
  from += MAGIC_BYTES + (flags & IS_SINGLE ? 1 : 2);
  if (end - from < width) return "the data ends early";
  uint64_t bytes = width ? little_endian(from, width) + (width == 2 ? 256 : 0) : room;
  if (bytes > room) return "the data is longer than it should be";
  *f = (frame){.blocks = from + width, .bytes = (size_t)bytes, .has_checksum = flags & HAS_CHECKSUM};
  return NULL;
}

/* The frame at *from, which moves behind it. */
static const char *next_frame(const uint8_t **from, const uint8_t *end, size_t room, frame *f) {
  const char *wrong = frame_head(*from, end, room, f);
  if (wrong) return wrong;
  *from = f->blocks;
  for (block b = {0}; !b.is_last;)
    if ((wrong = next_block(from, end, &b))) return wrong;
  f->end = *from;
  if (!f->has_checksum) return NULL;
  if (end - *from < CHECKSUM_BYTES) return "the data ends early";
  *from += CHECKSUM_BYTES;
  return NULL;
}

static const char *take_frame(decoder *d, const frame *f, uint8_t *to) {
  static const uint64_t first_offsets[HISTORY] = {1, 4, 8};
  memcpy(d->offsets, first_offsets, sizeof first_offsets);
  memset(d->has_table, 0, sizeof d->has_table);
  d->tree.bits = 0;
  d->to = d->at = to;
  d->end = to + f->bytes;
  const uint8_t *from = f->blocks;
  for (block b; from < f->end;)
    if (next_block(&from, f->end, &b) || !put_block(d, &b)) return "a block is damaged";
  if (d->at != d->end) return "the data is shorter than it should be";
  bool is_sound =
      !f->has_checksum || little_endian(f->end, CHECKSUM_BYTES) == (uint32_t)rt_checksum(to, f->bytes);
  return is_sound ? NULL : "its checksum is another";
}

const char *rt_unzstd(const uint8_t *from, size_t bytes, uint8_t *to, size_t capacity, int32_t share,
                      int32_t sharers) {
  const uint8_t *from_end = from + bytes, *to_end = to + capacity;
  decoder *d = calloc(1, sizeof *d);
  if (!d) return "out of memory";
  const char *wrong = NULL;
  int32_t turn = 0;
  do {
    frame f;
    wrong = next_frame(&from, from_end, (size_t)(to_end - to), &f);
    if (!wrong && turn == share) wrong = take_frame(d, &f, to);
    turn = (turn + 1) % sharers;
    if (!wrong) to += f.bytes;
  } while (!wrong && from < from_end);
  free(d);
  return wrong ? wrong : to < to_end ? "the data is shorter than it should be" : NULL;
}
