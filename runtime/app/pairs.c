/* pairs.c: --pair: texts that are two, a tab between them, as the tokenizer puts pairs together. */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>

static const char *const cut_names[] = {
    [SMELT_CUT_LONGEST] = "longest", [SMELT_CUT_FIRST] = "first", [SMELT_CUT_SECOND] = "second"};
enum { CUT_NAMES = sizeof cut_names / sizeof cut_names[0] };

/* What --cut names. */
static int take_cut(const app_text *text, smelt_cut *cut) {
  const char *name = text->options->cut_name;
  *cut = SMELT_CUT_AS_SET;
  for (int i = SMELT_CUT_LONGEST; name && i < CUT_NAMES; i++)
    if (strcmp(name, cut_names[i]) == 0) *cut = (smelt_cut)i;
  if (!name || *cut) return APP_OK;
  return app_fail(APP_USAGE, "%s: --cut: expected longest, first or second, found '%s'",
                  text->options->program, name);
}

static int encode(smelt_model *model, const app_text *text, const smelt_pair *pair, app_reading *reading) {
  int64_t count = smelt_encode_pair(model, pair, NULL, NULL, 0);
  *reading = (app_reading){0};
  if (count < 0) return app_fail_text(text, "%s", smelt_error(model));
  *reading = (app_reading){.ids = malloc(((size_t)count + 1) * sizeof *reading->ids),
                           .types = malloc(((size_t)count + 1) * sizeof *reading->types),
                           .count = (int32_t)count};
  if (!reading->ids || !reading->types) return app_fail_text(text, "out of memory");
  smelt_encode_pair(model, pair, reading->ids, reading->types, count);
  return APP_OK;
}

int app_read_pair(smelt_model *model, const app_text *text, app_part_work *work, void *user) {
  const char *tab = text->count ? memchr(text->bytes, '\t', text->count) : NULL;
  int64_t most = model->manifest.reader->max_tokens;
  app_part part = {.is_only = true};
  if (text->options->prompt_ids || text->options->windows)
    return app_fail(APP_USAGE, "%s: --pair and --%s exclude each other", text->options->program,
                    text->options->windows ? "window" : "prompt-ids");
  if (!tab) return app_fail_text(text, "expected two texts, a tab between them, found no tab");
  smelt_pair pair = {.first = text->bytes,
                     .second = tab + 1,
                     .first_bytes = (size_t)(tab - text->bytes),
                     .second_bytes = text->count - (size_t)(tab - text->bytes) - 1,
                     .add_special = !text->options->no_special};
  int code = take_cut(text, &pair.cut);
  if (code == APP_OK) code = encode(model, text, &pair, &part.reading);
  if (code == APP_OK && part.reading.count > most) {
    if (!text->options->truncates)
      app_fail_text(text,
                    "warning: the texts have %d tokens, the model reads at most %d: the rest is left out",
                    (int)part.reading.count, (int)most);
    app_reading_free(&part.reading);
    pair.most = most;
    code = encode(model, text, &pair, &part.reading);
  }
  if (code == APP_OK) code = app_run_reading(model, text, &part.reading);
  if (code == APP_OK) code = work(user, model, text, &part);
  app_reading_free(&part.reading);
  return code;
}
