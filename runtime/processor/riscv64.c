/* riscv64.c: a bit of Linux' AT_HWCAP for each extension that is a letter. */
#include "core/core.h"

enum { HWCAP_V = 1 << ('v' - 'a') };

const rt_level_feature rt_level_features[] = {{SMELT_ISA_RISCV64_V, RT_CPU_HWCAP, HWCAP_V}};
const size_t rt_level_feature_count = sizeof rt_level_features / sizeof *rt_level_features;

/*
 * Some vendors' kernels call version 0.7.1 V as well, whose code is another. It has no bits for what becomes
 * of a vector's rest, and calls a type that has them illegal: vtype's top bit (RVV 1.0, 3.4 and 3.4.4).
 */
static bool has_version_1(void) {
  long type;
  __asm__ volatile(".option push\n"
                   ".option arch, +v\n"
                   "vsetvli %0, zero, e8, m1, ta, ma\n"
                   "csrr %0, vtype\n"
                   ".option pop"
                   : "=r"(type));
  return type >= 0;
}

bool rt_cpu_may_use(smelt_isa_level level) {
  return level != SMELT_ISA_RISCV64_V || has_version_1();
}

bool rt_cpu_is_slow_of(const uint64_t *words, smelt_isa_level level) {
  (void)words, (void)level;
  return false;
}
