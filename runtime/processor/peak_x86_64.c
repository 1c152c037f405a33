/* peak_x86_64.c: one kernel per engine. Throughputs and latencies: Intel's and AMD's optimisation manuals. */
#define KEEP(value) __asm__ volatile("" : "+v"(value))
#include "processor/peak_kernel.h"

#include "core/core.h"

#include <cpuid.h>
#include <immintrin.h>

#define FMA256(s, a, b) _mm256_fmadd_ps(a, b, s)
#define FMA512(s, a, b) _mm512_fmadd_ps(a, b, s)
#define SSE128(s, a, b) _mm_add_ps(_mm_mul_ps(a, b), s)
#define MADDUBS256(s, a, b)                                                                                  \
  _mm256_add_epi32(s, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), _mm256_set1_epi16(1)))
#define BF16_DOT512(s, a, b) _mm512_dpbf16_ps(s, a, b)
#define INT8_DOT256(s, a, b) _mm256_dpbusd_avx_epi32(s, a, b)
#define INT8_DOT512(s, a, b) _mm512_dpbusd_epi32(s, a, b)

PEAK_KERNEL(sse, "sse2", __m128, __m128, SSE128)
PEAK_KERNEL(avx2_fma, "avx2,fma", __m256, __m256, FMA256)
PEAK_KERNEL(avx2_int8, "avx2", __m256i, __m256i, MADDUBS256)
PEAK_KERNEL(avxvnni_int8, "avx2,avxvnni", __m256i, __m256i, INT8_DOT256)
PEAK_KERNEL(avx512_fma, "avx512f", __m512, __m512, FMA512)
PEAK_KERNEL(avx512_bf16, "avx512f,avx512bf16", __m512, __m512bh, BF16_DOT512)
PEAK_KERNEL(avx512_int8, "avx512f,avx512vnni", __m512i, __m512i, INT8_DOT512)

/* Four accumulator tiles of 16 x 16, two tiles of each factor; a tile row is 64 bytes. */
static const struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} tile_shapes = {
    .palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

#define AMX_KERNEL(name, features, instruction)                                                              \
  __attribute__((target(features))) static void name(int64_t rounds) {                                       \
    _tile_loadconfig(&tile_shapes);                                                                          \
    _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);                                              \
    _tile_zero(4), _tile_zero(5), _tile_zero(6), _tile_zero(7);                                              \
    for (int64_t i = 0; i < rounds; i++)                                                                     \
      instruction(0, 4, 6), instruction(1, 4, 7), instruction(2, 5, 6), instruction(3, 5, 7);                \
    _tile_release();                                                                                         \
  }

AMX_KERNEL(amx_bf16, "amx-tile,amx-bf16", _tile_dpbf16ps)
AMX_KERNEL(amx_int8, "amx-tile,amx-int8", _tile_dpbusd)

static bool always(void) {
  return true;
}

/* By cpu.c's levels: what the compiler's __builtin_cpu_supports brings along is 5 kB. */
#define IS_THERE(name, least)                                                                                \
  static bool name(void) {                                                                                   \
    return rt_cpu_level() >= (least);                                                                        \
  }
IS_THERE(has_avx2, SMELT_ISA_X86_64_V3) /* and fma */
IS_THERE(has_avx512, SMELT_ISA_X86_64_V4)
IS_THERE(has_avx512_vnni, SMELT_ISA_X86_64_VNNI)
IS_THERE(has_avx512_bf16, SMELT_ISA_X86_64_BF16)
IS_THERE(has_amx, SMELT_ISA_X86_64_AMX)

/* No level's: processors without AVX-512 have it. */
static bool has_avxvnni(void) {
  enum { AVX_VNNI = 1 << 4 };
  uint32_t a, b, c, d;
  return has_avx2() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && a >= 1 &&
         __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & AVX_VNNI) != 0;
}

#define TILE_OPERATIONS(depth) (2.0 * 4 * 16 * 16 * (depth))

const peak_row rt_peak_rows[] = {
    {SMELT_F32, SMELT_ISA_BASELINE, "sse", always, sse, OPERATIONS(4)},
    {SMELT_F32, SMELT_ISA_X86_64_V3, "avx2 fma", has_avx2, avx2_fma, OPERATIONS(8)},
    {SMELT_F32, SMELT_ISA_X86_64_V4, "avx512 fma", has_avx512, avx512_fma, OPERATIONS(16)},
    {SMELT_BF16, SMELT_ISA_X86_64_BF16, "avx512 bf16", has_avx512_bf16, avx512_bf16, OPERATIONS(32)},
    {SMELT_BF16, SMELT_ISA_X86_64_AMX, "amx", has_amx, amx_bf16, TILE_OPERATIONS(32)},
    {SMELT_I8, SMELT_ISA_X86_64_V3, "avx2 multiply-add", has_avx2, avx2_int8, OPERATIONS(32)},
    {SMELT_I8, SMELT_ISA_X86_64_V3, "avx vnni", has_avxvnni, avxvnni_int8, OPERATIONS(32)},
    {SMELT_I8, SMELT_ISA_X86_64_V4, "avx512 vnni", has_avx512_vnni, avx512_int8, OPERATIONS(64)},
    {SMELT_I8, SMELT_ISA_X86_64_AMX, "amx", has_amx, amx_int8, TILE_OPERATIONS(64)},
};

const size_t rt_peak_row_count = sizeof rt_peak_rows / sizeof *rt_peak_rows;
