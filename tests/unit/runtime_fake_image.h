/*
 * runtime_fake_image.h: images made by hand for the runtime's tests: a builder
 * of manifests, and "models" in C whose every answer can be told in advance.
 */
#ifndef RUNTIME_FAKE_IMAGE_H
#define RUNTIME_FAKE_IMAGE_H

#include "smelt/image.h"

#include <string.h>

/* ---- the builder ------------------------------------------------------------------- */

enum { FAKE_BYTES = 8192, FAKE_FIRST = sizeof(smelt_manifest) };

typedef struct {
  _Alignas(64) uint8_t bytes[FAKE_BYTES];
  uint32_t used;
} fake_manifest;

static inline smelt_manifest *fake_header(fake_manifest *m) {
  return (smelt_manifest *)(void *)m->bytes;
}

static inline smelt_offset fake_put(fake_manifest *m, const void *data, size_t bytes) {
  if (m->used == 0) m->used = FAKE_FIRST;
  m->used = (m->used + 7) / 8 * 8;
  smelt_offset offset = m->used;
  if (bytes) memcpy(m->bytes + offset, data, bytes);
  m->used += (uint32_t)bytes;
  return offset;
}

static inline smelt_offset fake_text(fake_manifest *m, const char *text) {
  return fake_put(m, text, strlen(text) + 1);
}

/* One axis: its program and its text. */
typedef struct {
  int64_t words[8];
  const char *text;
} fake_dim;

#define FAKE_CONST(value)        {{SMELT_DIM_CONST, value, SMELT_DIM_END}, #value}
#define FAKE_SYMBOL(index, name) {{SMELT_DIM_SYMBOL, index, SMELT_DIM_END}, name}

static inline smelt_manifest_tensor fake_tensor(fake_manifest *m, const char *name, smelt_dtype dtype,
                                                uint32_t rank, const fake_dim *dims, uint64_t arena_offset) {
  smelt_offset programs[SMELT_MAX_RANK] = {0}, texts[SMELT_MAX_RANK] = {0};
  for (uint32_t i = 0; i < rank; i++) {
    programs[i] = fake_put(m, dims[i].words, sizeof dims[i].words);
    texts[i] = fake_text(m, dims[i].text);
  }
  return (smelt_manifest_tensor){.name = fake_text(m, name),
                                 .dtype = dtype,
                                 .rank = rank,
                                 .dims = fake_put(m, programs, rank * sizeof *programs),
                                 .dim_texts = fake_put(m, texts, rank * sizeof *texts),
                                 .arena_offset = arena_offset};
}

static inline smelt_manifest_entry fake_entry(fake_manifest *m, const char *name, uint32_t input_count,
                                              const smelt_manifest_tensor *inputs, uint32_t output_count,
                                              const smelt_manifest_tensor *outputs, uint64_t arena_bytes) {
  return (smelt_manifest_entry){.name = fake_text(m, name),
                                .input_count = input_count,
                                .output_count = output_count,
                                .inputs = fake_put(m, inputs, input_count * sizeof *inputs),
                                .outputs = fake_put(m, outputs, output_count * sizeof *outputs),
                                .arena_bytes = arena_bytes};
}

static inline void fake_finish(fake_manifest *m, uint32_t entry_count, const smelt_manifest_entry *entries,
                               uint32_t symbol_count, const smelt_manifest_symbol *symbols,
                               const smelt_manifest_generation *generation) {
  smelt_manifest header = {.entry_count = entry_count, .symbol_count = symbol_count, .parameters = 1234};
  memcpy(header.magic, SMELT_MANIFEST_MAGIC, sizeof header.magic);
  header.entries = fake_put(m, entries, entry_count * sizeof *entries);
  header.symbols = fake_put(m, symbols, symbol_count * sizeof *symbols);
  if (generation) header.generation = fake_put(m, generation, sizeof *generation);
  header.model_name = fake_text(m, "fake");
  header.smelt_version = fake_text(m, "0.0.0");
  for (uint32_t i = 0; i < entry_count; i++)
    if (entries[i].arena_bytes > header.arena_bytes) header.arena_bytes = entries[i].arena_bytes;
  header.state_bytes = 4096;
  header.bytes = m->used;
  memcpy(m->bytes, &header, sizeof header);
}

