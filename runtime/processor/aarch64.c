/*
 * aarch64.c: what Linux' Documentation/arm64/elf_hwcaps.rst calls ASIMDDP; of the second word I8MM and BF16;
 * and SVE, with SVEI8MM and SVEBF16. Code for SVE is made for one length of its registers, of which a
 * processor has one.
 */
#include "core/core.h"

enum { HWCAP_DOT = 1 << 20, HWCAP_SVE = 1 << 22 };
enum { HWCAP2_MMLA = 1 << 13 | 1 << 14, HWCAP2_SVE_MMLA = 1 << 9 | 1 << 12 };

const rt_level_feature rt_level_features[] = {{SMELT_ISA_ARM64_DOT, RT_CPU_HWCAP, HWCAP_DOT},
                                              {SMELT_ISA_ARM64_MMLA, RT_CPU_HWCAP2, HWCAP2_MMLA},
                                              {SMELT_ISA_ARM64_SVE, RT_CPU_HWCAP, HWCAP_SVE},
                                              {SMELT_ISA_ARM64_SVE, RT_CPU_HWCAP2, HWCAP2_SVE_MMLA},
                                              {SMELT_ISA_ARM64_SVE, RT_CPU_SVE_LENGTH, RT_CPU_SVE_OF(32)}};
const size_t rt_level_feature_count = sizeof rt_level_features / sizeof *rt_level_features;
