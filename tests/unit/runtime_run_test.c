/* Running entries by name: description, symbol binding, and what is refused. */
#define _GNU_SOURCE
#include "core/core.h"
#include "runtime_fake_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

static fake_manifest manifest;
static smelt_entry_code *const sum_code[] = {sum_run};
static const smelt_code_level levels[] = {{.isa_level = SMELT_ISA_BASELINE, .entries = sum_code}};
static const smelt_image image = {.manifest = manifest.bytes, .level_count = 1, .levels = levels};

static smelt_model *open_sum(int32_t threads) {
  smelt_model *model;
  sum_manifest(&manifest);
  assert_int_equal(smelt_open(&image, &(smelt_open_options){.threads = threads}, &model), SMELT_OK);
  return model;
}

static void describes_inputs_and_outputs(void **state) {
  (void)state;
  smelt_model *model = open_sum(1);
  smelt_tensor_info info;
  assert_int_equal(smelt_entry_count(model), 1);
  assert_string_equal(smelt_entry_name(model, 0), "run");
  assert_null(smelt_entry_name(model, 1));
  assert_int_equal(smelt_input_count(model, "run"), 2);
  assert_int_equal(smelt_output_count(model, "walk"), -1);
  assert_int_equal(smelt_output_info(model, "run", 1, &info), SMELT_OK);
  assert_string_equal(info.name, "twice");
  assert_int_equal(info.rank, 1);
  assert_int_equal(info.dims[0], -1);
  assert_string_equal(info.symbols[0], "2*batch");
  assert_int_equal(smelt_output_info(model, "run", 2, &info), SMELT_BAD_ARGUMENT);
  smelt_close(model);
}

static void runs_whatever_the_order_and_thread_count(void **state) {
  (void)state;
  float x[] = {1, 2, 3, 4, 5, 6}, y[] = {10, 20, 30};
  const char *names[] = {"y", "x"};
  for (int32_t threads = 1; threads <= 4; threads++) {
    smelt_model *model = open_sum(threads);
    smelt_tensor inputs[] = {{SMELT_F32, 1, {3}, y}, {SMELT_F32, 2, {2, 3}, x}}, outputs[2];
    for (int repeat = 0; repeat < 50; repeat++) {
      assert_int_equal(smelt_run(model, "run", names, inputs, 2, outputs), SMELT_OK);
      assert_int_equal(outputs[0].dims[0], 2);
      assert_int_equal(outputs[0].dims[1], 3);
      assert_int_equal(outputs[1].dims[0], 4);
      const float *sum = outputs[0].data, *twice = outputs[1].data;
      assert_true(sum[0] == 11 && sum[4] == 25 && sum[5] == 36 && twice[3] == 11);
      memset(outputs[0].data, 0, sizeof x);
    }
    smelt_close(model);
  }
}

/* One call on x [dims] and y [width] that is to fail. */
static void refuse(smelt_model *model, smelt_tensor x, smelt_tensor y, smelt_result result,
                   const char *error) {
  const char *names[] = {"x", "y"};
  smelt_tensor inputs[] = {x, y}, outputs[2];
  assert_int_equal(smelt_run(model, "run", names, inputs, 2, outputs), result);
  assert_string_equal(smelt_error(model), error);
}

static void refuses_inputs_that_do_not_fit(void **state) {
  (void)state;
  smelt_model *model = open_sum(1);
  float data[64] = {0};
  smelt_tensor x = {SMELT_F32, 2, {2, 3}, data}, y = {SMELT_F32, 1, {3}, data};
  smelt_tensor wrong_dtype = x, wrong_rank = x, wide_y = y, large = x, negative = x, missing = x, odd = x;
  wrong_dtype.dtype = SMELT_I64;
  wrong_rank.rank = 3;
  wide_y.dims[0] = 4;
  large.dims[0] = 9;
  negative.dims[1] = -1;
  missing.data = NULL;
  odd.data = (char *)data + 1;
  refuse(model, wrong_dtype, y, SMELT_BAD_ARGUMENT, "input 'x': expected dtype f32, found i64");
  refuse(model, wrong_rank, y, SMELT_BAD_ARGUMENT, "input 'x': expected 2 axes, found 3");
  refuse(model, x, wide_y, SMELT_BAD_ARGUMENT, "input 'y', axis 0: expected width = 3, found 4");
  refuse(model, large, y, SMELT_TOO_LARGE, "input 'x', axis 0: expected batch of at most 8, found 9");
  refuse(model, negative, y, SMELT_BAD_ARGUMENT, "input 'x', axis 1: expected a size, found -1");
  refuse(model, missing, y, SMELT_BAD_ARGUMENT, "input 'x' has no data");
  refuse(model, odd, y, SMELT_BAD_ARGUMENT, "input 'x': expected data aligned to 4 bytes");
  smelt_close(model);
}

static void refuses_names_that_do_not_fit(void **state) {
  (void)state;
  smelt_model *model = open_sum(1);
  float data[6] = {0};
  smelt_tensor inputs[] = {{SMELT_F32, 2, {2, 3}, data}, {SMELT_F32, 1, {3}, data}}, outputs[2];
  const char *unknown[] = {"x", "z"}, *twice[] = {"x", "x"};
  assert_int_equal(smelt_run(model, "walk", unknown, inputs, 2, outputs), SMELT_BAD_ARGUMENT);
  assert_string_equal(smelt_error(model), "the model has no entry 'walk'");
  assert_int_equal(smelt_run(model, "run", unknown, inputs, 2, outputs), SMELT_BAD_ARGUMENT);
  assert_string_equal(smelt_error(model), "entry 'run' has no input 'z'");
  assert_int_equal(smelt_run(model, "run", twice, inputs, 2, outputs), SMELT_BAD_ARGUMENT);
  assert_string_equal(smelt_error(model), "input 'x' is given twice");
  assert_int_equal(smelt_run(model, "run", unknown, inputs, 1, outputs), SMELT_BAD_ARGUMENT);
  assert_string_equal(smelt_error(model), "input 'y' is missing");
  smelt_close(model);
}

