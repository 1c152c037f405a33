/*
 * open.c: from an image to a model that can run: manifest checked, ISA level
 * chosen, memory mapped, threads made; and back.
 */
#define _GNU_SOURCE
#include "core/weights.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const result_texts[] = {
    [SMELT_OK] = "success",
    [SMELT_BAD_ARGUMENT] = "an argument is not valid",
    [SMELT_TOO_LARGE] = "a size is beyond the model's limit",
    [SMELT_OUT_OF_MEMORY] = "there is not enough memory",
    [SMELT_UNSUPPORTED_CPU] = "this processor lacks instructions that the model was compiled for",
    [SMELT_CORRUPT_IMAGE] = "the compiled model is damaged",
    [SMELT_STOPPED] = "stopped by the caller",
    [SMELT_INCOMPLETE] = "the text was cut short before it was whole",
    [SMELT_NO_WEIGHTS] = "the model's weights cannot be had",
    [SMELT_WRONG_VERSION] = "the compiled model and its runtime are of different versions of smelt",
};

const char *smelt_result_text(smelt_result result) {
  size_t index = (size_t)result;
  return index < sizeof result_texts / sizeof result_texts[0] ? result_texts[index] : "unknown result";
}

int32_t smelt_abi_version(void) {
  return SMELT_ABI_VERSION;
}

smelt_result rt_fail(smelt_model *model, smelt_result result, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(model->error, sizeof model->error, format, arguments);
  va_end(arguments);
  return result;
}

smelt_result rt_tell(const smelt_open_options *options, smelt_result result, const char *format, ...) {
  if (!options || !options->error || !options->error_bytes) return result;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(options->error, options->error_bytes, format, arguments);
  va_end(arguments);
  return result;
}

const char *smelt_error(const smelt_model *model) {
  return model ? model->error : "the model is not open";
}

/* ---- memory ------------------------------------------------------------------------ */

/* A prompt's activations are megabytes that no token after it needs; less is not worth the page faults. */
void rt_arena_shrink(smelt_model *model, uint64_t bytes) {
  enum { LEAST_BYTES = 1 << 20 };
  if (model->arena_bytes > bytes + LEAST_BYTES)
    rt_host_give_back(model->arena + bytes, model->arena_bytes - bytes);
  model->arena_bytes = bytes;
}

static bool allocate(smelt_model *model) {
  const smelt_manifest *header = model->manifest.header;
  uint32_t most_inputs = 0;
  for (uint32_t i = 0; i < header->entry_count; i++) {
    uint32_t count = model->manifest.entries[i].input_count;
    if (count > most_inputs) most_inputs = count;
  }
  model->symbols = calloc(header->symbol_count + 1u, sizeof *model->symbols);
  model->bound = calloc(header->symbol_count + 1u, sizeof *model->bound);
  model->inputs = calloc(most_inputs + 1u, sizeof *model->inputs);
  model->input_data = calloc(most_inputs + 1u, sizeof *model->input_data);
  model->arena = rt_host_map(header->arena_bytes);
  model->state = rt_host_map(header->state_bytes);
  return model->symbols && model->bound && model->inputs && model->input_data && model->arena && model->state;
}

/* ---- choices ------------------------------------------------------------------------ */

/* The highest level that may run: the processor's, or what SMELT_CPU names in the environment, which is for
 * tests. */
static smelt_result highest_level(const smelt_open_options *options, smelt_isa_level *highest,
                                  bool *is_forced) {
  const char *text = getenv("SMELT_CPU");
  *highest = rt_cpu_level();
  *is_forced = text && *text;
  if (!*is_forced || (rt_isa_from_text(text, highest) && rt_cpu_has(*highest))) return SMELT_OK;
  return rt_tell(options, SMELT_BAD_ARGUMENT,
                 "SMELT_CPU=%s: this processor has no such level, its best is %s", text,
                 rt_isa_text(rt_cpu_level()));
}

/*
 * The last level of the image that may run; one that the processor is slow with only where there is no other,
 * or where SMELT_CPU names it; where results are to repeat, one with bits of its own only where there is no
 * other.
 */
