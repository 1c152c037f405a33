/*
 * codegen_levels_test.c: which levels a program carries, and that the code of
 * each multiplies with the instructions of its engines and with no others.
 */
#include "codegen/codegen.h" /* before cmocka.h, which makes `fail` a macro */
#include "pass/pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void check(status s) {
  if (s) fail_msg("%s: %s", s->node ? s->node : "", s->cause);
}

/* Many rows times a weight of zeros. */
static plan_module *plan_of(arena *a, ir_precision precision) {
  static const char SOURCE[] = "graph run(x: f32[m, 128]) {\n"
                               "  w = const \"w\" : f32[128, 96]\n"
                               "  y = linear x, w : f32[m, 96]\n"
                               "  return y = y\n"
                               "}\n";
  ir_module *m;
  plan_module *plan;
  check(ir_parse(a, "case", SOURCE, sizeof SOURCE - 1, &m));
  float *zeros = ARENA_ARRAY(a, float, 128 * 96);
  memset(zeros, 0, 128 * 96 * sizeof *zeros);
  ((ir_constant *)(uintptr_t)m->graphs[0]->first->attrs.constant)->data = zeros;
  m->precision = precision;
  ir_dim_set_maximum(m, ir_dim_symbol_at(m, 0), 64);
  check(pass_run_all(m->graphs[0], NULL, NULL));
  check(plan_make(m, &plan));
  return plan;
}

static void levels_are_those_of_use(void **state) {
  (void)state;
  static const struct {
    const char *target;
    ir_precision precision;
    const char *files;
  } CASES[] = {
      {"x86_64-linux", IR_PRECISION_F32,
       "code-x86-64-v2.o code-x86-64-v3.o code-x86-64-v4.o steps.o image.o "},
      {"x86_64-linux", IR_PRECISION_BF16,
       "code-x86-64-v2.o code-x86-64-v3.o code-x86-64-v4.o code-x86-64-bf16.o code-x86-64-amx.o steps.o "
       "image.o "},
      {"x86_64-linux", IR_PRECISION_INT8,
       "code-x86-64-v2.o code-x86-64-v3.o code-x86-64-vnni.o code-x86-64-amx.o steps.o image.o "},
      {"x86_64-linux", IR_PRECISION_INT4,
       "code-x86-64-v2.o code-x86-64-v3.o code-x86-64-vnni.o steps.o image.o "},
      {"aarch64-linux", IR_PRECISION_F32, "code-baseline.o code-arm64-sve.o steps.o image.o "},
      {"aarch64-linux", IR_PRECISION_BF16,
       "code-baseline.o code-arm64-mmla.o code-arm64-sve.o steps.o image.o "},
      {"aarch64-linux", IR_PRECISION_INT8,
       "code-baseline.o code-arm64-dot.o code-arm64-mmla.o code-arm64-sve.o steps.o image.o "},
      {"aarch64-linux", IR_PRECISION_INT4,
       "code-baseline.o code-arm64-dot.o code-arm64-sve.o steps.o image.o "},
      {"aarch64-macos", IR_PRECISION_F32, "code-baseline.o steps.o image.o "}, /* no Mac has SVE, or tiles */
      {"x86_64-macos", IR_PRECISION_BF16,
       "code-x86-64-v2.o code-x86-64-v3.o code-x86-64-v4.o code-x86-64-bf16.o steps.o image.o "},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    arena a = {0};
    text names = {0};
    codegen_options options = {.target = codegen_target_named(CASES[i].target),
                               .model_name = "m",
                               .form = CODEGEN_OBJECT,
                               .has_runtime = true,
                               .only_level = -1};
    codegen_output outputs[CODEGEN_MAX_FILES];
    size_t count;
    check(codegen_make(&a, plan_of(&a, CASES[i].precision), &options, outputs, &count));
    for (size_t f = 0; f < count; f++) {
      text_print(&names, "%s ", outputs[f].name);
      text_free(&outputs[f].bytes);
    }
    assert_string_equal(names.bytes, CASES[i].files);
    text_free(&names);
    arena_free(&a);
  }
}

static size_t count_of(const char *code, const char *instruction) {
  size_t count = 0;
  for (const char *at = code; (at = strstr(at, instruction)); at++) count++;
  return count;
}

static void find_level(smelt_isa_level level, codegen_options *options) {
  for (size_t t = 0; (options->target = codegen_target_at(t)); t++)
    for (options->only_level = 0; options->only_level < CODEGEN_MAX_LEVELS; options->only_level++)
      if (options->target->levels[options->only_level].cpu &&
          options->target->levels[options->only_level].level == level)
        return;
  fail_msg("no target has level %d", (int)level);
}