/* ---- a plain graph ---------------------------------------------------------------------
 * run: x f32[batch, width], y f32[width] -> sum f32[batch, width] = x + y, twice f32[batch * 2]
 */

enum { SUM_BATCH, SUM_WIDTH };

static inline void sum_run(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  int64_t batch = frame->dims[SUM_BATCH], width = frame->dims[SUM_WIDTH];
  const float *x = frame->inputs[0], *y = frame->inputs[1];
  float *sum = (float *)(void *)frame->arena, *twice = (float *)(void *)(frame->arena + 1024);
  for (int64_t i = thread; i < batch * width; i += thread_count) sum[i] = x[i] + y[i % width];
  frame->barrier(frame);
  for (int64_t i = thread; i < batch * 2; i += thread_count) twice[i] = batch * width > 0 ? sum[0] : 0;
}

static inline void sum_manifest(fake_manifest *m) {
  memset(m, 0, sizeof *m);
  const fake_dim x_dims[] = {FAKE_SYMBOL(SUM_BATCH, "batch"), FAKE_SYMBOL(SUM_WIDTH, "width")};
  const fake_dim y_dims[] = {FAKE_SYMBOL(SUM_WIDTH, "width")};
  const fake_dim twice_dims[] = {
      {{SMELT_DIM_SYMBOL, SUM_BATCH, SMELT_DIM_CONST, 2, SMELT_DIM_MUL, SMELT_DIM_END}, "2*batch"}};
  smelt_manifest_tensor inputs[2] = {fake_tensor(m, "x", SMELT_F32, 2, x_dims, 0),
                                     fake_tensor(m, "y", SMELT_F32, 1, y_dims, 0)};
  smelt_manifest_tensor outputs[2] = {fake_tensor(m, "sum", SMELT_F32, 2, x_dims, 0),
                                      fake_tensor(m, "twice", SMELT_F32, 1, twice_dims, 1024)};
  smelt_manifest_entry entry = fake_entry(m, "run", 2, inputs, 2, outputs, 2048);
  smelt_manifest_symbol symbols[2] = {{.name = fake_text(m, "batch"), .maximum = 8},
                                      {.name = fake_text(m, "width"), .maximum = 32}};
  fake_finish(m, 1, &entry, 2, symbols, NULL);
}

/* ---- a text generator --------------------------------------------------------------------
 * Its state is a number h, 0 for an empty text (or what "encode" left), then
 * h = h * 31 + token + 1 for each token. The likeliest next token is h % 16.
 */

enum { GEN_VOCAB = 16, GEN_MAX_TOKENS = 40, GEN_PREFILL = 8, GEN_MAX_ENCODER = 12 };
enum { GEN_SEQUENCE, GEN_PAST, GEN_ENCODER, GEN_SYMBOLS };
typedef enum { GEN_DECODER, GEN_TEXT_ENCODER, GEN_FEATURE_ENCODER } gen_kind;
enum { GEN_START = 2, GEN_FORCED = 5, GEN_FEATURES = 2 };

typedef struct {
  uint64_t encoded; /* what "encode" left */
  uint64_t text;    /* h after each token */
  int64_t calls, tokens;
} gen_state;

static inline uint64_t gen_next(uint64_t h, int64_t token) {
  return h * 31 + (uint64_t)token + 1;
}

static inline void gen_decode(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  gen_state *state = (gen_state *)(void *)frame->state;
  float *logits = (float *)(void *)frame->arena;
  if (thread == 0) {
    const int64_t *ids = frame->inputs[0];
    if (frame->dims[GEN_PAST] == 0) {
      state->text = frame->dims[GEN_ENCODER] ? state->encoded : 0;
      state->tokens = 0;
    }
    for (int64_t i = 0; i < frame->dims[GEN_SEQUENCE]; i++) state->text = gen_next(state->text, ids[i]);
    state->tokens += frame->dims[GEN_SEQUENCE];
    state->calls++;
  }
  frame->barrier(frame);
  for (int32_t i = thread; i < GEN_VOCAB; i += thread_count)
    logits[i] = (uint64_t)i == state->text % GEN_VOCAB ? 2.0f : (float)i / GEN_VOCAB;
}

static inline void gen_encode(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  (void)thread_count;
  if (thread != 0) return;
  gen_state *state = (gen_state *)(void *)frame->state;
  const int64_t *ids = frame->inputs[0];
  state->encoded = 77;
  for (int64_t i = 0; i < frame->dims[GEN_ENCODER]; i++) state->encoded = gen_next(state->encoded, ids[i]);
}

