/* aarch64.c: what Linux' Documentation/arm64/elf_hwcaps.rst calls ASIMDDP; of the second word I8MM and BF16.
 */
#include "core/core.h"

enum { HWCAP_DOT = 1 << 20, HWCAP2_MMLA = 1 << 13 | 1 << 14 };

const rt_level_feature rt_level_features[] = {{SMELT_ISA_ARM64_DOT, RT_CPU_HWCAP, HWCAP_DOT},
                                              {SMELT_ISA_ARM64_MMLA, RT_CPU_HWCAP2, HWCAP2_MMLA}};
const size_t rt_level_feature_count = sizeof rt_level_features / sizeof *rt_level_features;
