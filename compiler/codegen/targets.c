/* targets.c: the target table. A new target is a row here and its libc pack (cmake/targets.cmake). */
#include "codegen/codegen.h"

#include <string.h>

/* ---- levels of an architecture, which its targets share ---- */

static const codegen_level X86_64_LEVELS[CODEGEN_MAX_LEVELS] = {
    {.level = SMELT_ISA_X86_64_V2,
     .cpu = "x86-64-v2",
     .features = "",
     .processors = "nehalem corei7 westmere sandybridge ivybridge silvermont goldmont goldmont-plus tremont "
                   "btver2 bdver1 bdver2 bdver3",
     .vector_bytes = 16,
     .vector_registers = 16,
     .engines = ENGINE_PAIRS},
    {.level = SMELT_ISA_X86_64_V3,
     .cpu = "x86-64-v3",
     .features = "",
     .processors =
         "haswell broadwell skylake gracemont alderlake raptorlake meteorlake arrowlake arrowlake-s "
         "lunarlake pantherlake wildcatlake sierraforest grandridge clearwaterforest bdver4 znver1 znver2 "
         "znver3",
     .vector_bytes = 32,
     .vector_registers = 16,
     .engines = ENGINE_FMA | ENGINE_PAIRS},
    {.level = SMELT_ISA_X86_64_V4,
     .cpu = "x86-64-v4",
     .features = "-prefer-256-bit",
     .processors = "skylake-avx512 skx cannonlake",
     .vector_bytes = 64,
     .vector_registers = 32,
     .engines = ENGINE_FMA | ENGINE_PAIRS,
     .never_with =
         1u << PLAN_QUADS | 1u << PLAN_NIBBLES}, /* nearly all processors with AVX-512 have VNNI too */
    {.level = SMELT_ISA_X86_64_VNNI,
     .cpu = "x86-64-v4",
     .features = "-prefer-256-bit,+avx512vnni",
     .processors = "cascadelake icelake-client icelake-server tigerlake rocketlake",
     .vector_bytes = 64,
     .vector_registers = 32,
     .engines = ENGINE_FMA | ENGINE_PAIRS | ENGINE_DOT8U,
     .layouts = 1u << PLAN_QUADS | 1u << PLAN_NIBBLES},
    {.level = SMELT_ISA_X86_64_BF16,
     .cpu = "x86-64-v4",
     .features = "-prefer-256-bit,+avx512vnni,+avx512bf16",
     .processors = "cooperlake znver4 znver5 novalake",
     .vector_bytes = 64,
     .vector_registers = 32,
     .engines = ENGINE_FMA | ENGINE_PAIRS | ENGINE_DOT8U | ENGINE_BF16,
     .layouts = 1u << PLAN_PAIRS,
     .never_with = 1u << PLAN_QUADS | 1u << PLAN_NIBBLES}, /* of both, bytes are most */
    {.level = SMELT_ISA_X86_64_AMX,
     .cpu = "x86-64-v4",
     .features = "-prefer-256-bit,+avx512vnni,+avx512bf16,+amx-tile,+amx-bf16,+amx-int8",
     .processors = "sapphirerapids emeraldrapids graniterapids graniterapids-d diamondrapids",
     .vector_bytes = 64,
     .vector_registers = 32,
     .engines = ENGINE_FMA | ENGINE_PAIRS | ENGINE_DOT8U | ENGINE_BF16 | ENGINE_AMX,
     .layouts = 1u << PLAN_PAIRS | 1u << PLAN_QUADS}};

/* Processors of Arm's 64 bits by the best level below; where there is only the first, by all of them. */
#define ARM64_PROCESSORS                                                                                     \
  "cortex-a34 cortex-a35 cortex-a53 cortex-a57 cortex-a72 cortex-a73 kryo falkor thunderxt81 thunderxt83 "   \
  "thunderxt88 thunderx2t99 thunderx3t110 exynos-m3 carmel a64fx apple-a7 apple-a8 apple-a9 apple-a10 "      \
  "apple-a11 apple-a12"
#define ARM64_DOT_PROCESSORS                                                                                 \
  "cortex-a55 cortex-a65 cortex-a75 cortex-a76 cortex-a77 cortex-a78 cortex-a78ae cortex-a78c cortex-x1 "    \
  "cortex-x1c neoverse-e1 neoverse-n1 tsv110 saphira exynos-m4 exynos-m5 apple-a13 apple-a14 apple-m1"
