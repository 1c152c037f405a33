/*
 * generate.c: the generation loop: the prompt in pieces of at most
 * prefill_tokens (or once through the encoder, where that reads text), then
 * token by token until an end token, the count asked for, the model's limit, or
 * the caller's word.
 */
#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

/* One run of the loop. */
typedef struct {
  smelt_model *model;
  const rt_generation *request;
  const smelt_manifest_generation *generation;
  rt_sampler sampler;
  rt_decoder decoder; /* token ids to text */
  char *text;         /* of the token at hand */
  size_t text_bytes, text_capacity;
  bool out_of_memory;
  int64_t *ids; /* tokens of one call, [piece_tokens] */
  int32_t piece_tokens;
  smelt_tensor *outputs; /* of prefill or decode */
  const float *logits;   /* of the last position processed, [vocab_size] */
} session;

/* ---- running the model ---------------------------------------------------------------- */

/* Runs `entry` on tokens[count], count <= piece_tokens. */
static smelt_result run_tokens(session *s, int32_t entry, const int32_t *tokens, int32_t count,
                               smelt_tensor *outputs) {
  for (int32_t i = 0; i < count; i++) s->ids[i] = tokens[i];
  smelt_tensor input = {.dtype = SMELT_I64, .rank = 2, .dims = {1, count}, .data = s->ids};
  s->model->inputs[0] = &input;
  smelt_result result = rt_run(s->model, entry, outputs);
  s->model->inputs[0] = NULL;
  return result;
}

static smelt_result take_logits(session *s) {
  const smelt_tensor *logits = &s->outputs[0];
  if (logits->dims[0] != 1 || logits->dims[1] != 1 || logits->dims[2] != s->generation->vocab_size)
    return rt_fail(s->model, SMELT_CORRUPT_IMAGE,
                   "the logits do not have the shape of one row of the vocabulary");
  s->logits = logits->data;
  if (s->request->on_logits) s->request->on_logits(s->request->user, s->logits, s->generation->vocab_size);
  return SMELT_OK;
}

/* Reads tokens of the text; s->logits are then those that follow the last one. */
static smelt_result read_tokens(session *s, const int32_t *tokens, int32_t count) {
  const smelt_manifest_generation *g = s->generation;
  bool one_by_one = s->request->on_logits || g->prefill_entry == SMELT_NONE;
  int32_t most = one_by_one ? 1 : g->prefill_tokens;
  for (int32_t i = 0; i < count; i++) rt_sampler_accept(&s->sampler, tokens[i]);
  for (int32_t begin = 0, piece; begin < count; begin += piece) {
    piece = count - begin < most ? count - begin : most;
    int32_t entry = piece == 1 ? g->decode_entry : g->prefill_entry;
    smelt_result result = run_tokens(s, entry, tokens + begin, piece, s->outputs);
    if (!result) result = take_logits(s);
    if (result) return result;
  }
  return SMELT_OK;
}

/* Whether the prompt is the beginning of the decoder's text; else it is all that the encoder reads. */
static bool prompts_decoder(const session *s) {
  return s->generation->encode_entry == SMELT_NONE || rt_reads_features(s->model);
}

/* What the model expects before its decoder's own text. */
static smelt_result read_start(session *s) {
  const smelt_manifest_generation *g = s->generation;
  smelt_result result = read_tokens(s, &g->decoder_start_token, 1);
  bool prompted = prompts_decoder(s) && s->request->prompt_tokens > 0; /* which replaces what is forced */
  for (int32_t i = 0; i < g->forced_token_count && !prompted && !result; i++) {
    int32_t token = g->forced_tokens[i];
    if (token == SMELT_NONE) token = rt_sampler_pick(&s->sampler, s->logits);
    result = read_tokens(s, &token, 1);
  }
  return result;
}

