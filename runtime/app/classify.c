/* classify.c: which labels suit a text. */
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

static double score_of(float logit, double log_sum, smelt_scoring scoring) {
  if (scoring == SMELT_SCORING_SOFTMAX) return rt_exponential(logit - log_sum);
  return scoring == SMELT_SCORING_SIGMOID ? sigmoid(logit) : logit;
}

/* Adds each label's score, `weight` times. */
static void add_scores(const float *logits, uint32_t count, smelt_scoring scoring, double weight,
                       app_choice *choices) {
  double log_sum = scoring == SMELT_SCORING_SOFTMAX ? app_log_sum(logits, count) : 0;
  for (uint32_t i = 0; i < count; i++)
    choices[i] = (app_choice){i, choices[i].score + weight * score_of(logits[i], log_sum, scoring)};
}

void app_score_labels(const float *logits, uint32_t count, smelt_scoring scoring, app_choice *choices) {
  memset(choices, 0, count * sizeof *choices);
  add_scores(logits, count, scoring, 1, choices);
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
  app_write_visible(out, (const uint8_t *)label, strlen(label)); /* on one line, without a tab */
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

/* ---- the command ------------------------------------------------------------------------------ */

/* Scores of all parts, each weighted by its tokens. */
typedef struct {
  app_choice *choices;
  uint32_t count;
  double weight;
} scores;

static int add_part(void *user, const smelt_model *model, const app_text *text, const app_part *part) {
  scores *s = user;
  double weight = part->is_only ? 1 : part->reading.count;
  s->count = (uint32_t)part->reading.columns;
  if (!s->choices) s->choices = calloc(s->count, sizeof *s->choices);
  if (!s->choices) return app_fail_text(text, "out of memory");
  add_scores(part->reading.rows, s->count, app_scoring(model, text->options), weight, s->choices);
  s->weight += weight;
  return APP_OK;
}

static int classify(smelt_model *model, const app_text *text, app_output *out) {
  scores s = {0};
  int code = app_read_parts(model, text, false, add_part, &s);
  for (uint32_t i = 0; code == APP_OK && i < s.count; i++) s.choices[i].score /= s.weight;
  if (code == APP_OK) {
    qsort(s.choices, s.count, sizeof *s.choices, compare_choices);
    write_labels(out, model, text, s.choices, s.count);
  }
  free(s.choices);
  return code;
}

int app_classify(smelt_model *model, app_options *options) {
  if (app_scoring(model, options) == SMELT_SCORING_COUNT) return APP_USAGE;
  return app_each_text(model, options, classify);
}
