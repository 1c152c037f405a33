/*
 * cpu.c: which instruction-set level the processor has. The levels x86-64-v2
 * to v4 are those of the x86-64 psABI, section 3.1.1 "Processor Architecture";
 * the AVX ones also need the operating system to save the wider registers,
 * which XCR0 tells (Intel SDM volume 1, 13.3).
 */
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

#ifdef __x86_64__
#include <cpuid.h>

enum { EAX, EBX, ECX, EDX };
enum { XCR0_AVX = 0x06, XCR0_AVX512 = 0xe6 }; /* SSE | AVX; and opmask | ZMM_Hi256 | Hi16_ZMM */

/* What a level adds to the one below it: bits of one register of one CPUID leaf. */
static const struct {
  smelt_isa_level level;
  uint32_t leaf, output, bits;
} level_features[] = {
    {SMELT_ISA_X86_64_V2, 1, ECX, bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE41 | bit_SSE42 | bit_POPCNT},
    {SMELT_ISA_X86_64_V2, 0x80000001, ECX, bit_LAHF_LM},
    {SMELT_ISA_X86_64_V3, 1, ECX, bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_AVX | bit_F16C},
    {SMELT_ISA_X86_64_V3, 7, EBX, bit_BMI | bit_AVX2 | bit_BMI2},
    {SMELT_ISA_X86_64_V3, 0x80000001, ECX, bit_LZCNT},
    {SMELT_ISA_X86_64_V4, 7, EBX,
     (uint32_t)(bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW) | (uint32_t)bit_AVX512VL},
};

static bool has_features(smelt_isa_level level) {
  for (size_t i = 0; i < sizeof level_features / sizeof level_features[0]; i++) {
    if (level_features[i].level != level) continue;
    uint32_t outputs[4] = {0};
    if (!__get_cpuid_count(level_features[i].leaf, 0, &outputs[EAX], &outputs[EBX], &outputs[ECX],
                           &outputs[EDX]))
      return false;
    uint32_t bits = level_features[i].bits;
    if ((outputs[level_features[i].output] & bits) != bits) return false;
  }
  return true;
}

/* Only to be asked where CPUID has OSXSAVE. */
static uint32_t saved_registers(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

smelt_isa_level rt_cpu_level(void) {
  if (!has_features(SMELT_ISA_X86_64_V2)) return SMELT_ISA_BASELINE;
  if (!has_features(SMELT_ISA_X86_64_V3)) return SMELT_ISA_X86_64_V2;
  uint32_t saved = saved_registers();
  if ((saved & XCR0_AVX) != XCR0_AVX) return SMELT_ISA_X86_64_V2;
  if (!has_features(SMELT_ISA_X86_64_V4) || (saved & XCR0_AVX512) != XCR0_AVX512) return SMELT_ISA_X86_64_V3;
  return SMELT_ISA_X86_64_V4;
}

#else

smelt_isa_level rt_cpu_level(void) {
  return SMELT_ISA_BASELINE;
}

#endif
