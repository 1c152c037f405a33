/* clock.c: nanoseconds since the machine was started, sleep not counted. */
#include "host/host.h"

enum { UPTIME_RAW = 8 }; /* time.h */

uint64_t clock_gettime_nsec_np(int clock);

int64_t rt_now_ns(void) {
  return (int64_t)clock_gettime_nsec_np(UPTIME_RAW);
}
