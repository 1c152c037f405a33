/*
 * sampler.c: picks a token from logits: processors, temperature, warpers, and
 * a draw from what is left. All sums run in a fixed order: the same logits and
 * seed give the same token on every machine.
 */
#include "decode/decode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

bool rt_sampler_init(rt_sampler *sampler, const rt_manifest *manifest, const smelt_generate_options *options,
                     const rt_constraint *constraint) {
  size_t vocab_size = (size_t)manifest->generation->vocab_size;
  *sampler = (rt_sampler){
      .options = *options, .vocab_size = (int32_t)vocab_size, .random = rt_random_seeded(options->seed)};
  sampler->scores = calloc(vocab_size, sizeof *sampler->scores);
  sampler->choices = calloc(vocab_size, sizeof *sampler->choices);
  bool is_typical = options->typical_p > 0 && options->typical_p < 1;
  if (is_typical) sampler->ranking = calloc(vocab_size, sizeof *sampler->ranking);
  return rt_processors_init(&sampler->processors, manifest, &sampler->options, constraint) &&
         sampler->scores && sampler->choices && (sampler->ranking || !is_typical);
}

void rt_sampler_free(rt_sampler *sampler) {
  rt_processors_free(&sampler->processors);
  free(sampler->scores);
  free(sampler->choices);
  free(sampler->ranking);
}

/* The first of the highest; SMELT_NONE: nothing is above -INFINITY, NaN being below it. */
static int32_t find_highest(const float *scores, int32_t count) {
  int32_t highest = SMELT_NONE;
  float highest_score = -INFINITY;
  for (int32_t i = 0; i < count; i++) {
    if (!(scores[i] > highest_score)) continue;
    highest = i;
    highest_score = scores[i];
  }
  return highest;
}

/* All tokens in their order, weighted relative to the highest score. */
static void fill_choices(rt_sampler *s, const float *scores, float highest) {
  float temperature = s->options.temperature;
  s->first = 0;
  s->count = s->vocab_size;
  s->best_first = false;
  s->highest = highest / temperature;
  for (int32_t i = 0; i < s->vocab_size; i++) {
    float score = (scores[i] == scores[i] ? scores[i] : -INFINITY) / temperature;
    s->choices[i] = (rt_choice){score, i, rt_exponential((double)score - s->highest)};
  }
}

/* Draws one of the choices in proportion to their weights. */
static int32_t draw(rt_sampler *s) {
  const rt_choice *choices = s->choices + s->first;
  double sum = 0;
  for (int32_t i = 0; i < s->count; i++) sum += choices[i].weight;
  double left = rt_random_unit(&s->random) * sum;
  int32_t last = choices[0].token;
  for (int32_t i = 0; i < s->count; i++) {
    if (choices[i].weight == 0) continue;
    last = choices[i].token;
    left -= choices[i].weight;
    if (left < 0) break;
  }
  return last; /* rounding may leave a rest: then the last choice with any weight */
}

int32_t rt_sampler_pick(rt_sampler *sampler, const rt_history *history, const float *logits) {
  const float *scores = logits;
  if (!rt_processors_are_idle(&sampler->processors)) {
    memcpy(sampler->scores, logits, (size_t)sampler->vocab_size * sizeof *logits);
    rt_processors_apply(&sampler->processors, history, sampler->scores);
    scores = sampler->scores;
  }
  int32_t highest = find_highest(scores, sampler->vocab_size);
  if (highest == SMELT_NONE) return sampler->processors.constraint ? SMELT_NONE : 0;
  if (!(sampler->options.temperature > 0) || isinf(scores[highest])) return highest;
  fill_choices(sampler, scores, scores[highest]);
  if (isinf(sampler->highest)) return highest; /* of a temperature near 0 */
  rt_warpers_apply(sampler);
  return draw(sampler);
}