/* features: f32 [1, GEN_FEATURES, frames], each taken as a token's number */
static inline void gen_encode_features(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  (void)thread_count;
  if (thread != 0) return;
  gen_state *state = (gen_state *)(void *)frame->state;
  const float *features = frame->inputs[0];
  state->encoded = 77;
  for (int64_t i = 0; i < GEN_FEATURES * frame->dims[GEN_ENCODER]; i++)
    state->encoded = gen_next(state->encoded, (int64_t)features[i]);
}

/* Does nothing: for manifests whose sizes are not to be trusted. */
static inline void idle_entry(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  (void)frame, (void)thread, (void)thread_count;
}

/* Entries: prefill, decode and, with an encoder, encode. Behind features the text starts with GEN_START,
 * GEN_FORCED, any. */
static inline void gen_manifest(fake_manifest *m, gen_kind kind, int32_t end_token) {
  bool with_encoder = kind != GEN_DECODER, reads_features = kind == GEN_FEATURE_ENCODER;
  memset(m, 0, sizeof *m);
  const fake_dim one[] = {FAKE_CONST(1), FAKE_CONST(1)};
  const fake_dim sequence[] = {FAKE_CONST(1), FAKE_SYMBOL(GEN_SEQUENCE, "sequence")};
  const fake_dim encoder[] = {FAKE_CONST(1), FAKE_SYMBOL(GEN_ENCODER, "encoder")};
  const fake_dim frames[] = {FAKE_CONST(1), FAKE_CONST(2), FAKE_SYMBOL(GEN_ENCODER, "frames")};
  const fake_dim row[] = {FAKE_CONST(1), FAKE_CONST(1), FAKE_CONST(16)};
  smelt_manifest_tensor prefill_ids = fake_tensor(m, "input_ids", SMELT_I64, 2, sequence, 0);
  smelt_manifest_tensor decode_ids = fake_tensor(m, "input_ids", SMELT_I64, 2, one, 0);
  smelt_manifest_tensor encoder_ids = fake_tensor(m, "input_ids", SMELT_I64, 2, encoder, 0);
  if (reads_features) encoder_ids = fake_tensor(m, "input_features", SMELT_F32, 3, frames, 0);
  smelt_manifest_tensor logits = fake_tensor(m, "logits", SMELT_F32, 3, row, 0);
  smelt_manifest_entry entries[3] = {fake_entry(m, "prefill", 1, &prefill_ids, 1, &logits, 64),
                                     fake_entry(m, "decode", 1, &decode_ids, 1, &logits, 64),
                                     fake_entry(m, "encode", 1, &encoder_ids, 0, NULL, 0)};
  smelt_manifest_symbol symbols[GEN_SYMBOLS] = {
      {.name = fake_text(m, "sequence"), .maximum = GEN_PREFILL},
      {.name = fake_text(m, "past"), .maximum = GEN_MAX_TOKENS},
      {.name = fake_text(m, "encoder"), .maximum = GEN_MAX_ENCODER}};
  smelt_manifest_generation generation = {.prefill_entry = 0,
                                          .decode_entry = 1,
                                          .encode_entry = with_encoder ? 2 : SMELT_NONE,
                                          .verify_entry = SMELT_NONE,
                                          .sequence_symbol = GEN_SEQUENCE,
                                          .past_symbol = GEN_PAST,
                                          .encoder_symbol = with_encoder ? GEN_ENCODER : SMELT_NONE,
                                          .vocab_size = GEN_VOCAB,
                                          .max_tokens = GEN_MAX_TOKENS,
                                          .prefill_tokens = GEN_PREFILL,
                                          .max_encoder_tokens = reads_features ? 0 : GEN_MAX_ENCODER,
                                          .bos_token = 1,
                                          .pad_token = SMELT_NONE,
                                          .decoder_start_token = with_encoder ? GEN_START : SMELT_NONE,
                                          .forced_token_count = reads_features ? 2 : 0,
                                          .forced_tokens = {GEN_FORCED, SMELT_NONE},
                                          .end_token_count = end_token >= 0,
                                          .end_tokens = {end_token}};
  fake_finish(m, with_encoder ? 3 : 2, entries, GEN_SYMBOLS, symbols, &generation);
}

