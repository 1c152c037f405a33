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

/* The first of the highest. */
static int32_t pick_greedily(const rt_sampler *sampler, const float *logits) {
  int32_t highest = 0;
  float highest_score = -INFINITY;
  for (int32_t i = 0; i < sampler->vocab_size; i++) {
    float score = penalised(sampler, i, logits[i]);
    if (!(score > highest_score)) continue;
    highest = i;
    highest_score = score;
  }
  return highest;
}

/* Fills the choices in token order, without their weights; returns the highest score. */
static float score_choices(rt_sampler *sampler, const float *logits) {
  float temperature = sampler->options.temperature, highest = -INFINITY;
  for (int32_t i = 0; i < sampler->vocab_size; i++) {
    float score = penalised(sampler, i, logits[i]) / temperature;
    sampler->choices[i] = (rt_choice){.score = score, .token = i};
    if (score > highest) highest = score;
  }
  return highest;
}

static double weight_of(const rt_choice *choice, float highest) {
  return rt_exponential((double)choice->score - highest);
}

/* Weights every choice relative to the highest score; returns their sum. */
static double weigh_choices(rt_sampler *sampler, float highest) {
  double sum = 0;
  for (int32_t i = 0; i < sampler->vocab_size; i++) {
    sampler->choices[i].weight = weight_of(&sampler->choices[i], highest);
    sum += sampler->choices[i].weight;
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
static int32_t take_best(rt_sampler *sampler, float highest, int32_t most, double enough) {
  rt_choice *heap = sampler->choices;
  int32_t count = sampler->vocab_size, taken = 0;
  for (int32_t root = count / 2 - 1; root >= 0; root--) sift_down(heap, count, root);
  for (double sum = 0; taken < most && sum < enough; taken++) {
    rt_choice best = heap[0];
    best.weight = weight_of(&best, highest);
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

/* How many of the `count` best choices, from `best` downwards, it takes to hold `share` of their weight. */
static int32_t count_share(const rt_choice *best, int32_t count, double share) {
  double sum = 0, reached = 0;
  int32_t kept = 0;
  for (int32_t i = 0; i < count; i++) sum += best[-i].weight;
  while (kept < count && reached < share * sum) reached += best[-kept++].weight;
  return kept;
}

int32_t rt_sampler_pick(rt_sampler *sampler, const float *logits) {
  const smelt_generate_options *options = &sampler->options;
  if (!(options->temperature > 0)) return pick_greedily(sampler, logits);
  float highest = score_choices(sampler, logits);
  if (!isfinite(highest)) return pick_greedily(sampler, logits);

  int32_t vocab_size = sampler->vocab_size;
  const rt_choice *best = &sampler->choices[vocab_size - 1];
  bool has_top_p = options->top_p > 0 && options->top_p < 1;
  if (options->top_k > 0 && options->top_k < vocab_size) {
    int32_t taken = take_best(sampler, highest, options->top_k, INFINITY);
    return draw(sampler, best, has_top_p ? count_share(best, taken, options->top_p) : taken, -1);
  }
  double sum = weigh_choices(sampler, highest);
  if (!has_top_p) return draw(sampler, sampler->choices, vocab_size, 1);
  return draw(sampler, best, take_best(sampler, highest, vocab_size, options->top_p * sum), -1);
}
