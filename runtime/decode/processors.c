/*
 * processors.c: what changes scores before a token is chosen: one row of a
 * table each, in the order of Hugging Face's generate
 * (`_get_logits_processor`), so that the same options mean the same text. The
 * penalties of frequency and presence, which it does not have, follow that of
 * repetition.
 */
#include "decode/decode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

bool rt_processors_init(rt_processors *p, const rt_manifest *manifest, const smelt_generate_options *options,
                        const rt_constraint *constraint) {
  const smelt_manifest_generation *generation = manifest->generation;
  *p = (rt_processors){.options = options,
                       .manifest = manifest,
                       .constraint = constraint,
                       .vocab_size = generation->vocab_size};
  int32_t own_count = options->ignore_end ? 0 : generation->end_token_count;
  p->end_tokens = calloc((size_t)own_count + (size_t)options->stop_ids.count + 1, sizeof *p->end_tokens);
  p->end_scores = calloc((size_t)own_count + (size_t)options->stop_ids.count + 1, sizeof *p->end_scores);
  p->counts = calloc((size_t)p->vocab_size, sizeof *p->counts);
  if (!p->end_tokens || !p->end_scores || !p->counts) return false;
  for (int32_t i = 0; i < own_count; i++) p->end_tokens[p->end_token_count++] = generation->end_tokens[i];
  for (int32_t i = 0; i < options->stop_ids.count; i++)
    p->end_tokens[p->end_token_count++] = options->stop_ids.tokens[i];
  return true;
}

void rt_processors_free(rt_processors *p) {
  free(p->end_tokens);
  free(p->end_scores);
  free(p->counts);
}

bool rt_is_end(const rt_processors *p, int32_t token) {
  for (int32_t i = 0; i < p->end_token_count; i++)
    if (p->end_tokens[i] == token) return true;
  return false;
}

static void forbid(const rt_processors *p, float *scores, int32_t token) {
  if (token >= 0 && token < p->vocab_size) scores[token] = -INFINITY;
}

/* ---- sequences ------------------------------------------------------------------------- */

bool rt_is_due(const rt_history *history, smelt_token_list sequence) {
  int32_t before = sequence.count - 1;
  if (before == 0) return true;
  if (sequence.count > history->count) return false;
  const int32_t *end = history->tokens + history->count;
  return memcmp(end - before, sequence.tokens, (size_t)before * sizeof *end) == 0;
}

static bool has_biases(const rt_processors *p) {
  return p->options->bias_count > 0;
}

static void add_biases(const rt_processors *p, const rt_history *history, float *scores) {
  for (int32_t i = 0; i < p->options->bias_count; i++) {
    const smelt_token_bias *bias = &p->options->biases[i];
    if (rt_is_due(history, bias->sequence))
      scores[bias->sequence.tokens[bias->sequence.count - 1]] += bias->bias;
  }
}

static bool has_bad_words(const rt_processors *p) {
  return p->options->bad_words.count > 0;
}

static void forbid_bad_words(const rt_processors *p, const rt_history *history, float *scores) {
  smelt_token_list all = p->options->bad_words;
  for (int32_t i = 0, begin = 0; i < all.count; i++) {
    if (all.tokens[i] >= 0) continue;
    smelt_token_list word = {all.tokens + begin, i - begin};
    if (rt_is_due(history, word)) forbid(p, scores, word.tokens[word.count - 1]);
    begin = i + 1;
  }
}

static bool has_no_repeat(const rt_processors *p) {
  return p->options->no_repeat_ngram > 0;
}

/* What followed the last n - 1 tokens wherever they stood before. */
static void forbid_repeats(const rt_processors *p, const rt_history *history, float *scores) {
  int32_t before = p->options->no_repeat_ngram - 1;
  if (history->count < before + 1) return;
  const int32_t *end = history->tokens + history->count;
  for (const int32_t *at = history->tokens; at + before < end; at++)
    if (memcmp(at, end - before, (size_t)before * sizeof *at) == 0) forbid(p, scores, at[before]);
}

/* ---- penalties --------------------------------------------------------------------------- */

typedef void penalty(const smelt_generate_options *options, float *score, uint32_t count);

/* Each token of the text from `first` on once, with how often it is there. */
static void penalise(const rt_processors *p, const rt_history *history, int32_t first, float *scores,
                     penalty *apply) {
  const int32_t *tokens = history->tokens;
  for (int32_t i = first; i < history->count; i++) p->counts[tokens[i]]++;
  for (int32_t i = first; i < history->count; i++) {
    uint32_t count = p->counts[tokens[i]];
    p->counts[tokens[i]] = 0;
    if (count > 0) apply(p->options, &scores[tokens[i]], count);
  }
}

static bool has_repetition_penalty(const rt_processors *p) {
  return p->options->repetition_penalty != 0 && p->options->repetition_penalty != 1;
}

/* Keskar et al., "CTRL" (2019), section 4.1: a score goes down whatever its sign. */
static void penalise_repetition(const smelt_generate_options *options, float *score, uint32_t count) {
  (void)count;
  *score = *score < 0 ? *score * options->repetition_penalty : *score / options->repetition_penalty;
}

static void apply_repetition_penalty(const rt_processors *p, const rt_history *history, float *scores) {
  penalise(p, history, 0, scores, penalise_repetition);
}

static bool has_count_penalties(const rt_processors *p) {
  return p->options->frequency_penalty != 0 || p->options->presence_penalty != 0;
}

