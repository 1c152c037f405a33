/* Detection of instruction-set levels, from the words of processors that this machine is not. */
#define _GNU_SOURCE
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void names_are_read_back(void **state) {
  (void)state;
  smelt_isa_level level;
#define X(NAME, value, text)                                                                                 \
  assert_true(rt_isa_from_text(text, &level));                                                               \
  assert_int_equal(level, value);                                                                            \
  assert_string_equal(rt_isa_text(value), text);
  SMELT_ISA_LEVELS(X)
#undef X
  assert_false(rt_isa_from_text("x86-64-v9", &level));
  assert_string_equal(rt_isa_text(1000), "?");
}

static bool allows_all(smelt_isa_level level) {
  (void)level;
  return true;
}

#ifdef __x86_64__

static bool refuses_tiles(smelt_isa_level level) {
  return level != SMELT_ISA_X86_64_AMX;
}

/* The words as such processors have them, XCR0 as Linux sets it. */
#define WORDS(leaf_1_ecx, leaf_7_ebx, leaf_7_ecx, leaf_7_edx, leaf_7_1_eax, leaf_80000001_ecx, xcr0)         \
  {[RT_CPU_LEAF_1_ECX] = leaf_1_ecx,                                                                         \
   [RT_CPU_LEAF_7_EBX] = leaf_7_ebx,                                                                         \
   [RT_CPU_LEAF_7_ECX] = leaf_7_ecx,                                                                         \
   [RT_CPU_LEAF_7_EDX] = leaf_7_edx,                                                                         \
   [RT_CPU_LEAF_7_1_EAX] = leaf_7_1_eax,                                                                     \
   [RT_CPU_LEAF_80000001_ECX] = leaf_80000001_ecx,                                                           \
   [RT_CPU_XCR0] = xcr0}

static const struct {
  const char *name;
  smelt_isa_level level;
  uint64_t words[RT_CPU_WORD_COUNT];
} PROCESSORS[] = {
    {"first x86-64", SMELT_ISA_BASELINE, WORDS(0x00000000, 0, 0, 0, 0, 0x1, 0)},
    {"Nehalem", SMELT_ISA_X86_64_V2, WORDS(0x009ce3bd, 0, 0, 0, 0, 0x1, 0)},
    {"Haswell", SMELT_ISA_X86_64_V3, WORDS(0x7ffafbff, 0x000027ab, 0, 0x9c000600, 0, 0x21, 0x7)},
    {"Haswell, wide registers not saved", SMELT_ISA_X86_64_V2,
     WORDS(0x77fafbff, 0x000027ab, 0, 0x9c000600, 0, 0x21, 0)},
    {"Haswell, SSE saved only", SMELT_ISA_X86_64_V2,
     WORDS(0x7ffafbff, 0x000027ab, 0, 0x9c000600, 0, 0x21, 0x3)},
    {"Skylake server", SMELT_ISA_X86_64_V4, WORDS(0x7ffefbff, 0xd39ffffb, 0, 0x9c000400, 0, 0x121, 0xe7)},
    {"Skylake server, 512 bits not saved", SMELT_ISA_X86_64_V3,
     WORDS(0x7ffefbff, 0xd39ffffb, 0, 0x9c000400, 0, 0x121, 0x7)},
    {"Cascade Lake", SMELT_ISA_X86_64_VNNI,
     WORDS(0x7ffefbff, 0xd39ffffb, 0x808, 0xbc000400, 0, 0x121, 0x2e7)},
    {"Cascade Lake, 512 bits not saved", SMELT_ISA_X86_64_V3,
     WORDS(0x7ffefbff, 0xd39ffffb, 0x808, 0xbc000400, 0, 0x121, 0x207)},
    {"Cooper Lake", SMELT_ISA_X86_64_BF16,
     WORDS(0x7ffefbff, 0xd39ffffb, 0x808, 0xbc000400, 0x20, 0x121, 0x2e7)},
    {"Zen 4", SMELT_ISA_X86_64_BF16,
     WORDS(0x7ef8320b, 0xf1bf97a9, 0x405fce, 0x10000010, 0x20, 0x75c237ff, 0x2e7)},
    {"Zen 4, 512 bits not saved", SMELT_ISA_X86_64_V3,
     WORDS(0x7ef8320b, 0xf1bf97a9, 0x405fce, 0x10000010, 0x20, 0x75c237ff, 0x207)},
    {"Zen 4, AVX-512 hidden by a hypervisor", SMELT_ISA_X86_64_V3,
     WORDS(0x7ef8320b, 0x219c97a9, 0x405fce, 0x10000010, 0x20, 0x75c237ff, 0x2e7)},
    {"Sapphire Rapids", SMELT_ISA_X86_64_AMX,
     WORDS(0x7ffefbff, 0xf3bfbffb, 0xfb417ffe, 0xffdd4432, 0x1c30, 0x121, 0x602e7)},
    {"Sapphire Rapids, tiles not saved", SMELT_ISA_X86_64_BF16,
     WORDS(0x7ffefbff, 0xf3bfbffb, 0xfb417ffe, 0xffdd4432, 0x1c30, 0x121, 0x2e7)},
    {"Sapphire Rapids, tiles' data not saved", SMELT_ISA_X86_64_BF16,
     WORDS(0x7ffefbff, 0xf3bfbffb, 0xfb417ffe, 0xffdd4432, 0x1c30, 0x121, 0x202e7)},
    {"Sapphire Rapids, tiles hidden by a hypervisor", SMELT_ISA_X86_64_BF16,
     WORDS(0xfffefbff, 0xf3bfbffb, 0xfb417ffe, 0xbc1d4432, 0x1c30, 0x121, 0x602e7)},
};

