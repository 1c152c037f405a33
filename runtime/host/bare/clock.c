/* clock.c: there is none that all boards have; nobody measures time here. */
#include "host/host.h"

int64_t rt_now_ns(void) {
  return 0;
}
