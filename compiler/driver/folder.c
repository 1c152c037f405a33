/* folder.c: which file of a model folder is what, and what its configurations say. */
#define _POSIX_C_SOURCE 200809L
#include "driver/folder.h"

#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/json_file.h"
#include "tokenizer/tokenizer.h"

/* ---- files ---- */

/* Decoders and single graphs in order of preference; "" and "onnx/" are searched. */
static const char *const model_names[] = {"model.onnx", "decoder_model_merged.onnx",
                                          "decoder_with_past_model.onnx", "decoder_model.onnx"};
/* Beside a decoder with past: what takes the first step and makes the keys and values of the encoder's
 * result. */
static const char *const first_names[] = {"decoder_model.onnx"};
static const char *const subfolders[] = {".", "onnx"};

static const char *find_file(arena *a, const char *folder, const char *const *names, size_t count) {
  for (size_t s = 0; s < sizeof subfolders / sizeof *subfolders; s++) {
    const char *place = strcmp(subfolders[s], ".") == 0 ? folder : file_join(a, folder, subfolders[s]);
    for (size_t i = 0; i < count; i++) {
      const char *path = file_join(a, place, names[i]);
      if (file_exists(path)) return path;
    }
  }
  return NULL;
}

static const char *if_exists(arena *a, const char *folder, const char *name) {
  const char *path = file_join(a, folder, name);
  return file_exists(path) ? path : NULL;
}

/* The only .onnx file of a folder, or NULL. */
static const char *only_onnx(arena *a, const char *folder) {
  const char *found = NULL;
  int count = 0;
  DIR *entries = opendir(folder);
  for (struct dirent *e; entries && (e = readdir(entries));) {
    size_t length = strlen(e->d_name);
    if (length < 5 || strcmp(e->d_name + length - 5, ".onnx") != 0) continue;
    found = file_join(a, folder, e->d_name);
    count++;
  }
  if (entries) closedir(entries);
  return count == 1 ? found : NULL;
}

#define NAMES(list) list, sizeof(list) / sizeof *(list)

static status find_model(arena *a, const char *path, model_folder *f) {
  static const char *const encoder_names[] = {"encoder_model.onnx"};
  f->encoder = find_file(a, path, NAMES(encoder_names));
  f->model = find_file(a, path, NAMES(model_names));
  if (f->model && strstr(f->model, "decoder_with_past_model.onnx"))
    f->first = find_file(a, path, NAMES(first_names));
  if (!f->model && !f->encoder) f->model = only_onnx(a, path);
  if (!f->model && !f->encoder) f->model = only_onnx(a, file_join(a, path, "onnx"));
  if (f->model) return OK;
  status s = fail(a, STATUS_INPUT, "%s",
                  f->encoder ? "the folder has an encoder but no decoder_model.onnx"
                             : "the folder holds no ONNX model");
  return fail_expected(a, fail_file(a, s, path), "model.onnx, onnx/model.onnx or decoder_model_merged.onnx");
}

/* Names that hubs give to files and folders of any model. */
static bool is_generic(const char *name) {
  static const char *const generic[] = {"model", "onnx", "decoder_model", "decoder_model_merged",
                                        "decoder_with_past_model"};
  for (size_t i = 0; i < sizeof generic / sizeof *generic; i++) {
    if (strcmp(name, generic[i]) == 0) return true;
  }
  return false;
}

/* "a/gpt2/", "a/gpt2.onnx", "a/gpt2/model" and "a/gpt2/onnx/model.onnx" -> "gpt2"; "." -> "model" */
static const char *base_name(arena *a, const char *path) {
  char *rest = arena_text(a, path), *slash;
  do {
    size_t length = strlen(rest);
    while (length > 1 && rest[length - 1] == '/') rest[--length] = 0;
    slash = strrchr(rest, '/');
    char *name = slash ? slash + 1 : rest;
    length = strlen(name);
    if (length > 5 && strcmp(name + length - 5, ".onnx") == 0) name[length - 5] = 0;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) break;
    if (!is_generic(name)) return name;
    if (slash) *slash = 0;
  } while (slash);
  return "model";
}

/* ---- JSON fields ---- */