static void penalise_count(const smelt_generate_options *options, float *score, uint32_t count) {
  *score -= (float)count * options->frequency_penalty;
  *score -= options->presence_penalty;
}

static void apply_count_penalties(const rt_processors *p, const rt_history *history, float *scores) {
  penalise(p, history, history->new_from, scores, penalise_count);
}

/* ---- single tokens ----------------------------------------------------------------------------- */

static void forbid_list(const rt_processors *p, float *scores, smelt_token_list list) {
  for (int32_t i = 0; i < list.count; i++) forbid(p, scores, list.tokens[i]);
}

static bool has_least_length(const rt_processors *p) {
  return p->options->min_new_tokens > 0 || p->options->min_length > 0;
}

static void forbid_early_end(const rt_processors *p, const rt_history *history, float *scores) {
  if (history->count < p->options->min_length ||
      history->count - history->new_from < p->options->min_new_tokens)
    forbid_list(p, scores, (smelt_token_list){p->end_tokens, p->end_token_count});
}

static bool has_constraint(const rt_processors *p) {
  return p->constraint != NULL;
}

/* The bits of end tokens do not count: they come exactly where the text may end. */
static void forbid_by_constraint(const rt_processors *p, const rt_history *history, float *scores) {
  (void)history;
  const rt_constraint *c = p->constraint;
  for (int32_t i = 0; i < p->end_token_count; i++) p->end_scores[i] = scores[p->end_tokens[i]];
  const uint64_t *allowed = c->allowed(c->user);
  for (int32_t i = 0; allowed && i < p->vocab_size; i++)
    if (!(allowed[i / 64] >> (i % 64) & 1)) scores[i] = -INFINITY;
  bool may_end = c->may_end(c->user);
  for (int32_t i = 0; i < p->end_token_count; i++)
    scores[p->end_tokens[i]] = may_end ? p->end_scores[i] : -INFINITY;
}

static bool has_forced(const rt_processors *p) {
  return p->options->forced_first.count > 0 || p->options->forced_last.count > 0;
}

int32_t rt_most_new_tokens(const smelt_generate_options *options, int32_t start) {
  if (options->max_new_tokens > 0 || options->max_length == 0) return options->max_new_tokens;
  return options->max_length > start ? options->max_length - start : 1;
}

/* Certain are these, and no others. */
static void force_list(const rt_processors *p, float *scores, smelt_token_list list) {
  for (int32_t i = 0; i < p->vocab_size && list.count > 0; i++) scores[i] = -INFINITY;
  for (int32_t i = 0; i < list.count; i++) scores[list.tokens[i]] = 0;
}

static void force(const rt_processors *p, const rt_history *history, float *scores) {
  int32_t made = history->count - history->new_from, most = rt_most_new_tokens(p->options, history->new_from);
  if (history->count == 1) force_list(p, scores, p->options->forced_first);
  if (most > 0 && made == most - 1) force_list(p, scores, p->options->forced_last);
}

static bool has_suppressed(const rt_processors *p) {
  return p->options->suppressed.count > 0;
}

static void forbid_suppressed(const rt_processors *p, const rt_history *history, float *scores) {
  (void)history;
  forbid_list(p, scores, p->options->suppressed);
}

static bool has_suppressed_first(const rt_processors *p) {
  return p->options->suppressed_first.count > 0;
}

static void forbid_suppressed_first(const rt_processors *p, const rt_history *history, float *scores) {
  bool comes_second = history->new_from == 1 && p->options->forced_first.count > 0;
  if (history->count == history->new_from + comes_second)
    forbid_list(p, scores, p->options->suppressed_first);
}

static bool has_rescoring(const rt_processors *p) {
  return p->constraint && p->constraint->rescore;
}

static void rescore(const rt_processors *p, const rt_history *history, float *scores) {
  p->constraint->rescore(p->constraint->user, history, scores);
}

/* ---- the table -------------------------------------------------------------------------------------- */

static const struct {
  bool (*is_wanted)(const rt_processors *p);
  void (*apply)(const rt_processors *p, const rt_history *history, float *scores);
} processors[] = {
    {rt_has_own_biases, rt_add_own_biases},
    {has_biases, add_biases},
    {rt_has_source_penalty, rt_penalise_source},
    {has_repetition_penalty, apply_repetition_penalty},
    {has_count_penalties, apply_count_penalties},
    {has_no_repeat, forbid_repeats},
    {rt_has_source_ngrams, rt_forbid_source_ngrams},
    {has_bad_words, forbid_bad_words},
    {has_least_length, forbid_early_end},
    {has_constraint, forbid_by_constraint},
    {has_forced, force},
    {rt_has_decay, rt_favour_end},
    {has_suppressed, forbid_suppressed},
    {has_suppressed_first, forbid_suppressed_first},
    {has_rescoring, rescore},
    {rt_has_normalisation, rt_normalise},
};
enum { PROCESSOR_COUNT = sizeof processors / sizeof processors[0] };

bool rt_processors_are_idle(const rt_processors *p) {
  for (int i = 0; i < PROCESSOR_COUNT; i++)
    if (processors[i].is_wanted(p)) return false;
  return true;
}

void rt_processors_apply(const rt_processors *p, const rt_history *history, float *scores) {
  for (int32_t i = 0; i < p->vocab_size; i++)
    if (scores[i] != scores[i]) scores[i] = -INFINITY;
  for (int i = 0; i < PROCESSOR_COUNT; i++)
    if (processors[i].is_wanted(p)) processors[i].apply(p, history, scores);
}
