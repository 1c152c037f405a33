/* peak_wasm32.c: WebAssembly's vectors, which have no multiply-add. */
#define KEEP(value) __asm__ volatile("" : "+r"(value))
#include "processor/peak_kernel.h"

typedef float lanes __attribute__((vector_size(16)));
#define MULTIPLY_ADD128(s, a, b) ((a) * (b) + (s))
PEAK_KERNEL(simd128, "simd128", lanes, lanes, MULTIPLY_ADD128)

static bool always(void) {
  return true;
}

const peak_row rt_peak_rows[] = {{SMELT_F32, SMELT_ISA_BASELINE, "simd128", always, simd128, OPERATIONS(4)}};
const size_t rt_peak_row_count = sizeof rt_peak_rows / sizeof *rt_peak_rows;
