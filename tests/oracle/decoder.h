/*
 * decoder.h: the step function of a model folder: token ids in, logits out, keys and values kept between
 * steps.
 *
 * Every input is told by its hub name. past_key_values.X takes what present.X gave in the step before, and is
 * empty at first. A decoder without past inputs sees all tokens in every step. Where the folder has an
 * encoder, decoder_encode comes before the first step.
 */
#ifndef ORACLE_DECODER_H
#define ORACLE_DECODER_H

#include "session.h"

#include <stdbool.h>

typedef struct {
  char *name;       /* "0.key", "3.encoder.value": what follows past_key_values. and present. */
  ort_value *value; /* [1, heads, tokens, head_dim] */
} cache_entry;

typedef struct {
  const ort_api *api;
  session first, later; /* `later` has a handle only where a folder has decoder_with_past_model.onnx */
  session encoder;      /* has a handle only where the folder has one */
  bool keeps_past;
  cache_entry *cache;
  size_t cache_count, cache_capacity;
  ort_value *encoder_hidden; /* NULL before decoder_encode */
  size_t encoder_tokens;
  size_t past_tokens, step_count;
} decoder;

decoder decoder_open(const ort_api *api, const char *folder, int threads);
void decoder_close(decoder *d);
bool decoder_folder_has_encoder(const char *folder);

/* Forgets the decoder's tokens. */
void decoder_restart(decoder *d);

/* Forgets all tokens, the encoder's too. */
void decoder_reset(decoder *d);

/* Begins a new text whose encoder reads ids: [count], or, where it takes no ids, `features` (else NULL). */
void decoder_encode(decoder *d, const int64_t *ids, size_t count, const tensor *features);

/*
 * Runs one step over ids: [count], all tokens that were not seen yet, or, where keeps_past is false, all
 * tokens. Returns the logits [1, rows, vocab] f32, freed with api->ReleaseValue.
 */
ort_value *decoder_step(decoder *d, const int64_t *ids, size_t count);

#endif
