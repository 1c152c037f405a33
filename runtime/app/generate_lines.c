/*
 * generate_lines.c: answers to many prompts, a line each, or to one as JSON.
 * What ends lines is escaped in answers, so that the n-th line is the n-th
 * prompt's.
 */
#include "app/app.h"
#include "text/encoder.h"

#include <stdlib.h>
#include <string.h>

#pragma weak app_fit_source       /* linked only where an encoder reads the text, else NULL */
#pragma weak rt_generate_by_beams /* NULL where it was left out */

/* What was made of one prompt; it is written when it is known to be whole. */
typedef struct {
  rt_bytes text;
  rt_words ids;
  bool out_of_memory;
} answer;

static bool on_token(void *user, int32_t token, const char *text, size_t bytes) {
  answer *a = user;
  bool added = rt_append(&a->text, text, bytes) && (token == SMELT_NONE || rt_push(&a->ids, (uint32_t)token));
  a->out_of_memory = !added;
  return added;
}

static int take_prompt(smelt_model *model, const app_text *text, int32_t **ids, int32_t *count) {
  const app_options *options = text->options;
  *ids = NULL;
  if (!options->prompt_ids && rt_encode_prompt(model, text->bytes, text->count, ids, count))
    return app_fail_text(text, "%s", smelt_error(model));
  if (options->prompt_ids && !app_parse_ids(text->bytes, text->count, ids, count))
    return app_fail(APP_USAGE, "%s: --prompt-ids: expected token ids, found '%s'", options->program,
                    options->prompt_ids);
  return APP_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_ids(app_output *out, const rt_words *ids, const char *between) {
  for (size_t i = 0; i < ids->count; i++) {
    if (i > 0) app_write_text(out, between);
    app_write_integer(out, ids->items[i]);
  }
}

/* Line ends and backslashes as C has them. */
static void write_escaped(app_output *out, const rt_bytes *text) {
  for (size_t i = 0; i < text->count; i++) {
    const uint8_t *at = &text->bytes[i];
    const char escaped[] = {'\\', *at == '\n' ? 'n' : *at == '\r' ? 'r' : '\\'};
    bool is_plain = *at != '\n' && *at != '\r' && *at != '\\';
    app_write(out, is_plain ? (const void *)at : escaped, is_plain ? 1 : sizeof escaped);
  }
}

static void write_answer(app_output *out, const app_options *options, const answer *a) {
  if (options->json) {
    app_write_text(out, "{\"text\":");
    app_write_json_bytes(out, a->text.bytes, a->text.count);
    app_write_text(out, ",\"ids\":[");
    write_ids(out, &a->ids, ",");
    app_write_text(out, "]}");
  } else if (options->ids) {
    write_ids(out, &a->ids, " ");
  } else {
    write_escaped(out, &a->text);
  }
}

/* ---- the work ------------------------------------------------------------------------------------ */

static int make_answer(smelt_model *model, const app_text *text, app_output *out) {
  const app_options *options = text->options;
  answer a = {0};
  int32_t *ids = NULL, count = 0;
  rt_generation request = {.options = options->generate,
                           .constraint = rt_constraint_of(&options->generate),
                           .by_beams = rt_generate_by_beams,
                           .on_token = on_token,
                           .user = &a};
  int code = take_prompt(model, text, &ids, &count);
  if (code == APP_OK && app_fit_source) app_fit_source(model, text, ids, &count);
  smelt_result result = SMELT_OK;
  request.prompt = ids;
  request.prompt_tokens = count;
  request.options.seed =
      rt_random_seed_of(options->generate.seed, text->line ? (int32_t)(text->line - 1) : 0);
  if (code == APP_OK) result = rt_generate(model, &request);
  if (a.out_of_memory) code = app_fail_text(text, "out of memory");
  bool is_full = result == SMELT_TOO_LARGE && a.ids.count > 0; /* all of the text there can be */
  if (result && code == APP_OK) code = app_fail_text(text, "%s", smelt_error(model));
  if (is_full) code = APP_OK;
  if (code == APP_OK) write_answer(out, options, &a);
  free(a.text.bytes);
  free(a.ids.items);
  free(ids);
  return code;
}

int app_generate_lines(smelt_model *model, app_options *options) {
  const char *how = options->lines_path ? "lines" : "json";
  const struct {
    const char *name;
    bool is_given;
  } others[] = {{"echo", options->echo},
                {"logits", options->logits_path},
                {"stats", options->stats},
                {"samples", options->samples > 1},
                {"features", options->features_path}};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    if (others[i].is_given)
      return app_fail(APP_USAGE, "%s: --%s and --%s exclude each other", options->program, how,
                      others[i].name);
  if (rt_reads_features(model) || !model->has_tokenizer)
    return app_fail(APP_USAGE, "%s: --%s: the model reads no text", options->program, how);
  return app_each_text(model, options, make_answer);
}
