/*
 * times.c: the rules of tokens that are times, as WhisperTimeStampLogitsProcessor has them: they come in
 * pairs (where one piece ends the next begins), never go back, begin the text, and win where all of them
 * together are likelier than each other token.
 */
#include "speech/speech.h"

#include <math.h>

static double sum_of_exponentials(const float *scores, int32_t count, float highest) {
  double sum = 0;
  for (int32_t i = 0; i < count; i++) sum += rt_exponential((double)scores[i] - highest);
  return sum;
}

static float highest_of(const float *scores, int32_t count) {
  float highest = -INFINITY;
  for (int32_t i = 0; i < count; i++) highest = scores[i] > highest ? scores[i] : highest;
  return highest;
}

/* ln of the sum of e^scores */
static double log_sum_of(const float *scores, int32_t count) {
  float highest = highest_of(scores, count);
  return isinf(highest) ? highest : highest + rt_logarithm(sum_of_exponentials(scores, count, highest));
}

static void forbid(float *scores, int32_t from, int32_t to) {
  for (int32_t i = from; i < to; i++) scores[i] = -INFINITY;
}

/* What the new tokens tokens[count] leave for the next. */
static void keep_pairs(const rt_times *t, const int32_t *tokens, int32_t count, float *scores) {
  bool was_time = count >= 1 && tokens[count - 1] >= t->first_time;
  bool was_before = count < 2 || tokens[count - 2] >= t->first_time;
  if (was_time && was_before) forbid(scores, t->first_time, t->vocab_size);
  if (was_time && !was_before) forbid(scores, 0, t->end_token);
  int32_t last = count - 1;
  while (last >= 0 && tokens[last] < t->first_time) last--;
  if (last < 0) return;
  bool may_repeat = was_time && !was_before; /* the next piece begins where this one ends */
  forbid(scores, t->first_time, tokens[last] + !may_repeat);
}

static void begin_with_time(const rt_times *t, float *scores) {
  forbid(scores, 0, t->first_time);
  if (t->most_initial_time != SMELT_NONE && t->most_initial_time < t->vocab_size - t->first_time)
    forbid(scores, t->first_time + t->most_initial_time + 1, t->vocab_size);
}

static void rescore(void *user, const rt_history *history, float *scores) {
  rt_times *t = user;
  int32_t count = history->count - history->new_from, times = t->vocab_size - t->first_time;
  if (t->writes_times) {
    scores[t->first_time - 1] = -INFINITY;
    keep_pairs(t, history->tokens + history->new_from, count, scores);
    if (count == 0) begin_with_time(t, scores);
    if (log_sum_of(scores + t->first_time, times) > (double)highest_of(scores, t->first_time))
      forbid(scores, 0, t->first_time);
  }
  if (!t->is_asked) return;
  t->scores = scores;
  t->log_sum = log_sum_of(scores, t->vocab_size);
}

static void reset(void *user) {
  rt_times *t = user;
  t->log_probability = 0;
  t->count = 0;
}

static const uint64_t *allowed(void *user) {
  (void)user;
  return NULL;
}

static void accept(void *user, int32_t token) {
  rt_times *t = user;
  if (t->is_asked) t->log_probability += (double)t->scores[token] - t->log_sum;
  t->count++;
}

static bool may_end(void *user) {
  (void)user;
  return true;
}

void rt_times_init(rt_times *times, const smelt_model *model, bool writes_times, bool is_asked) {
  const smelt_manifest_generation *g = model->manifest.generation;
  const smelt_manifest_hearing *h = model->manifest.hearing;
  *times = (rt_times){.calls = {times, reset, allowed, accept, may_end, NULL, rescore},
                      .first_time = h->no_timestamps_token + 1,
                      .end_token = g->end_token_count ? g->end_tokens[0] : 0,
                      .most_initial_time = h->most_initial_time,
                      .vocab_size = g->vocab_size,
                      .writes_times = writes_times && h->no_timestamps_token != SMELT_NONE,
                      .is_asked = is_asked};
}

double rt_times_mean(const rt_times *times) {
  return times->log_probability / (times->count + 1);
}
