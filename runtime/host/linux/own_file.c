/* own_file.c: what the kernel says of this process's memory. */
#define _GNU_SOURCE
#include "host/host.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a line of /proc/self/maps that has `address`, where the path begins; else NULL. */
static const char *path_of_line(const char *line, uintptr_t address) {
  char *end;
  unsigned long long first = strtoull(line, &end, 16), last = *end == '-' ? strtoull(end + 1, &end, 16) : 0;
  return address >= first && address < last ? strchr(end, '/') : NULL;
}

bool rt_host_own_file(const void *address, char *path, size_t room) {
  char lines[RT_HOST_PATH_BYTES + 128];
  size_t held = 0;
  int file = rt_host_open("/proc/self/maps");
  bool found = false;
  for (ssize_t count = 1; file >= 0 && count > 0 && !found;) {
    count = read(file, lines + held, sizeof lines - 1 - held);
    if (count > 0) held += (size_t)count;
    lines[held] = '\0';
    for (char *end; !found && (end = strchr(lines, '\n'));) {
      *end = '\0';
      const char *name = path_of_line(lines, (uintptr_t)address);
      found = name && strlen(name) < room;
      if (found) memcpy(path, name, strlen(name) + 1);
      held -= (size_t)(end + 1 - lines);
      memmove(lines, end + 1, held + 1);
    }
    if (held == sizeof lines - 1) held = 0; /* a line longer than paths make it */
  }
  if (file >= 0) close(file);
  return found;
}
