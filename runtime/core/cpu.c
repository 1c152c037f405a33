/*
 * cpu.c: which instruction-set level the processor has. The levels x86-64-v2
 * to v4 are those of the x86-64 psABI, section 3.1.1 "Processor Architecture",
 * x86-64-vnni is Cascade Lake's, x86-64-bf16 Cooper Lake's (and Zen 4's) and
 * x86-64-amx Sapphire Rapids' addition; from AVX on the operating system must save the wider registers too,
 * which XCR0 tells (Intel SDM volume 1, 13.3; volume 2, CPUID).
 */
#define _GNU_SOURCE /* syscall */
#include "core/core.h"

#include <string.h>

#define X(NAME, value, text) [SMELT_ISA_##NAME] = text,
static const char *const level_texts[] = {SMELT_ISA_LEVELS(X)};
#undef X
enum { LEVEL_COUNT = sizeof level_texts / sizeof level_texts[0] };

const char *rt_isa_text(uint64_t level) {
  return level < LEVEL_COUNT ? level_texts[level] : "?";
}

bool rt_isa_from_text(const char *text, smelt_isa_level *level) {
  for (int i = 0; i < LEVEL_COUNT; i++) {
    if (strcmp(text, level_texts[i]) != 0) continue;
    *level = (smelt_isa_level)i;
    return true;
  }
  return false;
}

/* What a level adds to the one below it: bits of one of the words that describe the processor. */
typedef struct {
  smelt_isa_level level;
  rt_cpu_word word;
  uint64_t bits;
} level_feature;

#ifdef __x86_64__
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { XCR0_AVX = 0x06, XCR0_AVX512 = 0xe6 }; /* SSE | AVX; and opmask | ZMM_Hi256 | Hi16_ZMM */
enum { XCR0_TILES = 3 << 17 };                /* TILECFG | TILEDATA */
enum { AVX512_BF16 = 1 << 5 };
enum { AVX512_FP16 = 1 << 23, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24, AMX_INT8 = 1 << 25 };
enum { INTEL = 'G' | 'e' << 8 | 'n' << 16 | 'u' << 24 }; /* GenuineIntel */

static const level_feature level_features[] = {
    {SMELT_ISA_X86_64_V2, RT_CPU_LEAF_1_ECX,
     bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE41 | bit_SSE42 | bit_POPCNT},
    {SMELT_ISA_X86_64_V2, RT_CPU_LEAF_80000001_ECX, bit_LAHF_LM},
    {SMELT_ISA_X86_64_V3, RT_CPU_LEAF_1_ECX, bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_AVX | bit_F16C},
    {SMELT_ISA_X86_64_V3, RT_CPU_LEAF_7_EBX, bit_BMI | bit_AVX2 | bit_BMI2},
    {SMELT_ISA_X86_64_V3, RT_CPU_LEAF_80000001_ECX, bit_LZCNT},
    {SMELT_ISA_X86_64_V3, RT_CPU_XCR0, XCR0_AVX},
    {SMELT_ISA_X86_64_V4, RT_CPU_LEAF_7_EBX,
     (uint32_t)(bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW) | (uint32_t)bit_AVX512VL},
    {SMELT_ISA_X86_64_V4, RT_CPU_XCR0, XCR0_AVX512},
    {SMELT_ISA_X86_64_VNNI, RT_CPU_LEAF_7_ECX, bit_AVX512VNNI},
    {SMELT_ISA_X86_64_BF16, RT_CPU_LEAF_7_1_EAX, AVX512_BF16},
    {SMELT_ISA_X86_64_AMX, RT_CPU_LEAF_7_EDX, AMX_TILE | AMX_BF16 | AMX_INT8},
    {SMELT_ISA_X86_64_AMX, RT_CPU_XCR0, XCR0_TILES},
};
static const smelt_isa_level levels[] = {SMELT_ISA_X86_64_V2,   SMELT_ISA_X86_64_V3,   SMELT_ISA_X86_64_V4,
                                         SMELT_ISA_X86_64_VNNI, SMELT_ISA_X86_64_BF16, SMELT_ISA_X86_64_AMX};

