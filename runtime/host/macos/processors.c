/* processors.c: all that there are; macOS lets nobody choose one. */
#include "host/host.h"
#include "host/macos/system.h"

int32_t rt_processor_count(void) {
  int32_t count = system_number("hw.logicalcpu");
  return count > 0 ? count : 1;
}

void rt_processor_pin(int32_t index) {
  (void)index;
}

int32_t rt_processor_here(void) {
  return -1;
}

void rt_processor_leave(const int32_t *taken, int32_t count) {
  (void)taken, (void)count;
}
