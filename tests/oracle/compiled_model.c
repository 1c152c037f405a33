/*
 * compiled_model.c: what a compiled model says about token ids, in the oracle's terms, for comparison with
 * it.
 *
 *   compiled_model greedy  IDS COUNT              print COUNT new ids
 *   compiled_model decode  IDS OUT.npy            logits after every position, one token at a time
 *   compiled_model prefill IDS OUT.npy            the same, every prefix read at once; no file if it cannot
 *
 * In an encoder-decoder, "SOURCE:IDS" gives first what the encoder reads: ids, or a file of features. Linked
 * by agree.sh with the archive of `smelt build --emit lib --name tested`.
 */
#include "npy.h"
#include "oracle_error.h"

#include <smelt/model.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const smelt_image smelt_model_tested;

typedef struct {
  int64_t *ids;
  size_t count;
} id_list;

static id_list parse_ids(const char *text) {
  id_list list = {.ids = oracle_array(strlen(text) + 1, sizeof *list.ids)};
  while (*(text += strspn(text, ", ")) && *text != ':') {
    char *end;
    list.ids[list.count++] = strtoll(text, &end, 10);
    if (end == text) oracle_die(ORACLE_EXIT_USAGE, "token ids are not whole numbers: %s", text);
    text = end;
  }
  return list;
}

/* What the encoder reads: ids, or features where there are any; or nothing. */
typedef struct {
  id_list list;
  tensor features;
} encoder_source;

/* text: "5,6,7:..." or "FILE.npy:..." */
static encoder_source parse_source(const char *text) {
  static const char suffix[] = ".npy";
  const char *colon = strchr(text, ':');
  size_t bytes = (size_t)(colon - text), suffix_bytes = sizeof suffix - 1;
  if (bytes <= suffix_bytes || memcmp(colon - suffix_bytes, suffix, suffix_bytes) != 0)
    return (encoder_source){.list = parse_ids(text)};
  char *path = oracle_array(bytes + 1, 1);
  memcpy(path, text, bytes);
  encoder_source source = {.features = npy_read(path)};
  free(path);
  return source;
}

static void check(smelt_model *model, smelt_result result) {
  if (result) oracle_die(ORACLE_EXIT_FAILED, "%s: %s", smelt_result_text(result), smelt_error(model));
}

static smelt_tensor token_tensor(const int64_t *ids, size_t count) {
  return (smelt_tensor){
      .dtype = SMELT_I64, .rank = 2, .dims = {1, (int64_t)count}, .data = (void *)(uintptr_t)ids};
}

/* Output 0, if there is one, of an entry with one input. */
static smelt_tensor run_entry(smelt_model *model, const char *entry, const smelt_tensor *input) {
  smelt_tensor_info info;
  check(model, smelt_input_info(model, entry, 0, &info));
  int32_t output_count = smelt_output_count(model, entry);
  smelt_tensor *outputs = oracle_array(output_count > 0 ? (size_t)output_count : 1, sizeof *outputs);
  check(model, smelt_run(model, entry, &info.name, input, 1, outputs));
  smelt_tensor first = outputs[0];
  free(outputs);
  return first;
}

static smelt_tensor run_tokens(smelt_model *model, const char *entry, const int64_t *ids, size_t count) {
  smelt_tensor input = token_tensor(ids, count);
  return run_entry(model, entry, &input);
}

static void encode_features(smelt_model *model, const tensor *features) {
  if (features->element_type != ELEMENT_F32) oracle_die(ORACLE_EXIT_FAILED, "the features are not f32");
  smelt_tensor input = {.dtype = SMELT_F32, .rank = (int32_t)features->rank, .data = features->data};
  memcpy(input.dims, features->dims, features->rank * sizeof *features->dims);
  run_entry(model, "encode", &input);
}

/* Forgets all text and reads the encoder's, where there is one. */
static void start_over(smelt_model *model, const encoder_source *source) {
  smelt_reset(model);
  if (source->features.data) encode_features(model, &source->features);
  if (source->list.count) run_tokens(model, "encode", source->list.ids, source->list.count);
}

