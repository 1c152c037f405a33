/* decoder.c: one step of a model folder: inputs by their hub names, caches from call to call. */
#include "decoder.h"

#include "oracle_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char past_prefix[] = "past_key_values.";
static const char present_prefix[] = "present.";

enum { PATH_CAPACITY = 4096 };

/* ---- files of a model folder ---- */

static bool find_file(char path[PATH_CAPACITY], const char *folder, const char *const *names) {
  static const char *const places[] = {"", "onnx/"};
  for (size_t n = 0; names[n]; n++) {
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
      struct stat info;
      int length = snprintf(path, PATH_CAPACITY, "%s/%s%s", folder, places[p], names[n]);
      if (length < PATH_CAPACITY && !stat(path, &info) && S_ISREG(info.st_mode)) return true;
    }
  }
  return false;
}

static const char *const encoder_files[] = {"encoder_model.onnx", NULL};
static const char *const decoder_files[] = {"model.onnx", "decoder_model_merged.onnx", "decoder_model.onnx",
                                            NULL};
static const char *const later_files[] = {"decoder_with_past_model.onnx", NULL};

bool decoder_folder_has_encoder(const char *folder) {
  char path[PATH_CAPACITY];
  return find_file(path, folder, encoder_files);
}

/* ---- inputs ---- */

/* [1, count] or, for rank 1, [count] whole numbers in the element type of input `index` */
static ort_value *whole_numbers(const session *s, size_t index, const int64_t *numbers, size_t count) {
  const tensor *input = &s->inputs[index];
  int64_t dims[2] = {1, (int64_t)count};
  bool flat = input->rank == 1;
  ort_value *value = tensor_new(s->api, input->element_type, flat ? 1 : 2, flat ? dims + 1 : dims);
  tensor t = tensor_of(s->api, value);
  for (size_t i = 0; i < count; i++) {
    switch (input->element_type) {
    case ELEMENT_I64:
      ((int64_t *)t.data)[i] = numbers[i];
      break;
    case ELEMENT_I32:
      ((int32_t *)t.data)[i] = (int32_t)numbers[i];
      break;
    case ELEMENT_BOOL:
      ((bool *)t.data)[i] = numbers[i] != 0;
      break;
    default:
      oracle_die(ORACLE_EXIT_FAILED, "input %s is not of whole numbers", s->input_names[index]);
    }
  }
  return value;
}

/* first, first + step, ... as the value of input `index` */
static ort_value *number_range(const session *s, size_t index, int64_t first, int64_t step, size_t count) {
  int64_t *numbers = oracle_array(count, sizeof *numbers);
  for (size_t i = 0; i < count; i++) numbers[i] = first + step * (int64_t)i;
  ort_value *value = whole_numbers(s, index, numbers, count);
  free(numbers);
  return value;
}

typedef struct {
  const decoder *d;
  const session *s;
  const int64_t *ids;
  size_t count;
  const tensor *features; /* of an encoder, or NULL */
} step_input;

static ort_value *make_ids(const step_input *in, size_t index) {
  return whole_numbers(in->s, index, in->ids, in->count);
}
static ort_value *make_mask(const step_input *in, size_t index) {
  return number_range(in->s, index, 1, 0, in->d->past_tokens + in->count);
}
static ort_value *make_positions(const step_input *in, size_t index) {
  return number_range(in->s, index, (int64_t)in->d->past_tokens, 1, in->count);
}
static ort_value *make_encoder_mask(const step_input *in, size_t index) {
  return number_range(in->s, index, 1, 0, in->d->encoder_tokens);
}
static ort_value *make_cache_branch(const step_input *in, size_t index) {
  return number_range(in->s, index, in->d->step_count > 0, 0, 1);
}

static ort_value *make_features(const step_input *in, size_t index) {
  if (!in->features) oracle_die(ORACLE_EXIT_FAILED, "input %s is not given", in->s->input_names[index]);
  const tensor *given = in->features;
  ort_value *value = tensor_new(in->s->api, given->element_type, given->rank, given->dims);
  memcpy(tensor_of(in->s->api, value).data, given->data, tensor_bytes(given));
  return value;
}

static const struct {
  const char *name;
  ort_value *(*make)(const step_input *in, size_t index);
} input_rows[] = {
    {"input_features", make_features},
    {"input_values", make_features},
    {"input_ids", make_ids},
    {"decoder_input_ids", make_ids},
    {"attention_mask", make_mask},
    {"decoder_attention_mask", make_mask},
    {"position_ids", make_positions},
    {"cache_position", make_positions},
    {"encoder_attention_mask", make_encoder_mask},
    {"use_cache_branch", make_cache_branch},
};

/* ---- keys and values ---- */

static cache_entry *cache_find(decoder *d, const char *name) {
  for (size_t i = 0; i < d->cache_count; i++)
    if (!strcmp(d->cache[i].name, name)) return &d->cache[i];
  return NULL;
}

static void cache_put(decoder *d, const char *name, ort_value *value) {
  cache_entry *entry = cache_find(d, name);
  if (!entry) {
    if (d->cache_count == d->cache_capacity) {
      size_t capacity = d->cache_capacity ? 2 * d->cache_capacity : 64;
      cache_entry *larger = oracle_array(capacity, sizeof *larger);
      if (d->cache_count) memcpy(larger, d->cache, d->cache_count * sizeof *larger);
      free(d->cache);
      d->cache = larger;
      d->cache_capacity = capacity;
    }
    entry = &d->cache[d->cache_count++];
    entry->name = oracle_array(strlen(name) + 1, 1);
    strcpy(entry->name, name);
  }
  if (entry->value) d->api->ReleaseValue(entry->value);
  entry->value = value;
}

