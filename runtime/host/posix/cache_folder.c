/* cache_folder.c: where a user's programs keep what they can make again. [XDG Base Directory Specification]
 */
#define _POSIX_C_SOURCE 200809L
#include "host/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool rt_host_cache_folder(char *path, size_t room) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  bool is_stated = cache && *cache == '/';
  if (!is_stated && (!home || *home != '/')) return false;
  int bytes = is_stated ? snprintf(path, room, "%s", cache) : snprintf(path, room, "%s/.cache", home);
  if (bytes < 0 || (size_t)bytes + sizeof "/smelt" > room) return false;
  mkdir(path, 0700);
  snprintf(path + bytes, room - (size_t)bytes, "/smelt");
  mkdir(path, 0700);
  return access(path, W_OK | X_OK) == 0;
}
