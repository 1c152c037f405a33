/*
 * generate.c: the generation loop: token by token until an end token, a stop
 * text, the count asked for, the model's limit, or the caller's word.
 */
#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

/* One run of the loop. */
typedef struct {
  rt_session *session;
  const rt_generation *request;
  rt_sampler sampler;
  rt_decoder decoder; /* token ids to text */
  rt_stop stop;
  rt_speculation speculation;
  int32_t new_from; /* the first new token's place in the text */
  bool out_of_memory;
} generation;

static smelt_model *model_of(const generation *g) {
  return g->session->model;
}

static generation begin(rt_session *s, const rt_generation *request) {
  return (generation){
      .session = s,
      .request = request,
      .stop = {.texts = request->options.stop_texts, .text_count = request->options.stop_text_count},
      .new_from = s->count};
}

/* ---- text ------------------------------------------------------------------------------- */

static void pass_over(void *user, const char *text, size_t bytes) {
  (void)user, (void)text, (void)bytes;
}

static void append_text(void *user, const char *text, size_t bytes) {
  generation *g = user;
  if (!g->stop.has_stopped && !rt_stop_add(&g->stop, text, bytes)) g->out_of_memory = true;
}

/* The new text goes on from what is there: spaces and characters cut in two depend on what came before. Text
 * under a constraint stays as its tokens have it. */
static void start_decoder(const rt_session *s, const rt_constraint *c, rt_decoder *decoder) {
  if (!s->model->has_tokenizer) return;
  rt_decoder_init(decoder, &s->model->tokenizer, RT_SKIP_SPECIAL | (c ? 0 : RT_CLEAN_UP));
  for (int32_t i = s->text_from; i < s->count; i++)
    rt_decode(decoder, (uint32_t)s->tokens[i], pass_over, NULL);
}

void rt_constraint_begin(const rt_constraint *c, const rt_session *s) {
  rt_decoder decoder;
  if (!c) return;
  start_decoder(s, c, &decoder);
  if (c->begin && s->model->has_tokenizer) c->begin(c->user, &decoder);
  c->reset(c->user);
}

/* Hands on what text is ready, with the token that it came with. */
static smelt_result report(generation *g, int32_t token) {
  const rt_generation *request = g->request;
  if (g->out_of_memory) return rt_fail(model_of(g), SMELT_OUT_OF_MEMORY, "no memory for the text of a token");
  const char *text = g->stop.held ? g->stop.held : "";
  bool goes_on = !request->on_token || request->on_token(request->user, token, text, g->stop.ready_bytes);
  rt_stop_take(&g->stop);
  return goes_on ? SMELT_OK : rt_fail(model_of(g), SMELT_STOPPED, "stopped by the caller");
}

static smelt_result tell_token(generation *g, int32_t token) {
  if (model_of(g)->has_tokenizer) rt_decode(&g->decoder, (uint32_t)token, append_text, g);
  return report(g, token);
}

/* No token comes: what waited is no stop text. */
static smelt_result release_text(generation *g, smelt_result result) {
  rt_stop_end(&g->stop);
  smelt_result reported = g->stop.ready_bytes > 0 || g->out_of_memory ? report(g, SMELT_NONE) : SMELT_OK;
  return reported ? reported : result;
}

/* The text ends here: spaces that waited come, and what is missing of a character does not. */
static smelt_result end_text(generation *g, smelt_result result) {
  if (model_of(g)->has_tokenizer) rt_decode_end(&g->decoder, append_text, g);
  return release_text(g, result);
}

/* ---- the loop ----------------------------------------------------------------------------- */

/* Whether the text ends with `token`, which is SMELT_NONE where none may come. */
static bool ends(const generation *g, int32_t token) {
  const rt_constraint *c = g->request->constraint;
  return token == SMELT_NONE ? c->may_end(c->user) : rt_is_end(&g->sampler.processors, token);
}

static smelt_result take_token(generation *g, int32_t token) {
  const rt_constraint *c = g->request->constraint;
  if (token == SMELT_NONE)
    return rt_fail(model_of(g), SMELT_INCOMPLETE,
                   "no token may come next: what is excluded leaves none that the text needs");
  if (c) c->accept(c->user, token);
  return tell_token(g, token);
}

static bool is_whole(const generation *g) {
  const rt_constraint *c = g->request->constraint;
  return !c || c->may_end(c->user);
}

static smelt_result cut_short(generation *g, int32_t made) {
  return rt_fail(model_of(g), SMELT_INCOMPLETE,
                 "the text was cut short after %d tokens, before it was whole; allow more tokens", (int)made);
}

/* What it means that there may be no more tokens. */
static smelt_result run_out(generation *g, int32_t made) {
  if (!is_whole(g)) return cut_short(g, made);
  int32_t most = rt_most_new_tokens(&g->request->options, g->new_from);
  if (most == 0 || made == most) return SMELT_OK;
  return rt_fail(model_of(g), SMELT_TOO_LARGE, "stopped after %d tokens: the model holds at most %d in all",
                 (int)made, (int)model_of(g)->max_tokens);
}

