/*
 * sampler.c: picks a token from logits. Top-k and top-p need the best choices
 * only, so these come off a heap one by one instead of sorting the vocabulary.
 * All sums run in a fixed order: the same logits and seed give the same token
 * on every machine.
 */
#include "decode/decode.h"

#include <math.h>
#include <stdlib.h>

#pragma STDC FP_CONTRACT OFF

bool rt_sampler_init(rt_sampler *sampler, const smelt_generate_options *options, int32_t vocab_size) {
  *sampler =
      (rt_sampler){.options = *options, .vocab_size = vocab_size, .random = rt_random_seeded(options->seed)};
  sampler->choices = calloc((size_t)vocab_size, sizeof *sampler->choices);
  sampler->seen = calloc((size_t)vocab_size / 64 + 1, sizeof *sampler->seen);
  return sampler->choices && sampler->seen;
}

void rt_sampler_free(rt_sampler *sampler) {
  free(sampler->choices);
  free(sampler->seen);
}

void rt_sampler_accept(rt_sampler *sampler, int32_t token) {
  sampler->seen[token / 64] |= UINT64_C(1) << (token % 64);
}

/* ---- scores ------------------------------------------------------------------------ */

/* Keskar et al., "CTRL" (2019), section 4.1: a score goes down whatever its sign. */
static float penalised(const rt_sampler *sampler, int32_t token, float logit) {
  float penalty = sampler->options.repetition_penalty;
  if (logit != logit) return -INFINITY;
  if (penalty == 0 || penalty == 1 || !(sampler->seen[token / 64] >> (token % 64) & 1)) return logit;
  return logit < 0 ? logit * penalty : logit / penalty;
}

/* Fills the choices in token order and returns the index of the highest. */
static int32_t score_choices(rt_sampler *sampler, const float *logits) {
  float temperature = sampler->options.temperature > 0 ? sampler->options.temperature : 1;
  int32_t highest = 0;
  for (int32_t i = 0; i < sampler->vocab_size; i++) {
    float score = penalised(sampler, i, logits[i]) / temperature;
    sampler->choices[i] = (rt_choice){.score = score, .token = i};
    if (score > sampler->choices[highest].score) highest = i;
  }
  return highest;
}

/* Weights every choice relative to the highest score; returns their sum. */
static double weigh_choices(rt_sampler *sampler, float highest) {
  double sum = 0;
  for (int32_t i = 0; i < sampler->vocab_size; i++) {
    rt_choice *choice = &sampler->choices[i];
    choice->weight = rt_exponential((double)choice->score - highest);
    sum += choice->weight;
  }
  return sum;
}

/* ---- the best first ------------------------------------------------------------------ */

static bool is_better(const rt_choice *a, const rt_choice *b) {
  return a->score != b->score ? a->score > b->score : a->token < b->token;
}

/* Lets heap[root] sink until no child is better. */
static void sift_down(rt_choice *heap, int32_t count, int32_t root) {
  rt_choice sinking = heap[root];
  for (int32_t child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && is_better(&heap[child + 1], &heap[child])) child++;
    if (!is_better(&heap[child], &sinking)) break;
    heap[root] = heap[child];
  }
  heap[root] = sinking;
}

/*
 * Takes the best choices off a heap of all, each to the end of the array, until
 * `most` are taken or their weights reach `enough`. Returns how many; they are
 * choices[vocab_size - 1], the best, and downwards.
 */
static int32_t take_best(rt_sampler *sampler, int32_t most, double enough) {
  rt_choice *heap = sampler->choices;
  int32_t count = sampler->vocab_size, taken = 0;
  for (int32_t root = count / 2 - 1; root >= 0; root--) sift_down(heap, count, root);
  for (double sum = 0; taken < most && sum < enough; taken++) {
    rt_choice best = heap[0];
    heap[0] = heap[--count];
    heap[count] = best;
    sift_down(heap, count, 0);
    sum += best.weight;
  }
  return taken;
}

/* ---- the draw -------------------------------------------------------------------------- */

/*
 * Draws one of the `count` choices from `first` on, going by `step`, in
 * proportion to their weights; those below min_p of the best do not count.
 */
static int32_t draw(rt_sampler *sampler, const rt_choice *first, int32_t count, int32_t step) {
  double least = sampler->options.min_p, sum = 0;
  int32_t last = first->token;
  for (int32_t i = 0; i < count; i++)
    if (first[i * step].weight >= least) sum += first[i * step].weight;
  double left = rt_random_unit(&sampler->random) * sum;
  for (int32_t i = 0; i < count; i++) {
    const rt_choice *choice = &first[i * step];
    if (choice->weight < least || choice->weight == 0) continue;
    last = choice->token;
    left -= choice->weight;
    if (left < 0) break;
  }
  return last; /* rounding may leave a rest: then the last choice with any weight */
}

int32_t rt_sampler_pick(rt_sampler *sampler, const float *logits) {
  const smelt_generate_options *options = &sampler->options;
  rt_choice *choices = sampler->choices;
  int32_t vocab_size = sampler->vocab_size, highest = score_choices(sampler, logits);
  float highest_score = choices[highest].score;
  if (!(options->temperature > 0) || !isfinite(highest_score)) return highest;

  double sum = weigh_choices(sampler, highest_score);
  bool has_top_k = options->top_k > 0 && options->top_k < vocab_size;
  bool has_top_p = options->top_p > 0 && options->top_p < 1;
  if (!has_top_k && !has_top_p) return draw(sampler, choices, vocab_size, 1);

  rt_choice *best = &choices[vocab_size - 1];
  int32_t taken = take_best(sampler, has_top_k ? options->top_k : vocab_size,
                            has_top_k ? INFINITY : options->top_p * sum);
  if (has_top_k && has_top_p) { /* the share is of what top-k left */
    sum = 0;
    for (int32_t i = 0; i < taken; i++) sum += best[-i].weight;
    double enough = options->top_p * sum, reached = 0;
    int32_t kept = 0;
    while (kept < taken && reached < enough) reached += best[-kept++].weight;
    taken = kept;
  }
  return draw(sampler, best, taken, -1);
}
