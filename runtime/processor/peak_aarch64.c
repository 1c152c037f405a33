/* peak_aarch64.c: NEON's multiply-adds. */
#define KEEP(value) __asm__ volatile("" : "+w"(value))
#include "processor/peak_kernel.h"

typedef float lanes __attribute__((vector_size(16)));
#define FMA128(s, a, b) __builtin_elementwise_fma(a, b, s)
PEAK_KERNEL(neon_fma, "simd", lanes, lanes, FMA128)

static bool always(void) {
  return true;
}

const peak_row rt_peak_rows[] = {
    {SMELT_F32, SMELT_ISA_BASELINE, "neon fma", always, neon_fma, OPERATIONS(4)}};

const size_t rt_peak_row_count = sizeof rt_peak_rows / sizeof *rt_peak_rows;