static void runs_on_nothing(void **state) {
  (void)state;
  smelt_model *model = open_sum(2);
  const char *names[] = {"x", "y"};
  smelt_tensor inputs[] = {{SMELT_F32, 2, {0, 0}, NULL}, {SMELT_F32, 1, {0}, NULL}}, outputs[2];
  assert_int_equal(smelt_run(model, "run", names, inputs, 2, outputs), SMELT_OK);
  assert_int_equal(outputs[1].dims[0], 0);
  smelt_close(model);
}

/* ---- the instruction-set level --------------------------------------------------------- */

static int level_run;
static void run_baseline(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  level_run = SMELT_ISA_BASELINE;
  idle_entry(frame, thread, thread_count);
}
static void run_v2(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  level_run = SMELT_ISA_X86_64_V2;
  idle_entry(frame, thread, thread_count);
}

/* Runs the two-level image and says which level ran; -1 where it did not open. */
static int level_of(const char *forced, bool repeats, const smelt_code_level *first, uint64_t count) {
  smelt_model *model;
  smelt_image two = {.manifest = manifest.bytes, .level_count = count, .levels = first};
  const char *names[] = {"x", "y"};
  float data[6] = {0};
  smelt_tensor inputs[] = {{SMELT_F32, 2, {2, 3}, data}, {SMELT_F32, 1, {3}, data}}, outputs[2];
  setenv("SMELT_CPU", forced, 1);
  smelt_result result = smelt_open(&two, &(smelt_open_options){.threads = 1, .repeats = repeats}, &model);
  unsetenv("SMELT_CPU");
  if (result) return -(int)result;
  smelt_run(model, "run", names, inputs, 2, outputs);
  smelt_close(model);
  return level_run;
}

static int level_under(const char *forced, const smelt_code_level *first, uint64_t count) {
  return level_of(forced, false, first, count);
}

static void takes_the_highest_level_allowed(void **state) {
  (void)state;
  smelt_entry_code *const baseline[] = {run_baseline}, *const v2[] = {run_v2};
  const smelt_code_level two[] = {{SMELT_ISA_BASELINE, baseline, 0}, {SMELT_ISA_X86_64_V2, v2, 0}};
  sum_manifest(&manifest);
  assert_int_equal(level_under("baseline", two, 2), SMELT_ISA_BASELINE);
  assert_int_equal(level_under("baseline", two + 1, 1), -SMELT_UNSUPPORTED_CPU);
  assert_int_equal(level_under("x86-64-v9", two, 2), -SMELT_BAD_ARGUMENT);
  assert_int_equal(level_under("riscv64-v", two, 2), -SMELT_BAD_ARGUMENT); /* which other processors have */
#ifdef __x86_64__
  assert_int_equal(level_under("x86-64-v2", two, 2), SMELT_ISA_X86_64_V2);
  assert_int_equal(level_under("", two, 2), SMELT_ISA_X86_64_V2);
#endif
}

static void leaves_out_levels_with_bits_of_their_own(void **state) {
  (void)state;
#ifdef __x86_64__
  smelt_entry_code *const baseline[] = {run_baseline}, *const v2[] = {run_v2};
  const smelt_code_level two[] = {{SMELT_ISA_BASELINE, baseline, 0}, {SMELT_ISA_X86_64_V2, v2, 1}};
  sum_manifest(&manifest);
  assert_int_equal(level_of("", false, two, 2), SMELT_ISA_X86_64_V2);
  assert_int_equal(level_of("", true, two, 2), SMELT_ISA_BASELINE);
  assert_int_equal(level_of("x86-64-v2", true, two, 2), SMELT_ISA_BASELINE);
  assert_int_equal(level_of("", true, two + 1, 1), SMELT_ISA_X86_64_V2); /* there is no other */
#endif
}

/* The system's pages are zeros when they are touched again; what the next entry has is left as it is. */
static void gives_back_what_the_next_entry_does_not_need(void **state) {
  (void)state;
  enum { LARGE = 4 << 20, SMALL = 100000, NEARLY = LARGE - 4096 };
  uint8_t *arena = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  smelt_model model = {.arena = arena};
  assert_true(arena != MAP_FAILED);
  rt_arena_shrink(&model, LARGE);
  memset(arena, 1, LARGE);
  rt_arena_shrink(&model, NEARLY); /* a page is not worth asking */
  assert_int_equal(arena[LARGE - 1], 1);
  rt_arena_shrink(&model, SMALL);
  assert_int_equal(arena[SMALL - 1], 1);
  assert_int_equal(arena[NEARLY - 1], 0);
  assert_int_equal(arena[SMALL + 65536], 0);
  rt_arena_shrink(&model, LARGE);
  munmap(arena, LARGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(describes_inputs_and_outputs),
      cmocka_unit_test(runs_whatever_the_order_and_thread_count),
      cmocka_unit_test(refuses_inputs_that_do_not_fit),
      cmocka_unit_test(refuses_names_that_do_not_fit),
      cmocka_unit_test(runs_on_nothing),
      cmocka_unit_test(takes_the_highest_level_allowed),
      cmocka_unit_test(leaves_out_levels_with_bits_of_their_own),
      cmocka_unit_test(gives_back_what_the_next_entry_does_not_need),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