#define ARM64_MMLA_PROCESSORS                                                                                \
  "cortex-a320 cortex-a510 cortex-a520 cortex-a710 cortex-a715 cortex-a720 cortex-a725 cortex-x2 cortex-x3 " \
  "cortex-x4 cortex-x925 c1-nano c1-pro c1-premium c1-ultra neoverse-v2 neoverse-v3 "                        \
  "neoverse-n2 neoverse-n3 neoverse-512tvb grace gb10 cobalt-100 olympus fujitsu-monaka ampere1 ampere1a "   \
  "ampere1b ampere1c oryon-1 apple-a15 apple-a16 apple-a17 apple-a18 apple-a19 apple-m2 apple-m3 apple-m4 "  \
  "apple-m5"

static const codegen_level ARM64_LEVELS[CODEGEN_MAX_LEVELS] = {
    {.level = SMELT_ISA_BASELINE,
     .cpu = "generic",
     .features = "+neon",
     .processors = ARM64_PROCESSORS,
     .vector_bytes = 16,
     .vector_registers = 32,
     .engines = ENGINE_FMA | ENGINE_LONG},
    {.level = SMELT_ISA_ARM64_DOT,
     .cpu = "generic",
     .features = "+neon,+dotprod",
     .processors = ARM64_DOT_PROCESSORS,
     .vector_bytes = 16,
     .vector_registers = 32,
     .engines = ENGINE_FMA | ENGINE_LONG | ENGINE_DOT8,
     .layouts = 1u << PLAN_QUADS | 1u << PLAN_NIBBLES},
    {.level = SMELT_ISA_ARM64_MMLA,
     .cpu = "generic",
     .features = "+neon,+dotprod,+i8mm,+bf16",
     .processors = ARM64_MMLA_PROCESSORS,
     .vector_bytes = 16,
     .vector_registers = 32,
     .engines = ENGINE_FMA | ENGINE_LONG | ENGINE_DOT8 | ENGINE_BF16 | ENGINE_MMLA,
     .layouts = 1u << PLAN_PAIRS | 1u << PLAN_QUADS},
    /* registers of 32 bytes, as Neoverse V1 has them: where SVE has 16, NEON does as much */
    {.level = SMELT_ISA_ARM64_SVE,
     .cpu = "generic",
     .features = "+neon,+dotprod,+i8mm,+bf16,+sve",
     .processors = "neoverse-v1",
     .vector_bytes = 32,
     .vector_registers = 32,
     .engines = ENGINE_FMA | ENGINE_DOT8 | ENGINE_BF16 | ENGINE_MMLA | ENGINE_SVE}};

static const codegen_level ARMV7_LEVELS[CODEGEN_MAX_LEVELS] = {
    {.level = SMELT_ISA_BASELINE,
     .cpu = "generic",
     .features = "+neon",
     .processors = "cortex-a8 cortex-a9",
     .vector_bytes = 16,
     .vector_registers = 16,
     .lacks_rounding = true},
    {.level = SMELT_ISA_ARMV7_FMA,
     .cpu = "generic",
     .features = "+neon,+vfp4",
     .processors = "cortex-a5 cortex-a7 cortex-a12 cortex-a15 cortex-a17 cortex-a53 cortex-a72 krait swift",
     .vector_bytes = 16,
     .vector_registers = 16,
     .lacks_rounding = true,
     .engines = ENGINE_FMA}};

static const codegen_level RISCV64_LEVELS[CODEGEN_MAX_LEVELS] = {
    {.level = SMELT_ISA_BASELINE,
     .cpu = "generic-rv64",
     .features = "+m,+a,+f,+d,+c", /* numbers alone, one by one */
     .processors = "sifive-u54 sifive-u74 sifive-p450 sifive-p550 xiangshan-nanhu veyron-v1 andes-ax45",
     .vector_bytes = 8,
     .vector_registers = 16,
     .engines = ENGINE_FMA},
    {.level = SMELT_ISA_RISCV64_V,
     .cpu = "generic-rv64",
     .features = "+m,+a,+f,+d,+c,+v", /* registers of 16 bytes at least */
     .processors =
         "sifive-x280 sifive-p470 sifive-p670 sifive-p870 spacemit-x60 tt-ascalon-d8 xiangshan-kunminghu",
     .vector_bytes = 16,
     .vector_registers = 32,
     .engines = ENGINE_FMA}};

/* Without an operating system nobody says what the processor has: one level, the least of its kind. */
static const codegen_level CORTEX_M_LEVELS[CODEGEN_MAX_LEVELS] = {
    {.level = SMELT_ISA_BASELINE,
     .cpu = "cortex-m4", /* vectors become scalars: four to one, 32 registers of an FPU */
     .features = "",
     .processors = "cortex-m4 cortex-m7 cortex-m33 cortex-m55 cortex-m85",
     .vector_bytes = 16,
     .vector_registers = 8,
     .lacks_rounding = true,
     .engines = ENGINE_FMA}};
