/* file_replace.c: files that appear whole or not at all. */
#define _GNU_SOURCE /* mkostemp */
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int file, const char *bytes, size_t count) {
  while (count) {
    ssize_t written = write(file, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes += written;
    count -= (size_t)written;
  }
  return true;
}

/* To a pipe, a device. */
static bool write_through(const char *path, const char *bytes, size_t count) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  bool is_written = file >= 0 && write_all(file, bytes, count);
  int error = errno;
  if (file >= 0) close(file);
  errno = error;
  return is_written;
}

/* By way of a file beside it, which `beside` names. */
static bool write_beside(char *beside, const char *path, mode_t mode, const char *bytes, size_t count) {
  int file = mkostemp(beside, O_CLOEXEC);
  if (file < 0) return false;
  bool is_written = fchmod(file, mode) == 0 && write_all(file, bytes, count);
  int error = errno;
  if (close(file) && is_written) is_written = false, error = errno;
  if (is_written && rename(beside, path) == 0) return true;
  if (is_written) error = errno;
  unlink(beside);
  errno = error;
  return false;
}

static mode_t mode_of_new_files(void) {
  mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

/* An interrupt comes before or after, and leaves nothing half made. */
static bool replace(arena *a, const char *path, mode_t mode, const char *bytes, size_t count) {
  const char *slash = strrchr(path, '/');
  int folder_length = slash ? (int)(slash - path) + 1 : 0;
  char *beside = arena_format(a, "%.*s.smelt-XXXXXX", folder_length, path);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  bool is_written = write_beside(beside, path, mode, bytes, count);
  int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return is_written;
}

status file_replace(arena *a, const char *path, const void *bytes, size_t count) {
  struct stat info;
  bool is_there = stat(path, &info) == 0, is_written;
  if (is_there && !S_ISREG(info.st_mode)) {
    is_written = write_through(path, bytes, count);
  } else {
    char *target = is_there ? realpath(path, NULL) : NULL; /* links stay */
    mode_t mode = is_there ? info.st_mode & 0777 : mode_of_new_files();
    is_written = replace(a, target ? target : path, mode, bytes, count);
    free(target);
  }
  if (is_written) return OK;
  return fail_file(a, fail(a, STATUS_INPUT, "cannot be written: %s", strerror(errno)), path);
}
