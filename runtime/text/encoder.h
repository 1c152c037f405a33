/* encoder.h: the stages of encoding, one file each. False always means: out of memory. */
#ifndef SMELT_RUNTIME_ENCODER_H
#define SMELT_RUNTIME_ENCODER_H

#include "text/tables.h"
#include "text/text.h"

/* A stretch of text, owned by someone else. */
typedef struct {
  const uint8_t *bytes;
  size_t count;
} rt_slice;

/* ---- growing memory (encode.c) --------------------------------------------- */

/* Makes room for `count` elements in all, behind the pointer at `address_of_items` (of any object type). */
bool rt_reserve(void *address_of_items, size_t *capacity, size_t count, size_t element_bytes);
bool rt_append(rt_bytes *to, const void *bytes, size_t count);
bool rt_push(rt_words *to, uint32_t item);

/* ---- where things come from (origins.c) -------------------------------------- */

/* A buffer whose bytes are followed back to the text. */
struct rt_source {
  const uint8_t
      *copied; /* where the last copy from the text before the step ended; NULL: nothing is there yet */
  bool (*note)(rt_bytes *to, const uint8_t *bytes, size_t count); /* they are at the end of `to` now */
};

/* Who is told of tokens. */
struct rt_follower {
  bool (*piece)(rt_encoder *e, rt_slice piece); /* encodes it */
  bool (*added)(rt_encoder *e, rt_slice token); /* its id was pushed */
  void (*fused)(rt_encoder *e, size_t begin);   /* ids from `begin` on are fused after this call */
};

static inline void rt_clear(rt_bytes *bytes) {
  bytes->count = 0;
  if (bytes->source) bytes->source->copied = NULL;
}

/* ---- stages ------------------------------------------------------------------ */

/*
 * Applies `steps` in order (steps.c). The result is `text` itself or lies in
 * one of the two buffers, which `text` must not. `is_first`: the text begins the whole input.
 */
bool rt_apply_steps(rt_encoder *e, const tok_step *steps, uint32_t step_count, rt_bytes buffers[2],
                    bool is_first, rt_slice *text);

/* Appends the NFC form of `text` to `out`, or the NFD form (normal_form.c). */
bool rt_normal_form(rt_encoder *e, rt_slice text, bool composed, rt_bytes *out);

/* Appends `text` to `out` with each code point replaced as the step's map has it (char_map.c). */
bool rt_map_codes(rt_encoder *e, rt_slice text, const tok_step *step, rt_bytes *out);

/* Appends `text` to `out` with every match of at least one byte, leftmost-first, replaced by `to` (split.c).
 */
bool rt_replace_matches(const rt_tokenizer *t, const tok_split *split, rt_slice text, rt_slice to,
                        rt_bytes *out);

/* Appends to `out` what the charsmap makes of `text`; or `text` with its runs of spaces squeezed, and
 * without `mark`, which stands for a space, at its end (charsmap.c). */
bool rt_apply_charsmap(const rt_tokenizer *t, rt_slice text, rt_bytes *out);
bool rt_squeeze_spaces(rt_slice text, rt_slice mark, rt_bytes *out);

/* Prepares `text`, cuts it by the splits from number `level` on and encodes the pieces (split.c). `is_first`:
 * it lies before any added token. */
bool rt_encode_split(rt_encoder *e, rt_slice text, uint32_t level, bool is_first);

/* Appends the ids of one piece, which is not empty (piece.c). */
bool rt_encode_piece(rt_encoder *e, rt_slice piece);

/* The same by each of the models. */
bool rt_encode_bpe(rt_encoder *e, rt_slice piece);
bool rt_encode_word_piece(rt_encoder *e, rt_slice piece);
bool rt_encode_unigram(rt_encoder *e, rt_slice piece);
bool rt_encode_word_level(rt_encoder *e, rt_slice piece);

/* Frees e->merge_queue (merge_queue.c). */
void rt_merge_queue_free(rt_encoder *e);

#endif
