/* unzstd_entropy.c: tables of zstd's entropy codes out of their descriptions, and what they decode. */
#include "weights/unzstd_entropy.h"

#include <string.h>

/* Of a number above 0. */
static int highest_bit(uint64_t x) {
  return 63 - __builtin_clzll(x);
}

bool rt_zstd_bits_open(zstd_bits *bits, const uint8_t *bytes, size_t count, const uint8_t *end) {
  if (!count || !bytes[count - 1]) return false;
  *bits = (zstd_bits){bytes, end, (int64_t)(count - 1) * 8 + highest_bit(bytes[count - 1])};
  return true;
}

/* ---- finite state entropy ---- */

bool rt_zstd_table_build(zstd_table *table, const int16_t *counts, int symbols, int log) {
  uint32_t size = 1u << log, high = size, place = 0, step = (size >> 1) + (size >> 3) + 3;
  uint16_t next[ZSTD_MOST_SYMBOLS];
  table->log = log;
  for (int s = 0; s < symbols; s++) {
    next[s] = counts[s] < 0 ? 1 : (uint16_t)counts[s];
    if (counts[s] >= 0) continue;
    if (!high) return false;
    table->states[--high].symbol = (uint8_t)s;
  }
  for (int s = 0; s < symbols; s++) {
    for (int i = 0; i < counts[s]; i++) {
      table->states[place].symbol = (uint8_t)s;
      do place = (place + step) & (size - 1);
      while (place >= high);
    }
  }
  if (place != 0) return false;
  for (uint32_t i = 0; i < size; i++) {
    zstd_state *state = &table->states[i];
    uint32_t count = next[state->symbol]++;
    state->bits = (uint8_t)(log - highest_bit(count));
    state->base = (uint16_t)((count << state->bits) - size);
  }
  return true;
}

void rt_zstd_table_single(zstd_table *table, uint8_t symbol) {
  table->log = 0;
  table->states[0] = (zstd_state){.symbol = symbol};
}

/* Bits from the beginning on. */
typedef struct {
  const uint8_t *bytes, *end;
  uint64_t at;
} forward_bits;

static uint32_t read_forward(forward_bits *bits, int count) {
  const uint8_t *from = bits->bytes + (bits->at >> 3);
  uint64_t word = from < bits->end ? zstd_load(from, bits->end) : 0;
  word >>= bits->at & 7;
  bits->at += (uint64_t)count;
  return (uint32_t)word & ((1u << count) - 1);
}

/* A symbol's count: values that are rarely needed take a bit more. `left` of all counts are not given yet. */
static int read_count(forward_bits *bits, int left) {
  int width = highest_bit((uint64_t)left + 1) + 1;
  int value = (int)read_forward(bits, width), lower = (1 << (width - 1)) - 1, spare = (1 << width) - 2 - left;
  if ((value & lower) < spare) {
    bits->at--;
    return (value & lower) - 1;
  }
  return (value > lower ? value - spare : value) - 1;
}

size_t rt_zstd_table_read(zstd_table *table, const uint8_t *from, size_t bytes, int most_log, int symbols) {
  int16_t counts[ZSTD_MOST_SYMBOLS] = {0};
  forward_bits bits = {from, from + bytes, 0};
  int log = 5 + (int)read_forward(&bits, 4), left = 1 << log, symbol = 0;
  if (log > most_log) return 0;
  while (left > 0 && symbol < symbols && bits.at <= bytes * 8) {
    int count = read_count(&bits, left);
    counts[symbol++] = (int16_t)count;
    left -= count < 0 ? -count : count;
    for (uint32_t zeros = 3; count == 0 && zeros == 3 && bits.at <= bytes * 8;) {
      zeros = read_forward(&bits, 2);
      symbol += (int)zeros;
    }
  }
  size_t used = (bits.at + 7) / 8;
  if (left != 0 || symbol > symbols || used > bytes) return 0;
  return rt_zstd_table_build(table, counts, symbol, log) ? used : 0;
}

/* ---- Huffman ---- */

/* The code's weights as a stream of two states that take turns. Returns their number, 0: they are none. */
static int read_weights(const uint8_t *from, size_t bytes, uint8_t *weights) {
  enum { MOST_LOG = 6, MOST = 255 };
  zstd_table table;
  zstd_bits bits;
  size_t used = rt_zstd_table_read(&table, from, bytes, MOST_LOG, ZSTD_MOST_SYMBOLS);
  if (!used || !rt_zstd_bits_open(&bits, from + used, bytes - used, from + bytes)) return 0;
  uint64_t states[2];
  for (int i = 0; i < 2; i++) states[i] = zstd_read(&bits, table.log);
  for (int count = 0; count < MOST; count++) {
    const zstd_state *state = &table.states[states[count & 1]];
    weights[count] = state->symbol;
    states[count & 1] = state->base + zstd_read(&bits, state->bits);
    if (bits.left >= 0) continue;
    if (++count == MOST) return 0;
    weights[count] = table.states[states[count & 1]].symbol;
    return count + 1;
  }
  return 0;
}

