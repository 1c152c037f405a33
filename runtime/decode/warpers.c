/*
 * warpers.c: what takes choices away before one is drawn: one row of a table
 * each, in the order of Hugging Face's generate. Each sees what the one before
 * left, and probabilities are shares of that. Top-k and top-p need the best
 * choices only, so these come off a heap one by one instead of sorting the
 * vocabulary.
 */
#include "decode/decode.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

static rt_choice *choices_of(rt_sampler *s) {
  return s->choices + s->first;
}

static double sum_of_weights(rt_sampler *s) {
  const rt_choice *choices = choices_of(s);
  double sum = 0;
  for (int32_t i = 0; i < s->count; i++) sum += choices[i].weight;
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
 * Takes the best of all[count] off a heap, each to the end of the array, until
 * `most` are taken, with those that score as the last of them, or their weights
 * reach `enough`. Returns how many; they are all[count - 1], the best, and
 * downwards.
 */
static int32_t take_best(rt_choice *all, int32_t count, int32_t most, double enough) {
  int32_t left = count;
  double sum = 0;
  float last_score = 0;
  for (int32_t root = count / 2 - 1; root >= 0; root--) sift_down(all, count, root);
  while (left > 0 && sum < enough && (count - left < most || all[0].score == last_score)) {
    rt_choice best = all[0];
    all[0] = all[--left];
    all[left] = best;
    sift_down(all, left, 0);
    sum += best.weight;
    last_score = best.score;
  }
  return count - left;
}

/* The `count` last choices, which lie there worst first, are what is left. */
static void keep_taken(rt_sampler *s, int32_t count) {
  s->first += s->count - count;
  s->count = count;
  s->best_first = true;
  rt_choice *low = choices_of(s), *high = low + count - 1;
  for (; low < high; low++, high--) {
    rt_choice swapped = *low;
    *low = *high;
    *high = swapped;
  }
}

/* ---- the warpers ------------------------------------------------------------------------- */

static void keep_top_k(rt_sampler *s) {
  if (s->options.top_k <= 0 || s->options.top_k >= s->count) return;
  keep_taken(s, take_best(choices_of(s), s->count, s->options.top_k, INFINITY));
}

static void keep_top_p(rt_sampler *s) {
  double share = s->options.top_p, sum = 0, enough;
  if (!(share > 0 && share < 1)) return;
  enough = share * sum_of_weights(s);
  if (!s->best_first) {
    keep_taken(s, take_best(choices_of(s), s->count, s->count, enough));
    return;
  }
  int32_t kept = 0;
  while (kept < s->count && sum < enough) sum += choices_of(s)[kept++].weight;
  s->count = kept;
}

/* Keeps, in their order, the best and those choices whose weight is at least `least`. */
static void keep_heavy(rt_sampler *s, double least) {
  rt_choice *choices = choices_of(s);
  float best = choices[0].score;
  int32_t kept = 0;
  for (int32_t i = 1; i < s->count; i++)
    if (choices[i].score > best) best = choices[i].score;
  for (int32_t i = 0; i < s->count; i++)
    if (choices[i].weight >= least || choices[i].score == best) choices[kept++] = choices[i];
  s->count = kept;
}

static void keep_min_p(rt_sampler *s) {
  if (s->options.min_p > 0) keep_heavy(s, s->options.min_p);
}

/* The mean of ln(weight), by probability: minus the entropy, but for the logarithm of the weights' sum. */
static double mean_log(rt_sampler *s, double sum) {
  const rt_choice *choices = choices_of(s);
  double mean = 0;
  for (int32_t i = 0; i < s->count; i++)
    if (choices[i].weight > 0) mean += choices[i].weight * ((double)choices[i].score - s->highest);
  return mean / sum;
}

/* How near the choice's information is to what is expected, the nearest being the highest. */
static float nearness(const rt_sampler *s, const rt_choice *choice, double mean) {
  return (float)-fabs(mean - ((double)choice->score - s->highest));
}

/* Meister et al., "Locally Typical Sampling" (2022). */
static void keep_typical(rt_sampler *s) {
  if (!s->ranking) return;
  rt_choice *choices = choices_of(s);
  double sum = sum_of_weights(s), mean = mean_log(s, sum);
  for (int32_t i = 0; i < s->count; i++)
    s->ranking[i] = (rt_choice){nearness(s, &choices[i], mean), choices[i].token, choices[i].weight};
  int32_t taken = take_best(s->ranking, s->count, s->count, s->options.typical_p * sum), kept = 0;
  float least = s->ranking[s->count - taken].score;
  for (int32_t i = 0; i < s->count; i++)
    if (nearness(s, &choices[i], mean) >= least) choices[kept++] = choices[i];
  s->count = kept;
}

/* Hewitt, Manning and Liang, "Truncation Sampling as Language Model Desmoothing" (2022): both cutoffs. */
static void keep_epsilon(rt_sampler *s) {
  if (s->options.epsilon_cutoff > 0) keep_heavy(s, s->options.epsilon_cutoff * sum_of_weights(s));
}

static void keep_eta(rt_sampler *s) {
  double eta = s->options.eta_cutoff;
  if (!(eta > 0)) return;
  double sum = sum_of_weights(s), by_entropy = sqrt(eta) * rt_exponential(mean_log(s, sum)) / sum;
  keep_heavy(s, (by_entropy < eta ? by_entropy : eta) * sum);
}

void rt_warpers_apply(rt_sampler *sampler) {
  static void (*const warpers[])(rt_sampler *) = {
      keep_top_k, keep_top_p, keep_min_p, keep_typical, keep_epsilon, keep_eta,
  };
  for (size_t i = 0; i < sizeof warpers / sizeof warpers[0]; i++) warpers[i](sampler);
}
