/* tokenize.c: text to token ids and back, without running the model. */
#include "app/app.h"

#include <stdlib.h>

static void write_ids(app_output *out, const int32_t *ids, int32_t count, const char *between) {
  for (int32_t i = 0; i < count; i++) {
    if (i > 0) app_write_text(out, between);
    app_write_integer(out, ids[i]);
  }
}

static void write_json(app_output *out, const smelt_model *model, const int32_t *ids, int32_t count) {
  app_write_text(out, "{\"ids\":[");
  write_ids(out, ids, count, ",");
  app_write_text(out, "],\"tokens\":[");
  for (int32_t i = 0; i < count; i++) {
    app_write_text(out, i > 0 ? ",{" : "{");
    app_write_json_token(out, model, ids[i]);
    app_write_text(out, "}");
  }
  app_write_text(out, "]}");
}

static int tokenize(smelt_model *model, const app_text *text, app_output *out) {
  int32_t *ids, count;
  int code = app_text_ids(model, text, INT32_MAX, &ids, &count);
  if (code == APP_OK && text->options->json)
    write_json(out, model, ids, count);
  else if (code == APP_OK)
    write_ids(out, ids, count, " ");
  free(ids);
  return code;
}

int app_tokenize(smelt_model *model, app_options *options) {
  return app_each_text(model, options, tokenize);
}

/* A model may write ids that its tokenizer has no text for. */
static int check_ids(const smelt_model *model, const app_text *text, const int32_t *ids, int32_t count) {
  const smelt_manifest_generation *g = model->manifest.generation;
  int32_t limit = (int32_t)model->tokenizer.header->vocab_size;
  if (g && g->vocab_size > limit) limit = g->vocab_size;
  for (int32_t i = 0; i < count; i++)
    if (ids[i] >= limit)
      return app_fail_text(text, "token %d: expected 0 to %d, found %d", (int)i, (int)limit - 1, (int)ids[i]);
  return APP_OK;
}

static int detokenize(smelt_model *model, const app_text *text, app_output *out) {
  int32_t *ids = NULL, count = 0;
  bool skips = text->options->no_special;
  int code = APP_OK;
  if (!app_parse_ids(text->bytes, text->count, &ids, &count))
    code = app_fail_text(text, "expected token ids, found something else");
  if (code == APP_OK) code = check_ids(model, text, ids, count);
  int64_t bytes = code == APP_OK ? smelt_decode(model, ids, count, skips, NULL, 0) : 0;
  char *made = malloc((size_t)bytes + 1);
  if (!made) code = app_fail_text(text, "out of memory");
  if (code == APP_OK) {
    smelt_decode(model, ids, count, skips, made, bytes);
    if (text->options->json) app_write_text(out, "{\"text\":");
    if (text->options->json)
      app_write_json_bytes(out, made, (size_t)bytes);
    else
      app_write(out, made, (size_t)bytes);
    if (text->options->json) app_write_text(out, "}");
  }
  free(made);
  free(ids);
  return code;
}

int app_detokenize(smelt_model *model, app_options *options) {
  return app_each_text(model, options, detokenize);
}
