/* engine_smelt.c: a model that `smelt build --emit lib --name tested` compiled, through smelt/model.h. */
#include "engine.h"

#include <smelt/model.h>

#include <stdlib.h>
#include <string.h>

extern const smelt_image smelt_model_tested;

struct engine {
  smelt_model *model;
  const char
      *prompt_entry; /* "prefill", or "decode" in a model that reads token by token; NULL: no decoder */
  const char *encoder_entry; /* NULL: none */
  int64_t *ids;              /* [id_count], as the model takes them */
  int64_t *ones, *zeros;     /* [id_count] */
  size_t id_count;
};

enum { MOST_INPUTS = 4, MOST_OUTPUTS = 256 };

static void check(const engine *e, smelt_result result) {
  if (result) engine_die("smelt: %s: %s", smelt_result_text(result), smelt_error(e->model));
}

static const char *find_entry(const engine *e, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (smelt_input_count(e->model, names[i]) >= 0) return names[i];
  return NULL;
}

engine *engine_open(const engine_options *options) {
  static const char *const readers[] = {"prefill", "decode"}, *const encoders[] = {"encode", "run"};
  engine *e = calloc(1, sizeof *e);
  if (!e) engine_die("out of memory");
  smelt_open_options open = {.threads = options->threads};
  smelt_result result = smelt_open(&smelt_model_tested, &open, &e->model);
  if (result) engine_die("smelt: %s", smelt_result_text(result));
  e->prompt_entry = find_entry(e, readers, 2);
  e->encoder_entry = find_entry(e, encoders, 2);
  return e;
}

void engine_close(engine *e) {
  smelt_close(e->model);
  free(e->ids);
  free(e->ones);
  free(e->zeros);
  free(e);
}

engine_kind engine_kind_of(const engine *e) {
  if (!e->prompt_entry) return ENGINE_ENCODER;
  return e->encoder_entry ? ENGINE_ENCODER_DECODER : ENGINE_DECODER;
}

void engine_reset(engine *e) {
  smelt_reset(e->model);
}

/* Room for `count` ids, and masks for them. */
static void reserve(engine *e, size_t count) {
  if (count <= e->id_count) return;
  int64_t **arrays[] = {&e->ids, &e->ones, &e->zeros};
  for (size_t i = 0; i < 3; i++) {
    free(*arrays[i]);
    *arrays[i] = calloc(count, sizeof(int64_t));
    if (!*arrays[i]) engine_die("out of memory");
  }
  for (size_t i = 0; i < count; i++) e->ones[i] = 1;
  e->id_count = count;
}

static int64_t *input_data(const engine *e, const char *name) {
  if (strstr(name, "mask")) return e->ones;
  if (strstr(name, "token_type")) return e->zeros;
  return e->ids;
}

static engine_result run(engine *e, const char *entry, const int32_t *ids, size_t batch, size_t tokens) {
  const char *names[MOST_INPUTS];
  smelt_tensor inputs[MOST_INPUTS], outputs[MOST_OUTPUTS];
  int32_t input_count = smelt_input_count(e->model, entry);
  if (input_count > MOST_INPUTS || smelt_output_count(e->model, entry) > MOST_OUTPUTS)
    engine_die("smelt: %s has more inputs or outputs than the bench has room for", entry);
  reserve(e, batch * tokens);
  for (size_t i = 0; i < batch * tokens; i++) e->ids[i] = ids[i];
  for (int32_t i = 0; i < input_count; i++) {
    smelt_tensor_info info;
    check(e, smelt_input_info(e->model, entry, i, &info));
    names[i] = info.name;
    inputs[i] = (smelt_tensor){.dtype = SMELT_I64, .rank = 2, .dims = {(int64_t)batch, (int64_t)tokens}};
    inputs[i].data = input_data(e, info.name);
  }
  check(e, smelt_run(e->model, entry, names, inputs, input_count, outputs));
  if (smelt_output_count(e->model, entry) == 0) return (engine_result){0};
  if (outputs[0].dtype != SMELT_F32) engine_die("smelt: the first output of %s is not f32", entry);
  engine_result result = {.data = outputs[0].data, .count = 1};
  for (int32_t axis = 0; axis < outputs[0].rank; axis++) result.count *= (size_t)outputs[0].dims[axis];
  return result;
}

engine_result engine_read(engine *e, const int32_t *ids, size_t count) {
  enum { PIECE_TOKENS = 512 }; /* what prefill takes at once, as programs read their prompts */
  if (!e->prompt_entry) engine_die("smelt: the model has no decoder");
  size_t most = strcmp(e->prompt_entry, "prefill") == 0 ? PIECE_TOKENS : 1;
  engine_result last = {0};
  for (size_t i = 0, piece; i < count; i += piece) {
    piece = count - i < most ? count - i : most;
    last = run(e, piece == 1 ? "decode" : "prefill", ids + i, 1, piece);
  }
  return last;
}

engine_result engine_encode(engine *e, const int32_t *ids, size_t batch, size_t tokens) {
  if (!e->encoder_entry) engine_die("smelt: the model has no encoder");
  return run(e, e->encoder_entry, ids, batch, tokens);
}
