/* files.c: descriptors that programs started from here do not get, and whether there is something to read. */
#define _GNU_SOURCE
#include "host/host.h"

#include <fcntl.h>
#include <poll.h>

#ifndef O_LARGEFILE
#define O_LARGEFILE 0 /* files of any length there */
#endif

int rt_host_open(const char *path) {
  return open(path, O_RDONLY | O_CLOEXEC | O_LARGEFILE);
}

int rt_host_create(const char *path) {
  return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_LARGEFILE, 0666);
}

bool rt_host_can_read(int file) {
  struct pollfd asked = {.fd = file, .events = POLLIN};
  return poll(&asked, 1, 0) > 0;
}
