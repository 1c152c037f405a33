/* options.c: whether generation options make sense, before anything is done with them. */
#include "decode/decode.h"

#include <math.h>

/* Ranges of the fields that are one number; NaN lies in none. */
static bool numbers_fit(const smelt_generate_options *o) {
  const struct {
    double value, lowest, highest;
  } ranges[] = {
      {o->max_new_tokens, 0, INFINITY},
      {o->min_new_tokens, 0, INFINITY},
      {o->no_repeat_ngram, 0, INFINITY},
      {o->min_length, 0, INFINITY},
      {o->max_length, 0, INFINITY},
      {o->forced_first.count, 0, INFINITY},
      {o->forced_last.count, 0, INFINITY},
      {o->repetition_penalty, 0, INFINITY},
      {o->frequency_penalty, -1e6, 1e6},
      {o->presence_penalty, -1e6, 1e6},
      {o->temperature, 0, INFINITY},
      {o->top_k, 0, INFINITY},
      {o->top_p, 0, 1},
      {o->min_p, 0, 1},
      {o->typical_p, 0, 1},
      {o->epsilon_cutoff, 0, 1},
      {o->eta_cutoff, 0, 1},
      {o->bias_count, 0, INFINITY},
      {o->bad_words.count, 0, INFINITY},
      {o->suppressed.count, 0, INFINITY},
      {o->suppressed_first.count, 0, INFINITY},
      {o->stop_ids.count, 0, INFINITY},
      {o->stop_text_count, 0, INFINITY},
      {o->beams, 0, SMELT_MAX_BEAMS},
      {o->beam_groups, 0, SMELT_MAX_BEAMS},
      {o->diversity_penalty, 0, INFINITY},
      {o->length_penalty, -SMELT_MAX_LENGTH_PENALTY, SMELT_MAX_LENGTH_PENALTY},
      {o->early_stopping, 0, SMELT_STOP_KINDS - 1},
      {o->guessing, 0, SMELT_GUESS_KINDS - 1},
  };
  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
    if (!(ranges[i].value >= ranges[i].lowest && ranges[i].value <= ranges[i].highest)) return false;
  return true;
}

static bool tokens_fit(const smelt_manifest_generation *g, smelt_token_list list) {
  for (int32_t i = 0; i < list.count; i++)
    if (list.tokens[i] < 0 || list.tokens[i] >= g->vocab_size) return false;
  return true;
}

/* Sequences of at least one token, each ended by -1. */
static bool sequences_fit(const smelt_manifest_generation *g, smelt_token_list list) {
  int32_t begin = 0;
  for (int32_t i = 0; i < list.count; i++) {
    if (list.tokens[i] >= g->vocab_size || list.tokens[i] < -1) return false;
    if (list.tokens[i] != -1) continue;
    if (i == begin) return false;
    begin = i + 1;
  }
  return begin == list.count;
}

static bool lists_fit(const smelt_manifest_generation *g, const smelt_generate_options *o) {
  bool fit = tokens_fit(g, o->suppressed) && tokens_fit(g, o->suppressed_first) &&
             tokens_fit(g, o->stop_ids) && tokens_fit(g, o->forced_first) && tokens_fit(g, o->forced_last) &&
             sequences_fit(g, o->bad_words);
  for (int32_t i = 0; i < o->bias_count && fit; i++)
    fit =
        o->biases[i].sequence.count > 0 && tokens_fit(g, o->biases[i].sequence) && !isnan(o->biases[i].bias);
  for (int32_t i = 0; i < o->stop_text_count && fit; i++) fit = o->stop_texts[i][0] != 0;
  return fit;
}

int32_t rt_beam_count(const smelt_model *model, const smelt_generate_options *options) {
  int32_t own = model->manifest.generation->choices.beams;
  if (options->beams > 0) return options->beams;
  return options->temperature > 0 || own < 1 ? 1 : own;
}

smelt_result rt_check_options(smelt_model *model, const smelt_generate_options *options) {
  const smelt_manifest_generation *g = model->manifest.generation;
  if (!numbers_fit(options)) return rt_fail(model, SMELT_BAD_ARGUMENT, "a generation option is out of range");
  int32_t beams = rt_beam_count(model, options), groups = options->beam_groups;
  if (beams > 1 && groups > 1 && beams % groups != 0)
    return rt_fail(model, SMELT_BAD_ARGUMENT, "%d beams cannot be divided into %d groups", (int)beams,
                   (int)groups);
  if (options->speculate && (g->verify_entry == SMELT_NONE || !model->image->speculator))
    return rt_fail(model, SMELT_BAD_ARGUMENT, "the model was compiled without --speculate");
  if (options->speculate && options->guessing == SMELT_GUESS_DRAFT && !model->image->draft)
    return rt_fail(model, SMELT_BAD_ARGUMENT, "the model was compiled without --draft");
  if (!lists_fit(g, options))
    return rt_fail(model, SMELT_BAD_ARGUMENT,
                   "a generation option lists an empty entry, or a token that is none of the model's");
  return SMELT_OK;
}
