/* unzstd_entropy.h: the two entropy codes of zstd, Huffman's and finite state entropy. [RFC 8878, 4] */
#ifndef RT_UNZSTD_ENTROPY_H
#define RT_UNZSTD_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- bits that are read from the end of a stream to its beginning ---- */

typedef struct {
  const uint8_t *bytes; /* the stream's first */
  const uint8_t *end;   /* of what may be read: not before the stream's end */
  int64_t left;         /* bits not read yet; below 0: so many that were not there, which are zero */
} zstd_bits;

/* A stream's last byte holds a 1 above its bits; false: it does not. `end`: of the memory that it lies in. */
bool rt_zstd_bits_open(zstd_bits *bits, const uint8_t *bytes, size_t count, const uint8_t *end);

/* 64 bits from byte `at` on. */
static inline uint64_t zstd_load_whole(const uint8_t *at) {
  uint64_t word;
  __builtin_memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

/* The same as far as there are. */
static inline uint64_t zstd_load(const uint8_t *at, const uint8_t *end) {
  uint64_t word = 0;
  if (end - at >= 8) return zstd_load_whole(at);
  for (int i = 0; at + i < end; i++) word |= (uint64_t)at[i] << 8 * i;
  return word;
}

/* The next `count` bits, at most 56, which stay. */
static inline uint64_t zstd_peek(const zstd_bits *bits, int count) {
  int64_t at = bits->left - count;
  uint64_t mask = ((uint64_t)1 << count) - 1;
  if (at >= 0) return zstd_load(bits->bytes + (at >> 3), bits->end) >> (at & 7) & mask;
  if (bits->left <= 0) return 0;
  uint64_t rest = zstd_load(bits->bytes, bits->end) & (((uint64_t)1 << bits->left) - 1);
  return rest << -at & mask;
}

static inline uint64_t zstd_read(zstd_bits *bits, int count) {
  uint64_t value = zstd_peek(bits, count);
  bits->left -= count;
  return value;
}

/* ---- finite state entropy ---- */

enum { ZSTD_MOST_LOG = 9, ZSTD_MOST_SYMBOLS = 256 };

typedef struct {
  uint16_t base; /* the next state, with so many bits added */
  uint8_t symbol, bits;
} zstd_state;

typedef struct {
  int log; /* of the number of states */
  zstd_state states[1 << ZSTD_MOST_LOG];
} zstd_table;

/* From counts[symbols] that together are 1 << log; -1: less than one. False: they are not. */
bool rt_zstd_table_build(zstd_table *table, const int16_t *counts, int symbols, int log);
/* From its description in from[bytes], of at most 1 << most_log states and `symbols` symbols. Returns the
 * bytes that it took, 0: it is none. */
size_t rt_zstd_table_read(zstd_table *table, const uint8_t *from, size_t bytes, int most_log, int symbols);
/* One state that always gives `symbol`. */
void rt_zstd_table_single(zstd_table *table, uint8_t symbol);

/* ---- Huffman ---- */

enum { ZSTD_HUFFMAN_MOST_BITS = 11 };

typedef struct {
  int bits;                                    /* of the longest code; 0: there is no tree */
  uint16_t codes[1 << ZSTD_HUFFMAN_MOST_BITS]; /* by the next bits, as many: length, symbol << 8 */
} zstd_tree;

/* Likewise. */
size_t rt_zstd_tree_read(zstd_tree *tree, const uint8_t *from, size_t bytes);
/* to[count] from one stream, and from four, which make a quarter each. False: the streams are not sound. */
bool rt_zstd_tree_one(const zstd_tree *tree, zstd_bits *stream, uint8_t *to, size_t count);
bool rt_zstd_tree_four(const zstd_tree *tree, zstd_bits streams[4], uint8_t *to, size_t count);

#endif
