/*
 * engine_ort.c: a model folder in ONNX Runtime, by way of the oracle (tests/oracle). What present.* gives is
 * fed to past_key_values.* as it is, without a copy of ours.
 */
#include "decoder.h"
#include "engine.h"
#include "oracle_error.h"

#include <stdlib.h>
#include <string.h>

struct engine {
  ort_api api;
  decoder decoder; /* a graph without a cache: its `first` alone */
  ort_value *result;
};

engine *engine_open(const engine_options *options) {
  engine *e = oracle_array(1, sizeof *e);
  e->api = ort_load(NULL);
  e->decoder = decoder_open(&e->api, options->model, options->threads);
  return e;
}

static void drop_result(engine *e) {
  if (e->result) e->api.ReleaseValue(e->result);
  e->result = NULL;
}

void engine_close(engine *e) {
  drop_result(e);
  decoder_close(&e->decoder);
  free(e);
}

engine_kind engine_kind_of(const engine *e) {
  if (e->decoder.encoder.handle) return ENGINE_ENCODER_DECODER;
  return e->decoder.keeps_past ? ENGINE_DECODER : ENGINE_ENCODER;
}

void engine_reset(engine *e) {
  decoder_reset(&e->decoder);
}

/* The last row of [batch, rows, width]; or everything, of an encoder. */
static engine_result take_result(engine *e, ort_value *value, bool last_row) {
  drop_result(e);
  e->result = value;
  tensor t = tensor_of(&e->api, value);
  size_t count = tensor_element_count(&t), width = last_row ? (size_t)t.dims[t.rank - 1] : count;
  if (t.element_type != ELEMENT_F32) engine_die("ONNX Runtime: the first output is not f32");
  return (engine_result){.data = (const float *)t.data + (count - width), .count = width};
}

static int64_t *widen(const int32_t *ids, size_t count) {
  int64_t *wide = oracle_array(count, sizeof *wide);
  for (size_t i = 0; i < count; i++) wide[i] = ids[i];
  return wide;
}

engine_result engine_read(engine *e, const int32_t *ids, size_t count) {
  int64_t *wide = widen(ids, count);
  ort_value *logits = decoder_step(&e->decoder, wide, count);
  free(wide);
  return take_result(e, logits, true);
}

/* Input `index` of an encoder: ids, a mask of ones, or token types of zeros, [batch, tokens]. */
static ort_value *encoder_input(const session *s, size_t index, const int32_t *ids, size_t batch,
                                size_t tokens) {
  int64_t dims[2] = {(int64_t)batch, (int64_t)tokens};
  const char *name = s->input_names[index];
  ort_value *value = tensor_new(s->api, ELEMENT_I64, 2, dims);
  int64_t *numbers = tensor_of(s->api, value).data;
  for (size_t i = 0; i < batch * tokens; i++)
    numbers[i] = strstr(name, "mask") ? 1 : strstr(name, "token_type") ? 0 : ids[i];
  return value;
}

engine_result engine_encode(engine *e, const int32_t *ids, size_t batch, size_t tokens) {
  if (engine_kind_of(e) == ENGINE_ENCODER_DECODER) {
    int64_t *wide = widen(ids, tokens);
    decoder_encode(&e->decoder, wide, tokens, NULL);
    free(wide);
    return (engine_result){0};
  }
  const session *s = &e->decoder.first;
  ort_value **feeds = oracle_array(s->input_count, sizeof *feeds);
  ort_value **outputs = oracle_array(s->output_count, sizeof *outputs);
  for (size_t i = 0; i < s->input_count; i++) feeds[i] = encoder_input(s, i, ids, batch, tokens);
  session_run(s, feeds, outputs);
  for (size_t i = 0; i < s->input_count; i++) e->api.ReleaseValue(feeds[i]);
  for (size_t i = 1; i < s->output_count; i++) e->api.ReleaseValue(outputs[i]);
  ort_value *first = outputs[0];
  free(feeds);
  free(outputs);
  return take_result(e, first, false);
}
