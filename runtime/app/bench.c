/*
 * bench.c: --bench: a loaded program that does the work it is told to, timed.
 * Each line on standard input is answered by one line of JSON on standard
 * output; `smelt bench` is the other side.
 *
 *     facts                       what the program is
 *     prompt TOKENS MS            read TOKENS ids, again and again for at least MS   -> {"ns":N} per time
 *     generate CONTEXT COUNT      COUNT ids one by one after CONTEXT others          -> {"ns":N} per token
 *     encode SIZE MS, run SIZE MS the encoder, or the first entry, its symbolic sizes at most SIZE
 *     profile WORD NUMBER NUMBER  the same once, as --profile-json writes it
 *     memory                      -> {"bytes":N} most resident memory so far (VmHWM)
 *
 * Ids are fixed, nothing is sampled: models are timed, not samplers.
 */
#define _GNU_SOURCE
#include "app/app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_CAPACITY = 256, MOST_WORDS = 4, MOST_NUMBER = 1 << 30 };

typedef struct {
  smelt_model *model;
  app_output out;
  rt_limits limits;
  bool has_limits;
} bench;

typedef smelt_result bench_work(bench *b, int64_t size, int64_t count, int64_t *ns);

/* ---- inputs made up ---------------------------------------------------------------------- */

/* Whole numbers are ids unless the name says otherwise; others lie in [0, 1). Zero bits suit all the rest. */
static void fill_input(const bench *b, const char *name, smelt_tensor *tensor, int64_t count) {
  enum { STRIDE = 7919, FEWEST_IDS = 64 };
  const smelt_manifest_generation *g = b->model->manifest.generation;
  int64_t id_count = g && g->vocab_size > FEWEST_IDS ? g->vocab_size : FEWEST_IDS;
  for (int64_t i = 0; i < count; i++) {
    int64_t id = strstr(name, "mask") ? 1 : strstr(name, "type") ? 0 : (i * STRIDE + 17) % id_count;
    if (tensor->dtype == SMELT_I64) ((int64_t *)tensor->data)[i] = id;
    if (tensor->dtype == SMELT_I32) ((int32_t *)tensor->data)[i] = (int32_t)id;
    if (tensor->dtype == SMELT_F32) ((float *)tensor->data)[i] = (float)(id % 64) / 64;
    if (tensor->dtype == SMELT_BOOL) ((uint8_t *)tensor->data)[i] = 1;
  }
}

/* Symbols that are a batch are 1, the others `size` or their maximum. */
static void choose_sizes(smelt_model *model, int64_t size) {
  for (uint32_t i = 0; i < model->manifest.header->symbol_count; i++) {
    const smelt_manifest_symbol *symbol = &model->manifest.symbols[i];
    int64_t wanted = strstr(rt_manifest_text(&model->manifest, symbol->name), "batch") ? 1 : size;
    model->symbols[i] = wanted < symbol->maximum ? wanted : symbol->maximum;
  }
}

static smelt_result make_input(const bench *b, const smelt_manifest_tensor *described, smelt_tensor *tensor) {
  smelt_model *model = b->model;
  *tensor = (smelt_tensor){.dtype = (smelt_dtype)described->dtype, .rank = (int32_t)described->rank};
  int64_t count = 1;
  for (uint32_t axis = 0; axis < described->rank; axis++) {
    const int64_t *program = rt_dim_program(&model->manifest, described, axis);
    if (!rt_dim_value(program, model->symbols, &tensor->dims[axis]) || tensor->dims[axis] < 0 ||
        __builtin_mul_overflow(count, tensor->dims[axis], &count))
      return rt_fail(model, SMELT_TOO_LARGE, "an input has no such size");
  }
  tensor->data = calloc((size_t)count + 1, rt_dtype_bytes(described->dtype));
  if (!tensor->data) return rt_fail(model, SMELT_OUT_OF_MEMORY, "no memory for an input");
  fill_input(b, rt_manifest_text(&model->manifest, described->name), tensor, count);
  return SMELT_OK;
}

