/* Generated text as it streams: spaces, characters made of several tokens, special tokens, BOS. */
#define _GNU_SOURCE
#include "runtime_fake_image.h"

#include "base/base.h"
#include "decode/decode.h"
#include "tokenizer/tokenizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

/* Llama's kind of tokenizer, with a vocabulary of 16. */
static const char tokenizer_json[] =
    "{\"version\": \"1.0\", \"truncation\": null, \"padding\": null, \"added_tokens\": ["
    "{\"id\": 0, \"content\": \"<unk>\", \"special\": true, \"normalized\": false},"
    "{\"id\": 1, \"content\": \"<s>\", \"special\": true, \"normalized\": false},"
    "{\"id\": 2, \"content\": \"</s>\", \"special\": true, \"normalized\": false}],"
    "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Prepend\", \"prepend\": "
    "\"\u2581\"},"
    "{\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"\u2581\"}]},"
    "\"pre_tokenizer\": null,"
    "\"post_processor\": {\"type\": \"TemplateProcessing\","
    "\"single\": [{\"SpecialToken\": {\"id\": \"<s>\", \"type_id\": 0}}, {\"Sequence\": {\"id\": \"A\", "
    "\"type_id\": 0}}],"
    "\"pair\": [], \"special_tokens\": {\"<s>\": {\"id\": \"<s>\", \"ids\": [1], \"tokens\": [\"<s>\"]}}},"
    "\"decoder\": {\"type\": \"Sequence\", \"decoders\": ["
    "{\"type\": \"Replace\", \"pattern\": {\"String\": \"\u2581\"}, \"content\": \" \"}, {\"type\": "
    "\"ByteFallback\"},"
    "{\"type\": \"Fuse\"}, {\"type\": \"Strip\", \"content\": \" \", \"start\": 1, \"stop\": 0}]},"
    "\"model\": {\"type\": \"BPE\", \"dropout\": null, \"unk_token\": \"<unk>\", "
    "\"continuing_subword_prefix\": null,"
    "\"end_of_word_suffix\": null, \"fuse_unk\": true, \"byte_fallback\": true, \"vocab\": {"
    "\"<unk>\": 0, \"<s>\": 1, \"</s>\": 2, \"\u2581\": 3, \"a\": 4, \"b\": 5, \"\u2581a\": 6, \"<0xC3>\": 7,"
    "\"<0xA9>\": 8, \"\u2581b\": 9, \"c\": 10, \"d\": 11, \"e\": 12, \"f\": 13, \"g\": 14, \"h\": 15},"
    "\"merges\": [\"\u2581 a\", \"\u2581 b\"]}}";

enum { UNK, BOS, END, SPACE, A, B, SPACE_A, BYTE_C3, BYTE_A9, SPACE_B };

static fake_manifest manifest;
static arena memory;
static text blob;

/* ---- a model that says what the script says -------------------------------------------- */

static const int64_t *script;
static int64_t script_from; /* tokens in the text before the script's first */

static void recite(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  (void)thread_count;
  if (thread != 0) return;
  int64_t said = frame->dims[GEN_PAST] + frame->dims[GEN_SEQUENCE] - script_from;
  float *logits = (float *)(void *)frame->arena;
  for (int32_t i = 0; i < GEN_VOCAB; i++) logits[i] = said >= 0 && script[said] == i;
}

static smelt_entry_code *const recite_code[] = {recite, recite};
static const smelt_code_level recite_levels[] = {{.isa_level = SMELT_ISA_BASELINE, .entries = recite_code}};

static int compile_tokenizer(void **state) {
  (void)state;
  char path[] = "/tmp/smelt-runtime-text-XXXXXX";
  int file = mkstemp(path);
  if (file < 0) return -1;
  bool written = write(file, tokenizer_json, sizeof tokenizer_json - 1) == sizeof tokenizer_json - 1;
  close(file);
  tok_summary summary;
  status s = written ? tok_compile(&memory, path, &blob, &summary) : OK;
  unlink(path);
  if (s) fprintf(stderr, "%s\n", s->cause);
  return written && s == OK ? 0 : -1;
}

static int free_tokenizer(void **state) {
  (void)state;
  text_free(&blob);
  arena_free(&memory);
  return 0;
}

static smelt_model *open_reciter(void) {
  static smelt_image image;
  smelt_model *model;
  gen_manifest(&manifest, GEN_DECODER, END);
  smelt_manifest header;
  memcpy(&header, manifest.bytes, sizeof header);
  header.tokenizer_bytes = blob.count;
  memcpy(manifest.bytes, &header, sizeof header);
  image = (smelt_image){
      .manifest = manifest.bytes, .tokenizer = blob.bytes, .level_count = 1, .levels = recite_levels};
  assert_int_equal(smelt_open(&image, &(smelt_open_options){.threads = 1}, &model), SMELT_OK);
  return model;
}

/* The texts heard, each in brackets. */
static bool hear(void *user, int32_t token, const char *heard, size_t bytes) {
  (void)token;
  char *all = user;
  size_t used = strlen(all);
  snprintf(all + used, 256 - used, "[%.*s]", (int)bytes, heard);
  return true;
}

