/* hypotheses.c: the texts that beam search has finished, and whether a better one can still come. */
#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

bool rt_hypotheses_init(rt_hypotheses *h, int32_t capacity) {
  *h = (rt_hypotheses){.capacity = capacity, .worst_score = 1e9};
  h->items = calloc((size_t)capacity + 1, sizeof *h->items);
  return h->items != NULL;
}

void rt_hypotheses_free(rt_hypotheses *h) {
  for (int32_t i = 0; i < h->count; i++) free(h->items[i].tokens);
  free(h->items);
}

/* length^power, the same on all machines; exact where the power is 1. */
static double power_of(int32_t length, double power) {
  double x = power * rt_logarithm(length);
  if (power == 1) return length;
  return x > 0 ? 1 / rt_exponential(-x) : rt_exponential(x);
}

/* A text that ends at once has no length to divide by. */
static double score_of(double log_probability, int32_t length, double length_penalty) {
  return length > 0 ? log_probability / power_of(length, length_penalty) : log_probability;
}

/* The first of the lowest score goes; the next lowest becomes the worst. */
static void drop_worst(rt_hypotheses *h) {
  int32_t worst = 0;
  for (int32_t i = 1; i < h->count; i++)
    if (h->items[i].score < h->items[worst].score) worst = i;
  free(h->items[worst].tokens);
  h->count--;
  memmove(&h->items[worst], &h->items[worst + 1], (size_t)(h->count - worst) * sizeof *h->items);
  h->worst_score = h->items[0].score;
  for (int32_t i = 1; i < h->count; i++)
    if (h->items[i].score < h->worst_score) h->worst_score = h->items[i].score;
}

bool rt_hypotheses_add(rt_hypotheses *h, const int32_t *tokens, int32_t count, double log_probability,
                       double length_penalty) {
  double score = score_of(log_probability, count, length_penalty);
  if (h->count >= h->capacity && !(score > h->worst_score)) return true;
  rt_found found = {.count = count, .score = score, .log_probability = log_probability};
  found.tokens = malloc(((size_t)count + 1) * sizeof *tokens);
  if (!found.tokens) return false;
  if (count > 0) memcpy(found.tokens, tokens, (size_t)count * sizeof *tokens);
  h->items[h->count++] = found;
  if (h->count > h->capacity)
    drop_worst(h);
  else if (score < h->worst_score)
    h->worst_score = score;
  return true;
}

bool rt_hypotheses_are_done(const rt_hypotheses *h, const smelt_generate_options *options, double best,
                            int32_t length, int32_t most) {
  double penalty = options->length_penalty;
  if (h->count < h->capacity) return false;
  if (options->early_stopping == SMELT_STOP_EARLY) return true;
  if (options->early_stopping == SMELT_STOP_NEVER && penalty > 0) length = most;
  return h->worst_score >= score_of(best, length, penalty);
}
