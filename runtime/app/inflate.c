/* inflate.c: what deflate packed (RFC 1951): blocks of codes for bytes and for copies of what came before. */
#include "app/inflate.h"

#include <stdint.h>
#include <string.h>

enum {
  LONGEST_CODE = 15,
  LENGTHS = 19, /* symbols of the code that tells the lengths of the others */
  LITERALS = 288,
  DISTANCES = 32,
  BLOCK_END = 256,
  STORED = 0,
  FIXED = 1,
  DYNAMIC = 2,
};

typedef struct {
  const uint8_t *from;
  size_t count, at;
  uint32_t bits; /* read and not used, the next one lowest */
  int bit_count;
  uint8_t *to;
  size_t size, made;
  bool failed;
} inflater;

/* Codes of one length are numbers in a row, as are their symbols. */
typedef struct {
  uint16_t counts[LONGEST_CODE + 1]; /* codes of each length */
  uint16_t symbols[LITERALS];        /* in the order of their codes */
} code;

static uint32_t take(inflater *f, int count) {
  while (f->bit_count < count) {
    if (f->at == f->count) f->failed = true;
    uint32_t byte = f->at < f->count ? f->from[f->at++] : 0;
    f->bits |= byte << f->bit_count;
    f->bit_count += 8;
  }
  uint32_t value = f->bits & ((1u << count) - 1);
  f->bits >>= count;
  f->bit_count -= count;
  return value;
}

/* False: the lengths are of no code. One with room left is allowed where it has one symbol at most. */
static bool make_code(code *c, const uint8_t *lengths, int count) {
  uint16_t places[LONGEST_CODE + 2] = {0};
  int left = 1, used = 0;
  *c = (code){0};
  for (int i = 0; i < count; i++) c->counts[lengths[i]]++;
  c->counts[0] = 0;
  for (int length = 1; length <= LONGEST_CODE; length++) {
    left = 2 * left - c->counts[length];
    used += c->counts[length];
    if (left < 0) return false;
    places[length + 1] = (uint16_t)(places[length] + c->counts[length]);
  }
  for (int i = 0; i < count; i++)
    if (lengths[i]) c->symbols[places[lengths[i]]++] = (uint16_t)i;
  return left == 0 || used <= 1;
}

/* The next symbol; -1: there is no such code. */
static int next_symbol(inflater *f, const code *c) {
  int value = 0, first = 0, place = 0; /* `first` of the codes of a length, whose symbol is at `place` */
  for (int length = 1; length <= LONGEST_CODE && !f->failed; length++) {
    value = value << 1 | (int)take(f, 1);
    int count = c->counts[length];
    if (value - first < count) return c->symbols[place + value - first];
    place += count;
    first = (first + count) << 1;
  }
  f->failed = true;
  return -1;
}

static void put(inflater *f, uint8_t byte) {
  if (f->made < f->size)
    f->to[f->made++] = byte;
  else
    f->failed = true;
}

/* A symbol of lengths or distances stands for numbers from `base` on: `bits` more bits say which. */
typedef struct {
  uint16_t base;
  uint8_t bits;
} range;

static const range copy_lengths[] = {
    {3, 0},  {4, 0},  {5, 0},  {6, 0},   {7, 0},   {8, 0},   {9, 0},   {10, 0},  {11, 1}, {13, 1},
    {15, 1}, {17, 1}, {19, 2}, {23, 2},  {27, 2},  {31, 2},  {35, 3},  {43, 3},  {51, 3}, {59, 3},
    {67, 4}, {83, 4}, {99, 4}, {115, 4}, {131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0}};
static const range distances[] = {{1, 0},     {2, 0},     {3, 0},     {4, 0},      {5, 1},      {7, 1},
                                  {9, 2},     {13, 2},    {17, 3},    {25, 3},     {33, 4},     {49, 4},
                                  {65, 5},    {97, 5},    {129, 6},   {193, 6},    {257, 7},    {385, 7},
                                  {513, 8},   {769, 8},   {1025, 9},  {1537, 9},   {2049, 10},  {3073, 10},
                                  {4097, 11}, {6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13}};

/* The number that a symbol of `ranges` stands for; 0 after a failure. */
static size_t take_number(inflater *f, const range *ranges, size_t count, int symbol) {
  if (symbol >= 0 && (size_t)symbol < count) return ranges[symbol].base + take(f, ranges[symbol].bits);
  f->failed = true;
  return 0;
}

