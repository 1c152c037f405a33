/* piece.c: a piece's ids: from the cache, or made by the model. */
#include "text/encoder.h"
#include "text/piece_cache.h"

#include <stdlib.h>

static bool (*const models[TOK_MODELS])(rt_encoder *e, rt_slice piece) = {
    [TOK_MODEL_BPE] = rt_encode_bpe,
    [TOK_MODEL_WORD_PIECE] = rt_encode_word_piece,
    [TOK_MODEL_UNIGRAM] = rt_encode_unigram,
    [TOK_MODEL_WORD_LEVEL] = rt_encode_word_level,
};

bool rt_encode_piece(rt_encoder *e, rt_slice piece) {
  uint32_t model = e->tokenizer->header->model;
  if (e->follower) return e->follower->piece(e, piece);
  if (!e->cache) e->cache = calloc(CACHED_PIECES, sizeof *e->cache);
  if (!e->cache || piece.count > CACHED_BYTES) return models[model](e, piece);
  rt_piece_key key = piece_key(piece);
  rt_cached_piece *entry = cache_entry(e, key);
  if (cache_holds(entry, key)) {
    for (size_t i = 0; i < CACHED_IDS && entry->ids[i] != TOK_NONE; i++)
      if (!rt_push(&e->ids, entry->ids[i])) return false;
    return true;
  }
  size_t begin = e->ids.count;
  if (!models[model](e, piece)) return false;
  cache_keep(entry, key, e->ids.items + begin, e->ids.count - begin);
  return true;
}
