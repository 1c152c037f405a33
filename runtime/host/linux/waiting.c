/* waiting.c: futexes, and what the kernel counts of a process's threads. */
#define _GNU_SOURCE
#include "host/host.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WAIT_PRIVATE = 0 | 128, WAKE_PRIVATE = 1 | 128 }; /* futex(2); musl comes without linux/futex.h */

void rt_host_sleep(const volatile void *word, uint32_t seen) {
  syscall(SYS_futex, word, WAIT_PRIVATE, seen, NULL, NULL, 0);
}

void rt_host_wake(const volatile void *word) {
  syscall(SYS_futex, word, WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

long rt_host_switches(void) {
  struct rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_nvcsw + usage.ru_nivcsw : -1;
}
