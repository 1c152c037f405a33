/*
 * hearing.c: how a model hears: what its feature extractor does with samples (preprocessor_config.json), and
 * the tokens by which it is told what to write (generation_config.json).
 */
#include "driver/hearing.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/* ---- fields ---- */

typedef struct {
  compilation *c;
  const char *file;
  const json_t *object;
} source;

static status out_of_range(const source *from, const char *key) {
  status s = fail(&from->c->arena, STATUS_INPUT, "\"%s\" is out of range", key);
  return fail_file(&from->c->arena, s, from->file);
}

/* An integer from `lowest` to `highest`; where there is none, *value stays. */
static status read_whole(const source *from, const char *key, int64_t lowest, int64_t highest,
                         int32_t *value) {
  const json_t *field = json_object_get(from->object, key);
  if (!field || json_is_null(field)) return OK;
  if (!json_is_integer(field)) return folder_wrong_type(&from->c->arena, from->file, key, "an integer");
  int64_t number = json_integer_value(field);
  if (number < lowest || number > highest) return out_of_range(from, key);
  *value = (int32_t)number;
  return OK;
}

static status read_threshold(const source *from, const char *key, float *value) {
  const json_t *field = json_object_get(from->object, key);
  if (!field || json_is_null(field)) return OK;
  if (!json_is_number(field)) return folder_wrong_type(&from->c->arena, from->file, key, "a number");
  *value = (float)json_number_value(field);
  return OK;
}

static status read_flag(const source *from, const char *key, uint32_t *value) {
  const json_t *field = json_object_get(from->object, key);
  if (!field || json_is_null(field)) return OK;
  if (!json_is_boolean(field)) return folder_wrong_type(&from->c->arena, from->file, key, "true or false");
  *value = json_is_true(field);
  return OK;
}

/* ---- what becomes of samples ---- */

enum { MOST_SAMPLES = 1 << 24 }; /* of a window, as runtime/core/manifest.c has it */

static status wrong_input(const source *from, const char *what, const char *key, int64_t expected) {
  arena *a = &from->c->arena;
  status s = fail_node(a, fail(a, STATUS_INPUT, "%s", what), "\"%s\"", key);
  return fail_file(a, fail_expected(a, s, "%lld", (long long)expected), from->file);
}

/* As WhisperFeatureExtractor. */
static status describe_features(const source *from, const plan_io *input) {
  enum { LEAST_FFT = 4, MOST_FFT = 1 << 15, MOST_BANDS = 1024 };
  smelt_manifest_hearing *h = &from->c->hearing;
  int32_t seconds = 30;
  int64_t bands, frames;
  h->fft_size = 400;
  h->hop = 160;
  h->bands = 80;
  TRY(read_whole(from, "n_fft", LEAST_FFT, MOST_FFT, &h->fft_size));
  TRY(read_whole(from, "hop_length", 1, MOST_FFT, &h->hop));
  TRY(read_whole(from, "feature_size", 1, MOST_BANDS, &h->bands));
  TRY(read_whole(from, "chunk_length", 1, MOST_SAMPLES / h->rate, &seconds));
  h->window = seconds * h->rate;
  if (h->window < h->hop || h->window <= h->fft_size) return out_of_range(from, "chunk_length");
  if (!ir_dim_is_const(input->dims[1], &bands) || bands != h->bands)
    return wrong_input(from, "the encoder reads another number of features", "feature_size", bands);
  if (ir_dim_is_const(input->dims[2], &frames) && frames != h->window / h->hop)
    return wrong_input(from, "the encoder reads another number of frames", "nb_max_frames", frames);
  return OK;
}

/* As Wav2Vec2FeatureExtractor. */
static void describe_samples(const source *from, const plan_io *input) {
  smelt_manifest_hearing *h = &from->c->hearing;
  int64_t most = ir_dim_maximum(from->c->module, input->dims[1]);
  h->hop = 1;
  h->window = (int32_t)(most < MOST_SAMPLES ? most : MOST_SAMPLES);
  h->normalises = 1;
}

/* Whether the feature extractor is one that programs have. */
static bool is_known(const source *from, const plan_io *input) {
  const char *type = json_string_value(json_object_get(from->object, "feature_extractor_type"));
  if (input->dtype != SMELT_F32 || !type) return false;
  return strcmp(type, input->rank == 3 ? "WhisperFeatureExtractor" : "Wav2Vec2FeatureExtractor") == 0;
}

