/*
 * session.c: a text that the model reads piece by piece: prompts in pieces of
 * at most prefill_tokens (or once through the encoder, where that reads text),
 * single tokens by the entry that is made for them. What was read can be
 * forgotten again from its end: the cache is as long as it is said to be.
 */
#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

smelt_result rt_session_open(rt_session *s, smelt_model *model) {
  const smelt_manifest_generation *g = model->manifest.generation;
  *s = (rt_session){.model = model, .generation = g};
  if (!g)
    return rt_fail(model, SMELT_BAD_ARGUMENT, "the model does not generate text; run its entries by name");
  const smelt_manifest_entry *entries = model->manifest.entries;
  uint32_t output_count = entries[g->decode_entry].output_count;
  if (g->prefill_entry != SMELT_NONE && entries[g->prefill_entry].output_count > output_count)
    output_count = entries[g->prefill_entry].output_count;
  if (g->verify_entry != SMELT_NONE && entries[g->verify_entry].output_count > output_count)
    output_count = entries[g->verify_entry].output_count;
  s->tokens = calloc((size_t)model->max_tokens, sizeof *s->tokens);
  s->outputs = calloc(output_count, sizeof *s->outputs);
  if (!s->tokens || !s->outputs) return rt_fail(model, SMELT_OUT_OF_MEMORY, "no memory for the text");
  rt_session_keep(s, 0);
  return SMELT_OK;
}

void rt_session_close(rt_session *s) {
  if (s->draft) rt_session_close(s->draft);
  free(s->draft);
  free(s->draft_logits);
  free(s->tokens);
  free(s->source);
  free(s->marked_logits);
  free(s->ids);
  free(s->outputs);
}

/* ---- running the model ---------------------------------------------------------------- */

static smelt_result run_tokens(rt_session *s, int32_t entry, const int32_t *tokens, int32_t count,
                               smelt_tensor *outputs) {
  if (count > s->ids_capacity) {
    int64_t *grown = realloc(s->ids, (size_t)count * sizeof *s->ids);
    if (!grown) return rt_fail(s->model, SMELT_OUT_OF_MEMORY, "no memory for the tokens of a call");
    s->ids = grown;
    s->ids_capacity = count;
  }
  for (int32_t i = 0; i < count; i++) s->ids[i] = tokens[i];
  smelt_tensor input = {.dtype = SMELT_I64, .rank = 2, .dims = {1, count}, .data = s->ids};
  s->model->inputs[0] = &input;
  smelt_result result = rt_run(s->model, entry, outputs);
  s->model->inputs[0] = NULL;
  return result;
}

static smelt_result take_logits(rt_session *s) {
  const smelt_tensor *logits = &s->outputs[0];
  if (logits->dims[0] != 1 || logits->dims[1] != 1 || logits->dims[2] != s->generation->vocab_size)
    return rt_fail(s->model, SMELT_CORRUPT_IMAGE,
                   "the logits do not have the shape of one row of the vocabulary");
  s->logits = logits->data;
  if (s->on_logits) s->on_logits(s->user, s->logits, s->generation->vocab_size);
  return SMELT_OK;
}

smelt_result rt_session_read(rt_session *s, const int32_t *tokens, int32_t count) {
  const smelt_manifest_generation *g = s->generation;
  if (count > s->model->max_tokens - s->count)
    return rt_fail(s->model, SMELT_TOO_LARGE,
                   "the model holds at most %d tokens, %d are in use and %d more came",
                   (int)s->model->max_tokens, (int)s->count, (int)count);
  bool one_by_one = s->on_logits || g->prefill_entry == SMELT_NONE;
  int32_t most = one_by_one ? 1 : g->prefill_tokens;
  for (int32_t begin = 0, piece; begin < count; begin += piece) {
    piece = count - begin < most ? count - begin : most;
    int32_t entry = piece == 1 ? g->decode_entry : g->prefill_entry;
    s->logits = NULL;
    smelt_result result = run_tokens(s, entry, tokens + begin, piece, s->outputs);
    if (result) return result;
    memcpy(s->tokens + s->count, tokens + begin, (size_t)piece * sizeof *tokens);
    s->count += piece;
    result = take_logits(s);
    if (result) return result;
  }
  return SMELT_OK;
}

smelt_result rt_session_verify(rt_session *s, const int32_t *tokens, int32_t count, const float **rows) {
  s->logits = NULL;
  smelt_result result = run_tokens(s, s->generation->verify_entry, tokens, count, s->outputs);
  if (result) return result;
  const smelt_tensor *logits = &s->outputs[0];
  if (logits->dims[0] != 1 || logits->dims[1] != count || logits->dims[2] != s->generation->vocab_size)
    return rt_fail(s->model, SMELT_CORRUPT_IMAGE, "the logits do not have the shape of a row for each token");
  memcpy(s->tokens + s->count, tokens, (size_t)count * sizeof *tokens);
  *rows = logits->data;
  rt_session_take(s, *rows);
  return SMELT_OK;
}

