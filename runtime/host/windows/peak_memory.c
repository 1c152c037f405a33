/* peak_memory.c: the process's peak working set. */
#include "host/host.h"

#include <windows.h>

#include <psapi.h>

int64_t rt_host_peak_memory(void) {
  PROCESS_MEMORY_COUNTERS counters;
  BOOL told = K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters);
  return told ? (int64_t)counters.PeakWorkingSetSize : 0;
}