static void processors_have_their_levels(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof PROCESSORS / sizeof *PROCESSORS; i++) {
    smelt_isa_level level =
        rt_cpu_level_of(rt_level_features, rt_level_feature_count, PROCESSORS[i].words, allows_all);
    if (level != PROCESSORS[i].level)
      fail_msg("%s: %s for %s", PROCESSORS[i].name, rt_isa_text(level), rt_isa_text(PROCESSORS[i].level));
  }
}

/* One level lower, not to the bottom. */
static void a_refusal_costs_one_level(void **state) {
  (void)state;
  static const uint64_t words[RT_CPU_WORD_COUNT] =
      WORDS(0x7ffefbff, 0xf3bfbffb, 0xfb417ffe, 0xffdd4432, 0x1c30, 0x121, 0x602e7);
  assert_int_equal(rt_cpu_level_of(rt_level_features, rt_level_feature_count, words, allows_all),
                   SMELT_ISA_X86_64_AMX);
  assert_int_equal(rt_cpu_level_of(rt_level_features, rt_level_feature_count, words, refuses_tiles),
                   SMELT_ISA_X86_64_BF16);
}

static void dots_of_bf16_are_slow_beside_tiles(void **state) {
  (void)state;
  enum { INTEL = 0x756e6547, AMD = 0x68747541 }; /* "Genu", "Auth" */
  uint64_t words[RT_CPU_WORD_COUNT] =
      WORDS(0x7ffefbff, 0xf3bfbffb, 0xfb417ffe, 0xbc9d4432, 0x1c30, 0x121, 0x2e7);
  words[RT_CPU_LEAF_0_EBX] = INTEL;
  assert_true(rt_cpu_is_slow_of(words, SMELT_ISA_X86_64_BF16));
  assert_false(rt_cpu_is_slow_of(words, SMELT_ISA_X86_64_VNNI));
  assert_false(rt_cpu_is_slow_of(words, SMELT_ISA_X86_64_AMX));
  words[RT_CPU_LEAF_0_EBX] = AMD;
  assert_false(rt_cpu_is_slow_of(words, SMELT_ISA_X86_64_BF16));
  words[RT_CPU_LEAF_0_EBX] = INTEL;
  words[RT_CPU_LEAF_7_EDX] = 0xbc000400; /* Cooper Lake */
  assert_false(rt_cpu_is_slow_of(words, SMELT_ISA_X86_64_BF16));
}