static status describe_sound(const source *from, const plan_io *input) {
  enum { LEAST_RATE = 1000, MOST_RATE = 192000 };
  smelt_manifest_hearing *h = &from->c->hearing;
  h->rate = 16000;
  TRY(read_whole(from, "sampling_rate", LEAST_RATE, MOST_RATE, &h->rate));
  if (input->rank == 3)
    TRY(describe_features(from, input));
  else
    describe_samples(from, input);
  return read_flag(from, "do_normalize", &h->normalises);
}

/* ---- tokens ---- */

static status read_token(const source *from, const char *key, int32_t *token) {
  return read_whole(from, key, 0, from->c->generation.vocab_size - 1, token);
}

/* {"<|en|>": 50259, ...} */
static status read_languages(const source *from) {
  compilation *c = from->c;
  json_t *languages = json_object_get(from->object, "lang_to_id"), *token;
  const char *name;
  size_t count = json_object_size(languages);
  c->language_codes = ARENA_ARRAY(&c->arena, const char *, count + 1);
  c->language_tokens = ARENA_ARRAY(&c->arena, int32_t, count + 1);
  source inner = {c, from->file, languages};
  json_object_foreach(languages, name, token) {
    uint32_t i = c->hearing.language_count;
    size_t length = strlen(name);
    bool is_marked = length > 4 && strncmp(name, "<|", 2) == 0 && strcmp(name + length - 2, "|>") == 0;
    char *code = arena_text(&c->arena, is_marked ? name + 2 : name);
    if (is_marked) code[length - 4] = 0;
    if (!*code || json_is_null(token)) return out_of_range(from, "lang_to_id");
    c->language_codes[i] = code;
    TRY(read_token(&inner, name, &c->language_tokens[i]));
    c->hearing.language_count++;
  }
  return OK;
}

static status describe_tokens(const source *from) {
  smelt_manifest_hearing *h = &from->c->hearing;
  source tasks = {from->c, from->file, json_object_get(from->object, "task_to_id")};
  TRY(read_token(from, "no_timestamps_token_id", &h->no_timestamps_token));
  TRY(read_token(&tasks, "transcribe", &h->transcribe_token));
  TRY(read_token(&tasks, "translate", &h->translate_token));
  TRY(read_whole(from, "max_initial_timestamp_index", 0, INT32_MAX, &h->most_initial_time));
  TRY(read_flag(from, "return_timestamps", &h->tells_times));
  TRY(read_threshold(from, "no_speech_threshold", &h->no_speech_threshold));
  TRY(read_threshold(from, "logprob_threshold", &h->logprob_threshold));
  return read_languages(from);
}

/* ---- all of it ---- */

static status describe(compilation *c, const json_t *preprocessor, const json_t *generation) {
  const plan_io *input = &c->plan->entries[c->generation.encode_entry].inputs[0];
  source sound = {c, c->folder.preprocessor_file, preprocessor};
  source tokens = {c, c->folder.generation_file, generation};
  if (!is_known(&sound, input)) return OK;
  TRY(describe_sound(&sound, input));
  TRY(describe_tokens(&tokens));
  c->hears = true;
  return OK;
}

void hearing_describe(compilation *c) {
  json_t *preprocessor = NULL, *generation = NULL;
  const model_folder *f = &c->folder;
  if (!c->is_generator || c->generation.encode_entry == SMELT_NONE || c->generation.max_encoder_tokens != 0 ||
      !f->preprocessor_file)
    return;
  c->hearing = (smelt_manifest_hearing){.no_timestamps_token = SMELT_NONE,
                                        .transcribe_token = SMELT_NONE,
                                        .translate_token = SMELT_NONE,
                                        .most_initial_time = SMELT_NONE,
                                        .no_speech_threshold = NAN,
                                        .logprob_threshold = NAN};
  status s = folder_read_preprocessor(&c->arena, f->preprocessor_file, &preprocessor);
  if (!s && f->generation_file) s = folder_read_json(&c->arena, f->generation_file, &generation);
  if (!s) s = describe(c, preprocessor, generation);
  json_decref(preprocessor);
  json_decref(generation);
  if (s) print_warning(fail_hint(&c->arena, s, "the program takes features as .npy files, not sound"));
}
