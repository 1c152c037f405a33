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

void rt_processor_pin(int32_t index) {
  DWORD_PTR left = affinity();
  if (!left) return;
  for (int32_t skipped = index % __builtin_popcountll(left); skipped > 0; skipped--) left &= left - 1;
  SetThreadAffinityMask(GetCurrentThread(), left & -left);
}
