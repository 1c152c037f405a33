/* peak_riscv64.c: multiply-adds of numbers alone, and of vectors of four, as the code has them. */
#define KEEP(value) __asm__ volatile("" : "+f"(value))
#include "processor/peak_kernel.h"

#include "core/core.h"

#define FMA(s, a, b) __builtin_fmaf(a, b, s)
PEAK_KERNEL(fma, "arch=+d", float, float, FMA)

/* The compiler's own code here has no vectors, so none of the registers is anybody's. */
static void vector_fma(int64_t rounds) {
  __asm__ volatile(".option push\n"
                   ".option arch, +v\n"
                   "vsetivli zero, 4, e32, m1, ta, ma\n"
                   "1:\n"
                   ".irp sum, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n"
                   "vfmacc.vv v\\sum, v24, v25\n"
                   ".endr\n"
                   "addi %0, %0, -1\n"
                   "bnez %0, 1b\n"
                   ".option pop"
                   : "+r"(rounds));
}

static bool always(void) {
  return true;
}

static bool has_vectors(void) {
  return rt_cpu_level() >= SMELT_ISA_RISCV64_V;
}

const peak_row rt_peak_rows[] = {
    {SMELT_F32, SMELT_ISA_BASELINE, "fma", always, fma, OPERATIONS(1)},
    {SMELT_F32, SMELT_ISA_RISCV64_V, "vector fma", has_vectors, vector_fma, OPERATIONS(4)}};

const size_t rt_peak_row_count = sizeof rt_peak_rows / sizeof *rt_peak_rows;
