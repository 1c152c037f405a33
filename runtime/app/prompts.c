/*
 * prompts.c: what is put before texts that become vectors, "query: " or "passage: ", as sentence-transformers
 * does it: by name, by default, or as given.
 */
#include "app/option_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const app_option app_vector_options[] = {
    {0, "prompt-name", "NAME", "put the model's prompt of this name before a text", APP_EMBEDS, APP_TEXT,
     APP_FIELD(prompt_names), 0},
    {0, "prompt-name", "NAME,NAME", "the model's prompts before the two texts; one name: before both",
     APP_COMPARES, APP_TEXT, APP_FIELD(prompt_names), 0},
    {0, "prefix", "TEXT", "put this before a text", APP_EMBEDS | APP_COMPARES, APP_TEXT, APP_FIELD(prefix),
     0},
    {0},
};

/* The names as given: all of them, or of two the one that `which` says. */
static const char *name_of(const app_options *options, int which, size_t *bytes) {
  const char *names = options->prompt_names, *comma = strchr(names, ',');
  bool has_two = comma && options->command && options->command->kind & APP_COMPARES;
  const char *name = has_two && which == 1 ? comma + 1 : names;
  *bytes = has_two && which == 0 ? (size_t)(comma - names) : strlen(name);
  return name;
}

static int fail_unknown(const smelt_model *model, const app_options *options, const char *name,
                        size_t bytes) {
  const smelt_manifest_prompt *prompts = rt_manifest_prompts(&model->manifest);
  uint32_t count = model->manifest.reader->prompt_count;
  char known[300] = "";
  for (uint32_t i = 0; i < count; i++) {
    size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
             rt_manifest_text(&model->manifest, prompts[i].name));
  }
  if (count == 0)
    return app_fail(APP_USAGE, "%s: --prompt-name: the model has no prompts; --prefix TEXT gives one",
                    options->program);
  return app_fail(APP_USAGE, "%s: --prompt-name: expected one of %s, found '%.*s'", options->program, known,
                  (int)bytes, name);
}

int app_choose_prompt(const smelt_model *model, const app_options *options, int which, const char **prompt) {
  const smelt_manifest_reader *r = model->manifest.reader;
  const smelt_manifest_prompt *prompts = rt_manifest_prompts(&model->manifest);
  bool has_ids = options->prompt_ids != NULL;
  *prompt = options->prefix ? options->prefix : "";
  if (has_ids && (options->prefix || options->prompt_names))
    return app_fail(APP_USAGE,
                    "%s: nothing is put before token ids: --prompt-ids and --%s exclude each other",
                    options->program, options->prefix ? "prefix" : "prompt-name");
  if (options->prefix && options->prompt_names)
    return app_fail(APP_USAGE, "%s: --prefix and --prompt-name exclude each other", options->program);
  if (options->prefix || has_ids) return APP_OK;
  if (!options->prompt_names) {
    if (r->default_prompt) *prompt = rt_manifest_text(&model->manifest, prompts[r->default_prompt - 1].text);
    return APP_OK;
  }
  size_t bytes;
  const char *name = name_of(options, which, &bytes);
  for (uint32_t i = 0; i < r->prompt_count; i++) {
    const char *known = rt_manifest_text(&model->manifest, prompts[i].name);
    if (strlen(known) != bytes || memcmp(known, name, bytes) != 0) continue;
    *prompt = rt_manifest_text(&model->manifest, prompts[i].text);
    return APP_OK;
  }
  return fail_unknown(model, options, name, bytes);
}

int app_put_prompt(const app_text *text, const char *prompt, app_text *whole, char **memory) {
  size_t bytes = strlen(prompt);
  *whole = *text;
  *memory = NULL;
  if (bytes == 0) return APP_OK;
  *memory = malloc(bytes + text->count + 1);
  if (!*memory) return app_fail_text(text, "out of memory");
  memcpy(*memory, prompt, bytes);
  if (text->count) memcpy(*memory + bytes, text->bytes, text->count);
  whole->bytes = *memory;
  whole->count = bytes + text->count;
  return APP_OK;
}

int64_t app_prompt_tokens(smelt_model *model, const app_text *text, const char *prompt) {
  if (!*prompt || !model->manifest.reader->skips_prompt) return 0;
  bool has_special = !text->options->no_special;
  int64_t count = smelt_encode(model, prompt, strlen(prompt), has_special, NULL, 0);
  if (count < 1) return 0; /* also where there is no memory for them */
  return has_special && model->tokenizer.suffix_ids_count > 0 ? count - 1 : count;
}
