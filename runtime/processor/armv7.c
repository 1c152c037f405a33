/* armv7.c: what Linux' arch/arm/include/uapi/asm/hwcap.h calls VFPv4. NEON is there always. */
#include "core/core.h"

enum { HWCAP_FMA = 1 << 16 };

const rt_level_feature rt_level_features[] = {{SMELT_ISA_ARMV7_FMA, RT_CPU_HWCAP, HWCAP_FMA}};
const size_t rt_level_feature_count = sizeof rt_level_features / sizeof *rt_level_features;
