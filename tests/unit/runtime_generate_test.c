/* The generation loop, on a fake model whose next token is a known function of all tokens before. */
#include "runtime_fake_image.h"

#include "decode/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static fake_manifest manifest;
static const smelt_image image = {.manifest = manifest.bytes, .level_count = 1, .levels = gen_levels};

/* What was generated, and the logits of each position. */
typedef struct {
  int32_t tokens[128], count, stop_after, rows;
  int32_t likeliest[128]; /* of each row */
} heard;

static bool on_token(void *user, int32_t token, const char *text, size_t bytes) {
  heard *h = user;
  assert_non_null(text);
  assert_int_equal(bytes, 0);
  h->tokens[h->count++] = token;
  return h->count != h->stop_after;
}

static void on_logits(void *user, const float *logits, int32_t vocab_size) {
  heard *h = user;
  assert_int_equal(vocab_size, GEN_VOCAB);
  int32_t best = 0;
  for (int32_t i = 1; i < vocab_size; i++)
    if (logits[i] > logits[best]) best = i;
  h->likeliest[h->rows++] = best;
}

static const smelt_image feature_image = {
    .manifest = manifest.bytes, .level_count = 1, .levels = gen_feature_levels};

static smelt_model *open_generator(gen_kind kind, int32_t end_token) {
  smelt_model *model;
  const smelt_image *opened = kind == GEN_FEATURE_ENCODER ? &feature_image : &image;
  gen_manifest(&manifest, kind, end_token);
  assert_int_equal(smelt_open(opened, &(smelt_open_options){.threads = 2}, &model), SMELT_OK);
  return model;
}

/* The tokens that the model must give after a text of hash h. */
static void expect_tokens(uint64_t h, const heard *given, int32_t count) {
  assert_int_equal(given->count, count);
  for (int32_t i = 0; i < count; i++) {
    assert_int_equal(given->tokens[i], h % GEN_VOCAB);
    h = gen_next(h, given->tokens[i]);
  }
}

static uint64_t hash_of(const int32_t *tokens, int32_t count, uint64_t h) {
  for (int32_t i = 0; i < count; i++) h = gen_next(h, tokens[i]);
  return h;
}

static const int32_t prompt[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3};

static void goes_on_from_prompts_of_any_length(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_DECODER, -1);
  smelt_generate_options options = {.max_new_tokens = 10};
  for (int32_t length = 1; length <= 18; length++) {
    heard h = {0};
    assert_int_equal(smelt_generate_ids(model, prompt, length, &options, on_token, &h), SMELT_OK);
    expect_tokens(hash_of(prompt, length, 0), &h, 10);
    const gen_state *memory = (const gen_state *)(const void *)model->state;
    assert_int_equal(memory->tokens, length + 9);
  }
  smelt_close(model);
}

static void stops_at_the_end_token_unless_told_otherwise(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_DECODER, -1);
  heard all = {0}, some = {0}, again = {0};
  smelt_generate_options options = {.max_new_tokens = 12};
  assert_int_equal(smelt_generate_ids(model, prompt, 5, &options, on_token, &all), SMELT_OK);
  smelt_close(model);

  int32_t end = all.tokens[6], first = 0;
  while (all.tokens[first] != end) first++;
  model = open_generator(GEN_DECODER, end);
  assert_int_equal(smelt_generate_ids(model, prompt, 5, &options, on_token, &some), SMELT_OK);
  assert_int_equal(some.count, first);
  options.ignore_end = true;
  assert_int_equal(smelt_generate_ids(model, prompt, 5, &options, on_token, &again), SMELT_OK);
  assert_memory_equal(again.tokens, all.tokens, sizeof all.tokens);
  smelt_close(model);
}

