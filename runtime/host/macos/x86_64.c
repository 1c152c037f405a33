/* x86_64.c: no Mac has tiles. */
#include "core/core.h"

bool rt_cpu_may_use(smelt_isa_level level) {
  return level != SMELT_ISA_X86_64_AMX;
}
