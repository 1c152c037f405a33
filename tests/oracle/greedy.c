/* greedy.c: the loop that takes the likeliest token, and its logits as an array. */
#include "greedy.h"

#include "decoder.h"
#include "oracle_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- logits that are kept for comparison ---- */

typedef struct {
  float *rows; /* [row_capacity, vocab] */
  size_t row_count, row_capacity, vocab;
} logit_record;

/* step: [1, rows, vocab]; its first `seen` rows were recorded in earlier steps */
static void record_logits(logit_record *record, const tensor *step, size_t seen) {
  size_t step_rows = (size_t)step->dims[1];
  if (!record->rows) {
    record->vocab = (size_t)step->dims[2];
    record->rows = oracle_array(record->row_capacity * record->vocab, sizeof *record->rows);
  }
  for (size_t row = seen; row < step_rows && record->row_count < record->row_capacity; row++)
    memcpy(record->rows + record->row_count++ * record->vocab, (float *)step->data + row * record->vocab,
           record->vocab * sizeof *record->rows);
}

static void write_logits(const logit_record *record, const char *path) {
  tensor t = {.element_type = ELEMENT_F32, .rank = 2, .data = record->rows};
  t.dims[0] = (int64_t)record->row_count;
  t.dims[1] = (int64_t)record->vocab;
  npy_write(path, &t);
}

/* ---- decoding ---- */

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static tensor logits_of(const ort_api *api, ort_value *value) {
  tensor t = tensor_of(api, value);
  if (t.element_type != ELEMENT_F32 || t.rank != 3 || t.dims[0] != 1 || t.dims[1] < 1 || t.dims[2] < 1)
    oracle_die(ORACLE_EXIT_FAILED, "logits are not f32 [1, tokens, vocab]");
  return t;
}

/* The lowest index of the largest value of the last row. */
static int64_t best_id(const tensor *logits) {
  size_t vocab = (size_t)logits->dims[2];
  const float *row = (const float *)logits->data + (size_t)(logits->dims[1] - 1) * vocab;
  size_t best = 0;
  for (size_t i = 1; i < vocab; i++)
    if (row[i] > row[best]) best = i;
  return (int64_t)best;
}

static bool is_end(const greedy_request *request, int64_t id) {
  for (size_t i = 0; i < request->end_count; i++)
    if (request->end_ids[i] == id) return true;
  return false;
}

/* The number after "key": in a JSON file of the folder; good enough for the flat config files of hubs. */
static bool json_number(const char *folder, const char *file, const char *key, int64_t *number) {
  char path[4096], line[4096];
  snprintf(path, sizeof path, "%s/%s", folder, file);
  FILE *f = fopen(path, "r");
  bool found = false;
  while (f && !found && fgets(line, sizeof line, f)) {
    char *at = strstr(line, key);
    long long value;
    found = at && sscanf(at + strlen(key), "\" : %lld", &value) == 1;
    if (found) *number = value;
  }
  if (f) fclose(f);
  return found;
}

static void decoder_start(const greedy_request *request, int64_t *ids, size_t *count) {
  static const char key[] = "decoder_start_token_id";
  if (!decoder_folder_has_encoder(request->folder)) {
    memcpy(ids, request->ids, request->id_count * sizeof *ids);
    *count = request->id_count;
  } else if (request->start_count) {
    memcpy(ids, request->start_ids, request->start_count * sizeof *ids);
    *count = request->start_count;
  } else if (json_number(request->folder, "generation_config.json", key, &ids[0]) ||
             json_number(request->folder, "config.json", key, &ids[0])) {
    *count = 1;
  } else {
    oracle_die(ORACLE_EXIT_FAILED, "%s names no decoder_start_token_id; give --start", request->folder);
  }
}

static void report_time(double start, double after_prompt, double end, size_t prompt_count,
                        size_t made_count) {
  double decode_s = end - after_prompt;
  fprintf(stderr, "prompt: %zu tokens in %.3f ms; decode: %zu tokens, %.1f tokens/s\n", prompt_count,
          1e3 * (after_prompt - start), made_count - 1, (double)(made_count - 1) / decode_s);
}

void greedy_decode(const ort_api *api, const greedy_request *request) {
  decoder d = decoder_open(api, request->folder, request->threads);
  if (d.encoder.handle) decoder_encode(&d, request->ids, request->id_count, request->features);
  int64_t *ids =
      oracle_array(request->id_count + request->start_count + request->token_count + 1, sizeof *ids);
  size_t prompt_count = 0;
  decoder_start(request, ids, &prompt_count);
  logit_record record = {.row_capacity = request->logits_path ? request->logit_positions : 0};

  double start = seconds_now(), after_prompt = start;
  size_t count = prompt_count, seen = 0;
  while (count - prompt_count < request->token_count) {
    size_t first = d.keeps_past ? seen : 0;
    ort_value *value = decoder_step(&d, ids + first, count - first);
    tensor logits = logits_of(api, value);
    if (request->logits_path) record_logits(&record, &logits, seen - first);
    int64_t next = best_id(&logits);
    api->ReleaseValue(value);
    if (seen == 0) after_prompt = seconds_now();
    seen = count;
    if (is_end(request, next)) break;
    printf("%s%lld", count == prompt_count ? "" : " ", (long long)next);
    ids[count++] = next;
  }
  putchar('\n');
  if (request->report_time && count > prompt_count + 1)
    report_time(start, after_prompt, seconds_now(), prompt_count, count - prompt_count);
  if (request->logits_path) write_logits(&record, request->logits_path);
  free(record.rows);
  free(ids);
  decoder_close(&d);
}
