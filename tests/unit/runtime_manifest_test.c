/* Damaged manifests: refused or harmless, whatever byte is wrong. */
#include "core/core.h"
#include "runtime_fake_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

static smelt_entry_code *const idle_code[] = {idle_entry, idle_entry, idle_entry};
static const smelt_code_level idle_levels[] = {{.isa_level = SMELT_ISA_BASELINE, .entries = idle_code}};

static smelt_result open_bytes(const void *bytes, smelt_model **model) {
  static smelt_image image; /* stays while the model is open */
  image = (smelt_image){.manifest = bytes, .level_count = 1, .levels = idle_levels};
  return smelt_open(&image, &(smelt_open_options){.threads = 1}, model);
}

/* Reads every description and runs every entry on inputs of the sizes described, 1 where symbolic. */
static void use_all_of(smelt_model *model) {
  static int64_t data[4096];
  smelt_tensor outputs[8], inputs[8];
  const char *names[8];
  for (int32_t e = 0; e < smelt_entry_count(model); e++) {
    const char *entry = smelt_entry_name(model, e);
    int32_t count = 0;
    smelt_tensor_info info;
    for (; count < 8 && smelt_input_info(model, entry, count, &info) == SMELT_OK; count++) {
      names[count] = info.name;
      inputs[count] = (smelt_tensor){.dtype = info.dtype, .rank = info.rank, .data = data};
      for (int32_t axis = 0; axis < info.rank; axis++)
        inputs[count].dims[axis] = info.dims[axis] == -1 ? 1 : info.dims[axis];
    }
    if (smelt_output_count(model, entry) > 8) continue;
    if (smelt_run(model, entry, names, inputs, count, outputs)) continue;
    for (int32_t i = 0; smelt_output_info(model, entry, i, &info) == SMELT_OK; i++) {
      int64_t elements = 1;
      for (int32_t axis = 0; axis < outputs[i].rank; axis++) elements *= outputs[i].dims[axis];
      if (elements > 0) *(volatile uint8_t *)outputs[i].data = 1;
    }
  }
  const int32_t prompt[] = {3, 1, 4};
  smelt_generate_options options = {.max_new_tokens = 2};
  smelt_generate_ids(model, prompt, 3, &options, NULL, NULL);
  for (uint32_t i = 0; model->manifest.reader && i < model->manifest.reader->label_count; i++)
    assert_true(strlen(rt_manifest_label(&model->manifest, i)) < FAKE_BYTES);
}

/* A copy that ends where the manifest does, so that AddressSanitizer sees a byte read too far. */
static uint8_t *exact_copy(fake_manifest *m) {
  uint8_t *copy = aligned_alloc(64, (m->used + 63) / 64 * 64);
  assert_non_null(copy);
  memcpy(copy, m->bytes, m->used);
  return copy;
}

static void flip_every_byte(fake_manifest *m) {
  uint8_t *bytes = exact_copy(m);
  uint32_t used = fake_header(m)->bytes;
  int refused = 0;
  for (uint32_t i = 0; i < used; i++) {
    static const uint8_t flips[] = {0xff, 0x01, 0x80, 0x10};
    for (size_t j = 0; j < sizeof flips; j++) {
      smelt_model *model;
      bytes[i] ^= flips[j];
      if (open_bytes(bytes, &model) == SMELT_OK)
        use_all_of(model);
      else
        refused++;
      smelt_close(model);
      bytes[i] ^= flips[j];
    }
  }
  free(bytes);
  assert_true(refused > 100);
}

static void survives_any_flipped_byte(void **state) {
  (void)state;
  static fake_manifest m;
  sum_manifest(&m);
  flip_every_byte(&m);
  gen_manifest(&m, GEN_DECODER, 5);
  flip_every_byte(&m);
  gen_manifest(&m, GEN_TEXT_ENCODER, 5);
  flip_every_byte(&m);
  gen_manifest(&m, GEN_FEATURE_ENCODER, 5);
  flip_every_byte(&m);
  reader_manifest(&m);
  flip_every_byte(&m);
  vision_manifest(&m);
  flip_every_byte(&m);
}

