/* jit.c: the code of a plan in this process's own memory, linked by LLVM's ORC. */
#define _GNU_SOURCE /* syscall */
#include "codegen/stage.h"

#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Support.h>
#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <sys/auxv.h>
#include <sys/prctl.h>
#endif

struct codegen_loaded {
  LLVMOrcLLJITRef jit;
  smelt_entry_code **entries; /* one per entry of the plan */
};

/* ---- levels ---- */

#if defined(__x86_64__)
/* Linux keeps the tiles' registers only for processes that have asked (Documentation/arch/x86/xstate.rst). */
static bool may_use_tiles(void) {
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}
#endif

static bool processor_has(const codegen_level *level) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  switch (level->level) {
  case SMELT_ISA_X86_64_V2:
    return __builtin_cpu_supports("x86-64-v2");
  case SMELT_ISA_X86_64_V3:
    return __builtin_cpu_supports("x86-64-v3");
  case SMELT_ISA_X86_64_V4:
    return __builtin_cpu_supports("x86-64-v4");
  case SMELT_ISA_X86_64_VNNI:
    return __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512vnni");
  case SMELT_ISA_X86_64_BF16:
    return __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("avx512bf16");
  case SMELT_ISA_X86_64_AMX:
    return __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("amx-bf16") &&
           __builtin_cpu_supports("amx-int8") && may_use_tiles();
  default:
    return true;
  }
#else
  enum { HWCAP_DOT = 1 << 20, HWCAP2_MMLA = 1 << 13 | 1 << 14 };    /* ASIMDDP; I8MM and BF16 */
  enum { HWCAP_SVE = 1 << 22, HWCAP2_SVE_MMLA = 1 << 9 | 1 << 12 }; /* SVE; SVEI8MM and SVEBF16 */
  unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
  bool has_dot = first & HWCAP_DOT, has_mmla = has_dot && (second & HWCAP2_MMLA) == HWCAP2_MMLA;
  switch (level->level) {
  case SMELT_ISA_ARM64_DOT:
    return has_dot;
  case SMELT_ISA_ARM64_MMLA:
    return has_mmla;
  case SMELT_ISA_ARM64_SVE:
    return has_mmla && first & HWCAP_SVE && (second & HWCAP2_SVE_MMLA) == HWCAP2_SVE_MMLA &&
           (prctl(PR_SVE_GET_VL) & PR_SVE_VL_LEN_MASK) == level->vector_bytes;
  default:
    return true;
  }
#endif
}

/* As the runtime's rt_cpu_is_slow. */
static bool processor_is_slow_with(const codegen_level *level) {
#if defined(__x86_64__)
  return level->level == SMELT_ISA_X86_64_BF16 && __builtin_cpu_is("intel") &&
         __builtin_cpu_supports("avx512fp16");
#else
  (void)level;
  return false;
#endif
}

int codegen_fast_host_level(void) {
  const codegen_target *host = codegen_target_host();
  int best = codegen_host_level();
  while (best > 0 && processor_is_slow_with(&host->levels[best])) best--;
  return best;
}

int codegen_host_level(void) {
  const codegen_target *host = codegen_target_host();
  int best = -1;
  for (int i = 0; i < CODEGEN_MAX_LEVELS && host->levels[i].cpu; i++)
    if (processor_has(&host->levels[i])) best = i;
  return best;
}

/* ---- loading ---- */

static status orc_failure(arena *a, const char *what, LLVMErrorRef error) {
  if (!error) return OK;
  char *message = LLVMGetErrorMessage(error);
  status s = fail(a, STATUS_DEFECT, "%s: %s", what, message);
  LLVMDisposeErrorMessage(message);
  return s;
}

static status add_object(arena *a, codegen_loaded *loaded, const codegen_output *object) {
  LLVMMemoryBufferRef buffer =
      LLVMCreateMemoryBufferWithMemoryRangeCopy(object->bytes.bytes, object->bytes.count, object->name);
  LLVMOrcJITDylibRef library = LLVMOrcLLJITGetMainJITDylib(loaded->jit);
  return orc_failure(a, "the code cannot be linked", LLVMOrcLLJITAddObjectFile(loaded->jit, library, buffer));
}

static status find_entries(arena *a, const plan_module *plan, const codegen_options *options,
                           codegen_loaded *loaded) {
  const codegen_level *level = &options->target->levels[options->only_level];
  loaded->entries = ARENA_ARRAY(a, smelt_entry_code *, plan->entry_count + 1);
  for (size_t i = 0; i < plan->entry_count; i++) {
    LLVMOrcExecutorAddress address = 0;
    const char *symbol = entry_symbol(a, options, level, plan->entries[i].graph->name);
    TRY(orc_failure(a, "the code cannot be linked", LLVMOrcLLJITLookup(loaded->jit, &address, symbol)));
    loaded->entries[i] = (smelt_entry_code *)(uintptr_t)address;
  }
  return OK;
}

status codegen_load(arena *a, const plan_module *plan, int level, codegen_loaded **result) {
  return codegen_load_for(a, plan, codegen_target_host(), level, result);
}

status codegen_load_for(arena *a, const plan_module *plan, const codegen_target *target, int level,
                        codegen_loaded **result) {
  codegen_options options = {
      .target = target, .model_name = "model", .form = CODEGEN_OBJECT, .only_level = level};
  codegen_output outputs[CODEGEN_MAX_FILES];
  size_t count;
  codegen_loaded *loaded = ARENA_NEW(a, codegen_loaded);
  *result = loaded;
  TRY(codegen_make(a, plan, &options, outputs, &count));
  status s = orc_failure(a, "LLVM cannot link here", LLVMOrcCreateLLJIT(&loaded->jit, NULL));
  if (!s)
    s = add_object(a, loaded, &outputs[0]); /* the other is the image table, which only a program needs */
  if (!s) s = find_entries(a, plan, &options, loaded);
  for (size_t i = 0; i < count; i++) text_free(&outputs[i].bytes);
  return s;
}

smelt_entry_code *codegen_loaded_entry(const codegen_loaded *loaded, size_t entry) {
  return loaded->entries[entry];
}

void codegen_unload(codegen_loaded *loaded) {
  if (loaded && loaded->jit) LLVMConsumeError(LLVMOrcDisposeLLJIT(loaded->jit));
}
