/*
 * beams.c: reads cases from standard input as numbers, searches with beams over a model whose logits follow
 * from what its caches hold, and prints what was found: per case a line with the count, then a line for each
 * text: score, log-probability, tokens. beams_test.py writes the cases and knows the model.
 */
#include "../unit/runtime_fake_image.h"
#include "cases.h"

#include "decode/decode.h"

#include <stdio.h>
#include <stdlib.h>

/* Two caches, as keys and values may lie: [heads, tokens, depth] and [depth, tokens]. */
enum { HEADS = 2, DEPTH = 4, COLUMNS = 3, ENCODED_OFFSET = 4000 };

static float *heads_row(smelt_frame *frame, int64_t head, int64_t token) {
  return (float *)(void *)frame->state + (head * GEN_MAX_TOKENS + token) * DEPTH;
}

static float *column_row(smelt_frame *frame, int64_t column, int64_t token) {
  return (float *)(void *)frame->state + HEADS * GEN_MAX_TOKENS * DEPTH + column * GEN_MAX_TOKENS + token;
}

static void write_rows(smelt_frame *frame, int64_t place, int64_t token) {
  for (int64_t head = 0; head < HEADS; head++)
    for (int64_t i = 0; i < DEPTH; i++) heads_row(frame, head, place)[i] = (float)(token + 7 * head + i);
  for (int64_t column = 0; column < COLUMNS; column++)
    *column_row(frame, column, place) = (float)(3 * token + column);
}

/* Everything that the caches hold of a text matters. */
static uint64_t hash_rows(smelt_frame *frame, uint64_t h, int64_t count) {
  for (int64_t place = 0; place < count; place++) {
    for (int64_t head = 0; head < HEADS; head++)
      for (int64_t i = 0; i < DEPTH; i++) h = gen_next(h, (int64_t)heads_row(frame, head, place)[i]);
    for (int64_t column = 0; column < COLUMNS; column++)
      h = gen_next(h, (int64_t)*column_row(frame, column, place));
  }
  return h;
}

static uint64_t *encoded_of(smelt_frame *frame) {
  return (uint64_t *)(void *)(frame->state + ENCODED_OFFSET);
}

static void decode(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  (void)thread_count;
  if (thread != 0) return;
  const int64_t *ids = frame->inputs[0];
  int64_t past = frame->dims[GEN_PAST], count = frame->dims[GEN_SEQUENCE];
  float *logits = (float *)(void *)frame->arena;
  for (int64_t i = 0; i < count; i++) write_rows(frame, past + i, ids[i]);
  uint64_t h = hash_rows(frame, frame->dims[GEN_ENCODER] ? *encoded_of(frame) : 0, past + count);
  for (uint64_t i = 0; i < GEN_VOCAB; i++) {
    uint64_t mixed = (h ^ (i * 0x9e3779b97f4a7c15u)) * 0xe7037ed1a0b428dbu;
    logits[i] = (float)(mixed >> 40 & 4095) / 512;
  }
}

static void encode(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  (void)thread_count;
  if (thread != 0) return;
  const int64_t *ids = frame->inputs[0];
  uint64_t h = 77;
  for (int64_t i = 0; i < frame->dims[GEN_ENCODER]; i++) h = gen_next(h, ids[i]);
  *encoded_of(frame) = h;
}

static smelt_entry_code *const code[] = {decode, decode, encode};
static const smelt_code_level levels[] = {{SMELT_ISA_BASELINE, code}};

static void make_manifest(fake_manifest *m, gen_kind kind) {
  const smelt_manifest_cache caches[] = {
      {.parts = HEADS, .capacity = GEN_MAX_TOKENS, .row_bytes = DEPTH * sizeof(float)},
      {.state_offset = HEADS * GEN_MAX_TOKENS * DEPTH * sizeof(float),
       .parts = COLUMNS,
       .capacity = GEN_MAX_TOKENS,
       .row_bytes = sizeof(float)}};
  gen_manifest(m, kind, -1);
  smelt_manifest *header = fake_header(m);
  header->caches = fake_put(m, caches, sizeof caches);
  header->cache_count = 2;
  header->bytes = m->used;
}

static int32_t read_tokens(int32_t *tokens) {
  int32_t count = read_whole();
  for (int32_t i = 0; i < count; i++) tokens[i] = read_whole();
  return count;
}

static void search(smelt_model *model, const int32_t *prompt, int32_t count, const rt_generation *request) {
  rt_session session;
  rt_found_list list = {0};
  smelt_result result = rt_session_open(&session, model);
  if (!result) result = rt_check_options(model, &request->options);
  if (!result) result = rt_session_begin(&session, prompt, count);
  int32_t start = session.count;
  if (!result) result = rt_beam_search(&session, request, &list);
  bool found_none = result == SMELT_BAD_ARGUMENT && list.items && list.count == 0;
  if ((result && !found_none) || session.count != start) printf("failed: %s\n", smelt_error(model)), exit(1);
  printf("%d\n", (int)list.count);
  for (int32_t i = 0; i < list.count; i++) {
    printf("%.17g %.17g", list.items[i].score, list.items[i].log_probability);
    for (int32_t k = 0; k < list.items[i].count; k++) printf(" %d", (int)list.items[i].tokens[k]);
    printf("\n");
  }
  rt_found_free(&list);
  rt_session_close(&session);
}

int main(void) {
  static fake_manifest manifest;
  int kind;
  while (scanf("%d", &kind) == 1) {
    smelt_model *model;
    make_manifest(&manifest, (gen_kind)kind);
    const smelt_image image = {.manifest = manifest.bytes, .level_count = 1, .levels = levels};
    if (smelt_open(&image, &(smelt_open_options){.threads = 1}, &model)) return 1;
    int32_t prompt[GEN_MAX_TOKENS], stop_ids[GEN_VOCAB];
    rt_generation request = {0};
    smelt_generate_options *o = &request.options;
    o->beams = read_whole();
    o->beam_groups = read_whole();
    o->early_stopping = (smelt_early_stopping)read_whole();
    o->max_new_tokens = read_whole();
    o->no_repeat_ngram = read_whole();
    o->min_new_tokens = read_whole();
    o->diversity_penalty = read_real();
    o->length_penalty = read_real();
    o->repetition_penalty = read_real();
    o->stop_ids = (smelt_token_list){stop_ids, read_tokens(stop_ids)};
    int32_t count = read_tokens(prompt);
    search(model, prompt, count, &request);
    smelt_close(model);
  }
  return 0;
}
