/*
 * companion.c: files that come with the artefact and lie beside it: its header, its weights. On their way
 * they have no name, as objects have none; they get theirs just before the artefact gets its own.
 */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE   200809L
#include "link/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* All of `from` in `to`; false: errno says why. */
static bool copy_all(int from, int to) {
  static char buffer[1 << 16];
  off_t at = 0;
  ssize_t count;
  while ((count = pread(from, buffer, sizeof buffer, at)) > 0) {
    if (pwrite(to, buffer, (size_t)count, at) != count) return false;
    at += count;
  }
  return count == 0;
}

/* Calls the input's file `path`, or, where the file system had no files without a name, a copy of it. */
static bool give_name(link_job *job, const link_input *input, const char *path) {
  unlink(path); /* of a process of this number that did not live to rename it */
  if (linkat(AT_FDCWD, input_path(job, input), AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0) return true;
  int copy = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  bool is_whole = copy >= 0 && copy_all(input->descriptor, copy);
  int error = errno;
  if (copy >= 0) close(copy);
  errno = error;
  return is_whole;
}

int companions_place(link_job *job, unsigned mode) {
  const char *path = arena_format(job->arena, "%s/.smelt-%d", job->folder, (int)getpid());
  for (size_t i = 0; i < job->input_count; i++) {
    const link_input *input = &job->inputs[i];
    if (input->kind != LINK_COMPANION) continue;
    if (give_name(job, input, path) && chmod(path, mode) == 0 &&
        rename(path, file_join(job->arena, job->folder, input->name)) == 0)
      continue;
    int error = errno;
    unlink(path);
    return error;
  }
  return 0;
}