static void expect_recital(const char *prompt, int64_t prompt_tokens, const int64_t *tokens,
                           const char *expected) {
  smelt_model *model = open_reciter();
  char heard[256] = "";
  script = tokens;
  script_from = prompt_tokens;
  assert_int_equal(smelt_generate(model, prompt, NULL, hear, heard), SMELT_OK);
  assert_string_equal(heard, expected);
  smelt_close(model);
}

static void goes_on_from_the_prompt(void **state) {
  (void)state; /* "a b" is <s> _a _b */
  expect_recital("a b", 3, (int64_t[]){SPACE_A, B, SPACE, B, END}, "[ a][b][ ][b]");
}

static void the_first_space_of_a_text_is_not_the_texts(void **state) {
  (void)state;
  expect_recital("", 1, (int64_t[]){SPACE_A, SPACE_B, END}, "[a][ b]");
}

static void characters_come_whole(void **state) {
  (void)state;
  expect_recital("a", 2, (int64_t[]){BYTE_C3, BYTE_A9, BYTE_C3, A, BYTE_A9, SPACE_B, END},
                 "[][\u00e9][][\ufffda][\ufffd][ b]");
}

static void a_character_may_begin_in_the_prompt(void **state) {
  (void)state;
  smelt_model *model = open_reciter();
  char heard[256] = "";
  script = (int64_t[]){BYTE_A9, B, END};
  script_from = 3;
  assert_int_equal(smelt_generate_ids(model, (int32_t[]){BOS, A, BYTE_C3}, 3, NULL, hear, heard), SMELT_OK);
  assert_string_equal(heard, "[\u00e9][b]");
  smelt_close(model);
}

static void special_tokens_have_no_text(void **state) {
  (void)state;
  expect_recital("a", 2, (int64_t[]){B, BOS, B, END}, "[b][][b]");
}

static void encodes_and_decodes_within_capacity(void **state) {
  (void)state;
  smelt_model *model = open_reciter();
  int32_t ids[4] = {-1, -1, -1, -1};
  char decoded[8] = "#######";
  assert_int_equal(smelt_encode(model, "a b", 3, true, ids, 2), 3);
  assert_true(ids[0] == BOS && ids[1] == SPACE_A && ids[2] == -1);
  assert_int_equal(smelt_encode(model, "a b", 3, false, ids, 4), 2);
  assert_true(ids[0] == SPACE_A && ids[1] == SPACE_B);
  assert_int_equal(smelt_decode(model, ids, 2, true, decoded, 2), 3);
  assert_memory_equal(decoded, "a ####", 6);
  assert_int_equal(smelt_decode(model, (int32_t[]){-5, 99, A}, 3, true, decoded, 8), 1);
  smelt_close(model);
}

/* Generates under a regular expression, whatever the script says. */
static smelt_result keep_to(smelt_model *model, const char *expression, const char *prompt, int32_t most,
                            char heard[256]) {
  smelt_generate_options options = smelt_generate_defaults(model);
  smelt_constraint *constraint;
  smelt_result result =
      smelt_constraint_create(model, SMELT_REGEX, expression, strlen(expression), &constraint);
  if (result) return result;
  options.constraint = constraint;
  options.max_new_tokens = most;
  heard[0] = 0;
  result = smelt_generate(model, prompt, &options, hear, heard);
  smelt_constraint_free(constraint);
  return result;
}

static void keeps_to_a_constraint(void **state) {
  (void)state;
  smelt_model *model = open_reciter();
  char heard[256];
  script = (int64_t[]){SPACE_A, SPACE_B, SPACE_B, SPACE_B, END};
  script_from = 1; /* the first space of a text is not shown */
  assert_int_equal(keep_to(model, "a b(c|d)", "", 0, heard), SMELT_OK);
  assert_string_equal(heard, "[a][ b][c]");
  script_from = 2; /* after a prompt it is, so that " a" may not come */
  assert_int_equal(keep_to(model, "a? b[d-h]", "a", 0, heard), SMELT_OK);
  assert_string_equal(heard, "[ ][b][d]");
  assert_int_equal(keep_to(model, " a b[d-h]", "a", 2, heard), SMELT_INCOMPLETE);
  assert_string_equal(heard, "[ a][ b]");
  assert_int_equal(keep_to(model, "a(b", "a", 0, heard), SMELT_BAD_ARGUMENT);
  assert_string_equal(smelt_error(model), "1:2: the group has no closing )");
  assert_int_equal(keep_to(model, "xyz", "a", 0, heard), SMELT_BAD_ARGUMENT); /* not in the vocabulary */
  smelt_close(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(goes_on_from_the_prompt),
      cmocka_unit_test(the_first_space_of_a_text_is_not_the_texts),
      cmocka_unit_test(characters_come_whole),
      cmocka_unit_test(a_character_may_begin_in_the_prompt),
      cmocka_unit_test(special_tokens_have_no_text),
      cmocka_unit_test(encodes_and_decodes_within_capacity),
      cmocka_unit_test(keeps_to_a_constraint),
  };
  return cmocka_run_group_tests(tests, compile_tokenizer, free_tokenizer);
}
