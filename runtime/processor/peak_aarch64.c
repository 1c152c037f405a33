/* peak_aarch64.c: multiply-adds of NEON, and of SVE with registers of 32 bytes, as the code has them. */
#define KEEP(value) __asm__ volatile("" : "+w"(value))
#include "processor/peak_kernel.h"

#include "core/core.h"

typedef float lanes __attribute__((vector_size(16)));
#define FMA128(s, a, b) __builtin_elementwise_fma(a, b, s)
PEAK_KERNEL(neon_fma, "simd", lanes, lanes, FMA128)

/* Twelve chains, z16 to z27: no call keeps any of those, nor p0. */
static void sve_fma(int64_t rounds) {
  __asm__ volatile(".arch_extension sve\n"
                   "ptrue p0.s\n"
                   "1:\n"
                   ".irp sum, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27\n"
                   "fmla z\\sum\\().s, p0/m, z28.s, z29.s\n"
                   ".endr\n"
                   "subs %0, %0, #1\n"
                   "b.ne 1b\n"
                   ".arch_extension nosve"
                   : "+r"(rounds)
                   :
                   : "cc", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26",
                     "v27");
}

static bool always(void) {
  return true;
}

static bool has_sve(void) {
  return rt_cpu_level() >= SMELT_ISA_ARM64_SVE;
}

const peak_row rt_peak_rows[] = {
    {SMELT_F32, SMELT_ISA_BASELINE, "neon fma", always, neon_fma, OPERATIONS(4)},
    {SMELT_F32, SMELT_ISA_ARM64_SVE, "sve fma", has_sve, sve_fma, OPERATIONS(8)}};

const size_t rt_peak_row_count = sizeof rt_peak_rows / sizeof *rt_peak_rows;
