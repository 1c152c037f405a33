/* peak_armv7.c: NEON's multiply-adds, in two roundings and in one. */
#include "core/core.h"
#include "core/peak.h"

/* Twelve chains of four: q0 to q11, none of which are the caller's but d8 to d15. */
#define PEAK_KERNEL(name, instruction)                                                                       \
  static void name(int64_t rounds) {                                                                         \
    int32_t left = (int32_t)rounds;                                                                          \
    __asm__ volatile(".fpu neon-vfpv4\n"                                                                     \
                     "1:\n"                                                                                  \
                     ".irp sum, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n" instruction " q\\sum, q14, q15\n"    \
                     ".endr\n"                                                                               \
                     "subs %0, %0, #1\n"                                                                     \
                     "bne 1b"                                                                                \
                     : "+r"(left)                                                                            \
                     :                                                                                       \
                     : "cc", "d8", "d9", "d10", "d11", "d12", "d13", "d14", "d15");                          \
  }

PEAK_KERNEL(neon_mla, "vmla.f32")
PEAK_KERNEL(neon_fma, "vfma.f32")

static bool always(void) {
  return true;
}

static bool has_fma(void) {
  return rt_cpu_level() >= SMELT_ISA_ARMV7_FMA;
}

#define OPERATIONS (2.0 * 12 * 4)

const peak_row rt_peak_rows[] = {{SMELT_F32, SMELT_ISA_BASELINE, "neon", always, neon_mla, OPERATIONS},
                                 {SMELT_F32, SMELT_ISA_ARMV7_FMA, "neon fma", has_fma, neon_fma, OPERATIONS}};

const size_t rt_peak_row_count = sizeof rt_peak_rows / sizeof *rt_peak_rows;
