/*
 * sentences.c: how sentence-transformers' files pool (modules.json, 1_Pooling/config.json), and what they put
 * before texts (config_sentence_transformers.json).
 */
#include "driver/sentences.h"

#include <jansson.h>
#include <string.h>

static bool ends_with(const char *name, const char *end) {
  size_t length = strlen(name), end_length = strlen(end);
  return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

/* ---- pooling ---- */

static const struct {
  const char *name, *key; /* "pooling_mode": NAME; before 2026 KEY: true */
  smelt_pooling pooling;
} pooling_modes[] = {
    {"cls", "pooling_mode_cls_token", SMELT_POOLING_CLS},
    {"mean", "pooling_mode_mean_tokens", SMELT_POOLING_MEAN},
    {"max", "pooling_mode_max_tokens", SMELT_POOLING_MAX},
    {"mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens", SMELT_POOLING_MEAN_SQRT},
    {"weightedmean", "pooling_mode_weightedmean_tokens", SMELT_POOLING_WEIGHTED},
    {"lasttoken", "pooling_mode_lasttoken", SMELT_POOLING_LAST},
};
enum { POOLING_MODES = sizeof pooling_modes / sizeof *pooling_modes };

/* A list of names, whose vectors are put behind one another, is not known. */
static bool take_named_mode(const json_t *mode, smelt_manifest_reader *r) {
  const char *name = json_string_value(mode);
  for (size_t i = 0; name && i < POOLING_MODES; i++) {
    if (strcmp(name, pooling_modes[i].name) != 0) continue;
    r->pooling = pooling_modes[i].pooling;
    return true;
  }
  return false;
}

/* 1_Pooling/config.json. False: it pools in a way that programs do not know. */
static bool take_pooling(json_t *config, smelt_manifest_reader *r) {
  int known = 0, wanted = 0;
  const char *key;
  json_t *value;
  r->skips_prompt = json_is_false(json_object_get(config, "include_prompt"));
  const json_t *mode = json_object_get(config, "pooling_mode");
  if (mode && !json_is_null(mode)) return take_named_mode(mode, r);
  json_object_foreach(config, key, value) wanted +=
      strncmp(key, "pooling_mode_", 13) == 0 && json_is_true(value);
  for (size_t i = 0; i < POOLING_MODES; i++) {
    if (!json_is_true(json_object_get(config, pooling_modes[i].key))) continue;
    r->pooling = pooling_modes[i].pooling;
    known++;
  }
  return wanted == known && known <= 1;
}

static status no_vector(arena *a, const char *file, const char *what) {
  return fail_file(a, fail(a, STATUS_INPUT, "%s", what), file);
}

/*
 * modules.json lists what sentence-transformers runs: the graph, pooling, and perhaps a normalisation.
 * Anything else the program does not have.
 */
status sentences_take_modules(compilation *c) {
  arena *a = &c->arena;
  json_t *modules = NULL, *pooling = NULL, *module;
  const char *pooling_file = file_join(a, c->folder.home, "1_Pooling/config.json");
  const char *modules_file = file_join(a, c->folder.home, "modules.json");
  if (file_exists(modules_file)) TRY(folder_read_json(a, modules_file, &modules));
  status s = OK;
  size_t i;
  json_array_foreach(modules, i, module) {
    const char *type = json_string_value(json_object_get(module, "type"));
    const char *path = json_string_value(json_object_get(module, "path"));
    if (!type) type = "";
    if (ends_with(type, ".Normalize"))
      c->reader.normalises = 1;
    else if (ends_with(type, ".Pooling") && path)
      pooling_file = file_join(a, file_join(a, c->folder.home, path), "config.json");
    else if (!ends_with(type, ".Transformer"))
      s = no_vector(a, modules_file, arena_format(a, "the module '%s' is not compiled", type));
  }
  json_decref(modules);
  if (!s && file_exists(pooling_file)) {
    c->pooling_file = pooling_file;
    s = folder_read_json(a, pooling_file, &pooling);
    if (!s && !take_pooling(pooling, &c->reader))
      s = no_vector(a, pooling_file, "its way of pooling is not compiled");
    json_decref(pooling);
  }
  return s;
}

/* ---- prompts ---- */

static const char prompts_name[] = "config_sentence_transformers.json";

/* The prompt that is put before texts unless another is asked for: the place of its name. */
static status take_default(compilation *c, const char *file, const json_t *name) {
  arena *a = &c->arena;
  if (!name || json_is_null(name)) return OK;
  if (!json_is_string(name)) return folder_wrong_type(a, file, "default_prompt_name", "a text or null");
  for (uint32_t i = 0; i < c->reader.prompt_count; i++)
    if (strcmp(c->prompts[i].name, json_string_value(name)) == 0) c->reader.default_prompt = i + 1;
  if (c->reader.default_prompt) return OK;
  status s = fail(a, STATUS_INPUT, "\"default_prompt_name\" is '%s'", json_string_value(name));
  return fail_file(a, fail_expected(a, s, "one of the names in \"prompts\""), file);
}

static status take_prompts(compilation *c, const char *file, json_t *config) {
  json_t *prompts = json_object_get(config, "prompts"), *prompt;
  const char *name;
  if (prompts && !json_is_null(prompts) && !json_is_object(prompts))
    return folder_wrong_type(&c->arena, file, "prompts", "an object");
  c->prompts = ARENA_ARRAY(&c->arena, plan_prompt, json_object_size(prompts) + 1);
  json_object_foreach(prompts, name, prompt) {
    if (!json_is_string(prompt)) return folder_wrong_type(&c->arena, file, "prompts", "an object of texts");
    c->prompts[c->reader.prompt_count++] = (plan_prompt){
        .name = arena_text(&c->arena, name), .text = arena_text(&c->arena, json_string_value(prompt))};
  }
  return take_default(c, file, json_object_get(config, "default_prompt_name"));
}

status sentences_take_prompts(compilation *c) {
  const char *file = file_join(&c->arena, c->folder.home, prompts_name);
  json_t *config;
  if (!file_exists(file)) return OK;
  TRY(folder_read_json(&c->arena, file, &config));
  status s = take_prompts(c, file, config);
  json_decref(config);
  return s;
}