status folder_wrong_type(arena *a, const char *file, const char *key, const char *expected) {
  status s = fail(a, STATUS_INPUT, "has the wrong type");
  s = fail_node(a, s, "\"%s\"", key);
  return fail_expected(a, fail_file(a, s, file), "%s", expected);
}

static status read_integer(arena *a, const char *file, const json_t *object, const char *key, int64_t lowest,
                           int64_t *value) {
  const json_t *field = json_object_get(object, key);
  if (!field || json_is_null(field)) return OK;
  if (!json_is_integer(field)) return folder_wrong_type(a, file, key, "an integer");
  int64_t number = json_integer_value(field);
  if (number < lowest || number > INT32_MAX) {
    status s = fail(a, STATUS_INPUT, "\"%s\" is out of range", key);
    return fail_found(a, fail_file(a, s, file), "%lld", (long long)number);
  }
  *value = number;
  return OK;
}

/* One id or a list of ids. */
static status read_end_tokens(arena *a, const char *file, const json_t *object, model_folder *f) {
  const json_t *field = json_object_get(object, "eos_token_id");
  if (!field || json_is_null(field)) return OK;
  size_t count = json_is_array(field) ? json_array_size(field) : 1;
  if (count > FOLDER_MAX_END_TOKENS) {
    return fail_file(
        a, fail(a, STATUS_INPUT, "\"eos_token_id\" lists more than %d tokens", FOLDER_MAX_END_TOKENS), file);
  }
  f->end_token_count = 0;
  for (size_t i = 0; i < count; i++) {
    const json_t *id = json_is_array(field) ? json_array_get(field, i) : field;
    if (!json_is_integer(id))
      return folder_wrong_type(a, file, "eos_token_id", "an integer or a list of integers");
    if (json_integer_value(id) < 0 || json_integer_value(id) > INT32_MAX) {
      return fail_file(a, fail(a, STATUS_INPUT, "\"eos_token_id\" is out of range"), file);
    }
    f->end_tokens[f->end_token_count++] = json_integer_value(id);
  }
  return OK;
}

static status wrong_forced(arena *a, const char *file) {
  return folder_wrong_type(a, file, "forced_decoder_ids",
                           "a list of [position, token or null], positions from 1");
}

/* [[1, 50259], [2, null], ...]: what follows the decoder's first token. Positions that are not listed are
 * free.
 */
static status read_forced_tokens(arena *a, const char *file, const json_t *object, model_folder *f) {
  const json_t *field = json_object_get(object, "forced_decoder_ids"), *pair;
  if (!field || json_is_null(field)) return OK;
  if (!json_is_array(field)) return wrong_forced(a, file);
  f->forced_token_count = 0;
  for (int i = 0; i < FOLDER_MAX_FORCED_TOKENS; i++) f->forced_tokens[i] = -1;
  size_t i;
  json_array_foreach(field, i, pair) {
    const json_t *position = json_array_get(pair, 0), *token = json_array_get(pair, 1);
    if (!json_is_integer(position) || !(json_is_integer(token) || json_is_null(token))) {
      return wrong_forced(a, file);
    }
    int64_t at = json_integer_value(position), id = json_is_null(token) ? -1 : json_integer_value(token);
    if (at < 1 || at > FOLDER_MAX_FORCED_TOKENS || id > INT32_MAX || (id < 0 && !json_is_null(token))) {
      status s = fail(a, STATUS_INPUT, "\"forced_decoder_ids\" is out of range");
      return fail_expected(a, fail_file(a, s, file), "positions from 1 to %d", FOLDER_MAX_FORCED_TOKENS);
    }
    f->forced_tokens[at - 1] = id;
    if (at > f->forced_token_count) f->forced_token_count = (int)at;
  }
  return OK;
}

/* Names under which configurations state the longest text. */
static const char *const position_keys[] = {"n_positions", "max_position_embeddings", "n_ctx", "max_seq_len",
                                            "max_target_positions"};

