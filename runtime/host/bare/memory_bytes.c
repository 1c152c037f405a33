/* memory_bytes.c: how much memory a model takes, as an upper bound. */
#include "decode/decode.h"
#include "text/encoder.h"
#include "text/piece_cache.h"

/* Of one text at a time: the session's tokens and what chooses the next. */
static size_t generation_bytes(const smelt_manifest_generation *g) {
  size_t per_choice = 2 * sizeof(float) + 2 * sizeof(rt_choice); /* scores, counts, choices, a ranking */
  size_t per_token = sizeof(int32_t) + sizeof(int64_t);
  return (size_t)g->vocab_size * per_choice + (size_t)(g->max_tokens + g->max_encoder_tokens) * per_token;
}

/* Texts on their way to ids: buffers grow by doubling, the old one being there while the new one is filled.
 */
static size_t tokenizer_bytes(const smelt_manifest_generation *g) {
  enum { BYTES_OF_A_TOKEN = 64, STEPS = 3 };
  size_t tokens = g ? (size_t)(g->max_tokens + g->max_encoder_tokens) : 1 << 10;
  return CACHED_PIECES * sizeof(rt_cached_piece) + tokens * BYTES_OF_A_TOKEN * STEPS;
}

size_t smelt_memory_bytes(const smelt_image *image) {
  enum { OWN_BYTES = 16 << 10 }; /* the opened model, its symbols, blocks' headers */
  rt_manifest view;
  if (!image || rt_manifest_check(image->manifest, &view)) return 0;
  size_t bytes = (size_t)(view.header->arena_bytes + view.header->state_bytes) + OWN_BYTES;
  if (view.generation) bytes += generation_bytes(view.generation);
  if (image->tokenizer) bytes += tokenizer_bytes(view.generation);
  return bytes;
}
