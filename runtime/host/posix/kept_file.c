/* kept_file.c: files that appear whole or not at all. */
#define _POSIX_C_SOURCE 200809L
#include "host/host.h"

#include <stdio.h>
#include <unistd.h>

bool rt_host_end_file(int file, const char *draft, const char *path, bool is_whole) {
  if (is_whole) is_whole = fsync(file) == 0;
  is_whole &= close(file) == 0;
  if (is_whole && rename(draft, path) == 0) return true;
  unlink(draft);
  return false;
}
