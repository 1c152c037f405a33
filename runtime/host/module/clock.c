/* clock.c: who calls a module measures from outside: --profile, which alone asks for the time, is a
 * program's. */
#include "host/host.h"

int64_t rt_now_ns(void) {
  return 0;
}
