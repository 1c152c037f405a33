/*
 * piece_cache.h: the ids of pieces that were encoded before. Most words of a
 * text come again, so that merging is rare; each encoder has a table of its own.
 */
#ifndef SMELT_RUNTIME_PIECE_CACHE_H
#define SMELT_RUNTIME_PIECE_CACHE_H

#include "text/encoder.h"

enum { CACHED_BYTES = 15, CACHED_IDS = 4, CACHED_PIECES = 1 << 12 };

/* The piece's bytes and, as the last one, their count; so an empty entry is no piece's. */
typedef struct {
  uint64_t low, high;
} rt_piece_key;

typedef struct rt_cached_piece {
  rt_piece_key key;
  uint32_t ids[CACHED_IDS]; /* TOK_NONE after the last */
} rt_cached_piece;

/* `piece` has 1 to CACHED_BYTES bytes. */
static inline rt_piece_key piece_key(rt_slice piece) {
  const uint8_t *bytes = piece.bytes;
  size_t count = piece.count;
  uint64_t low = 0, high = 0;
  if (count >= 8) {
    low = tok_load(bytes, 8);
    if (count > 8) high = tok_load(bytes + count - 8, 8) >> 8 * (16 - count);
  } else {
    if (count & 4) low = tok_load(bytes, 4);
    if (count & 2) low |= tok_load(bytes + (count & 4), 2) << 8 * (count & 4);
    if (count & 1) low |= (uint64_t)bytes[count & 6] << 8 * (count & 6);
  }
  return (rt_piece_key){low, high | (uint64_t)count << 56};
}

/* The entry that `key` may have; each belongs to the last piece that came to it. */
static inline rt_cached_piece *cache_entry(rt_encoder *e, rt_piece_key key) {
  return &e->cache[tok_scale((uint32_t)tok_mix(key.low, key.high), CACHED_PIECES)];
}

static inline bool cache_holds(const rt_cached_piece *entry, rt_piece_key key) {
  return entry->key.low == key.low && entry->key.high == key.high;
}

/* Keeps the ids, unless there are too many. */
static inline void cache_keep(rt_cached_piece *entry, rt_piece_key key, const uint32_t *ids,
                              size_t id_count) {
  if (id_count > CACHED_IDS) return;
  entry->key = key;
  for (size_t i = 0; i < CACHED_IDS; i++) entry->ids[i] = i < id_count ? ids[i] : TOK_NONE;
}

#endif