static void survives_random_damage(void **state) {
  (void)state;
  static fake_manifest m, damaged;
  gen_manifest(&m, GEN_TEXT_ENCODER, 5);
  srand(1);
  for (int round = 0; round < 5000; round++) {
    smelt_model *model;
    damaged = m;
    for (int i = 0; i < 4; i++) damaged.bytes[12 + (uint32_t)rand() % (m.used - 12)] = (uint8_t)rand();
    if (open_bytes(damaged.bytes, &model) == SMELT_OK) use_all_of(model);
    smelt_close(model);
  }
}

static void refuses_each_kind_of_damage(void **state) {
  (void)state;
  static fake_manifest m;
  smelt_model *model;
#define REFUSED(change)                                                                                      \
  do {                                                                                                       \
    gen_manifest(&m, GEN_TEXT_ENCODER, 5);                                                                   \
    smelt_manifest *header = fake_header(&m);                                                                \
    smelt_manifest_entry *entries = (smelt_manifest_entry *)(void *)(m.bytes + header->entries);             \
    smelt_manifest_tensor *input = (smelt_manifest_tensor *)(void *)(m.bytes + entries[0].inputs);           \
    smelt_manifest_generation *generation =                                                                  \
        (smelt_manifest_generation *)(void *)(m.bytes + header->generation);                                 \
    (void)entries, (void)input, (void)generation;                                                            \
    assert_int_equal(open_bytes(m.bytes, &model), SMELT_OK);                                                 \
    smelt_close(model);                                                                                      \
    change;                                                                                                  \
    assert_int_equal(open_bytes(m.bytes, &model), SMELT_CORRUPT_IMAGE);                                      \
    assert_null(model);                                                                                      \
  } while (0)
  REFUSED(header->magic[6]++);
  REFUSED(header->bytes = 40);
  REFUSED(header->entry_count = 1u << 30);
  REFUSED(header->entry_count = 0);
  REFUSED(header->entries += 4);
  REFUSED(header->symbols = header->bytes - 8);
  REFUSED(header->model_name = header->bytes);
  REFUSED(header->weights_file = header->bytes);
  REFUSED(header->arena_bytes = 1);
  REFUSED(entries[0].name = 0);
  REFUSED(entries[1].inputs = 0xfffffff8);
  REFUSED(input->dtype = SMELT_DTYPE_COUNT);
  REFUSED(input->rank = SMELT_MAX_RANK + 1);
  REFUSED(input->dims = header->bytes - 4);
  REFUSED(generation->decode_entry = SMELT_NONE);
  REFUSED(generation->prefill_entry = 3);
  REFUSED(generation->prefill_entry = 2);
  REFUSED(generation->verify_entry = 3);
  REFUSED(generation->verify_entry = 0); /* of no tokens */
  REFUSED(generation->past_symbol = GEN_SYMBOLS);
  REFUSED(generation->vocab_size = 0);
  REFUSED(generation->bos_token = GEN_VOCAB);
  REFUSED(generation->end_token_count = SMELT_MAX_END_TOKENS + 1);
  REFUSED(generation->forced_token_count = SMELT_MAX_FORCED_TOKENS + 1);
  REFUSED((generation->forced_token_count = 1, generation->forced_tokens[0] = GEN_VOCAB));
  REFUSED(generation->choices.temperature = -1);
  REFUSED(generation->choices.top_p = 2);
  REFUSED(generation->choices.early_stopping = SMELT_STOP_KINDS);
  REFUSED(generation->suppressed.count = -1);
  REFUSED((generation->suppressed.tokens = header->bytes - 4, generation->suppressed.count = 2));
  REFUSED(generation->bad_words = ((smelt_manifest_tokens){header->generation, 1 << 20}));
#undef REFUSED
  assert_int_equal(open_bytes(NULL, &model), SMELT_CORRUPT_IMAGE);
}