/* Codes by weight: the lower, the longer, and one behind the other. weights[count] lack the last symbol's. */
static bool build_tree(zstd_tree *tree, uint8_t *weights, int count) {
  uint32_t sum = 0;
  for (int i = 0; i < count; i++) {
    if (weights[i] > ZSTD_HUFFMAN_MOST_BITS) return false;
    sum += weights[i] ? 1u << (weights[i] - 1) : 0;
  }
  if (!sum) return false;
  int bits = highest_bit(sum) + 1;
  uint32_t rest = (1u << bits) - sum;
  if (bits > ZSTD_HUFFMAN_MOST_BITS || (rest & (rest - 1))) return false;
  weights[count] = (uint8_t)(highest_bit(rest) + 1);
  uint32_t place = 0;
  for (int weight = 1; weight <= bits; weight++) {
    uint32_t span = 1u << (weight - 1 + ZSTD_HUFFMAN_MOST_BITS - bits);
    for (int symbol = 0; symbol <= count; symbol++) {
      if (weights[symbol] != weight) continue;
      uint16_t code = (uint16_t)(symbol << 8 | (bits + 1 - weight));
      for (uint32_t last = place + span; place < last; place++) tree->codes[place] = code;
    }
  }
  tree->bits = bits;
  return true;
}

size_t rt_zstd_tree_read(zstd_tree *tree, const uint8_t *from, size_t bytes) {
  uint8_t weights[ZSTD_MOST_SYMBOLS];
  if (!bytes) return 0;
  int count = from[0] - 127;
  size_t used = 1 + (count > 0 ? ((size_t)count + 1) / 2 : from[0]);
  if (used > bytes) return 0;
  if (count > 0) {
    for (int i = 0; i < count; i++) weights[i] = i & 1 ? from[1 + i / 2] & 15 : from[1 + i / 2] >> 4;
  } else {
    count = read_weights(from + 1, from[0], weights);
    if (!count) return 0;
  }
  return build_tree(tree, weights, count) ? used : 0;
}

static void decode_rest(const zstd_tree *tree, zstd_bits *stream, uint8_t *to, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint16_t code = tree->codes[zstd_peek(stream, ZSTD_HUFFMAN_MOST_BITS)];
    to[i] = (uint8_t)(code >> 8);
    stream->left -= code & 0xff;
  }
}

bool rt_zstd_tree_one(const zstd_tree *tree, zstd_bits *stream, uint8_t *to, size_t count) {
  decode_rest(tree, stream, to, count);
  return stream->left == 0;
}

/* Five symbols take 55 bits at most: with up to 7 that were taken before, seven bytes and a word. */
enum { STREAMS = 4, RUN = 5, RUN_BYTES = 7, WORD_BYTES = 8, WORD_BITS = 64 };

/* The next bits of a stream on top of a word. Below them stands a 1, and a zero for each that was taken. */
typedef struct {
  const uint8_t *at; /* where the word was loaded from */
  uint64_t word;
} bits_on_top;

static inline void load_bits(bits_on_top *bits, int taken) {
  bits->at -= taken / 8;
  bits->word = (zstd_load_whole(bits->at) | 1) << taken % 8;
}

/* Runs of each stream, up to `most` symbols, while the words lie within all streams. Returns the symbols. */
static size_t decode_runs(const zstd_tree *tree, zstd_bits *streams, uint8_t *to, size_t quarter,
                          size_t most) {
  bits_on_top bits[STREAMS];
  for (int i = 0; i < STREAMS; i++) {
    if (streams[i].left < WORD_BITS) return 0;
    bits[i].at = streams[i].bytes + (streams[i].left + 7) / 8 - WORD_BYTES;
    load_bits(&bits[i], (int)(-streams[i].left & 7));
  }
  size_t done = 0;
  for (;;) {
    size_t runs = (most - done) / RUN;
    for (int i = 0; i < STREAMS; i++) {
      size_t room = (size_t)(bits[i].at - streams[i].bytes) / RUN_BYTES;
      if (room < runs) runs = room;
    }
    if (!runs) break;
    for (; runs; runs--, done += RUN) {
      for (int k = 0; k < RUN; k++) {
        for (int i = 0; i < STREAMS; i++) {
          uint16_t code = tree->codes[bits[i].word >> (WORD_BITS - ZSTD_HUFFMAN_MOST_BITS)];
          bits[i].word <<= code & 0x3f;
          to[(size_t)i * quarter + done + (size_t)k] = (uint8_t)(code >> 8);
        }
      }
      for (int i = 0; i < STREAMS; i++) load_bits(&bits[i], __builtin_ctzll(bits[i].word));
    }
  }
  for (int i = 0; i < STREAMS; i++)
    streams[i].left =
        8 * (int64_t)(bits[i].at + WORD_BYTES - streams[i].bytes) - __builtin_ctzll(bits[i].word);
  return done;
}

bool rt_zstd_tree_four(const zstd_tree *tree, zstd_bits streams[STREAMS], uint8_t *to, size_t count) {
  size_t quarter = (count + 3) / 4;
  if (quarter * 3 > count) return false;
  size_t last = count - 3 * quarter, done = decode_runs(tree, streams, to, quarter, last);
  bool is_sound = true;
  for (int i = 0; i < STREAMS; i++) {
    decode_rest(tree, &streams[i], to + (size_t)i * quarter + done, (i < 3 ? quarter : last) - done);
    is_sound &= streams[i].left == 0;
  }
  return is_sound;
}
