/* waiting.c: sleeping on a word, as Windows 8 and later have it. */
#include "host/host.h"

#include <windows.h>

void rt_host_sleep(const volatile void *word, uint32_t seen) {
  WaitOnAddress((volatile void *)(uintptr_t)word, &seen, sizeof seen, INFINITE);
}

void rt_host_wake(const volatile void *word) {
  WakeByAddressAll((void *)(uintptr_t)word);
}

long rt_host_switches(void) {
  return -1;
}
