/* any_level.c: processors that can use every level whose features they have, and are slow with none. */
#include "core/core.h"

bool rt_cpu_may_use(smelt_isa_level level) {
  (void)level;
  return true;
}

bool rt_cpu_is_slow_of(const uint64_t *words, smelt_isa_level level) {
  (void)words, (void)level;
  return false;
}
