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

/* The kernel's own record, all of whose numbers are long: musl's and glibc's function have no name in common
 * where time has more bits than that. */
long rt_host_switches(void) {
  enum { VOLUNTARY = 16, INVOLUNTARY, NUMBERS };
  long usage[NUMBERS];
  return syscall(SYS_getrusage, RUSAGE_SELF, usage) == 0 ? usage[VOLUNTARY] + usage[INVOLUNTARY] : -1;
}