static smelt_entry_code *const gen_code[] = {gen_decode, gen_decode, gen_encode};
static const smelt_code_level gen_levels[] = {{.isa_level = SMELT_ISA_BASELINE, .entries = gen_code}};
static smelt_entry_code *const gen_feature_code[] = {gen_decode, gen_decode, gen_encode_features};
static const smelt_code_level gen_feature_levels[] = {
    {.isa_level = SMELT_ISA_BASELINE, .entries = gen_feature_code}};

/* ---- a graph that reads text: run: input_ids, attention_mask i64[1, tokens] -> logits f32[1, 2] ----- */

enum { READER_TOKENS = 6, READER_LABELS = 2 };

static inline void reader_manifest(fake_manifest *m) {
  memset(m, 0, sizeof *m);
  const fake_dim tokens[] = {FAKE_CONST(1), FAKE_SYMBOL(0, "tokens")};
  const fake_dim labels[] = {FAKE_CONST(1), FAKE_CONST(2)};
  smelt_manifest_tensor inputs[2] = {fake_tensor(m, "input_ids", SMELT_I64, 2, tokens, 0),
                                     fake_tensor(m, "attention_mask", SMELT_I64, 2, tokens, 0)};
  smelt_manifest_tensor logits = fake_tensor(m, "logits", SMELT_F32, 2, labels, 0);
  smelt_manifest_entry entry = fake_entry(m, "run", 2, inputs, 1, &logits, 64);
  smelt_manifest_symbol symbol = {.name = fake_text(m, "tokens"), .maximum = READER_TOKENS};
  smelt_offset names[READER_LABELS] = {fake_text(m, "good"), fake_text(m, "bad")};
  smelt_manifest_reader reader = {.ids_input = 0,
                                  .mask_input = 1,
                                  .types_input = SMELT_NONE,
                                  .positions_input = SMELT_NONE,
                                  .head = SMELT_HEAD_LABELS,
                                  .max_tokens = READER_TOKENS,
                                  .label_count = READER_LABELS,
                                  .labels = fake_put(m, names, sizeof names)};
  smelt_offset place = fake_put(m, &reader, sizeof reader);
  fake_finish(m, 1, &entry, 1, &symbol, NULL);
  fake_header(m)->reader = place;
}

/* ---- a graph that reads images: run: pixel_values f32[1, 3, 4, 6] -> logits f32[1, 2] ----------------- */

static inline void vision_manifest(fake_manifest *m) {
  memset(m, 0, sizeof *m);
  const fake_dim sizes[] = {FAKE_CONST(1), FAKE_CONST(3), FAKE_CONST(4), FAKE_CONST(6)};
  const fake_dim labels[] = {FAKE_CONST(1), FAKE_CONST(2)};
  smelt_manifest_tensor pixels = fake_tensor(m, "pixel_values", SMELT_F32, 4, sizes, 0);
  smelt_manifest_tensor logits = fake_tensor(m, "logits", SMELT_F32, 2, labels, 0);
  smelt_manifest_entry entry = fake_entry(m, "run", 1, &pixels, 1, &logits, 64);
  smelt_offset names[READER_LABELS] = {fake_text(m, "good"), fake_text(m, "bad")};
  smelt_manifest_reader reader = {.ids_input = SMELT_NONE,
                                  .mask_input = SMELT_NONE,
                                  .types_input = SMELT_NONE,
                                  .positions_input = SMELT_NONE,
                                  .head = SMELT_HEAD_LABELS,
                                  .label_count = READER_LABELS,
                                  .labels = fake_put(m, names, sizeof names)};
  smelt_manifest_vision vision = {.channels = 3,
                                  .height = 4,
                                  .width = 6,
                                  .resize = SMELT_RESIZE_EXACT,
                                  .resample = SMELT_RESAMPLING_BILINEAR,
                                  .resize_height = 4,
                                  .resize_width = 6,
                                  .rescales = 1,
                                  .normalises = 1,
                                  .deviation = {1, 1, 1},
                                  .rescale_factor = 1.0 / 255};
  smelt_offset reader_place = fake_put(m, &reader, sizeof reader);
  smelt_offset vision_place = fake_put(m, &vision, sizeof vision);
  fake_finish(m, 1, &entry, 0, NULL, NULL);
  fake_header(m)->reader = reader_place;
  fake_header(m)->vision = vision_place;
}

#endif
