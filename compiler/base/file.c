/* file.c: whole files, mapped read-only. */
#define _POSIX_C_SOURCE 200809L
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static status cannot_read(arena *a, const char *path, int error) {
  return fail_file(a, fail(a, STATUS_INPUT, "cannot be read: %s", strerror(error)), path);
}

status file_map(arena *a, const char *path, file_view *view) {
  *view = (file_view){.path = arena_text(a, path)};
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return cannot_read(a, path, errno);
  struct stat info;
  status s = OK;
  if (fstat(descriptor, &info) != 0) {
    s = cannot_read(a, path, errno);
  } else if (!S_ISREG(info.st_mode)) {
    s = fail_file(a, fail(a, STATUS_INPUT, "is not a regular file"), path);
  } else if (info.st_size > 0) {
    void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED) {
      s = cannot_read(a, path, errno);
    } else {
      view->bytes = bytes;
      view->count = (size_t)info.st_size;
    }
  }
  close(descriptor);
  return s;
}

void file_unmap(file_view *view) {
  if (view->bytes) munmap((void *)(uintptr_t)view->bytes, view->count);
  *view = (file_view){0};
}

bool file_exists(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool file_is_folder(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

char *file_join(arena *a, const char *folder, const char *name) {
  size_t length = strlen(folder);
  bool slash = length && folder[length - 1] == '/';
  return arena_format(a, "%s%s%s", folder, slash ? "" : "/", name);
}

const char *file_absolute(arena *a, const char *path) {
  char here[PATH_MAX];
  if (*path == '/' || !getcwd(here, sizeof here)) return arena_text(a, path);
  return file_join(a, here, path);
}