/* Runs `entry` with its symbolic sizes at most `size`; the call alone is timed. */
static smelt_result run_entry(bench *b, int32_t entry, int64_t size, int64_t *ns) {
  smelt_model *model = b->model;
  const smelt_manifest_entry *described = &model->manifest.entries[entry];
  const smelt_manifest_tensor *inputs = rt_manifest_tensors(&model->manifest, described->inputs);
  smelt_tensor *tensors = calloc(described->input_count + 1u, sizeof *tensors);
  if (!tensors) return rt_fail(model, SMELT_OUT_OF_MEMORY, "no memory for the inputs");
  choose_sizes(model, size);
  smelt_result result = SMELT_OK;
  for (uint32_t i = 0; i < described->input_count && !result; i++) {
    result = make_input(b, &inputs[i], &tensors[i]);
    model->inputs[i] = &tensors[i];
  }
  int64_t start_ns = rt_now_ns();
  if (!result) result = rt_run(model, entry, NULL);
  *ns += rt_now_ns() - start_ns;
  for (uint32_t i = 0; i < described->input_count; i++) free(tensors[i].data);
  memset(model->inputs, 0, described->input_count * sizeof *model->inputs);
  free(tensors);
  return result;
}

/* ---- the works ------------------------------------------------------------------------------ */

/* `count` tokens read by the decoder, in pieces as the program would. */
static smelt_result read_tokens(bench *b, int64_t count, int64_t *ns) {
  const smelt_manifest_generation *g = b->model->manifest.generation;
  smelt_result result = SMELT_OK;
  int64_t most = g->prefill_entry == SMELT_NONE ? 1 : g->prefill_tokens;
  for (int64_t piece; count > 0 && !result; count -= piece) {
    piece = count < most ? count : most;
    result = run_entry(b, piece == 1 ? g->decode_entry : g->prefill_entry, piece, ns);
  }
  return result;
}

/* A new text of `tokens` tokens. Behind an encoder, that reads them and the decoder its first one. */
static smelt_result work_prompt(bench *b, int64_t tokens, int64_t unused, int64_t *ns) {
  (void)unused;
  const smelt_manifest_generation *g = b->model->manifest.generation;
  smelt_reset(b->model);
  if (g->encode_entry == SMELT_NONE) return read_tokens(b, tokens, ns);
  smelt_result result = run_entry(b, g->encode_entry, tokens, ns);
  return result ? result : read_tokens(b, 1, ns);
}

static smelt_result work_generate(bench *b, int64_t context, int64_t count, int64_t *ns) {
  int64_t unused_ns = 0;
  rt_profile *profile = b->model->profile;
  b->model->profile = NULL; /* of the tokens that come, not of those that were there */
  smelt_result result = work_prompt(b, context, 0, &unused_ns);
  b->model->profile = profile;
  for (int64_t i = 0; i < count && !result; i++) result = read_tokens(b, 1, ns);
  if (count > 0) *ns /= count;
  return result;
}

static smelt_result work_encode(bench *b, int64_t size, int64_t unused, int64_t *ns) {
  (void)unused;
  return run_entry(b, b->model->manifest.generation->encode_entry, size, ns);
}

static smelt_result work_run(bench *b, int64_t size, int64_t unused, int64_t *ns) {
  (void)unused;
  return run_entry(b, 0, size, ns);
}

static const struct {
  const char *name;
  bench_work *work;
  bool generates, encodes; /* what a model has to be for it */
  bool repeats;            /* the second number is for how many ms */
} works[] = {
    {"prompt", work_prompt, true, false, true},
    {"generate", work_generate, true, false, false},
    {"encode", work_encode, true, true, true},
    {"run", work_run, false, false, true},
};
enum { WORK_COUNT = sizeof works / sizeof works[0] };

/* ---- answers -------------------------------------------------------------------------------- */

static void answer_number(bench *b, const char *name, int64_t value) {
  app_write_text(&b->out, "{\"");
  app_write_text(&b->out, name);
  app_write_text(&b->out, "\":");
  app_write_integer(&b->out, value);
  app_write_text(&b->out, "}\n");
}

