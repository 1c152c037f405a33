/* random.c: what the host gives. */
#define _GNU_SOURCE
#include "host/host.h"

#include <unistd.h>

bool rt_host_random(void *bytes, size_t count) {
  return getentropy(bytes, count) == 0;
}