/* Brings the model to where the first new token is due. */
static smelt_result read_prompt(session *s) {
  const rt_generation *request = s->request;
  int32_t encode_entry = s->generation->encode_entry;
  smelt_result result = SMELT_OK;
  if (prompts_decoder(s))
    smelt_reset(s->model);
  else
    result = run_tokens(s, encode_entry, request->prompt, request->prompt_tokens, NULL);
  if (!result && encode_entry != SMELT_NONE) result = read_start(s);
  if (!result && prompts_decoder(s)) result = read_tokens(s, request->prompt, request->prompt_tokens);
  return result;
}

/* ---- text ------------------------------------------------------------------------------- */

static void append_text(void *user, const char *text, size_t bytes) {
  session *s = user;
  if (s->text_bytes + bytes > s->text_capacity) {
    size_t capacity = 2 * (s->text_bytes + bytes);
    char *grown = realloc(s->text, capacity);
    if (!grown) {
      s->out_of_memory = true;
      return;
    }
    s->text = grown;
    s->text_capacity = capacity;
  }
  memcpy(s->text + s->text_bytes, text, bytes);
  s->text_bytes += bytes;
}

static void decode_token(session *s, int32_t token) {
  s->text_bytes = 0;
  if (s->model->has_tokenizer) rt_decode(&s->decoder, (uint32_t)token, append_text, s);
}

/* The new text goes on from the prompt's: spaces and characters cut in two depend on what came before. */
static void start_text(session *s) {
  if (!s->model->has_tokenizer) return;
  rt_decoder_init(&s->decoder, &s->model->tokenizer, RT_SKIP_SPECIAL);
  if (!prompts_decoder(s)) return;
  for (int32_t i = 0; i < s->request->prompt_tokens; i++) decode_token(s, s->request->prompt[i]);
}

/* ---- the loop ----------------------------------------------------------------------------- */

static bool is_end(const session *s, int32_t token) {
  for (int32_t i = 0; i < s->generation->end_token_count; i++)
    if (s->generation->end_tokens[i] == token) return !s->request->options.ignore_end;
  return false;
}

static smelt_result generate_tokens(session *s) {
  const rt_generation *request = s->request;
  int32_t most = request->options.max_new_tokens;
  for (int32_t made = 0;;) {
    int32_t token = rt_sampler_pick(&s->sampler, s->logits);
    if (is_end(s, token)) return SMELT_OK;
    decode_token(s, token);
    if (s->out_of_memory) return rt_fail(s->model, SMELT_OUT_OF_MEMORY, "no memory for the text of a token");
    if (request->on_token && !request->on_token(request->user, token, s->text ? s->text : "", s->text_bytes))
      return rt_fail(s->model, SMELT_STOPPED, "stopped by the caller");
    if (++made == most) return SMELT_OK;
    if (s->model->past_tokens >= s->model->max_tokens) {
      if (most == 0) return SMELT_OK;
      return rt_fail(s->model, SMELT_TOO_LARGE, "stopped after %d tokens: the model holds at most %d in all",
                     (int)made, (int)s->model->max_tokens);
    }
    smelt_result result = read_tokens(s, &token, 1);
    if (result) return result;
  }
}

