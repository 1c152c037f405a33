/* text_graph.c: a text through a graph over token ids: what the graph takes is made from the text's tokens.
 */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>

/* The value of an input at a token; padding lies behind the text where the graph's size is fixed. */
typedef int64_t token_value(const smelt_manifest_reader *r, const app_reading *reading, int64_t at);

static int64_t id_value(const smelt_manifest_reader *r, const app_reading *reading, int64_t at) {
  return at < reading->count ? reading->ids[at] : r->pad_token;
}

static int64_t mask_value(const smelt_manifest_reader *r, const app_reading *reading, int64_t at) {
  (void)r;
  return at < reading->count;
}

static int64_t type_value(const smelt_manifest_reader *r, const app_reading *reading, int64_t at) {
  (void)r;
  return reading->types && at < reading->count ? reading->types[at] : 0;
}

static int64_t position_value(const smelt_manifest_reader *r, const app_reading *reading, int64_t at) {
  (void)r, (void)reading;
  return at;
}

/* How many tokens each text of a run has, with padding. */
static int64_t run_length(const smelt_manifest_reader *r, app_reading *const *readings, int64_t count) {
  int64_t length = r->is_fixed ? r->max_tokens : 0;
  for (int64_t row = 0; row < count && !r->is_fixed; row++)
    if (readings[row]->count > length) length = readings[row]->count;
  return length;
}

/* Runs the graph on count texts of `length` tokens; `data` has room for four inputs of them. */
static smelt_result run(smelt_model *model, app_reading *const *readings, int64_t count, int64_t length,
                        int64_t *data, smelt_tensor *outputs) {
  const smelt_manifest_reader *r = model->manifest.reader;
  const struct {
    int32_t input;
    token_value *value;
  } wanted[] = {{r->ids_input, id_value},
                {r->mask_input, mask_value},
                {r->types_input, type_value},
                {r->positions_input, position_value}};
  enum { WANTED = sizeof wanted / sizeof wanted[0] };
  const smelt_manifest_tensor *inputs =
      rt_manifest_tensors(&model->manifest, model->manifest.entries[0].inputs);
  smelt_tensor tensors[WANTED];
  for (int i = 0; i < WANTED; i++, data += count * length) {
    if (wanted[i].input == SMELT_NONE) continue;
    uint32_t dtype = inputs[wanted[i].input].dtype;
    int32_t *narrow = (int32_t *)(void *)data;
    for (int64_t at = 0; at < count * length; at++) {
      int64_t value = wanted[i].value(r, readings[at / length], at % length);
      if (dtype == SMELT_I32)
        narrow[at] = (int32_t)value;
      else
        data[at] = value;
    }
    tensors[i] =
        (smelt_tensor){.dtype = (smelt_dtype)dtype, .rank = 2, .dims = {count, length}, .data = data};
    model->inputs[wanted[i].input] = &tensors[i];
  }
  return rt_run(model, 0, outputs);
}

/* Number `row` of the answers, of `count` texts: one row, or one for each token; of SMELT_HEAD_ANSWERS a
 * number for each. Returns what is wrong, or NULL. */
static const char *take_answer(const smelt_model *model, int64_t row, int64_t count, int64_t length,
                               const smelt_tensor *outputs, app_reading *reading) {
  const smelt_manifest_reader *r = model->manifest.reader;
  const smelt_tensor *output = &outputs[r->output];
  bool is_answer = r->head == SMELT_HEAD_ANSWERS, is_one_row = output->rank == 2 && !is_answer;
  reading->row_count = is_one_row ? 1 : reading->count;
  reading->columns = is_answer ? 1 : output->dims[output->rank - 1];
  if (output->dims[0] != count || (!is_one_row && output->dims[1] != length) ||
      (is_answer && outputs[r->last_output].dims[1] != length))
    return "the model's output has no row for each token";
  if (reading->columns < 1 || (r->label_count && reading->columns != r->label_count))
    return "the model's output has no column for each label";
  int64_t first = row * reading->columns * (is_one_row ? 1 : length);
  reading->rows = (const float *)output->data + first;
  if (is_answer) reading->last_rows = (const float *)outputs[r->last_output].data + first;
  return NULL;
}

/* The answers of all, which lie in the model's memory. Returns what is wrong, or NULL. */
static const char *run_readings(smelt_model *model, app_reading *const *readings, int64_t count) {
  int64_t length = run_length(model->manifest.reader, readings, count);
  uint64_t places = (uint64_t)count * (uint64_t)length;
  int64_t *data = places <= SIZE_MAX ? calloc((size_t)places, 4 * sizeof *data) : NULL;
  smelt_tensor *outputs = calloc(model->manifest.entries[0].output_count, sizeof *outputs);
  const char *wrong = data && outputs ? NULL : "out of memory";
  if (!wrong && run(model, readings, count, length, data, outputs)) wrong = smelt_error(model);
  for (int64_t row = 0; row < count && !wrong; row++)
    wrong = take_answer(model, row, count, length, outputs, readings[row]);
  free(data);
  free(outputs);
  return wrong;
}

bool app_run_readings(smelt_model *model, app_reading *const *readings, int64_t count) {
  return !run_readings(model, readings, count);
}

static int check_ids(const smelt_model *model, const app_text *text, const app_reading *reading) {
  if (reading->count == 0) return app_fail_text(text, "the text has no tokens");
  for (int32_t i = 0; i < reading->count; i++)
    if ((uint32_t)reading->ids[i] >= model->tokenizer.header->vocab_size)
      return app_fail_text(text, "token %d: expected 0 to %u, found %d", (int)i,
                           model->tokenizer.header->vocab_size - 1, (int)reading->ids[i]);
  return APP_OK;
}

int app_run_reading(smelt_model *model, const app_text *text, app_reading *reading) {
  int code = check_ids(model, text, reading);
  if (code) return code;
  code = text->batch ? text->batch->read(text->batch, reading) : APP_ALONE;
  if (code != APP_ALONE) return code;
  const char *wrong = run_readings(model, &reading, 1);
  return wrong ? app_fail_text(text, "%s", wrong) : APP_OK;
}

int app_read_text(smelt_model *model, const app_text *text, app_reading *reading) {
  *reading = (app_reading){0};
  int code = app_text_ids(model, text, model->manifest.reader->max_tokens, &reading->ids, &reading->count);
  return code == APP_OK ? app_run_reading(model, text, reading) : code;
}

void app_reading_free(app_reading *reading) {
  free(reading->ids);
  free(reading->types);
}

double app_log_sum(const float *logits, int64_t count) {
  double highest = logits[0], sum = 0;
  for (int64_t i = 1; i < count; i++)
    if (logits[i] > highest) highest = logits[i];
  for (int64_t i = 0; i < count; i++) sum += rt_exponential(logits[i] - highest);
  return highest + rt_logarithm(sum);
}
