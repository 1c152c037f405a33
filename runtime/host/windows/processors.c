/* processors.c: the processors of this process's group that it may use, at most 64. */
#include "host/host.h"

#include <windows.h>

static DWORD_PTR affinity(void) {
  DWORD_PTR own = 0, all;
  return GetProcessAffinityMask(GetCurrentProcess(), &own, &all) ? own : 0;
}

int32_t rt_processor_count(void) {
  int32_t count = __builtin_popcountll(affinity());
  return count ? count : 1;
}

int32_t rt_processor_here(void) {
  return (int32_t)GetCurrentProcessorNumber();
}

void rt_processor_leave(const int32_t *taken, int32_t count) {
  DWORD_PTR all = affinity(), left = all;
  for (int32_t i = 0; i < count; i++) {
    int32_t processor = __atomic_load_n(&taken[i], __ATOMIC_RELAXED);
    if (processor >= 0 && processor < 64) left &= ~((DWORD_PTR)1 << processor);
  }
  if (!left) return;
  SetThreadAffinityMask(GetCurrentThread(), left);
  SetThreadAffinityMask(GetCurrentThread(), all);
}

void rt_processor_pin(int32_t index) {
  DWORD_PTR left = affinity();
  if (!left) return;
  for (int32_t skipped = index % __builtin_popcountll(left); skipped > 0; skipped--) left &= left - 1;
  SetThreadAffinityMask(GetCurrentThread(), left & -left);
}