void rt_session_take(rt_session *s, const float *logits) {
  s->count++;
  s->logits = logits;
}

/* ---- where a text begins ---------------------------------------------------------------- */

/* Whether the prompt is the beginning of the decoder's text; else it is all that the encoder reads. */
static bool prompts_decoder(const rt_session *s) {
  return s->generation->encode_entry == SMELT_NONE || rt_reads_features(s->model);
}

static int32_t likeliest(const rt_session *s) {
  int32_t best = 0;
  for (int32_t i = 1; i < s->generation->vocab_size; i++)
    if (s->logits[i] > s->logits[best]) best = i;
  return best;
}

/* What the model expects before its decoder's own text. A prompt replaces what is forced. */
static smelt_result read_start(rt_session *s, bool is_prompted) {
  const smelt_manifest_generation *g = s->generation;
  smelt_result result = rt_session_read(s, &g->decoder_start_token, 1);
  for (int32_t i = 0; i < g->forced_token_count && !is_prompted && !result; i++) {
    int32_t token = g->forced_tokens[i];
    if (token == SMELT_NONE) token = likeliest(s);
    result = rt_session_read(s, &token, 1);
  }
  s->text_from = s->count;
  return result;
}

static smelt_result check_prompt(const rt_session *s, const int32_t *prompt, int32_t count) {
  smelt_model *model = s->model;
  const smelt_manifest_generation *g = s->generation;
  bool reads_features = rt_reads_features(model);
  if (reads_features && !model->has_encoded)
    return rt_fail(model, SMELT_BAD_ARGUMENT,
                   "the model has read no features: run its entry \"encode\" first");
  if (count < (reads_features ? 0 : 1)) return rt_fail(model, SMELT_BAD_ARGUMENT, "the prompt has no tokens");
  for (int32_t i = 0; i < count; i++)
    if (prompt[i] < 0 || prompt[i] >= g->vocab_size)
      return rt_fail(model, SMELT_BAD_ARGUMENT, "token %d of the prompt: expected 0 to %d, found %d", (int)i,
                     (int)g->vocab_size - 1, (int)prompt[i]);
  int32_t limit = prompts_decoder(s) ? model->max_tokens : g->max_encoder_tokens;
  if (count > limit)
    return rt_fail(model, SMELT_TOO_LARGE, "the prompt has %d tokens, the model holds at most %d", (int)count,
                   (int)limit);
  return SMELT_OK;
}

/* The encoder's text is kept: what processors compare the answer with. */
static smelt_result read_source(rt_session *s, const int32_t *prompt, int32_t count) {
  int32_t *source = realloc(s->source, (size_t)count * sizeof *source);
  if (!source) return rt_fail(s->model, SMELT_OUT_OF_MEMORY, "no memory for the prompt");
  memcpy(source, prompt, (size_t)count * sizeof *source);
  s->source = source;
  s->source_count = count;
  return run_tokens(s, s->generation->encode_entry, prompt, count, NULL);
}

smelt_result rt_session_begin(rt_session *s, const int32_t *prompt, int32_t prompt_tokens) {
  int32_t encode_entry = s->generation->encode_entry;
  smelt_result result = check_prompt(s, prompt, prompt_tokens);
  if (result) return result;
  bool is_prompted = prompts_decoder(s) && prompt_tokens > 0;
  rt_session_keep(s, 0);
  s->text_from = 0;
  if (!prompts_decoder(s)) result = read_source(s, prompt, prompt_tokens);
  if (!result && encode_entry != SMELT_NONE) result = read_start(s, is_prompted);
  if (!result && is_prompted) result = rt_session_read(s, prompt, prompt_tokens);
  return result;
}

/* ---- going back ---------------------------------------------------------------------------- */

void rt_session_keep(rt_session *s, int32_t count) {
  if (count != s->count) s->logits = NULL;
  s->count = count;
  s->model->past_tokens = count;
}

smelt_result rt_session_become(rt_session *s, const int32_t *tokens, int32_t count) {
  smelt_result result = check_prompt(s, tokens, count);
  if (result) return result;
  int32_t kept = 0;
  while (kept < s->count && kept < count && s->tokens[kept] == tokens[kept]) kept++;
  bool is_all = kept == count && kept == s->count && s->logits;
  if (kept == count && !is_all) kept--; /* the logits of the last are wanted */
  rt_session_keep(s, kept);
  return rt_session_read(s, tokens + kept, count - kept);
}

bool rt_session_mark(rt_session *s) {
  size_t bytes = (size_t)s->generation->vocab_size * sizeof *s->marked_logits;
  if (!s->marked_logits) s->marked_logits = malloc(bytes);
  if (!s->marked_logits) return false;
  memcpy(s->marked_logits, s->logits, bytes);
  s->marked = s->count;
  return true;
}

void rt_session_rewind(rt_session *s) {
  rt_session_keep(s, s->marked);
  s->logits = s->marked_logits;
}
