/* peak_memory.c: VmHWM of /proc/self/status. */
#define _GNU_SOURCE
#include "host/host.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t rt_host_peak_memory(void) {
  char status[4096];
  int file = rt_host_open("/proc/self/status");
  ssize_t count = file < 0 ? 0 : read(file, status, sizeof status - 1);
  if (file >= 0) close(file);
  status[count > 0 ? count : 0] = 0;
  const char *at = strstr(status, "VmHWM:");
  return at ? (int64_t)strtoull(at + 6, NULL, 10) * 1024 : 0;
}
