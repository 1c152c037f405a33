/* classify.c: which labels suit a text, or each of its tokens. */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>

#define X(NAME, text) text,
static const char *const scoring_names[] = {SMELT_SCORINGS(X)};
#undef X

enum { PLAIN_DIGITS = 6, JSON_DIGITS = 9 };

smelt_scoring app_scoring(const smelt_model *model, const app_options *options) {
  const char *name = options->scoring_name;
  for (int i = 0; name && i < SMELT_SCORING_COUNT; i++)
    if (strcmp(name, scoring_names[i]) == 0) return (smelt_scoring)i;
  if (!name) return (smelt_scoring)model->manifest.reader->scoring;
  app_fail(APP_USAGE, "%s: --scoring: expected softmax, sigmoid or none, found '%s'", options->program, name);
  return SMELT_SCORING_COUNT;
}

/* 1 / (1 + e^-x), from the side where e^ stays below 1. */
static double sigmoid(double x) {
  double power = rt_exponential(x < 0 ? x : -x);
  return (x < 0 ? power : 1) / (1 + power);
}

/* Highest first; of equal ones the lower label. */
static int compare_choices(const void *left, const void *right) {
  const app_choice *a = left, *b = right;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  return a->label < b->label ? -1 : a->label > b->label;
}

void app_score_labels(const float *logits, uint32_t count, smelt_scoring scoring, app_choice *choices) {
  double log_sum = scoring == SMELT_SCORING_SOFTMAX ? app_log_sum(logits, count) : 0;
  for (uint32_t i = 0; i < count; i++) {
    double score = logits[i];
    if (scoring == SMELT_SCORING_SOFTMAX) score = rt_exponential(score - log_sum);
    if (scoring == SMELT_SCORING_SIGMOID) score = sigmoid(score);
    choices[i] = (app_choice){i, score};
  }
  qsort(choices, count, sizeof *choices, compare_choices);
}

/* ---- writing ------------------------------------------------------------------------------- */

void app_write_json_choice(app_output *out, const char *label, double score) {
  app_write_text(out, "\"label\":");
  app_write_json_text(out, label);
  app_write_text(out, ",\"score\":");
  app_write_number(out, score, JSON_DIGITS);
}

void app_write_choice(app_output *out, const char *label, double score) {
  app_write_text(out, label);
  app_write_text(out, "\t");
  app_write_number(out, score, PLAIN_DIGITS);
}

static void write_json_choice(app_output *out, const smelt_model *model, const app_choice *c) {
  app_write_json_choice(out, rt_manifest_label(&model->manifest, c->label), c->score);
}

static void write_choice(app_output *out, const smelt_model *model, const app_choice *c) {
  app_write_choice(out, rt_manifest_label(&model->manifest, c->label), c->score);
}

/* One text: a line a label. Of many, each has a line: the label that suits best. */
static void write_labels(app_output *out, const smelt_model *model, const app_text *text,
                         const app_choice *choices, uint32_t count) {
  if (text->options->json) {
    app_write_text(out, "{");
    write_json_choice(out, model, choices);
    app_write_text(out, ",\"labels\":[");
    for (uint32_t i = 0; i < count; i++) {
      app_write_text(out, i > 0 ? ",{" : "{");
      write_json_choice(out, model, &choices[i]);
      app_write_text(out, "}");
    }
    app_write_text(out, "]}");
    return;
  }
  for (uint32_t i = 0; i < (text->line ? 1 : count); i++) {
    if (i > 0) app_write_text(out, "\n");
    write_choice(out, model, &choices[i]);
  }
}

/* One text: a line a token. Of many, each has a line: its tokens' labels. */
static void write_token(app_output *out, const smelt_model *model, const app_text *text, int32_t id,
                        bool is_first, const app_choice *best) {
  if (text->options->json) {
    app_write_text(out, is_first ? "{" : ",{");
    app_write_json_token(out, model, id);
    app_write_text(out, ",");
    write_json_choice(out, model, best);
    app_write_text(out, "}");
    return;
  }
  if (!is_first) app_write_text(out, text->line ? " " : "\n");
  if (text->line) {
    app_write_text(out, rt_manifest_label(&model->manifest, best->label));
    return;
  }
  write_choice(out, model, best);
  app_write_text(out, "\t");
  app_write_token(out, model, id);
}

/* ---- the command ------------------------------------------------------------------------------ */

static void write_answer(app_output *out, const smelt_model *model, const app_text *text,
                         const app_reading *reading, app_choice *choices) {
  bool by_token = model->manifest.reader->head == SMELT_HEAD_TOKEN_LABELS, is_json = text->options->json;
  smelt_scoring scoring = app_scoring(model, text->options);
  uint32_t count = (uint32_t)reading->columns;
  if (by_token && is_json) app_write_text(out, "{\"tokens\":[");
  for (int64_t i = 0; i < reading->row_count; i++) {
    app_score_labels(reading->rows + i * reading->columns, count, scoring, choices);
    if (by_token)
      write_token(out, model, text, reading->ids[i], i == 0, choices);
    else
      write_labels(out, model, text, choices, count);
  }
  if (by_token && is_json) app_write_text(out, "]}");
}

static int classify(smelt_model *model, const app_text *text, app_output *out) {
  app_reading reading;
  int code = app_read_text(model, text, &reading);
  app_choice *choices = code == APP_OK ? calloc((size_t)reading.columns, sizeof *choices) : NULL;
  if (code == APP_OK && !choices) code = app_fail_text(text, "out of memory");
  if (choices) write_answer(out, model, text, &reading, choices);
  free(choices);
  app_reading_free(&reading);
  return code;
}

int app_classify(smelt_model *model, app_options *options) {
  if (app_scoring(model, options) == SMELT_SCORING_COUNT) return APP_USAGE;
  return app_each_text(model, options, classify);
}