static void says_that_it_is_of_another_version(void **state) {
  (void)state;
  static fake_manifest m;
  smelt_model *model;
  char error[64];
  gen_manifest(&m, GEN_TEXT_ENCODER, 5);
  assert_int_equal(fake_header(&m)->magic[7], SMELT_ABI_VERSION);
  assert_int_equal(smelt_abi_version(), SMELT_ABI_VERSION);
  fake_header(&m)->magic[7]++;
  const smelt_image image = {.manifest = m.bytes, .level_count = 1, .levels = idle_levels};
  smelt_open_options options = {.threads = 1, .error = error, .error_bytes = sizeof error};
  assert_int_equal(smelt_open(&image, &options, &model), SMELT_WRONG_VERSION);
  assert_null(model);
  assert_memory_equal(error, smelt_result_text(SMELT_WRONG_VERSION),
                      sizeof error - 1); /* as much as there is room */
  fake_header(&m)->magic[7]--;
  assert_int_equal(smelt_open(&image, &options, &model), SMELT_OK);
  assert_string_equal(error, "");
  smelt_close(model);
}

static void refuses_readers_that_do_not_fit(void **state) {
  (void)state;
  static fake_manifest m;
  smelt_model *model;
#define REFUSED(change)                                                                                      \
  do {                                                                                                       \
    reader_manifest(&m);                                                                                     \
    smelt_manifest_reader *reader = (smelt_manifest_reader *)(void *)(m.bytes + fake_header(&m)->reader);    \
    assert_int_equal(open_bytes(m.bytes, &model), SMELT_OK);                                                 \
    smelt_close(model);                                                                                      \
    change;                                                                                                  \
    assert_int_equal(open_bytes(m.bytes, &model), SMELT_CORRUPT_IMAGE);                                      \
  } while (0)
  REFUSED(reader->ids_input = SMELT_NONE);
  REFUSED(reader->mask_input = 2);
  REFUSED(reader->output = 1);
  REFUSED(reader->head = SMELT_HEAD_STATES); /* whose output has three axes */
  REFUSED(reader->head = SMELT_HEAD_COUNT);
  REFUSED(reader->max_tokens = 0);
  REFUSED(reader->pooling = SMELT_POOLING_COUNT);
  REFUSED(reader->scoring = SMELT_SCORING_COUNT);
  REFUSED(reader->label_count = 1u << 31);
  REFUSED(reader->labels = 0);
  REFUSED(reader->most_rows = SMELT_MOST_ROWS + 1);
  REFUSED(reader->label_count = 0);
  REFUSED(reader->prompt_count = 1u << 31);
  REFUSED((reader->prompt_count = 1, reader->prompts = m.used - 4));
  REFUSED(reader->default_prompt = 1);
#undef REFUSED
}

static void refuses_images_that_do_not_fit(void **state) {
  (void)state;
  static fake_manifest m;
  smelt_model *model;
#define REFUSED(change)                                                                                      \
  do {                                                                                                       \
    vision_manifest(&m);                                                                                     \
    smelt_manifest_vision *vision = (smelt_manifest_vision *)(void *)(m.bytes + fake_header(&m)->vision);    \
    smelt_manifest_reader *reader = (smelt_manifest_reader *)(void *)(m.bytes + fake_header(&m)->reader);    \
    assert_int_equal(open_bytes(m.bytes, &model), SMELT_OK);                                                 \
    smelt_close(model);                                                                                      \
    (void)reader, (void)vision;                                                                              \
    change;                                                                                                  \
    assert_int_equal(open_bytes(m.bytes, &model), SMELT_CORRUPT_IMAGE);                                      \
  } while (0)
  REFUSED(fake_header(&m)->reader = 0);
  REFUSED(fake_header(&m)->vision = 0); /* then the reader must have ids */
  REFUSED(fake_header(&m)->vision = m.used);
  REFUSED(reader->head = SMELT_HEAD_MATCHES); /* of texts that there are none of */
  REFUSED(vision->pixels_input = 1);
  REFUSED(vision->pixels_input = SMELT_NONE);
  REFUSED(vision->channels = 1);
  REFUSED(vision->height = 5);
  REFUSED(vision->width = 1u << 31);
  REFUSED(vision->resize = SMELT_RESIZE_COUNT);
  REFUSED(vision->resample = SMELT_RESAMPLING_COUNT);
  REFUSED(vision->resize_width = 0);
  REFUSED(vision->resize_height = 1u << 20);
  REFUSED(vision->deviation[1] = 0);
  REFUSED(vision->mean[2] = 1e38f * 10);
  REFUSED(vision->rescale_factor = 1e308 * 10);
  REFUSED(reader->label_count = 0);
#undef REFUSED
}