static void stops_at_the_limit(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_DECODER, -1);
  heard open_ended = {0}, counted = {0}, none = {0};
  smelt_generate_options options = {0};
  assert_int_equal(smelt_generate_ids(model, prompt, 10, &options, on_token, &open_ended), SMELT_OK);
  assert_int_equal(open_ended.count, GEN_MAX_TOKENS - 10 + 1);
  options.max_new_tokens = 100;
  assert_int_equal(smelt_generate_ids(model, prompt, 10, &options, on_token, &counted), SMELT_TOO_LARGE);
  assert_int_equal(counted.count, GEN_MAX_TOKENS - 10 + 1);
  assert_string_equal(smelt_error(model), "stopped after 31 tokens: the model holds at most 40 in all");

  int32_t too_long[GEN_MAX_TOKENS + 1] = {0};
  assert_int_equal(smelt_generate_ids(model, too_long, GEN_MAX_TOKENS + 1, &options, on_token, &none),
                   SMELT_TOO_LARGE);
  assert_string_equal(smelt_error(model), "the prompt has 41 tokens, the model holds at most 40");
  assert_int_equal(none.count, 0);
  smelt_close(model);
}

static void max_tokens_can_be_lowered(void **state) {
  (void)state;
  smelt_model *model;
  gen_manifest(&manifest, GEN_DECODER, -1);
  smelt_open_options lower = {.threads = 1, .max_tokens = 12};
  assert_int_equal(smelt_open(&image, &lower, &model), SMELT_OK);
  heard h = {0};
  assert_int_equal(smelt_generate_ids(model, prompt, 10, &(smelt_generate_options){0}, on_token, &h),
                   SMELT_OK);
  assert_int_equal(h.count, 3);
  smelt_close(model);
}

static void the_callback_can_stop(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_DECODER, -1);
  heard h = {.stop_after = 4};
  assert_int_equal(smelt_generate_ids(model, prompt, 3, NULL, on_token, &h), SMELT_STOPPED);
  assert_int_equal(h.count, 4);
  smelt_close(model);
}

static void refuses_bad_prompts_and_options(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_DECODER, -1);
  assert_int_equal(smelt_generate_ids(model, prompt, 0, NULL, NULL, NULL), SMELT_BAD_ARGUMENT);
  assert_int_equal(smelt_generate_ids(model, (int32_t[]){1, GEN_VOCAB}, 2, NULL, NULL, NULL),
                   SMELT_BAD_ARGUMENT);
  assert_string_equal(smelt_error(model), "token 1 of the prompt: expected 0 to 15, found 16");
  assert_int_equal(smelt_generate_ids(model, (int32_t[]){-1}, 1, NULL, NULL, NULL), SMELT_BAD_ARGUMENT);
  smelt_generate_options cold = {.temperature = -1}, many = {.top_p = 2};
  assert_int_equal(smelt_generate_ids(model, prompt, 1, &cold, NULL, NULL), SMELT_BAD_ARGUMENT);
  assert_int_equal(smelt_generate_ids(model, prompt, 1, &many, NULL, NULL), SMELT_BAD_ARGUMENT);
  assert_int_equal(smelt_generate(model, "text", NULL, NULL, NULL), SMELT_BAD_ARGUMENT);
  assert_string_equal(smelt_error(model), "the model has no tokenizer");
  smelt_close(model);
}

static void an_encoder_reads_the_prompt_once(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_TEXT_ENCODER, -1);
  smelt_generate_options options = {.max_new_tokens = 10};
  for (int32_t length = 1; length <= GEN_MAX_ENCODER; length++) {
    heard h = {0};
    assert_int_equal(smelt_generate_ids(model, prompt, length, &options, on_token, &h), SMELT_OK);
    expect_tokens(gen_next(hash_of(prompt, length, 77), 2), &h, 10);
  }
  assert_int_equal(smelt_generate_ids(model, prompt, GEN_MAX_ENCODER + 1, &options, NULL, NULL),
                   SMELT_TOO_LARGE);
  smelt_close(model);
}

static smelt_result encode_features(smelt_model *model, float *features, int64_t frames) {
  smelt_tensor input = {.dtype = SMELT_F32, .rank = 3, .dims = {1, GEN_FEATURES, frames}, .data = features};
  return smelt_run(model, "encode", (const char *[]){"input_features"}, &input, 1, NULL);
}

