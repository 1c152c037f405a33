/* files.c: descriptors that programs started from here do not get. */
#define _GNU_SOURCE
#include "host/host.h"

#include <fcntl.h>

int rt_host_open(const char *path) {
  return open(path, O_RDONLY | O_CLOEXEC);
}

int rt_host_create(const char *path) {
  return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}
