/*
 * x86_64.c: the levels x86-64-v2 to v4 are those of the x86-64 psABI, section 3.1.1 "Processor Architecture",
 * x86-64-vnni is Cascade Lake's, x86-64-bf16 Cooper Lake's (and Zen 4's) and x86-64-amx Sapphire Rapids'
 * addition; from AVX on the operating system must save the wider registers too, which XCR0 tells (Intel SDM
 * volume 1, 13.3; volume 2, CPUID).
 */
#include "core/core.h"

#include <cpuid.h>

enum { XCR0_AVX = 0x06, XCR0_AVX512 = 0xe6 }; /* SSE | AVX; and opmask | ZMM_Hi256 | Hi16_ZMM */
enum { XCR0_TILES = 3 << 17 };                /* TILECFG | TILEDATA */
enum { AVX512_BF16 = 1 << 5 };
enum { AVX512_FP16 = 1 << 23, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24, AMX_INT8 = 1 << 25 };
enum { INTEL = 'G' | 'e' << 8 | 'n' << 16 | 'u' << 24 }; /* GenuineIntel */

const rt_level_feature rt_level_features[] = {
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
const size_t rt_level_feature_count = sizeof rt_level_features / sizeof *rt_level_features;

static uint64_t saved_registers(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

void rt_cpu_read_words(uint64_t *words) {
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

/*
 * From Sapphire Rapids on, the first with AVX512-FP16, Intel's processors take two cycles for a vdpbf16ps of
 * 512 bits, and one for two multiply-adds of f32: bf16 that is widened takes half the time (measured:
 * peak_x86_64.c). What they have for bf16 is the tiles, which a hypervisor may hide.
 */
bool rt_cpu_is_slow_of(const uint64_t *words, smelt_isa_level level) {
  return level == SMELT_ISA_X86_64_BF16 && words[RT_CPU_LEAF_0_EBX] == INTEL &&
         (words[RT_CPU_LEAF_7_EDX] & AVX512_FP16) != 0;
}