static smelt_result check_request(smelt_model *model, const rt_generation *request) {
  const smelt_manifest_generation *g = model->manifest.generation;
  const smelt_generate_options *options = &request->options;
  if (!g)
    return rt_fail(model, SMELT_BAD_ARGUMENT, "the model does not generate text; run its entries by name");
  if (options->max_new_tokens < 0 || options->top_k < 0 || !(options->temperature >= 0) ||
      !(options->top_p >= 0 && options->top_p <= 1) || !(options->min_p >= 0 && options->min_p <= 1) ||
      !(options->repetition_penalty >= 0))
    return rt_fail(model, SMELT_BAD_ARGUMENT, "a generation option is out of range");
  bool reads_features = rt_reads_features(model);
  if (reads_features && !model->has_encoded)
    return rt_fail(model, SMELT_BAD_ARGUMENT,
                   "the model has read no features: run its entry \"encode\" first");
  if (request->prompt_tokens < (reads_features ? 0 : 1))
    return rt_fail(model, SMELT_BAD_ARGUMENT, "the prompt has no tokens");
  for (int32_t i = 0; i < request->prompt_tokens; i++)
    if (request->prompt[i] < 0 || request->prompt[i] >= g->vocab_size)
      return rt_fail(model, SMELT_BAD_ARGUMENT, "token %d of the prompt: expected 0 to %d, found %d", (int)i,
                     (int)g->vocab_size - 1, (int)request->prompt[i]);
  bool is_encoded = g->encode_entry != SMELT_NONE && !reads_features;
  int32_t limit = is_encoded ? g->max_encoder_tokens : model->max_tokens;
  if (request->prompt_tokens > limit)
    return rt_fail(model, SMELT_TOO_LARGE, "the prompt has %d tokens, the model holds at most %d",
                   (int)request->prompt_tokens, (int)limit);
  return SMELT_OK;
}

/* Memory of the session: everything but the text, which grows. */
static bool allocate(session *s) {
  const smelt_manifest_generation *g = s->generation;
  const smelt_manifest_entry *entries = s->model->manifest.entries;
  uint32_t output_count = entries[g->decode_entry].output_count;
  s->piece_tokens = 1;
  if (!prompts_decoder(s)) s->piece_tokens = s->request->prompt_tokens;
  if (g->prefill_entry != SMELT_NONE) {
    if (g->prefill_tokens > s->piece_tokens) s->piece_tokens = g->prefill_tokens;
    if (entries[g->prefill_entry].output_count > output_count)
      output_count = entries[g->prefill_entry].output_count;
  }
  s->ids = calloc((size_t)s->piece_tokens, sizeof *s->ids);
  s->outputs = calloc(output_count, sizeof *s->outputs);
  return rt_sampler_init(&s->sampler, &s->request->options, g->vocab_size) && s->ids && s->outputs;
}

smelt_result rt_generate(smelt_model *model, const rt_generation *request) {
  smelt_result result = check_request(model, request);
  if (result) return result;
  session s = {.model = model, .request = request, .generation = model->manifest.generation};
  if (!allocate(&s)) result = rt_fail(model, SMELT_OUT_OF_MEMORY, "no memory for generation");
  if (!result) start_text(&s);
  if (!result) result = read_prompt(&s);
  if (!result) result = generate_tokens(&s);
  rt_sampler_free(&s.sampler);
  free(s.text);
  free(s.ids);
  free(s.outputs);
  return result;
}

/* ---- model.h --------------------------------------------------------------------------------- */

smelt_generate_options smelt_generate_defaults(const smelt_model *model) {
  const smelt_manifest_generation *g = model->manifest.generation;
  if (!g) return (smelt_generate_options){0};
  return (smelt_generate_options){.max_new_tokens = g->max_new_tokens,
                                  .temperature = g->temperature,
                                  .top_k = g->top_k,
                                  .top_p = g->top_p,
                                  .repetition_penalty = g->repetition_penalty};
}

smelt_result smelt_generate_ids(smelt_model *model, const int32_t *prompt, int32_t prompt_tokens,
                                const smelt_generate_options *options, smelt_token_callback *callback,
                                void *user) {
  rt_generation request = {.prompt = prompt,
                           .prompt_tokens = prompt_tokens,
                           .options = options ? *options : smelt_generate_defaults(model),
                           .on_token = callback,
                           .user = user};
  return rt_generate(model, &request);
}

smelt_result smelt_generate(smelt_model *model, const char *prompt, const smelt_generate_options *options,
                            smelt_token_callback *callback, void *user) {
  int32_t count;
  int32_t *ids = NULL;
  smelt_result result = rt_encode_prompt(model, prompt, strlen(prompt), &ids, &count);
  if (!result) result = smelt_generate_ids(model, ids, count, options, callback, user);
  free(ids);
  return result;
}
