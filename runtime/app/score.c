/* score.c: how likely the model finds a text: each token's log-probability after those before it, and
 * perplexity. */
#include "app/score.h"

#include <math.h>
#include <stdlib.h>

#pragma weak app_score_answer /* linked only where the model answers a source */

enum { PLAIN_DIGITS = 6, JSON_DIGITS = 17 };

void app_score_token(app_tally *t, int32_t id, bool is_first, const float *logits, int64_t vocab_size) {
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

void app_score_begin(const app_tally *t) {
  if (t->text->options->json) app_write_text(t->out, "{\"tokens\":[");
}

/* Of one text in words, of many as three columns. A text without predicted tokens has no perplexity. */
static void write_summary(const app_tally *t) {
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

static int score_at_once(smelt_model *model, const app_text *text, app_tally *t) {
  app_reading reading;
  int code = app_read_text(model, text, &reading);
  if (code == APP_OK) app_score_begin(t);
  for (int32_t i = 0; i < reading.count && code == APP_OK; i++) {
    if (reading.ids[i] >= reading.columns)
      code = app_fail_text(text, "token %d is none of the model's: %d", (int)i, (int)reading.ids[i]);
    else
      app_score_token(t, reading.ids[i], i == 0, i ? reading.rows + (i - 1) * reading.columns : NULL,
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
                     smelt_tensor *outputs, app_tally *t) {
  int64_t vocab_size = model->manifest.generation->vocab_size;
  smelt_reset(model);
  if (count > 0) app_score_begin(t);
  for (int32_t i = 0; i < count; i++) {
    if (ids[i] >= vocab_size)
      return app_fail_text(text, "token %d is none of the model's: %d", (int)i, (int)ids[i]);
    app_score_token(t, ids[i], i == 0, i ? outputs[0].data : NULL, vocab_size);
    if (i + 1 == count) break; /* nothing follows it */
    if (read_token(model, ids[i], outputs)) return app_fail_text(text, "%s", smelt_error(model));
  }
  return count ? APP_OK : app_fail_text(text, "the text has no tokens");
}

static int score_by_steps(smelt_model *model, const app_text *text, app_tally *t) {
  int32_t *ids = NULL, count = 0, entry = model->manifest.generation->decode_entry;
  int code = app_text_ids(model, text, model->max_tokens, &ids, &count);
  smelt_tensor *outputs = calloc(model->manifest.entries[entry].output_count, sizeof *outputs);
  if (!outputs) code = app_fail_text(text, "out of memory");
  if (outputs && code == APP_OK) code = score_ids(model, text, ids, count, outputs, t);
  free(outputs);
  free(ids);
  return code;
}

static int score(smelt_model *model, const app_text *text, app_output *out) {
  app_tally t = {.out = out, .text = text, .model = model};
  const smelt_manifest_generation *g = model->manifest.generation;
  int code = model->manifest.reader               ? score_at_once(model, text, &t)
             : g && g->encode_entry != SMELT_NONE ? app_score_answer(model, text, &t)
                                                  : score_by_steps(model, text, &t);
  if (code == APP_OK) write_summary(&t);
  return code;
}

int app_score(smelt_model *model, app_options *options) {
  return app_each_text(model, options, score);
}
