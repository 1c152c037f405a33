/* kept_file.c: files that appear whole or not at all. Until then they have no name, where the file system
 * knows such files, so that nothing is left of a process that is killed. */
#define _GNU_SOURCE /* O_TMPFILE */
#include "host/host.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef O_LARGEFILE
#define O_LARGEFILE 0 /* files of any length there */
#endif

/* A file without a name gets one by way of its descriptor's. */
#define DESCRIPTORS "/proc/self/fd"

int rt_host_begin_file(const char *draft) {
  char folder[RT_HOST_PATH_BYTES];
  const char *slash = strrchr(draft, '/');
  size_t length = slash ? (size_t)(slash - draft) : 0;
  int file = -1;
  if (length && length < sizeof folder && access(DESCRIPTORS, X_OK) == 0) {
    memcpy(folder, draft, length);
    folder[length] = '\0';
    file = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC | O_LARGEFILE, 0666);
  }
  return file >= 0 ? file : rt_host_create(draft);
}

/* Where `path` is another file, the draft's name is needed to replace it; a file may have it already. */
bool rt_host_end_file(int file, const char *draft, const char *path, bool is_whole) {
  char name[sizeof DESCRIPTORS + 16];
  snprintf(name, sizeof name, DESCRIPTORS "/%d", file);
  is_whole = is_whole && fsync(file) == 0;
  bool is_there = is_whole && linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
  if (is_whole && !is_there) {
    linkat(AT_FDCWD, name, AT_FDCWD, draft, AT_SYMLINK_FOLLOW);
    is_there = rename(draft, path) == 0;
  }
  close(file);
  unlink(draft);
  return is_there;
}
