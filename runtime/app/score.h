/* score.h: what ways of scoring a text share. Private to runtime/app. */
#ifndef RT_APP_SCORE_H
#define RT_APP_SCORE_H

#include "app/app.h"

/* What the tokens of one text sum up to. */
typedef struct {
  app_output *out;
  const app_text *text;
  const smelt_model *model;
  double sum; /* of log-probabilities */
  int64_t count;
} app_tally;

/* Before the first token: nothing is written of a text that fails earlier. */
void app_score_begin(const app_tally *t);
/* One token; `logits` are those of the position before it, NULL at the start, where nothing predicts it. */
void app_score_token(app_tally *t, int32_t id, bool is_first, const float *logits, int64_t vocab_size);

/* A source, a tab and an answer, by an encoder-decoder (score_answer.c). */
int app_score_answer(smelt_model *model, const app_text *text, app_tally *t);

#endif
