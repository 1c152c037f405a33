/* prompt.c: the prompt's text as the tokens that generation starts from. */
#include "decode/decode.h"

#include <stdlib.h>

smelt_result rt_encode_prompt(smelt_model *model, const char *text, size_t bytes, int32_t **ids,
                              int32_t *count) {
  *ids = NULL;
  *count = 0;
  bool is_whole = !rt_reads_features(model); /* else the decoder's start lies before it */
  int64_t tokens = smelt_encode(model, text, bytes, is_whole, NULL, 0); /* which sets the error */
  if (tokens < 0) return model->has_tokenizer ? SMELT_OUT_OF_MEMORY : SMELT_BAD_ARGUMENT;
  if (tokens >= INT32_MAX) return rt_fail(model, SMELT_TOO_LARGE, "the prompt is too long");
  int32_t *made = malloc(((size_t)tokens + 1) * sizeof *made);
  if (!made) return rt_fail(model, SMELT_OUT_OF_MEMORY, "no memory for the prompt");
  for (int64_t i = 0; i < tokens; i++) made[i] = (int32_t)model->encoder.ids.items[i];

  const smelt_manifest_generation *generation = model->manifest.generation;
  if (tokens == 0 && is_whole && generation && generation->bos_token != SMELT_NONE)
    made[tokens++] = generation->bos_token;
  *ids = made;
  *count = (int32_t)tokens;
  return SMELT_OK;
}