/* logits: [1, any, vocab]; its last row becomes row `position` of [positions, vocab] */
static void keep_row(tensor *rows, size_t positions, size_t position, const smelt_tensor *logits) {
  if (logits->dtype != SMELT_F32 || logits->rank != 3 || logits->dims[1] < 1)
    oracle_die(ORACLE_EXIT_FAILED, "output 0 is not f32 logits [1, positions, vocab]");
  size_t vocab = (size_t)logits->dims[2];
  if (!rows->data) {
    *rows = (tensor){.element_type = ELEMENT_F32, .rank = 2, .dims = {(int64_t)positions, (int64_t)vocab}};
    rows->data = oracle_array(positions * vocab, sizeof(float));
  }
  const float *last = (const float *)logits->data + (size_t)(logits->dims[1] - 1) * vocab;
  memcpy((float *)rows->data + position * vocab, last, vocab * sizeof *last);
}

static void write_logits(smelt_model *model, const encoder_source *source, const id_list *list,
                         bool whole_prefixes, const char *path) {
  tensor rows = {0};
  if (whole_prefixes && smelt_input_count(model, "prefill") < 1) return;
  start_over(model, source);
  for (size_t i = 0; i < list->count; i++) {
    if (whole_prefixes && i > 0) start_over(model, source);
    smelt_tensor logits = whole_prefixes ? run_tokens(model, "prefill", list->ids, i + 1)
                                         : run_tokens(model, "decode", list->ids + i, 1);
    keep_row(&rows, list->count, i, &logits);
  }
  npy_write(path, &rows);
  free(rows.data);
}

static bool print_token(void *user, int32_t token, const char *text, size_t bytes) {
  (void)text, (void)bytes;
  size_t *printed = user;
  if (token < 0) return true; /* text that waited, and no token */
  printf("%s%d", (*printed)++ ? " " : "", (int)token);
  return true;
}

/* An encoder-decoder's prompt is what its encoder reads; the model knows what its decoder starts from. */
static void print_greedy(smelt_model *model, const encoder_source *source, const id_list *list,
                         const char *count_text) {
  const id_list *prompt = source->list.count ? &source->list : list;
  size_t prompt_count = source->features.data ? 0 : prompt->count;
  smelt_generate_options options = {.max_new_tokens = (int32_t)strtol(count_text, NULL, 10),
                                    .ignore_end = true};
  int32_t *ids = oracle_array(prompt_count + 1, sizeof *ids);
  for (size_t i = 0; i < prompt_count; i++) ids[i] = (int32_t)prompt->ids[i];
  size_t printed = 0;
  if (source->features.data) encode_features(model, &source->features);
  check(model, smelt_generate_ids(model, ids, (int32_t)prompt_count, &options, print_token, &printed));
  putchar('\n');
  free(ids);
}

int main(int argc, char **argv) {
  if (argc != 4)
    oracle_die(ORACLE_EXIT_USAGE, "usage: compiled_model greedy|decode|prefill [SOURCE:]IDS COUNT|OUT.npy");
  const char *colon = strchr(argv[2], ':');
  encoder_source source = colon ? parse_source(argv[2]) : (encoder_source){0};
  id_list list = parse_ids(colon ? colon + 1 : argv[2]);
  smelt_model *model = NULL;
  smelt_result result = smelt_open(&smelt_model_tested, NULL, &model);
  if (result) oracle_die(ORACLE_EXIT_FAILED, "cannot open the model: %s", smelt_result_text(result));

  if (!strcmp(argv[1], "greedy"))
    print_greedy(model, &source, &list, argv[3]);
  else if (!strcmp(argv[1], "decode"))
    write_logits(model, &source, &list, false, argv[3]);
  else if (!strcmp(argv[1], "prefill"))
    write_logits(model, &source, &list, true, argv[3]);
  else
    oracle_die(ORACLE_EXIT_USAGE, "unknown command %s", argv[1]);

  smelt_close(model);
  free(source.list.ids);
  free(source.features.data);
  free(list.ids);
  return 0;
}