static const codegen_level CORTEX_A_LEVELS[CODEGEN_MAX_LEVELS] = {
    {.level = SMELT_ISA_BASELINE,
     .cpu = "cortex-a7",
     .features = "+neon",
     .processors = "cortex-a7 cortex-a15 cortex-a17 cortex-a32 cortex-a53",
     .vector_bytes = 16,
     .vector_registers = 16,
     .lacks_rounding = true,
     .engines = ENGINE_FMA}};
static const codegen_level CORTEX_A64_LEVELS[CODEGEN_MAX_LEVELS] = {
    {.level = SMELT_ISA_BASELINE,
     .cpu = "generic",
     .features = "+neon",
     .processors = ARM64_PROCESSORS " " ARM64_DOT_PROCESSORS " " ARM64_MMLA_PROCESSORS " neoverse-v1",
     .vector_bytes = 16,
     .vector_registers = 32,
     .engines = ENGINE_FMA | ENGINE_LONG}};
/* Engines map the 128-bit vectors to the 16 registers that x86 has; relaxed SIMD, whose multiply-add may
 * round once or twice, is left out. */
static const codegen_level WASM32_LEVELS[CODEGEN_MAX_LEVELS] = {{.level = SMELT_ISA_BASELINE,
                                                                 .cpu = "generic",
                                                                 .features = "+simd128",
                                                                 .vector_bytes = 16,
                                                                 .vector_registers = 16,
                                                                 .engines = 0,
                                                                 .lacks_halves = true}};

/* ---- targets ---- */

enum { ALL_FORMS = CODEGEN_EXE | CODEGEN_OBJ | CODEGEN_LIB | CODEGEN_SHARED };

/*
 * Where an artefact holds more than code can reach: Windows and Apple's code reaches 2 GiB to each side,
 * arm64's 4; riscv64's 2. Engines read modules of 1 GiB (WebAssembly JavaScript Interface,
 * "Implementation-defined Limits"). smelt's own links for ELF put weights before all that code reaches, and
 * x86-64's linkers know of large sections.
 */
#define GIB(n) ((uint64_t)(n) << 30)