static void copy(inflater *f, int symbol, const code *distance_code) {
  size_t length = take_number(f, copy_lengths, sizeof copy_lengths / sizeof *copy_lengths, symbol);
  size_t distance =
      take_number(f, distances, sizeof distances / sizeof *distances, next_symbol(f, distance_code));
  if (distance == 0 || distance > f->made) f->failed = true;
  for (size_t i = 0; i < length && !f->failed; i++) put(f, f->to[f->made - distance]);
}

static void take_codes(inflater *f, const code *literals, const code *distance_code) {
  for (int symbol = 0; symbol != BLOCK_END && !f->failed;) {
    symbol = next_symbol(f, literals);
    if (symbol > BLOCK_END)
      copy(f, symbol - BLOCK_END - 1, distance_code);
    else if (symbol >= 0 && symbol < BLOCK_END)
      put(f, (uint8_t)symbol);
  }
}

static void take_fixed(inflater *f) {
  uint8_t lengths[LITERALS];
  code literals, distance_code;
  memset(lengths, 8, sizeof lengths);
  memset(lengths + 144, 9, 256 - 144);
  memset(lengths + 256, 7, 280 - 256);
  make_code(&literals, lengths, LITERALS);
  memset(lengths, 5, DISTANCES);
  make_code(&distance_code, lengths, DISTANCES);
  take_codes(f, &literals, &distance_code);
}

/* lengths[count], which are packed themselves. */
static void take_lengths(inflater *f, const code *c, uint8_t *lengths, int count) {
  enum { REPEAT = 16, ZEROS = 17, MANY_ZEROS = 18 };
  for (int i = 0; i < count && !f->failed;) {
    int symbol = next_symbol(f, c), times = 1;
    uint8_t length = symbol < REPEAT ? (uint8_t)symbol : 0;
    if (symbol == REPEAT && i > 0) length = lengths[i - 1];
    if (symbol == REPEAT && i == 0) f->failed = true;
    if (symbol == REPEAT) times = 3 + (int)take(f, 2);
    if (symbol == ZEROS) times = 3 + (int)take(f, 3);
    if (symbol == MANY_ZEROS) times = 11 + (int)take(f, 7);
    if (times > count - i) f->failed = true;
    for (; times > 0 && !f->failed; times--) lengths[i++] = length;
  }
}

static void take_dynamic(inflater *f) {
  static const uint8_t order[LENGTHS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[LITERALS + DISTANCES] = {0};
  code literals, distance_code;
  int literal_count = 257 + (int)take(f, 5), distance_count = 1 + (int)take(f, 5),
      count = 4 + (int)take(f, 4);
  for (int i = 0; i < count; i++) lengths[order[i]] = (uint8_t)take(f, 3);
  if (literal_count > LITERALS - 2 || !make_code(&literals, lengths, LENGTHS)) f->failed = true;
  if (f->failed) return;
  memset(lengths, 0, sizeof lengths);
  take_lengths(f, &literals, lengths, literal_count + distance_count);
  if (f->failed || lengths[BLOCK_END] == 0 || !make_code(&literals, lengths, literal_count) ||
      !make_code(&distance_code, lengths + literal_count, distance_count))
    f->failed = true;
  else
    take_codes(f, &literals, &distance_code);
}

/* Bytes as they are, from the next whole one on. */
static void take_stored(inflater *f) {
  take(f, f->bit_count % 8);
  size_t length = take(f, 16);
  if ((length ^ take(f, 16)) != 0xffff) f->failed = true;
  for (; length > 0 && !f->failed; length--) put(f, (uint8_t)take(f, 8));
}

bool app_inflate(const void *from, size_t count, void *to, size_t size) {
  inflater f = {.from = from, .count = count, .to = to, .size = size};
  for (bool is_last = false; !is_last && !f.failed;) {
    is_last = take(&f, 1);
    uint32_t kind = take(&f, 2);
    if (kind == STORED)
      take_stored(&f);
    else if (kind == FIXED)
      take_fixed(&f);
    else if (kind == DYNAMIC)
      take_dynamic(&f);
    else
      f.failed = true;
  }
  return !f.failed && f.made == size;
}