static uint64_t saved_registers(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static void read_words(uint64_t *words) {
  uint32_t a, b, c, d;
  if (__get_cpuid(0, &a, &b, &c, &d)) words[RT_CPU_LEAF_0_EBX] = b;
  if (__get_cpuid(1, &a, &b, &c, &d)) words[RT_CPU_LEAF_1_ECX] = c;
  if (words[RT_CPU_LEAF_1_ECX] & bit_OSXSAVE) words[RT_CPU_XCR0] = saved_registers();
  if (__get_cpuid(0x80000001, &a, &b, &c, &d)) words[RT_CPU_LEAF_80000001_ECX] = c;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
  words[RT_CPU_LEAF_7_EBX] = b;
  words[RT_CPU_LEAF_7_ECX] = c;
  words[RT_CPU_LEAF_7_EDX] = d;
  if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) words[RT_CPU_LEAF_7_1_EAX] = a;
}

/* Linux keeps the tiles' registers only for processes that have asked (Documentation/arch/x86/xstate.rst). */
static bool may_use(smelt_isa_level level) {
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return level != SMELT_ISA_X86_64_AMX || syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

/*
 * From Sapphire Rapids on, the first with AVX512-FP16, Intel's processors take two cycles for a vdpbf16ps of
 * 512 bits, and one for two multiply-adds of f32: bf16 that is widened takes half the time (measured:
 * peak.c). What they have for bf16 is the tiles, which a hypervisor may hide.
 */
bool rt_cpu_is_slow_of(const uint64_t *words, smelt_isa_level level) {
  return level == SMELT_ISA_X86_64_BF16 && words[RT_CPU_LEAF_0_EBX] == INTEL &&
         (words[RT_CPU_LEAF_7_EDX] & AVX512_FP16) != 0;
}

#else
#include <sys/auxv.h>

/* Linux, Documentation/arm64/elf_hwcaps.rst: ASIMDDP; of the second word I8MM and BF16 */
enum { HWCAP_DOT = 1 << 20, HWCAP2_MMLA = 1 << 13 | 1 << 14 };

static const level_feature level_features[] = {{SMELT_ISA_ARM64_DOT, RT_CPU_HWCAP, HWCAP_DOT},
                                               {SMELT_ISA_ARM64_MMLA, RT_CPU_HWCAP2, HWCAP2_MMLA}};
static const smelt_isa_level levels[] = {SMELT_ISA_BASELINE, SMELT_ISA_ARM64_DOT, SMELT_ISA_ARM64_MMLA};

static void read_words(uint64_t *words) {
  words[RT_CPU_HWCAP] = getauxval(AT_HWCAP);
  words[RT_CPU_HWCAP2] = getauxval(AT_HWCAP2);
}
static bool may_use(smelt_isa_level level) {
  (void)level;
  return true;
}
bool rt_cpu_is_slow_of(const uint64_t *words, smelt_isa_level level) {
  (void)words, (void)level;
  return false;
}

#endif

static bool has_features(const uint64_t *words, smelt_isa_level level) {
  for (size_t i = 0; i < sizeof level_features / sizeof level_features[0]; i++) {
    const level_feature *f = &level_features[i];
    if (f->level == level && (words[f->word] & f->bits) != f->bits) return false;
  }
  return true;
}

smelt_isa_level rt_cpu_level_of(const uint64_t *words, bool (*is_allowed)(smelt_isa_level level)) {
  smelt_isa_level best = SMELT_ISA_BASELINE;
  for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
    if (!has_features(words, levels[i]) || !is_allowed(levels[i])) break;
    best = levels[i];
  }
  return best;
}

smelt_isa_level rt_cpu_level(void) {
  uint64_t words[RT_CPU_WORD_COUNT] = {0};
  read_words(words);
  return rt_cpu_level_of(words, may_use);
}

bool rt_cpu_is_slow(smelt_isa_level level) {
  uint64_t words[RT_CPU_WORD_COUNT] = {0};
  read_words(words);
  return rt_cpu_is_slow_of(words, level);
}