static const codegen_target TARGETS[] = {
    {.name = "x86_64-linux",
     .triple = "x86_64-unknown-linux-musl",
     .arch = "x86_64",
     .format = CODEGEN_ELF,
     .os = CODEGEN_LINUX,
     .pointer_bytes = 8,
     .page_bytes = 4096,
     .forms = ALL_FORMS,
     .libraries = "m pthread",
     .levels = X86_64_LEVELS},
    {.name = "aarch64-linux",
     .triple = "aarch64-unknown-linux-musl",
     .arch = "aarch64",
     .format = CODEGEN_ELF,
     .os = CODEGEN_LINUX,
     .pointer_bytes = 8,
     .page_bytes = 65536, /* the largest that arm64 kernels use */
     .linked_bytes = GIB(4),
     .forms = ALL_FORMS,
     .libraries = "m pthread",
     .levels = ARM64_LEVELS},
    {.name = "armv7-linux",
     .triple = "armv7-unknown-linux-musleabihf",
     .arch = "armv7",
     .format = CODEGEN_ELF,
     .os = CODEGEN_LINUX,
     .pointer_bytes = 4,
     .page_bytes = 4096,
     .memory_bytes = GIB(3), /* the rest is the kernel's, where that has 32 bits */
     .forms = ALL_FORMS,
     .libraries = "m pthread",
     .levels = ARMV7_LEVELS},
    {.name = "riscv64-linux",
     .triple = "riscv64-unknown-linux-musl",
     .arch = "riscv64",
     .format = CODEGEN_ELF,
     .os = CODEGEN_LINUX,
     .pointer_bytes = 8,
     .page_bytes = 4096,
     .linked_bytes = GIB(2),
     .forms = ALL_FORMS,
     .libraries = "m pthread",
     .levels = RISCV64_LEVELS},
    {.name = "x86_64-windows",
     .triple = "x86_64-w64-windows-gnu",
     .arch = "x86_64",
     .format = CODEGEN_COFF,
     .os = CODEGEN_WINDOWS,
     .pointer_bytes = 8,
     .page_bytes = 4096,
     .image_bytes = GIB(2),
     .linked_bytes = GIB(2),
     .forms = ALL_FORMS,
     .libraries = "synchronization",
     .levels = X86_64_LEVELS},
    {.name = "aarch64-macos",
     .triple = "arm64-apple-macos11",
     .arch = "aarch64",
     .format = CODEGEN_MACHO,
     .os = CODEGEN_MACOS,
     .pointer_bytes = 8,
     .page_bytes = 16384,
     .image_bytes = GIB(2),
     .linked_bytes = GIB(2),
     .forms = CODEGEN_OBJ | CODEGEN_LIB | CODEGEN_SHARED,
     .libraries = "", /* libSystem has all, and every program has that */
     .levels = ARM64_LEVELS,
     .highest = SMELT_ISA_ARM64_MMLA},
    {.name = "x86_64-macos",
     .triple = "x86_64-apple-macos11",
     .arch = "x86_64",
     .format = CODEGEN_MACHO,
     .os = CODEGEN_MACOS,
     .pointer_bytes = 8,
     .page_bytes = 4096,
     .image_bytes = GIB(2),
     .linked_bytes = GIB(2),
     .forms = CODEGEN_OBJ | CODEGEN_LIB | CODEGEN_SHARED,
     .libraries = "", /* libSystem has all, and every program has that */
     .levels = X86_64_LEVELS,
     .highest = SMELT_ISA_X86_64_BF16},
    {.name = "armv7m-none",
     .triple = "thumbv7em-unknown-none-eabihf",
     .arch = "armv7",
     .format = CODEGEN_ELF,
     .os = CODEGEN_NO_OS,
     .pointer_bytes = 4,
     .page_bytes = 64, /* no pages: what vectors want */
     .memory_bytes = GIB(4),
     .forms = CODEGEN_OBJ | CODEGEN_LIB,
     .libraries = "",
     .levels = CORTEX_M_LEVELS},
    {.name = "armv7a-none",
     .triple = "armv7a-unknown-none-eabihf",
     .arch = "armv7",
     .format = CODEGEN_ELF,
     .os = CODEGEN_NO_OS,
     .pointer_bytes = 4,
     .page_bytes = 64,
     .memory_bytes = GIB(4),
     .forms = CODEGEN_OBJ | CODEGEN_LIB,
     .libraries = "",
     .levels = CORTEX_A_LEVELS},
    {.name = "aarch64-none",
     .triple = "aarch64-unknown-none-elf",
     .arch = "aarch64",
     .format = CODEGEN_ELF,
     .os = CODEGEN_NO_OS,
     .pointer_bytes = 8,
     .page_bytes = 64,
     .linked_bytes = GIB(4),
     .forms = CODEGEN_OBJ | CODEGEN_LIB,
     .libraries = "",
     .levels = CORTEX_A64_LEVELS},
    {.name = "wasm32-wasi",
     .triple = "wasm32-unknown-wasip1",
     .arch = "wasm32",
     .format = CODEGEN_WASM,
     .os = CODEGEN_WASI,
     .pointer_bytes = 4,
     .page_bytes = 64, /* nothing maps its pages */
     .memory_bytes = GIB(4),
     .image_bytes = GIB(1),
     .linked_bytes = GIB(1),
     .forms = ALL_FORMS,
     .libraries = "",
     .levels = WASM32_LEVELS},
};

const codegen_target *codegen_target_at(size_t index) {
  return index < sizeof TARGETS / sizeof *TARGETS ? &TARGETS[index] : NULL;
}

const codegen_target *codegen_target_named(const char *name) {
  const codegen_target *target;
  for (size_t i = 0; (target = codegen_target_at(i)); i++)
    if (strcmp(target->name, name) == 0) return target;
  return NULL;
}

const codegen_level *codegen_level_at(const codegen_target *target, int index) {
  if (index >= CODEGEN_MAX_LEVELS || !target->levels[index].cpu) return NULL;
  const codegen_level *level = &target->levels[index];
  return target->highest && level->level > target->highest ? NULL : level;
}

bool codegen_target_has(const codegen_target *target, unsigned engines) {
  const codegen_level *level;
  for (int i = 0; (level = codegen_level_at(target, i)); i++)
    if (level->engines & engines) return true;
  return false;
}

const char *codegen_level_name(const codegen_level *level) {
  static const char *const NAMES[] = {
#define X(NAME, value, text) [value] = text,
      SMELT_ISA_LEVELS(X)
#undef X
  };
  return NAMES[level->level];
}

const codegen_target *codegen_target_host(void) {
#if defined(__aarch64__)
  return codegen_target_named("aarch64-linux");
#else
  return codegen_target_named("x86_64-linux");
#endif
}
