/*
 * decode.h: from logits to text: sampling and the generation loop. Public to
 * runtime/app; users of a compiled model see smelt_generate in model.h.
 */
#ifndef RT_DECODE_H
#define RT_DECODE_H

#include "core/core.h"

/* ---- random numbers (random.c) --------------------------------------------------- */

/* xoshiro256**; the same numbers on every machine. */
typedef struct {
  uint64_t words[4];
} rt_random;

rt_random rt_random_seeded(uint64_t seed);
double rt_random_unit(rt_random *random); /* uniform in [0, 1), 53 bits */

/* ---- sampling (sampler.c, exponential.c) ------------------------------------------- */

/*
 * e^x for x <= 0 to within 2 units in the last place, in plain IEEE arithmetic
 * in a fixed order, so that all machines agree on every bit. libm does not
 * promise that.
 */
double rt_exponential(double x);

typedef struct {
  float score; /* logit after penalty and temperature */
  int32_t token;
  double weight; /* e^(score - highest score) */
} rt_choice;

typedef struct {
  smelt_generate_options options;
  int32_t vocab_size;
  rt_random random;
  rt_choice *choices; /* [vocab_size] */
  uint64_t *seen;     /* one bit per token of the text so far, for the repetition penalty */
} rt_sampler;

/* Owns memory for `vocab_size` tokens. False: out of memory; rt_sampler_free is allowed either way. */
bool rt_sampler_init(rt_sampler *sampler, const smelt_generate_options *options, int32_t vocab_size);
void rt_sampler_free(rt_sampler *sampler);

/* Notes that `token`, in [0, vocab_size), is part of the text. */
void rt_sampler_accept(rt_sampler *sampler, int32_t token);

/*
 * Picks the next token from logits[vocab_size]. Repetition penalty, then
 * temperature, top-k, top-p, min-p, in this order, as Hugging Face's
 * transformers does. Temperature 0 takes the highest; ties go to the lowest
 * token. NaN counts as the lowest.
 */
int32_t rt_sampler_pick(rt_sampler *sampler, const float *logits);

/* ---- generation (generate.c) --------------------------------------------------------- */

/* Called with the logits of each position that was processed, in order. */
typedef void rt_logits_callback(void *user, const float *logits, int32_t vocab_size);

typedef struct {
  const int32_t *prompt;
  int32_t prompt_tokens;
  smelt_generate_options options;
  smelt_token_callback *on_token; /* may be NULL */
  rt_logits_callback *on_logits;  /* may be NULL; else the prompt is read token by token */
  void *user;
} rt_generation;

/*
 * Tokens of a prompt, special ones added; a prompt of no tokens becomes the
 * model's first token (BOS), where it has one. Nothing is added for a decoder
 * whose encoder reads features. *ids is the caller's to free.
 */
smelt_result rt_encode_prompt(smelt_model *model, const char *text, size_t bytes, int32_t **ids,
                              int32_t *count);

/* As smelt_generate_ids. */
smelt_result rt_generate(smelt_model *model, const rt_generation *request);

#endif