static void answer_facts(bench *b) {
  const rt_manifest *manifest = &b->model->manifest;
  const smelt_manifest_generation *g = manifest->generation;
  bool has_encoder = g && g->encode_entry != SMELT_NONE;
  app_write_text(&b->out, "{\"model\":");
  app_write_json_text(&b->out, rt_manifest_text(manifest, manifest->header->model_name));
  app_write_text(&b->out, ",\"kind\":\"");
  app_write_text(&b->out, has_encoder ? "encoder-decoder" : g ? "decoder" : "graph");
  app_write_text(&b->out, "\",\"isa\":\"");
  app_write_text(&b->out, rt_isa_text(b->model->code->isa_level));
  app_write_text(&b->out, "\",\"threads\":");
  app_write_integer(&b->out, rt_team_thread_count(b->model->team));
  app_write_text(&b->out, ",\"parameters\":");
  app_write_integer(&b->out, (int64_t)manifest->header->parameters);
  app_write_text(&b->out, ",\"max_tokens\":");
  app_write_integer(&b->out, g ? b->model->max_tokens : 0);
  app_write_text(&b->out, ",\"max_encoder_tokens\":");
  app_write_integer(&b->out, g ? g->max_encoder_tokens : 0);
  app_write_text(&b->out, "}\n");
}

static smelt_result answer_time(bench *b, int work, int64_t size, int64_t count) {
  int64_t ns = 0, runs = 0, least_ns = works[work].repeats ? count * 1000000 : 0;
  smelt_result result;
  do {
    result = works[work].work(b, size, count, &ns);
    runs++;
  } while (!result && ns < least_ns);
  if (!result) answer_number(b, "ns", ns / runs);
  return result;
}

static smelt_result answer_profile(bench *b, int work, int64_t size, int64_t count) {
  smelt_model *model = b->model;
  int64_t ns = 0;
  if (!b->has_limits) b->limits = rt_limits_measure(model->team, model->code->isa_level);
  b->has_limits = true;
  model->profile = rt_profile_create(&model->manifest, rt_team_thread_count(model->team));
  if (!model->profile) return rt_fail(model, SMELT_OUT_OF_MEMORY, "no memory for a profile");
  smelt_result result = works[work].work(b, size, count, &ns);
  if (!result) app_write_profile_json(&b->out, model, &b->limits);
  rt_profile_free(model->profile);
  model->profile = NULL;
  return result;
}

/* ---- the protocol -------------------------------------------------------------------------- */

static int find_work(const bench *b, const char *word) {
  const smelt_manifest_generation *g = b->model->manifest.generation;
  for (int i = 0; i < WORK_COUNT; i++) {
    if (strcmp(word, works[i].name) != 0) continue;
    bool fits =
        works[i].generates == (g != NULL) && (!works[i].encodes || (g && g->encode_entry != SMELT_NONE));
    return fits ? i : -1;
  }
  return -1;
}

/* False: there is no such command. */
static bool answer(bench *b, char *line, smelt_result *result) {
  char *words[MOST_WORDS] = {0};
  int word_count = 0;
  for (char *word = strtok(line, " "); word && word_count < MOST_WORDS; word = strtok(NULL, " "))
    words[word_count++] = word;
  *result = SMELT_OK;
  if (word_count == 1 && !strcmp(words[0], "facts")) return answer_facts(b), true;
  if (word_count == 1 && !strcmp(words[0], "memory"))
    return answer_number(b, "bytes", rt_host_peak_memory()), true;
  bool profiles = word_count > 0 && !strcmp(words[0], "profile");
  if (word_count != 3 + profiles) return false;
  int work = find_work(b, words[profiles]);
  uint64_t size = strtoull(words[1 + profiles], NULL, 10), count = strtoull(words[2 + profiles], NULL, 10);
  if (work < 0 || size < 1 || size > MOST_NUMBER || count > MOST_NUMBER) return false;
  *result = profiles ? answer_profile(b, work, (int64_t)size, (int64_t)count)
                     : answer_time(b, work, (int64_t)size, (int64_t)count);
  return true;
}

/* The next line without its end; false at the end of standard input, or where it is too long. */
static bool read_line(char *line) {
  for (size_t count = 0; count < LINE_CAPACITY; count++) {
    if (read(STDIN_FILENO, &line[count], 1) != 1) return false;
    if (line[count] != '\n') continue;
    line[count] = 0;
    return true;
  }
  return false;
}

int app_bench(smelt_model *model, const app_options *options) {
  bench b = {.model = model, .out = app_output_on(STDOUT_FILENO)};
  char line[LINE_CAPACITY];
  smelt_result result;
  while (read_line(line)) {
    if (!answer(&b, line, &result))
      return app_fail(APP_USAGE, "%s: --bench: there is no such command for this model", options->program);
    if (result) return app_fail(APP_INPUT, "%s: %s", options->program, smelt_error(model));
    if (!app_flush(&b.out)) return APP_INPUT;
  }
  return APP_OK;
}
