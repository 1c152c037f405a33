/* folder_choices.c: how a configuration wants tokens to be chosen; one row for each of its numbers. */
#include "driver/folder.h"
#include "driver/diagnostics.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const double any = INFINITY;

static const struct {
  const char *key;
  size_t field; /* of smelt_manifest_choices */
  bool is_whole;
  double lowest, highest;
} number_rows[] = {
#define WHOLE(key, name, lowest, highest) {key, offsetof(smelt_manifest_choices, name), true, lowest, highest}
#define SHARE(key, name)                  {key, offsetof(smelt_manifest_choices, name), false, 0, 1}
#define REAL(key, name, lowest, highest) {key, offsetof(smelt_manifest_choices, name), false, lowest, highest}
    WHOLE("max_new_tokens", max_new_tokens, 1, INT32_MAX),
    WHOLE("min_new_tokens", min_new_tokens, 0, INT32_MAX),
    WHOLE("max_length", max_length, 1, INT32_MAX),
    WHOLE("min_length", min_length, 0, INT32_MAX),
    WHOLE("encoder_no_repeat_ngram_size", source_no_repeat_ngram, 0, INT32_MAX),
    WHOLE("no_repeat_ngram_size", no_repeat_ngram, 0, INT32_MAX),
    WHOLE("top_k", top_k, 0, INT32_MAX),
    WHOLE("num_beams", beams, 1, SMELT_MAX_BEAMS),
    WHOLE("num_beam_groups", beam_groups, 1, SMELT_MAX_BEAMS),
    WHOLE("num_return_sequences", samples, 1, INT32_MAX),
    REAL("temperature", temperature, 0, any),
    SHARE("top_p", top_p),
    SHARE("min_p", min_p),
    SHARE("typical_p", typical_p),
    SHARE("epsilon_cutoff", epsilon_cutoff),
    SHARE("eta_cutoff", eta_cutoff),
    REAL("repetition_penalty", repetition_penalty, 0, any),
    REAL("encoder_repetition_penalty", source_penalty, 0, any),
    REAL("length_penalty", length_penalty, -SMELT_MAX_LENGTH_PENALTY, SMELT_MAX_LENGTH_PENALTY),
    REAL("diversity_penalty", diversity_penalty, 0, any),
#undef WHOLE
#undef SHARE
#undef REAL
};

static status read_number(arena *a, const char *file, const json_t *object, size_t row, model_folder *f) {
  const char *key = number_rows[row].key;
  const json_t *field = json_object_get(object, key);
  void *to = (char *)&f->choices + number_rows[row].field;
  if (!field || json_is_null(field)) return OK;
  if (number_rows[row].is_whole ? !json_is_integer(field) : !json_is_number(field))
    return folder_wrong_type(a, file, key, number_rows[row].is_whole ? "an integer" : "a number");
  double number = json_number_value(field);
  if (!isfinite(number) || number < number_rows[row].lowest || number > number_rows[row].highest) {
    status s = fail(a, STATUS_INPUT, "\"%s\" is out of range", key);
    s = fail_expected(a, s, "%g to %g", number_rows[row].lowest, number_rows[row].highest);
    return fail_found(a, fail_file(a, s, file), "%g", number);
  }
  if (number_rows[row].is_whole) {
    *(int32_t *)to = (int32_t)number;
  } else {
    *(float *)to = (float)number;
  }
  return OK;
}

/* true, false or "never". */
static status read_early_stopping(arena *a, const char *file, const json_t *object, model_folder *f) {
  const json_t *field = json_object_get(object, "early_stopping");
  if (!field || json_is_null(field)) return OK;
  bool is_never = json_is_string(field) && strcmp(json_string_value(field), "never") == 0;
  if (!is_never && !json_is_boolean(field))
    return folder_wrong_type(a, file, "early_stopping", "true, false or \"never\"");
  f->choices.early_stopping = is_never              ? SMELT_STOP_NEVER
                              : json_is_true(field) ? SMELT_STOP_EARLY
                                                    : SMELT_STOP_BY_ESTIMATE;
  return OK;
}

/* Whether contrastive search is wanted, which programs do not have. */
static status read_contrast(arena *a, const char *file, const json_t *object, model_folder *f) {
  const json_t *field = json_object_get(object, "penalty_alpha");
  if (!field || json_is_null(field)) return OK;
  if (!json_is_number(field)) return folder_wrong_type(a, file, "penalty_alpha", "a number");
  f->contrasts = json_number_value(field) > 0;
  return OK;
}

/* Appends the list's ids to tokens. Negative ones, which some configurations have, are no tokens. */
static bool append_ids(const json_t *list, folder_tokens *to) {
  size_t i;
  const json_t *id;
  if (!json_is_array(list)) return false;
  json_array_foreach(list, i, id) {
    if (!json_is_integer(id) || json_integer_value(id) > INT32_MAX) return false;
    if (json_integer_value(id) >= 0) to->tokens[to->count++] = (int32_t)json_integer_value(id);
  }
  return true;
}

static status read_tokens(arena *a, const char *file, const json_t *object, const char *key,
                          folder_tokens *to) {
  const json_t *field = json_object_get(object, key);
  if (!field || json_is_null(field)) return OK;
  *to = (folder_tokens){.tokens = ARENA_ARRAY(a, int32_t, json_array_size(field) + 1)};
  return append_ids(field, to) ? OK : folder_wrong_type(a, file, key, "a list of token ids");
}

