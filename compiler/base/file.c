/* file.c: whole files: mapped read-only, or read once from end to end. */
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

/* The caller closes the descriptor; after a failure there is none. */
static status open_regular(arena *a, const char *path, int *descriptor, size_t *count) {
  struct stat info;
  *descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (*descriptor < 0) return cannot_read(a, path, errno);
  status s = OK;
  if (fstat(*descriptor, &info) != 0)
    s = cannot_read(a, path, errno);
  else if (!S_ISREG(info.st_mode))
    s = fail_file(a, fail(a, STATUS_INPUT, "is not a regular file"), path);
  else
    *count = (size_t)info.st_size;
  if (s) close(*descriptor);
  return s;
}

status file_map(arena *a, const char *path, file_view *view) {
  int descriptor;
  size_t count = 0;
  *view = (file_view){.path = arena_text(a, path)};
  TRY(open_regular(a, path, &descriptor, &count));
  status s = OK;
  if (count > 0) {
    void *bytes = mmap(NULL, count, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED) {
      s = cannot_read(a, path, errno);
    } else {
      view->bytes = bytes;
      view->count = count;
    }
  }
  close(descriptor);
  return s;
}

status file_pass(arena *a, const char *path, file_taker *take, void *context) {
  enum { PART_BYTES = 1 << 16 };
  uint8_t part[PART_BYTES];
  int descriptor;
  size_t count = 0;
  ssize_t got;
  TRY(open_regular(a, path, &descriptor, &count));
  do {
    got = read(descriptor, part, sizeof part);
    if (got > 0) take(context, part, (size_t)got);
  } while (got > 0 || (got < 0 && errno == EINTR));
  status s = got < 0 ? cannot_read(a, path, errno) : OK;
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