static smelt_result choose_code(const smelt_image *image, const smelt_open_options *options, bool repeats,
                                const smelt_code_level **code) {
  smelt_isa_level highest;
  bool is_forced;
  smelt_result result = highest_level(options, &highest, &is_forced);
  if (result) return result;
  if (image->level_count == 0 || !image->levels) return SMELT_CORRUPT_IMAGE;
  *code = NULL;
  for (uint64_t i = 0; i < image->level_count; i++) {
    smelt_isa_level level = (smelt_isa_level)image->levels[i].isa_level;
    bool suits = !rt_cpu_is_slow(level) || (is_forced && level == highest);
    if (repeats && image->levels[i].has_own_bits) suits = false;
    if (level <= highest && (!*code || suits)) *code = &image->levels[i];
  }
  if (*code) return SMELT_OK;
  return rt_tell(options, SMELT_UNSUPPORTED_CPU, "%s (needs %s, %s %s)",
                 smelt_result_text(SMELT_UNSUPPORTED_CPU), rt_isa_text(image->levels[0].isa_level),
                 is_forced ? "SMELT_CPU allows" : "has", rt_isa_text(highest));
}

static int32_t choose_max_tokens(const smelt_model *model, const smelt_open_options *options) {
  const smelt_manifest_generation *generation = model->manifest.generation;
  int32_t limit = generation ? generation->max_tokens : INT32_MAX;
  return options && options->max_tokens > 0 && options->max_tokens < limit ? options->max_tokens : limit;
}

/* Whether this is a manifest, but of another version. */
static bool is_of_other_version(const char *manifest) {
  enum { LETTERS = sizeof SMELT_MANIFEST_MAGIC - 2 };
  return manifest && memcmp(manifest, SMELT_MANIFEST_MAGIC, LETTERS) == 0 &&
         manifest[LETTERS] != SMELT_ABI_VERSION;
}

/* ---- open and close ------------------------------------------------------------------ */

static smelt_result open_weights(smelt_model *model, const smelt_open_options *options) {
  model->weights = model->image->weights;
  if (model->image->source) return model->image->source->open(model, options);
  return model->manifest.header->weights_bytes && !model->weights ? SMELT_CORRUPT_IMAGE : SMELT_OK;
}

static smelt_result fill(smelt_model *model, const smelt_image *image, const smelt_open_options *options) {
  model->image = image;
  model->repeats = options && options->repeats;
  memcpy(model->error, "no error", sizeof "no error");
  if (is_of_other_version(image->manifest)) return SMELT_WRONG_VERSION;
  if (rt_manifest_check(image->manifest, &model->manifest)) return SMELT_CORRUPT_IMAGE;
  int32_t threads = options && options->threads > 0 ? options->threads : rt_processor_count();
  model->team = rt_team_create(threads, options && options->pins);
  if (!model->team) return SMELT_OUT_OF_MEMORY;
  smelt_result result = open_weights(model, options);
  if (result) return result;
  if (image->tokenizer) {
    if (rt_tokenizer_open(&model->tokenizer, image->tokenizer, model->manifest.header->tokenizer_bytes))
      return SMELT_CORRUPT_IMAGE;
    rt_encoder_init(&model->encoder, &model->tokenizer);
    model->has_tokenizer = true;
  }
  result = choose_code(image, options, model->repeats, &model->code);
  if (result) return result;
  model->max_tokens = choose_max_tokens(model, options);
  if (!allocate(model)) return SMELT_OUT_OF_MEMORY;
  /* A cold start then reads 2 MB at a time, and a warm one has a page fault in 2 MB. */
  if (model->weights) rt_host_prefer_huge_pages(model->weights, model->manifest.header->weights_bytes);
  return SMELT_OK;
}

smelt_result smelt_open(const smelt_image *image, const smelt_open_options *options, smelt_model **model) {
  enum { MOST_THREADS = 1024 };
  *model = NULL;
  if (!image) return SMELT_BAD_ARGUMENT;
  if (options && (options->threads < 0 || options->threads > MOST_THREADS || options->max_tokens < 0))
    return SMELT_BAD_ARGUMENT;
  smelt_model *opened = calloc(1, sizeof *opened);
  if (!opened) return SMELT_OUT_OF_MEMORY;
  rt_tell(options, SMELT_OK, "%s", "");
  smelt_result result = fill(opened, image, options);
  if (result && options && options->error && options->error_bytes && !options->error[0])
    rt_tell(options, result, "%s", smelt_result_text(result));
  if (result)
    smelt_close(opened);
  else
    *model = opened;
  return result;
}

void smelt_close(smelt_model *model) {
  if (!model) return;
  if (model->draft) model->draft->team = NULL;
  smelt_close(model->draft);
  rt_team_destroy(model->team);
  if (model->image->source) model->image->source->close(model);
  rt_profile_free(model->profile);
  if (model->has_tokenizer) rt_encoder_free(&model->encoder);
  if (model->arena) rt_host_unmap(model->arena, model->manifest.header->arena_bytes);
  if (model->state) rt_host_unmap(model->state, model->manifest.header->state_bytes);
  free(model->symbols);
  free(model->bound);
  free(model->inputs);
  free(model->input_data);
  free(model);
}