/* One id, or a list of them. */
static status read_token_or_tokens(arena *a, const char *file, const json_t *object, const char *key,
                                   folder_tokens *to) {
  const json_t *field = json_object_get(object, key);
  if (!json_is_integer(field)) return read_tokens(a, file, object, key, to);
  int64_t id = json_integer_value(field);
  if (id < 0 || id > INT32_MAX) return folder_wrong_type(a, file, key, "a token id");
  *to = (folder_tokens){.tokens = ARENA_ARRAY(a, int32_t, 1), .count = 1};
  to->tokens[0] = (int32_t)id;
  return OK;
}

/* [[[tokens], bias], ...] */
static status read_biases(arena *a, const char *file, const json_t *object, model_folder *f) {
  static const char key[] = "sequence_bias", expected[] = "a list of [token ids, number]";
  const json_t *field = json_object_get(object, key), *entry;
  size_t i, room = 1, count = 0;
  if (!field || json_is_null(field)) return OK;
  if (!json_is_array(field)) return folder_wrong_type(a, file, key, expected);
  json_array_foreach(field, i, entry) {
    room += json_array_size(json_array_get(entry, 0)) + 1;
  }
  f->biased = (folder_tokens){.tokens = ARENA_ARRAY(a, int32_t, room)};
  f->biases = ARENA_ARRAY(a, float, room);
  json_array_foreach(field, i, entry) {
    const json_t *bias = json_array_get(entry, 1);
    int32_t before = f->biased.count;
    if (!append_ids(json_array_get(entry, 0), &f->biased) || f->biased.count == before ||
        !json_is_number(bias))
      return folder_wrong_type(a, file, key, expected);
    f->biases[count++] = (float)json_number_value(bias);
    f->biased.tokens[f->biased.count++] = SMELT_NONE;
  }
  return OK;
}

/* [tokens before it begins, factor] */
static status read_decay(arena *a, const char *file, const json_t *object, model_folder *f) {
  static const char key[] = "exponential_decay_length_penalty";
  const json_t *field = json_object_get(object, key);
  const json_t *start = json_array_get(field, 0), *factor = json_array_get(field, 1);
  if (!field || json_is_null(field)) return OK;
  double number = json_number_value(factor);
  if (!json_is_integer(start) || !json_is_number(factor) || json_integer_value(start) < 0 ||
      json_integer_value(start) > INT32_MAX || !(number > 0) || !isfinite(number))
    return folder_wrong_type(a, file, key, "[tokens, factor], neither below 0");
  f->choices.decay_start = (int32_t)json_integer_value(start);
  f->choices.decay_factor = (float)number;
  return OK;
}

static status read_flag(arena *a, const char *file, const json_t *object, const char *key, bool *flag) {
  const json_t *field = json_object_get(object, key);
  if (!field || json_is_null(field)) return OK;
  if (!json_is_boolean(field)) return folder_wrong_type(a, file, key, "true or false");
  *flag = json_is_true(field);
  return OK;
}

/* What would make other texts and is not supported, where it is not as if it were not there. */
static void warn_of_others(arena *a, const char *file, const json_t *object) {
  static const struct {
    const char *key;
    double neutral;
  } others[] = {
      {"guidance_scale", 1}, {"force_words_ids", 0}, {"constraints", 0}, {"watermarking_config", 0}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    const json_t *field = json_object_get(object, others[i].key);
    bool is_neutral = json_is_number(field) && json_number_value(field) == others[i].neutral;
    if (!field || json_is_null(field) || is_neutral) continue;
    status s = fail(a, STATUS_INPUT, "\"%s\" is not supported", others[i].key);
    print_warning(fail_hint(a, fail_file(a, s, file), "the program writes as if it were not there"));
  }
}

static status read_bad_words(arena *a, const char *file, const json_t *object, folder_tokens *to) {
  static const char key[] = "bad_words_ids";
  const json_t *field = json_object_get(object, key), *word;
  size_t i, room = 1;
  if (!field || json_is_null(field)) return OK;
  json_array_foreach(field, i, word) {
    room += json_array_size(word) + 1;
  }
  *to = (folder_tokens){.tokens = ARENA_ARRAY(a, int32_t, room)};
  bool is_list = json_is_array(field);
  json_array_foreach(field, i, word) {
    int32_t before = to->count;
    is_list = is_list && append_ids(word, to) && to->count > before;
    to->tokens[to->count++] = SMELT_NONE;
  }
  return is_list ? OK : folder_wrong_type(a, file, key, "a list of lists of token ids");
}

status folder_read_choices(arena *a, const char *file, const json_t *object, model_folder *f) {
  for (size_t i = 0; i < sizeof number_rows / sizeof *number_rows; i++)
    TRY(read_number(a, file, object, i, f));
  TRY(read_early_stopping(a, file, object, f));
  TRY(read_contrast(a, file, object, f));
  TRY(read_tokens(a, file, object, "suppress_tokens", &f->suppressed));
  TRY(read_tokens(a, file, object, "begin_suppress_tokens", &f->suppressed_first));
  TRY(read_bad_words(a, file, object, &f->bad_words));
  TRY(read_token_or_tokens(a, file, object, "forced_bos_token_id", &f->forced_first));
  TRY(read_token_or_tokens(a, file, object, "forced_eos_token_id", &f->forced_last));
  TRY(read_biases(a, file, object, f));
  TRY(read_decay(a, file, object, f));
  bool renormalises = f->choices.renormalises;
  TRY(read_flag(a, file, object, "renormalize_logits", &renormalises));
  f->choices.renormalises = renormalises;
  warn_of_others(a, file, object);
  return read_flag(a, file, object, "do_sample", &f->samples);
}