static smelt_result generate_tokens(generation *g) {
  rt_session *s = g->session;
  int32_t most = rt_most_new_tokens(&g->request->options, g->new_from);
  for (int32_t made = 0;;) {
    rt_history history = {.tokens = s->tokens,
                          .count = s->count,
                          .new_from = g->new_from,
                          .source = {s->source, s->source_count}};
    int32_t token = rt_sampler_pick(&g->sampler, &history, s->logits);
    if (ends(g, token)) return end_text(g, is_whole(g) ? SMELT_OK : cut_short(g, made)); /* a forced end */
    smelt_result result = take_token(g, token);
    if (result || g->stop.has_stopped) return result;
    if (++made == most) return end_text(g, run_out(g, made));
    if (s->count >= s->model->max_tokens)
      return (g->request->may_go_on ? release_text : end_text)(g, run_out(g, made));
    const smelt_speculator *speculator = g->speculation.speculator;
    result = speculator ? speculator->read(&g->speculation, s, token) : rt_session_read(s, &token, 1);
    if (result) return result;
  }
}

/* The logits of the next token, where the session has gone back and not read since. */
static smelt_result need_logits(rt_session *s) {
  if (s->logits) return SMELT_OK;
  if (s->count == 0) return rt_fail(s->model, SMELT_BAD_ARGUMENT, "the text has no tokens to go on from");
  int32_t last = s->tokens[s->count - 1];
  rt_session_keep(s, s->count - 1);
  return rt_session_read(s, &last, 1);
}

smelt_result rt_session_tell(rt_session *s, const rt_generation *request, const int32_t *tokens,
                             int32_t count) {
  generation g = begin(s, request);
  smelt_result result = SMELT_OK;
  start_decoder(s, request->constraint, &g.decoder);
  rt_constraint_begin(request->constraint, s);
  for (int32_t i = 0; i < count && !result && !g.stop.has_stopped; i++) result = take_token(&g, tokens[i]);
  if (!result && !g.stop.has_stopped) result = end_text(&g, is_whole(&g) ? SMELT_OK : cut_short(&g, count));
  free(g.stop.held);
  return result;
}

smelt_result rt_session_generate(rt_session *s, const rt_generation *request) {
  smelt_result result = rt_check_options(s->model, &request->options);
  if (!result) result = need_logits(s);
  if (result) return result;
  if (rt_beam_count(s->model, &request->options) > 1)
    return request->by_beams ? request->by_beams(s, request)
                             : rt_fail(s->model, SMELT_BAD_ARGUMENT, "the program was built without beams");
  generation g = begin(s, request);
  if (!rt_sampler_init(&g.sampler, &s->model->manifest, &request->options, request->constraint))
    result = rt_fail(s->model, SMELT_OUT_OF_MEMORY, "no memory for generation");
  if (!result) start_decoder(s, request->constraint, &g.decoder);
  if (!result) rt_constraint_begin(request->constraint, s);
  if (request->options.speculate && !s->on_logits)
    g.speculation = (rt_speculation){
        .speculator = s->model->image->speculator, .sampler = &g.sampler, .new_from = g.new_from};
  if (!result) result = generate_tokens(&g);
  if (g.speculation.speculator && s->count < s->model->past_tokens)
    rt_session_keep(s, s->count); /* guesses */
  rt_sampler_free(&g.sampler);
  free(g.stop.held);
  return result;
}

smelt_result rt_generate(smelt_model *model, const rt_generation *request) {
  rt_session s;
  smelt_result result = rt_session_open(&s, model);
  s.on_logits = request->on_logits;
  s.user = request->user;
  if (!result) result = rt_check_options(model, &request->options);
  if (!result) result = rt_session_begin(&s, request->prompt, request->prompt_tokens);
  if (!result) result = rt_session_generate(&s, request);
  rt_session_close(&s);
  return result;
}

/* ---- model.h --------------------------------------------------------------------------------- */

static smelt_token_list list_of(const smelt_model *model, const smelt_manifest_tokens *list) {
  return (smelt_token_list){rt_manifest_tokens(&model->manifest, list), list->count};
}

smelt_generate_options smelt_generate_defaults(const smelt_model *model) {
  const smelt_manifest_generation *g = model->manifest.generation;
  if (!g) return (smelt_generate_options){0};
  const smelt_manifest_choices *c = &g->choices;
  return (smelt_generate_options){.max_new_tokens = c->max_new_tokens,
                                  .max_length = c->max_length,
                                  .min_new_tokens = c->min_new_tokens,
                                  .min_length = c->min_length,
                                  .repetition_penalty = c->repetition_penalty,
                                  .no_repeat_ngram = c->no_repeat_ngram,
                                  .bad_words = list_of(model, &g->bad_words),
                                  .forced_first = list_of(model, &g->forced_first),
                                  .forced_last = list_of(model, &g->forced_last),
                                  .suppressed = list_of(model, &g->suppressed),
                                  .suppressed_first = list_of(model, &g->suppressed_first),
                                  .temperature = c->temperature,
                                  .top_k = c->top_k,
                                  .top_p = c->top_p,
                                  .min_p = c->min_p,
                                  .typical_p = c->typical_p,
                                  .epsilon_cutoff = c->epsilon_cutoff,
                                  .eta_cutoff = c->eta_cutoff,
                                  .beam_groups = c->beam_groups,
                                  .diversity_penalty = c->diversity_penalty,
                                  .length_penalty = c->length_penalty,
                                  .early_stopping = (smelt_early_stopping)c->early_stopping};
}