static status read_fields(arena *a, const char *file, const json_t *object, model_folder *f) {
  if (!json_is_object(object)) {
    return fail_file(a, fail_expected(a, fail(a, STATUS_INPUT, "is not a configuration"), "a JSON object"),
                     file);
  }
  for (size_t i = 0; i < sizeof position_keys / sizeof *position_keys; i++) {
    TRY(read_integer(a, file, object, position_keys[i], 1, &f->positions));
  }
  TRY(read_integer(a, file, object, "vocab_size", 1, &f->vocab_size));
  TRY(read_integer(a, file, object, "bos_token_id", 0, &f->bos_token));
  TRY(read_integer(a, file, object, "pad_token_id", -1, &f->pad_token)); /* Llama 2's says -1: none */
  TRY(read_integer(a, file, object, "decoder_start_token_id", 0, &f->decoder_start_token));
  TRY(read_integer(a, file, object, "nb_max_frames", 1, &f->frames));
  TRY(read_integer(a, file, object, "chunk_length", 1, &f->chunk_seconds));
  TRY(read_integer(a, file, object, "sampling_rate", 1, &f->sampling_rate));
  TRY(read_end_tokens(a, file, object, f));
  TRY(read_forced_tokens(a, file, object, f));
  return folder_read_choices(a, file, object, f);
}

status folder_read_json(arena *a, const char *file, json_t **value) {
  return json_file_read(a, file, value);
}

/* processor_config.json, which newer folders have, holds what was a file of its own. */
static json_t *preprocessor_in(const json_t *object) {
  json_t *sound = json_object_get(object, "feature_extractor"),
         *images = json_object_get(object, "image_processor");
  return json_is_object(sound) ? sound : json_is_object(images) ? images : NULL;
}

status folder_read_preprocessor(arena *a, const char *file, json_t **value) {
  TRY(folder_read_json(a, file, value));
  json_t *part = json_incref(preprocessor_in(*value));
  if (!part) return OK;
  json_decref(*value);
  *value = part;
  return OK;
}

static status read_configuration(arena *a, const char *file, model_folder *f) {
  json_t *object;
  if (!file) return OK;
  TRY(file == f->preprocessor_file ? folder_read_preprocessor(a, file, &object)
                                   : folder_read_json(a, file, &object));
  status s = read_fields(a, file, object, f);
  json_decref(object);
  return s;
}

static status find_preprocessor(arena *a, const char *home, model_folder *f) {
  json_t *object;
  f->preprocessor_file = if_exists(a, home, "preprocessor_config.json");
  const char *newer = if_exists(a, home, "processor_config.json");
  if (f->preprocessor_file || !newer) return OK;
  TRY(folder_read_json(a, newer, &object));
  if (preprocessor_in(object)) f->preprocessor_file = newer;
  json_decref(object);
  return OK;
}

/* Where the other pieces lie of a model in `folder`: beside it, or, in a subfolder "onnx", a level above. */
static const char *folder_of_rest(arena *a, const char *folder) {
  const char *slash = strrchr(folder, '/'), *name = slash ? slash + 1 : folder;
  if (strcmp(name, "onnx") != 0 || if_exists(a, folder, "config.json")) return folder;
  char *above = arena_text(a, slash ? folder : ".");
  if (slash) above[slash == folder ? 1 : slash - folder] = 0;
  return above;
}

status folder_open(arena *a, const char *path, model_folder *f) {
  *f =
      (model_folder){.name = base_name(a, path), .bos_token = -1, .pad_token = -1, .decoder_start_token = -1};
  f->choices.length_penalty = 1;
  const char *home = path;
  if (file_is_folder(path)) {
    TRY(find_model(a, path, f));
  } else if (file_exists(path)) {
    char *copy = arena_text(a, path), *slash = strrchr(copy, '/');
    if (slash) slash[slash == copy] = 0;
    f->model = path;
    home = folder_of_rest(a, slash ? copy : ".");
  } else {
    status s = fail(a, STATUS_INPUT, "no such file or folder");
    return fail_file(a, s, path);
  }
  f->home = home;
  f->tokenizer = tok_locate(a, home);
  f->config_file = if_exists(a, home, "config.json");
  f->generation_file = if_exists(a, home, "generation_config.json");
  TRY(find_preprocessor(a, home, f));
  TRY(read_configuration(a, f->preprocessor_file, f));
  TRY(read_configuration(a, f->config_file, f));
  return read_configuration(a, f->generation_file, f);
}
