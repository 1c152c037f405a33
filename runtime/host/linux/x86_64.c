/* x86_64.c: what Linux gives only to processes that have asked. */
#define _GNU_SOURCE
#include "core/core.h"

#include <sys/syscall.h>
#include <unistd.h>

/* The tiles' registers (Documentation/arch/x86/xstate.rst). */
bool rt_cpu_may_use(smelt_isa_level level) {
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return level != SMELT_ISA_X86_64_AMX || syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}