/* ---- size programs ------------------------------------------------------------------------ */

#define WORDS(...) (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)
enum { END = SMELT_DIM_END, NUM = SMELT_DIM_CONST, SYM = SMELT_DIM_SYMBOL, ADD = SMELT_DIM_ADD };

static void checks_size_programs(void **state) {
  (void)state;
  assert_true(rt_dim_check(WORDS(NUM, 3, END), 0));
  assert_true(rt_dim_check(WORDS(SYM, 1, NUM, 3, ADD, END), 2));
  assert_false(rt_dim_check(WORDS(END), 0));
  assert_false(rt_dim_check(WORDS(NUM, 3), 0));
  assert_false(rt_dim_check(WORDS(NUM), 0));
  assert_false(rt_dim_check(WORDS(SYM, 2, END), 2));
  assert_false(rt_dim_check(WORDS(SYM, -1, END), 2));
  assert_false(rt_dim_check(WORDS(NUM, 3, ADD, END), 0));
  assert_false(rt_dim_check(WORDS(NUM, 3, NUM, 4, END), 0));
  assert_false(rt_dim_check(WORDS(NUM, 3, 99, END), 0));
  int64_t deep[3 * SMELT_DIM_STACK + 8];
  size_t count = 0;
  for (int i = 0; i <= SMELT_DIM_STACK; i++) deep[count++] = NUM, deep[count++] = 1;
  for (int i = 0; i < SMELT_DIM_STACK; i++) deep[count++] = ADD;
  deep[count++] = END;
  assert_false(rt_dim_check(deep, count, 0));
  assert_true(rt_dim_check(deep + 2, count - 2, 0) == false); /* one operand too few now */
}

static int64_t value_of(int64_t op, int64_t a, int64_t b) {
  const int64_t program[] = {NUM, a, NUM, b, op, END};
  int64_t value;
  assert_true(rt_dim_value(program, NULL, &value));
  return value;
}

static void evaluates_size_programs(void **state) {
  (void)state;
  assert_int_equal(value_of(SMELT_DIM_DIV, 7, 2), 3);
  assert_int_equal(value_of(SMELT_DIM_DIV, -7, 2), -4);
  assert_int_equal(value_of(SMELT_DIM_DIV, 7, -2), -4);
  assert_int_equal(value_of(SMELT_DIM_MOD, -7, 2), 1);
  assert_int_equal(value_of(SMELT_DIM_MOD, 7, -2), -1);
  assert_int_equal(value_of(SMELT_DIM_MOD, -6, 2), 0);
  assert_int_equal(value_of(SMELT_DIM_MIN, 7, -2), -2);
  assert_int_equal(value_of(SMELT_DIM_MAX, 7, -2), 7);
  int64_t value;
  assert_false(rt_dim_value((const int64_t[]){NUM, 1, NUM, 0, SMELT_DIM_DIV, END}, NULL, &value));
  assert_false(rt_dim_value((const int64_t[]){NUM, INT64_MAX, NUM, 2, SMELT_DIM_MUL, END}, NULL, &value));
  assert_false(rt_dim_value((const int64_t[]){NUM, INT64_MIN, NUM, -1, SMELT_DIM_DIV, END}, NULL, &value));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses_each_kind_of_damage),     cmocka_unit_test(survives_any_flipped_byte),
      cmocka_unit_test(survives_random_damage),          cmocka_unit_test(checks_size_programs),
      cmocka_unit_test(evaluates_size_programs),         cmocka_unit_test(says_that_it_is_of_another_version),
      cmocka_unit_test(refuses_readers_that_do_not_fit), cmocka_unit_test(refuses_images_that_do_not_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
