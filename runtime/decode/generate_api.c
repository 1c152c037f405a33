/* generate_api.c: texts as model.h has them made. Apart from what programs generate with, since it needs all
 * of it. */
#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

smelt_result smelt_generate_ids(smelt_model *model, const int32_t *prompt, int32_t prompt_tokens,
                                const smelt_generate_options *options, smelt_token_callback *callback,
                                void *user) {
  rt_generation request = {.prompt = prompt,
                           .prompt_tokens = prompt_tokens,
                           .options = options ? *options : smelt_generate_defaults(model),
                           .constraint = options ? rt_constraint_of(options) : NULL,
                           .by_beams = rt_generate_by_beams,
                           .on_token = callback,
                           .user = user};
  return rt_generate(model, &request);
}

smelt_result smelt_generate(smelt_model *model, const char *prompt, const smelt_generate_options *options,
                            smelt_token_callback *callback, void *user) {
  int32_t count;
  int32_t *ids = NULL;
  smelt_result result = rt_encode_prompt(model, prompt, strlen(prompt), &ids, &count);
  if (!result) result = smelt_generate_ids(model, ids, count, options, callback, user);
  free(ids);
  return result;
}