static void this_one_agrees_with_the_compiler(void **state) {
  (void)state;
  smelt_isa_level level = rt_cpu_level();
  assert_int_equal(level >= SMELT_ISA_X86_64_V2, !!__builtin_cpu_supports("x86-64-v2"));
  assert_int_equal(level >= SMELT_ISA_X86_64_V3, !!__builtin_cpu_supports("x86-64-v3"));
  assert_int_equal(level >= SMELT_ISA_X86_64_V4, !!__builtin_cpu_supports("x86-64-v4"));
}

#endif

/* ---- Arm's table, under a name that is not this processor's (tests/CMakeLists.txt) ------------------------
 */

extern const rt_level_feature arm64_level_features[];
extern const size_t arm64_level_feature_count;

/* As Linux has them: HWCAP, HWCAP2 and, of a process, the length of SVE's registers in bytes. */
static const struct {
  const char *name;
  smelt_isa_level level;
  uint64_t hwcap, hwcap2;
  int sve_bytes;
} ARM_PROCESSORS[] = {
    {"Cortex-A72", SMELT_ISA_BASELINE, 0x8ff, 0, 0},
    {"Neoverse N1", SMELT_ISA_ARM64_DOT, 0x1119ffff, 0, 0},
    {"A64FX: 64 bytes, no dot products", SMELT_ISA_BASELINE, 0x4457f7, 0, 64},
    {"Neoverse V1", SMELT_ISA_ARM64_SVE, 0xbfffffff, 0x3f307, 32},
    {"Neoverse V1, its registers made shorter", SMELT_ISA_ARM64_MMLA, 0xbfffffff, 0x3f307, 16},
    {"Neoverse V1, SVE hidden by the system", SMELT_ISA_ARM64_MMLA, 0xbfbfffff, 0x3e101, 0},
    {"Neoverse V2", SMELT_ISA_ARM64_MMLA, 0xefffffff, 0x3f3ff, 16},
    {"registers of 48 bytes", SMELT_ISA_ARM64_MMLA, 0xbfffffff, 0x3f307, 48},
    {"registers of 256 bytes", SMELT_ISA_ARM64_MMLA, 0xbfffffff, 0x3f307, 256},
    {"SVE without products of bytes", SMELT_ISA_ARM64_MMLA, 0xbfffffff, 0x3f107, 32},
    {"SVE without products of bf16", SMELT_ISA_ARM64_MMLA, 0xbfffffff, 0x3e307, 32},
};

static void arm_processors_have_their_levels(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof ARM_PROCESSORS / sizeof *ARM_PROCESSORS; i++) {
    uint64_t words[RT_CPU_WORD_COUNT] = {[RT_CPU_HWCAP] = ARM_PROCESSORS[i].hwcap,
                                         [RT_CPU_HWCAP2] = ARM_PROCESSORS[i].hwcap2};
    if (ARM_PROCESSORS[i].sve_bytes) words[RT_CPU_SVE_LENGTH] = RT_CPU_SVE_OF(ARM_PROCESSORS[i].sve_bytes);
    smelt_isa_level level =
        rt_cpu_level_of(arm64_level_features, arm64_level_feature_count, words, allows_all);
    if (level != ARM_PROCESSORS[i].level)
      fail_msg("%s: %s for %s", ARM_PROCESSORS[i].name, rt_isa_text(level),
               rt_isa_text(ARM_PROCESSORS[i].level));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_read_back),
      cmocka_unit_test(arm_processors_have_their_levels),
#ifdef __x86_64__
      cmocka_unit_test(processors_have_their_levels),
      cmocka_unit_test(a_refusal_costs_one_level),
      cmocka_unit_test(dots_of_bf16_are_slow_beside_tiles),
      cmocka_unit_test(this_one_agrees_with_the_compiler),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