static ort_value *empty_past(const session *s, size_t index) {
  tensor input = s->inputs[index];
  if (input.rank != 4 || input.dims[1] < 0 || input.dims[3] < 0)
    oracle_die(ORACLE_EXIT_FAILED, "input %s is not [batch, heads, past, head_dim] with both known",
               s->input_names[index]);
  int64_t dims[4] = {1, input.dims[1], 0, input.dims[3]};
  return tensor_new(s->api, input.element_type, 4, dims);
}

static ort_value *past_value(decoder *d, const session *s, size_t index) {
  const char *name = s->input_names[index] + sizeof past_prefix - 1;
  cache_entry *entry = cache_find(d, name);
  if (entry) return entry->value;
  ort_value *empty = empty_past(s, index);
  cache_put(d, name, empty);
  return empty;
}

/* Keys and values of the encoder's tokens never change: a merged decoder gives dummies for them after step
 * one. */
static bool is_kept(const decoder *d, const char *name) {
  return d->step_count == 0 || !strstr(name, ".encoder.");
}

/* ---- steps ---- */

static ort_value *make_input(const step_input *in, size_t index) {
  const char *name = in->s->input_names[index];
  for (size_t row = 0; row < sizeof input_rows / sizeof *input_rows; row++)
    if (!strcmp(name, input_rows[row].name)) return input_rows[row].make(in, index);
  oracle_die(ORACLE_EXIT_FAILED, "do not know what to feed input %s", name);
}

ort_value *decoder_step(decoder *d, const int64_t *ids, size_t count) {
  const session *s = d->step_count > 0 && d->later.handle ? &d->later : &d->first;
  ort_value **feeds = oracle_array(s->input_count, sizeof *feeds);
  bool *made_here = oracle_array(s->input_count, sizeof *made_here);
  ort_value **outputs = oracle_array(s->output_count, sizeof *outputs);
  step_input in = {.d = d, .s = s, .ids = ids, .count = count};

  for (size_t i = 0; i < s->input_count; i++) {
    if (!strncmp(s->input_names[i], past_prefix, sizeof past_prefix - 1)) {
      feeds[i] = past_value(d, s, i);
    } else if (!strcmp(s->input_names[i], "encoder_hidden_states")) {
      feeds[i] = d->encoder_hidden;
    } else {
      feeds[i] = make_input(&in, i);
      made_here[i] = true;
    }
  }
  session_run(s, feeds, outputs);

  ort_value *logits = NULL;
  for (size_t i = 0; i < s->output_count; i++) {
    const char *name = s->output_names[i];
    if (!strcmp(name, "logits"))
      logits = outputs[i];
    else if (!strncmp(name, present_prefix, sizeof present_prefix - 1) && is_kept(d, name))
      cache_put(d, name + sizeof present_prefix - 1, outputs[i]);
    else
      d->api->ReleaseValue(outputs[i]);
  }
  if (!logits) oracle_die(ORACLE_EXIT_FAILED, "the model has no output called logits");
  for (size_t i = 0; i < s->input_count; i++)
    if (made_here[i]) d->api->ReleaseValue(feeds[i]);
  free(feeds);
  free(made_here);
  free(outputs);
  if (d->keeps_past) d->past_tokens += count;
  d->step_count++;
  return logits;
}

/* ---- encoder ---- */

void decoder_encode(decoder *d, const int64_t *ids, size_t count, const tensor *features) {
  const session *s = &d->encoder;
  decoder_reset(d);
  ort_value **feeds = oracle_array(s->input_count, sizeof *feeds);
  ort_value **outputs = oracle_array(s->output_count, sizeof *outputs);
  step_input in = {.d = d, .s = s, .ids = ids, .count = count, .features = features};
  for (size_t i = 0; i < s->input_count; i++) feeds[i] = make_input(&in, i);
  session_run(s, feeds, outputs);
  for (size_t i = 0; i < s->input_count; i++) d->api->ReleaseValue(feeds[i]);
  for (size_t i = 1; i < s->output_count; i++) d->api->ReleaseValue(outputs[i]);
  d->encoder_hidden = outputs[0];
  d->encoder_tokens = count;
  free(feeds);
  free(outputs);
}

/* ---- opening ---- */

static bool has_past(const session *s) {
  for (size_t i = 0; i < s->input_count; i++)
    if (!strncmp(s->input_names[i], past_prefix, sizeof past_prefix - 1)) return true;
  return false;
}

decoder decoder_open(const ort_api *api, const char *folder, int threads) {
  decoder d = {.api = api};
  char path[PATH_CAPACITY];
  if (find_file(path, folder, encoder_files)) d.encoder = session_open(api, path, threads);
  if (!find_file(path, folder, decoder_files)) oracle_die(ORACLE_EXIT_FAILED, "no model file in %s", folder);
  d.first = session_open(api, path, threads);
  d.keeps_past = has_past(&d.first);
  if (!d.keeps_past && find_file(path, folder, later_files)) {
    d.later = session_open(api, path, threads);
    d.keeps_past = true;
  }
  return d;
}

void decoder_restart(decoder *d) {
  for (size_t i = 0; i < d->cache_count; i++) {
    d->api->ReleaseValue(d->cache[i].value);
    free(d->cache[i].name);
    d->cache[i] = (cache_entry){0};
  }
  d->cache_count = d->past_tokens = d->step_count = 0;
}

void decoder_reset(decoder *d) {
  decoder_restart(d);
  if (d->encoder_hidden) d->api->ReleaseValue(d->encoder_hidden);
  d->encoder_hidden = NULL;
  d->encoder_tokens = 0;
}

void decoder_close(decoder *d) {
  decoder_reset(d);
  free(d->cache);
  if (d->encoder.handle) session_close(&d->encoder);
  session_close(&d->first);
  if (d->later.handle) session_close(&d->later);
}