/* What multiplies on levels that have more than vectors: with many rows, in the precision's own engine. */
static void code_has_its_engines_instructions(void **state) {
  (void)state;
  static const char *const INSTRUCTIONS[] = {"\tvpdpbusd\t", "\tvdpbf16ps\t", "\ttdpbssd\t", "\ttdpbf16ps\t",
                                             "\tsadalp\t",   "\tsdot\t",      "\tsmmla\t",   "\tbfdot\t",
                                             "\tbfmmla\t",   "\tfmla\tz"};
  enum {
    VNNI = 1,
    BF16_DOTS = 2,
    AMX_BYTES = 4,
    AMX_BF16 = 8,
    ARM_LONG = 16,
    ARM_DOTS = 32,
    ARM_BYTES = 64,
    ARM_BF16_DOTS = 128,
    ARM_BF16 = 256,
    SVE = 512,
  };
  static const struct {
    smelt_isa_level level;
    ir_precision precision;
    unsigned instructions;
  } CASES[] = {
      {SMELT_ISA_X86_64_V3, IR_PRECISION_INT8, 0},
      {SMELT_ISA_X86_64_V4, IR_PRECISION_INT8, 0},
      {SMELT_ISA_X86_64_V4, IR_PRECISION_BF16, 0},
      {SMELT_ISA_X86_64_VNNI, IR_PRECISION_INT8, VNNI},
      {SMELT_ISA_X86_64_VNNI, IR_PRECISION_INT4, VNNI},
      {SMELT_ISA_X86_64_VNNI, IR_PRECISION_BF16, 0},
      {SMELT_ISA_X86_64_BF16, IR_PRECISION_BF16, BF16_DOTS},
      {SMELT_ISA_X86_64_AMX, IR_PRECISION_BF16, AMX_BF16 | BF16_DOTS}, /* dots where rows are few */
      {SMELT_ISA_X86_64_AMX, IR_PRECISION_INT8, AMX_BYTES | VNNI},
      {SMELT_ISA_X86_64_AMX, IR_PRECISION_F32, 0},
      {SMELT_ISA_BASELINE, IR_PRECISION_INT8, ARM_LONG},
      {SMELT_ISA_BASELINE, IR_PRECISION_BF16, 0},
      {SMELT_ISA_ARM64_DOT, IR_PRECISION_INT8, ARM_DOTS},
      {SMELT_ISA_ARM64_DOT, IR_PRECISION_INT4, ARM_DOTS},
      {SMELT_ISA_ARM64_MMLA, IR_PRECISION_INT8, ARM_BYTES | ARM_DOTS}, /* dots of one row */
      {SMELT_ISA_ARM64_MMLA, IR_PRECISION_BF16, ARM_BF16 | ARM_BF16_DOTS},
      {SMELT_ISA_ARM64_MMLA, IR_PRECISION_F32, 0},
      {SMELT_ISA_ARM64_SVE, IR_PRECISION_F32, SVE},
      {SMELT_ISA_ARM64_SVE, IR_PRECISION_BF16, ARM_BF16 | ARM_BF16_DOTS},
      {SMELT_ISA_ARM64_SVE, IR_PRECISION_INT8, ARM_BYTES | ARM_DOTS},
      {SMELT_ISA_ARM64_SVE, IR_PRECISION_INT4, ARM_DOTS | SVE},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    arena a = {0};
    codegen_options options = {.model_name = "m", .form = CODEGEN_ASSEMBLY};
    codegen_output output[CODEGEN_MAX_FILES];
    size_t count;
    find_level(CASES[i].level, &options);
    check(codegen_make(&a, plan_of(&a, CASES[i].precision), &options, output, &count));
    assert_int_equal(count, 1);
    const char *code = output[0].bytes.bytes;
    for (size_t k = 0; k < sizeof INSTRUCTIONS / sizeof *INSTRUCTIONS; k++)
      if ((count_of(code, INSTRUCTIONS[k]) > 0) != (CASES[i].instructions >> k & 1))
        fail_msg("case %zu: %zu of%s", i, count_of(code, INSTRUCTIONS[k]), INSTRUCTIONS[k]);
    /* one configuration in the code of the one linear, none that LLVM added; and all threads give tiles back
     */
    bool has_tiles = CASES[i].instructions & (AMX_BYTES | AMX_BF16);
    assert_int_equal(count_of(code, "\tldtilecfg\t"), has_tiles);
    assert_int_equal(count_of(code, "\ttilerelease"), has_tiles);
    text_free(&output[0].bytes);
    arena_free(&a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(levels_are_those_of_use),
                                     cmocka_unit_test(code_has_its_engines_instructions)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
