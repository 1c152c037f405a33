/* score_answer.c: how likely an encoder-decoder finds an answer to a source. */
#include "app/score.h"

#include <stdlib.h>
#include <string.h>

/* The text is a source, a tab and an answer, whose tokens are all predicted, the first from the start token.
 */
static int take_answer(smelt_model *model, const app_text *text, int32_t **source, int32_t *source_count,
                       int32_t **answer, int32_t *answer_count) {
  const char *tab = text->count ? memchr(text->bytes, '\t', text->count) : NULL;
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

static smelt_result score_session(rt_session *s, const int32_t *answer, int32_t count, app_tally *t) {
  smelt_result result = SMELT_OK;
  for (int32_t i = 0; i < count && !result; i++) {
    app_score_token(t, answer[i], i == 0, s->logits, s->generation->vocab_size);
    if (i + 1 < count) result = rt_session_read(s, &answer[i], 1);
  }
  return result;
}

int app_score_answer(smelt_model *model, const app_text *text, app_tally *t) {
  int32_t *source = NULL, *answer = NULL, source_count = 0, answer_count = 0;
  rt_session session;
  smelt_result result = rt_session_open(&session, model);
  int code = result ? app_fail_text(text, "%s", smelt_error(model))
                    : take_answer(model, text, &source, &source_count, &answer, &answer_count);
  if (code == APP_OK && answer_count == 0) code = app_fail_text(text, "the answer has no tokens");
  if (code == APP_OK) {
    result = rt_session_begin(&session, source, source_count);
    app_score_begin(t);
    if (!result) result = score_session(&session, answer, answer_count, t);
    if (result) code = app_fail_text(text, "%s", smelt_error(model));
  }
  rt_session_close(&session);
  free(source);
  free(answer);
  return code;
}
