/* score.c: how likely the model finds a text: each token's log-probability after those before it, and
 * perplexity. */
#include "app/app.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the tokens of one text sum up to. */
typedef struct {
  app_output *out;
  const app_text *text;
  const smelt_model *model;
  double sum; /* of log-probabilities */
  int64_t count;
} tally;

enum { PLAIN_DIGITS = 6, JSON_DIGITS = 17 };

/* One token; `logits` are those of the position before it, NULL at the start, where nothing predicts it. */
static void score_token(tally *t, int32_t id, bool is_first, const float *logits, int64_t vocab_size) {
  bool is_json = t->text->options->json;
  double score = 0;
  if (logits) {
    score = logits[id] - app_log_sum(logits, vocab_size);
    t->sum += score;
    t->count++;
  }
  if (is_json) {
    app_write_text(t->out, is_first ? "{" : ",{");
    app_write_json_token(t->out, t->model, id);
    app_write_text(t->out, ",\"log_probability\":");
    if (logits)
      app_write_number(t->out, score, JSON_DIGITS);
    else
      app_write_text(t->out, "null");
    app_write_text(t->out, "}");
  } else if (!t->text->line) {
    if (logits) app_write_number(t->out, score, PLAIN_DIGITS);
    app_write_text(t->out, logits ? "\t" : "-\t");
    app_write_token(t->out, t->model, id);
    app_write_text(t->out, "\n");
  }
}

/* Before the first token: nothing is written of a text that fails earlier. */
static void begin(const tally *t) {
  if (t->text->options->json) app_write_text(t->out, "{\"tokens\":[");
}

/* Of one text in words, of many as three columns. A text without predicted tokens has no perplexity. */
static void write_summary(const tally *t) {
  bool is_json = t->text->options->json, is_line = t->text->line > 0;
  int digits = is_json ? JSON_DIGITS : PLAIN_DIGITS;
  const struct {
    const char *words, *json;
    double value;
  } parts[] = {
      /* e^x for x > 0 is 1 / e^-x */
      {"perplexity ",
       "],\"perplexity\":", t->count ? 1 / rt_exponential(t->sum / (double)t->count) : (double)INFINITY},
      {", log-probability ", ",\"log_probability\":", t->sum},
      {", predicted tokens ", ",\"predicted\":", (double)t->count},
  };
  enum { PARTS = sizeof parts / sizeof parts[0] };
  for (int i = 0; i < PARTS; i++) {
    const char *between = i > 0 ? "\t" : "";
    app_write_text(t->out, is_json ? parts[i].json : is_line ? between : parts[i].words);
    app_write_number(t->out, parts[i].value, digits);
  }
  if (is_json) app_write_text(t->out, "}");
}

/* ---- a graph that gives the logits of all positions at once ------------------------------- */

static int score_at_once(smelt_model *model, const app_text *text, tally *t) {
  app_reading reading;
  int code = app_read_text(model, text, &reading);
  if (code == APP_OK) begin(t);
  for (int32_t i = 0; i < reading.count && code == APP_OK; i++) {
    if (reading.ids[i] >= reading.columns)
      code = app_fail_text(text, "token %d is none of the model's: %d", (int)i, (int)reading.ids[i]);
    else
      score_token(t, reading.ids[i], i == 0, i ? reading.rows + (i - 1) * reading.columns : NULL,
                  reading.columns);
  }
  app_reading_free(&reading);
  return code;
}

/* ---- a decoder, which gives them token by token --------------------------------------------- */

/* Reads one token behind those that were read; outputs[0] are the logits of what follows. */
static smelt_result read_token(smelt_model *model, int32_t id, smelt_tensor *outputs) {
  int64_t data = id;
  smelt_tensor input = {.dtype = SMELT_I64, .rank = 2, .dims = {1, 1}, .data = &data};
  model->inputs[0] = &input;
  return rt_run(model, model->manifest.generation->decode_entry, outputs);
}

