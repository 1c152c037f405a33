/*
 * draft.c: guesses of a smaller model that has read the same text. It chooses
 * its tokens as the text's own are chosen, processors, warpers and the very
 * random numbers that come next included: so two models that agree on a
 * token's probabilities mostly agree on the token, sampled ones too. How many
 * tokens it guesses follows Hugging Face's assisted generation ("heuristic"
 * schedule): two more after all were right, else one less.
 */
#include "decode/decode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_GUESSES = 5, MORE_GUESSES = 2 };
enum { SURE_MATCH = 4 }; /* tokens that suggest what the text itself says better than a draft */

/* ---- the draft's own text ------------------------------------------------------------------- */

/* Works with the model's threads, which wait meanwhile. */
static smelt_result open_model(smelt_model *model) {
  smelt_open_options options = {.threads = 1, .max_tokens = model->max_tokens, .repeats = model->repeats};
  smelt_result result = smelt_open(model->image->draft, &options, &model->draft);
  if (result) return rt_fail(model, result, "the draft: %s", smelt_result_text(result));
  rt_team_destroy(model->draft->team);
  model->draft->team = model->team;
  if (!model->profile) return SMELT_OK;
  model->draft->profile = rt_profile_create(&model->draft->manifest, rt_team_thread_count(model->team));
  return model->draft->profile ? SMELT_OK : rt_fail(model, SMELT_OUT_OF_MEMORY, "no memory for the profile");
}

static smelt_result open_session(rt_session *s) {
  smelt_model *model = s->model;
  size_t vocab_size = (size_t)s->generation->vocab_size;
  smelt_result result = model->draft ? SMELT_OK : open_model(model);
  if (result) return result;
  s->draft_logits = malloc(vocab_size * sizeof *s->draft_logits);
  s->draft = calloc(1, sizeof *s->draft);
  if (!s->draft_logits || !s->draft) return rt_fail(model, SMELT_OUT_OF_MEMORY, "no memory for the draft");
  result = rt_session_open(s->draft, model->draft);
  return result ? rt_fail(model, result, "the draft: %s", smelt_error(model->draft)) : SMELT_OK;
}

/* Whether the draft has all of these tokens; what models have beyond their tokenizer may differ. */
static bool knows(const rt_session *draft, const int32_t *tokens, int32_t count) {
  for (int32_t i = 0; i < count; i++)
    if (tokens[i] >= draft->generation->vocab_size) return false;
  return true;
}

/* The draft's logits, as many as the model's. */
static const float *draft_logits(rt_session *s) {
  int32_t count = s->draft->generation->vocab_size, wanted = s->generation->vocab_size;
  if (count >= wanted) return s->draft->logits;
  memcpy(s->draft_logits, s->draft->logits, (size_t)count * sizeof *s->draft_logits);
  for (int32_t i = count; i < wanted; i++) s->draft_logits[i] = -INFINITY;
  return s->draft_logits;
}

/* ---- guessing --------------------------------------------------------------------------------- */

/* Token by token behind the text and p->tokens[0], up to what would end the text. */
static smelt_result guess_tokens(rt_speculation *p, rt_session *s, int32_t most) {
  int32_t count = s->count + 1;
  rt_sampler sampler = *p->sampler; /* with its own random numbers; what it writes to is free between picks */
  sampler.processors.constraint = NULL;
  smelt_result result = rt_session_become(s->draft, s->tokens, count);
  while (!result) {
    rt_history history = {.tokens = s->tokens, .count = count + p->count, .new_from = p->new_from};
    int32_t token = rt_sampler_pick(&sampler, &history, draft_logits(s));
    if (rt_is_end(&sampler.processors, token) || !knows(s->draft, &token, 1)) break;
    s->tokens[history.count] = p->tokens[++p->count] = token;
    if (p->count == most) break;
    result = rt_session_read(s->draft, &token, 1);
  }
  return result ? rt_fail(s->model, result, "the draft: %s", smelt_error(s->draft->model)) : SMELT_OK;
}

static smelt_result ask_draft(rt_speculation *p, rt_session *s, int32_t most) {
  smelt_result result = s->draft ? SMELT_OK : open_session(s);
  if (result) return result;
  if (p->draft_most < 1) p->draft_most = FIRST_GUESSES;
  if (p->draft_most > most) p->draft_most = most;
  int32_t room = s->draft->model->max_tokens - s->count; /* a draft need not read its last guess */
  most = p->draft_most < room ? p->draft_most : room;
  p->is_drafted = true;
  if (most < 1 || !knows(s->draft, s->tokens, s->count + 1)) return SMELT_OK;
  return guess_tokens(p, s, most);
}

static smelt_result guess(rt_speculation *p, rt_session *s, int32_t most) {
  smelt_guessing how = p->sampler->options.guessing;
  if (how == SMELT_GUESS_DRAFT) return ask_draft(p, s, most);
  if (how == SMELT_GUESS_BOTH) p->least_match = SURE_MATCH;
  smelt_result result = rt_lookup.guess(p, s, most);
  return result || p->count > 0 || how == SMELT_GUESS_LOOKUP ? result : ask_draft(p, s, most);
}

static void learn(rt_speculation *p) {
  if (!p->is_drafted)
    rt_lookup.learn(p);
  else if (p->taken == p->count)
    p->draft_most += MORE_GUESSES;
  else if (p->draft_most > 1)
    p->draft_most--;
}

const smelt_speculator rt_draft = {.read = rt_speculate, .guess = guess, .learn = learn};