static void text_follows_features_and_forced_tokens(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_FEATURE_ENCODER, -1);
  smelt_generate_options options = {.max_new_tokens = 10};
  float features[] = {3, 1, 4, 1, 5, 9};
  const int32_t as_tokens[] = {3, 1, 4, 1, 5, 9};
  assert_int_equal(smelt_generate_ids(model, NULL, 0, &options, NULL, NULL), SMELT_BAD_ARGUMENT);
  assert_string_equal(smelt_error(model), "the model has read no features: run its entry \"encode\" first");
  for (int32_t frames = 1; frames <= 3; frames++) {
    assert_int_equal(encode_features(model, features, frames), SMELT_OK);
    uint64_t h = gen_next(hash_of(as_tokens, GEN_FEATURES * frames, 77), GEN_START);
    heard forced = {0}, again = {0}, prompted = {0};
    assert_int_equal(smelt_generate_ids(model, NULL, 0, &options, on_token, &forced), SMELT_OK);
    uint64_t chosen = gen_next(h, GEN_FORCED);
    expect_tokens(gen_next(chosen, (int64_t)(chosen % GEN_VOCAB)), &forced, 10);
    assert_int_equal(smelt_generate_ids(model, NULL, 0, &options, on_token, &again), SMELT_OK);
    assert_memory_equal(&forced, &again, sizeof again);
    assert_int_equal(smelt_generate_ids(model, prompt, 9, &options, on_token, &prompted), SMELT_OK);
    expect_tokens(hash_of(prompt, 9, h), &prompted, 10);
  }
  assert_int_equal(encode_features(model, features, GEN_MAX_ENCODER + 1), SMELT_TOO_LARGE);
  smelt_close(model);
}

static void gives_the_logits_of_every_position(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_DECODER, -1);
  heard h = {0};
  rt_generation request = {.prompt = prompt,
                           .prompt_tokens = 18,
                           .options = {.max_new_tokens = 10},
                           .on_token = on_token,
                           .on_logits = on_logits,
                           .user = &h};
  assert_int_equal(rt_generate(model, &request), SMELT_OK);
  assert_int_equal(h.rows, 18 + 9);
  for (int32_t i = 0; i < 18; i++) assert_int_equal(h.likeliest[i], hash_of(prompt, i + 1, 0) % GEN_VOCAB);
  for (int32_t i = 0; i < 10; i++) assert_int_equal(h.likeliest[17 + i], h.tokens[i]);
  smelt_close(model);
}

static void entries_run_by_name_share_the_state(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_DECODER, -1);
  int64_t first[] = {3, 1, 4}, next[] = {1};
  const char *names[] = {"input_ids"};
  smelt_tensor logits, three = {SMELT_I64, 2, {1, 3}, first}, one = {SMELT_I64, 2, {1, 1}, next};
  for (int repeat = 0; repeat < 2; repeat++) {
    smelt_reset(model);
    assert_int_equal(smelt_run(model, "prefill", names, &three, 1, &logits), SMELT_OK);
    assert_int_equal(smelt_run(model, "decode", names, &one, 1, &logits), SMELT_OK);
    assert_true(((const float *)logits.data)[hash_of(prompt, 4, 0) % GEN_VOCAB] == 2.0f);
  }
  smelt_tensor many = {SMELT_I64, 2, {1, 9}, first};
  assert_int_equal(smelt_run(model, "prefill", names, &many, 1, &logits), SMELT_TOO_LARGE);
  for (int i = 4; i < GEN_MAX_TOKENS; i++)
    assert_int_equal(smelt_run(model, "decode", names, &one, 1, &logits), SMELT_OK);
  assert_int_equal(smelt_run(model, "decode", names, &one, 1, &logits), SMELT_TOO_LARGE);
  assert_string_equal(smelt_error(model),
                      "the model holds at most 40 tokens, 40 are in use and 1 more are given");
  smelt_close(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(goes_on_from_prompts_of_any_length),
      cmocka_unit_test(stops_at_the_end_token_unless_told_otherwise),
      cmocka_unit_test(stops_at_the_limit),
      cmocka_unit_test(max_tokens_can_be_lowered),
      cmocka_unit_test(the_callback_can_stop),
      cmocka_unit_test(refuses_bad_prompts_and_options),
      cmocka_unit_test(an_encoder_reads_the_prompt_once),
      cmocka_unit_test(text_follows_features_and_forced_tokens),
      cmocka_unit_test(gives_the_logits_of_every_position),
      cmocka_unit_test(entries_run_by_name_share_the_state),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