static int score_ids(smelt_model *model, const app_text *text, const int32_t *ids, int32_t count,
                     smelt_tensor *outputs, tally *t) {
  int64_t vocab_size = model->manifest.generation->vocab_size;
  smelt_reset(model);
  if (count > 0) begin(t);
  for (int32_t i = 0; i < count; i++) {
    if (ids[i] >= vocab_size)
      return app_fail_text(text, "token %d is none of the model's: %d", (int)i, (int)ids[i]);
    score_token(t, ids[i], i == 0, i ? outputs[0].data : NULL, vocab_size);
    if (i + 1 == count) break; /* nothing follows it */
    if (read_token(model, ids[i], outputs)) return app_fail_text(text, "%s", smelt_error(model));
  }
  return count ? APP_OK : app_fail_text(text, "the text has no tokens");
}

static int score_by_steps(smelt_model *model, const app_text *text, tally *t) {
  int32_t *ids = NULL, count = 0, entry = model->manifest.generation->decode_entry;
  int code = app_text_ids(model, text, model->max_tokens, &ids, &count);
  smelt_tensor *outputs = calloc(model->manifest.entries[entry].output_count, sizeof *outputs);
  if (!outputs) code = app_fail_text(text, "out of memory");
  if (outputs && code == APP_OK) code = score_ids(model, text, ids, count, outputs, t);
  free(outputs);
  free(ids);
  return code;
}

/* ---- an encoder-decoder: how likely an answer is to a source --------------------------------- */

/* The text is a source, a tab and an answer, whose tokens are all predicted, the first from the start token.
 */
static int take_answer(smelt_model *model, const app_text *text, int32_t **source, int32_t *source_count,
                       int32_t **answer, int32_t *answer_count) {
  const char *tab = memchr(text->bytes, '\t', text->count);
  if (!tab) return app_fail_text(text, "expected a source, a tab and an answer, found no tab");
  if (!text->options->prompt_ids && model->tokenizer.header->flags & TOK_SOURCE_ONLY)
    return app_fail_text(text,
                         "answers have a tokenizer of their own, which the program has not: give both as "
                         "--prompt-ids, a tab between them");
  app_text first = *text, second = *text;
  first.count = (size_t)(tab - text->bytes);
  second.bytes = tab + 1;
  second.count -= first.count + 1;
  const smelt_manifest_generation *g = model->manifest.generation;
  int code = app_text_ids(model, &first, g->max_encoder_tokens, source, source_count);
  if (code == APP_OK)
    code = app_text_ids(model, &second, model->max_tokens - 1 - g->forced_token_count, answer, answer_count);
  for (int32_t i = 0; i < *answer_count && code == APP_OK; i++)
    if ((*answer)[i] >= g->vocab_size)
      code = app_fail_text(text, "token %d is none of the model's: %d", (int)i, (int)(*answer)[i]);
  return code;
}

static smelt_result score_session(rt_session *s, const int32_t *answer, int32_t count, tally *t) {
  smelt_result result = SMELT_OK;
  for (int32_t i = 0; i < count && !result; i++) {
    score_token(t, answer[i], i == 0, s->logits, s->generation->vocab_size);
    if (i + 1 < count) result = rt_session_read(s, &answer[i], 1);
  }
  return result;
}

static int score_answer(smelt_model *model, const app_text *text, tally *t) {
  int32_t *source = NULL, *answer = NULL, source_count = 0, answer_count = 0;
  rt_session session;
  smelt_result result = rt_session_open(&session, model);
  int code = result ? app_fail_text(text, "%s", smelt_error(model))
                    : take_answer(model, text, &source, &source_count, &answer, &answer_count);
  if (code == APP_OK && answer_count == 0) code = app_fail_text(text, "the answer has no tokens");
  if (code == APP_OK) {
    result = rt_session_begin(&session, source, source_count);
    begin(t);
    if (!result) result = score_session(&session, answer, answer_count, t);
    if (result) code = app_fail_text(text, "%s", smelt_error(model));
  }
  rt_session_close(&session);
  free(source);
  free(answer);
  return code;
}

static int score(smelt_model *model, const app_text *text, app_output *out) {
  tally t = {.out = out, .text = text, .model = model};
  const smelt_manifest_generation *g = model->manifest.generation;
  int code = model->manifest.reader               ? score_at_once(model, text, &t)
             : g && g->encode_entry != SMELT_NONE ? score_answer(model, text, &t)
                                                  : score_by_steps(model, text, &t);
  if (code == APP_OK) write_summary(&t);
  return code;
}

int app_score(smelt_model *model, app_options *options) {
  return app_each_text(model, options, score);
}
