/*
 * compiled_model.c: what a compiled model says about token ids, in the oracle's terms, for comparison with
 * it.
 *
 *   compiled_model greedy  IDS COUNT              print COUNT new ids
 *   compiled_model decode  IDS OUT.npy            logits after every position, one token at a time
 *   compiled_model prefill IDS OUT.npy            the same, every prefix read at once; no file if it cannot
 *
 * In an encoder-decoder, "SOURCE:IDS" gives the encoder's ids first. Linked by agree.sh with the archive of
 * `smelt build --emit lib --name tested`.
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

static void check(smelt_model *model, smelt_result result) {
  if (result) oracle_die(ORACLE_EXIT_FAILED, "%s: %s", smelt_result_text(result), smelt_error(model));
}

static smelt_tensor token_tensor(const int64_t *ids, size_t count) {
  return (smelt_tensor){
      .dtype = SMELT_I64, .rank = 2, .dims = {1, (int64_t)count}, .data = (void *)(uintptr_t)ids};
}

/* Output 0 of an entry whose one input is [1, count] token ids. */
static smelt_tensor run_tokens(smelt_model *model, const char *entry, const int64_t *ids, size_t count) {
  smelt_tensor_info info;
  check(model, smelt_input_info(model, entry, 0, &info));
  int32_t output_count = smelt_output_count(model, entry);
  smelt_tensor *outputs = oracle_array(output_count > 0 ? (size_t)output_count : 1, sizeof *outputs);
  smelt_tensor input = token_tensor(ids, count);
  check(model, smelt_run(model, entry, &info.name, &input, 1, outputs));
  smelt_tensor first = outputs[0];
  free(outputs);
  return first;
}

/* Forgets all text and reads the encoder's, where there is one. */
static void start_over(smelt_model *model, const id_list *source) {
  smelt_reset(model);
  if (source->count) run_tokens(model, "encode", source->ids, source->count);
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

static void write_logits(smelt_model *model, const id_list *source, const id_list *list, bool whole_prefixes,
                         const char *path) {
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
  printf("%s%d", (*printed)++ ? " " : "", (int)token);
  return true;
}

/* An encoder-decoder's prompt is the encoder's text; the model knows what its decoder starts from. */
static void print_greedy(smelt_model *model, const id_list *prompt, const char *count_text) {
  smelt_generate_options options = {.max_new_tokens = (int32_t)strtol(count_text, NULL, 10),
                                    .ignore_end = true};
  int32_t *ids = oracle_array(prompt->count, sizeof *ids);
  for (size_t i = 0; i < prompt->count; i++) ids[i] = (int32_t)prompt->ids[i];
  size_t printed = 0;
  check(model, smelt_generate_ids(model, ids, (int32_t)prompt->count, &options, print_token, &printed));
  putchar('\n');
  free(ids);
}

int main(int argc, char **argv) {
  if (argc != 4)
    oracle_die(ORACLE_EXIT_USAGE, "usage: compiled_model greedy|decode|prefill [SOURCE:]IDS COUNT|OUT.npy");
  const char *colon = strchr(argv[2], ':');
  id_list source = colon ? parse_ids(argv[2]) : (id_list){0};
  id_list list = parse_ids(colon ? colon + 1 : argv[2]);
  smelt_model *model = NULL;
  smelt_result result = smelt_open(&smelt_model_tested, NULL, &model);
  if (result) oracle_die(ORACLE_EXIT_FAILED, "cannot open the model: %s", smelt_result_text(result));

  if (!strcmp(argv[1], "greedy"))
    print_greedy(model, source.count ? &source : &list, argv[3]);
  else if (!strcmp(argv[1], "decode"))
    write_logits(model, &source, &list, false, argv[3]);
  else if (!strcmp(argv[1], "prefill"))
    write_logits(model, &source, &list, true, argv[3]);
  else
    oracle_die(ORACLE_EXIT_USAGE, "unknown command %s", argv[1]);

  smelt_close(model);
  free(source.ids);
  free(list.ids);
  return 0;
}
