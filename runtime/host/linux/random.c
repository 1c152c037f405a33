/* random.c: what the kernel has gathered. */
#define _GNU_SOURCE
#include "host/host.h"

#include <sys/random.h>

bool rt_host_random(void *bytes, size_t count) {
  return getrandom(bytes, count, 0) == (ssize_t)count;
}
