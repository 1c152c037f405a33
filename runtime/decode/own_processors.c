/*
 * own_processors.c: what changes scores because a model's configuration says
 * so, and no option does: rows of the table in processors.c.
 */
#include "decode/decode.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

static const smelt_manifest_generation *own(const rt_processors *p) {
  return p->manifest->generation;
}

/* ---- sequence_bias -------------------------------------------------------------------- */

bool rt_has_own_biases(const rt_processors *p) {
  return own(p)->biased.count > 0;
}

void rt_add_own_biases(const rt_processors *p, const rt_history *history, float *scores) {
  const smelt_manifest_tokens *list = &own(p)->biased;
  const int32_t *tokens = rt_manifest_tokens(p->manifest, list);
  const float *bias = rt_manifest_floats(p->manifest, own(p)->biases);
  for (int32_t i = 0, begin = 0; i < list->count; i++) {
    if (tokens[i] >= 0) continue;
    if (rt_is_due(history, (smelt_token_list){tokens + begin, i - begin})) scores[tokens[i - 1]] += *bias;
    begin = i + 1;
    bias++;
  }
}

/* ---- encoder_repetition_penalty, encoder_no_repeat_ngram_size: of what the answer is about ------- */

static smelt_token_list source_of(const rt_history *history) {
  return history->source.count ? history->source : (smelt_token_list){history->tokens, history->new_from};
}

bool rt_has_source_penalty(const rt_processors *p) {
  return own(p)->choices.source_penalty != 0 && own(p)->choices.source_penalty != 1;
}

/* Tokens of the source are made likelier by penalties above 1, as the reference has it. */
void rt_penalise_source(const rt_processors *p, const rt_history *history, float *scores) {
  float penalty = 1 / own(p)->choices.source_penalty;
  smelt_token_list source = source_of(history);
  for (int32_t i = 0; i < source.count; i++) p->counts[source.tokens[i]] = 1;
  for (int32_t i = 0; i < source.count; i++) {
    float *score = &scores[source.tokens[i]];
    if (p->counts[source.tokens[i]]) *score = *score < 0 ? *score * penalty : *score / penalty;
    p->counts[source.tokens[i]] = 0;
  }
}

bool rt_has_source_ngrams(const rt_processors *p) {
  return own(p)->choices.source_no_repeat_ngram > 0;
}

/* What followed the last n - 1 tokens wherever they stood in the source. */
void rt_forbid_source_ngrams(const rt_processors *p, const rt_history *history, float *scores) {
  int32_t before = own(p)->choices.source_no_repeat_ngram - 1;
  smelt_token_list source = source_of(history);
  if (history->count < before) return;
  const int32_t *end = history->tokens + history->count;
  for (int32_t i = 0; i + before < source.count; i++)
    if (memcmp(source.tokens + i, end - before, (size_t)before * sizeof *end) == 0)
      scores[source.tokens[i + before]] = -INFINITY;
}

/* ---- exponential_decay_length_penalty -------------------------------------------------------------- */

bool rt_has_decay(const rt_processors *p) {
  return own(p)->choices.decay_factor > 0;
}

/* End tokens become likelier with each token beyond decay_start. */
void rt_favour_end(const rt_processors *p, const rt_history *history, float *scores) {
  int32_t beyond = history->count - history->new_from - own(p)->choices.decay_start;
  double power = 1;
  for (int32_t i = 0; i < beyond && power < 1e300; i++) power *= (double)own(p)->choices.decay_factor;
  for (int32_t i = 0; i < p->end_token_count && beyond > 0; i++) {
    float *score = &scores[p->end_tokens[i]];
    if (*score != -INFINITY) *score += fabsf(*score) * (float)(power - 1);
  }
}

/* ---- renormalize_logits ------------------------------------------------------------------------------ */

bool rt_has_normalisation(const rt_processors *p) {
  return own(p)->choices.renormalises;
}

/* scores = ln softmax(scores), where any is left. */
void rt_normalise(const rt_processors *p, const rt_history *history, float *scores) {
  (void)history;
  float highest = -INFINITY;
  double sum = 0;
  for (int32_t i = 0; i < p->vocab_size; i++)
    if (scores[i] > highest) highest = scores[i];
  if (isinf(highest)) return;
  for (int32_t i = 0; i < p->vocab_size; i++) sum += rt_exponential((double)scores[i] - highest);
  double log_sum = rt_logarithm(sum);
  for (int32_t i = 0; i < p->vocab_size; i++) scores[i] = (float)((double)scores[i] - highest - log_sum);
}
