/* prefix.c: where the installed runtime lies, seen from the running program. */
#define _POSIX_C_SOURCE 200809L
#include "link/link.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

status link_library_folder(arena *a, const char **folder) {
  const char *stated = getenv("SMELT_LIB");
  if (stated && *stated) {
    *folder = file_absolute(a, stated);
  } else {
    char program[PATH_MAX];
    ssize_t count = readlink("/proc/self/exe", program, sizeof program - 1);
    if (count < 0)
      return fail_file(a, fail(a, STATUS_DEFECT, "cannot be read: %s", strerror(errno)), "/proc/self/exe");
    program[count] = '\0';
    for (int levels = 0; levels < 2; levels++) { /* PREFIX/bin/smelt to PREFIX */
      char *slash = strrchr(program, '/');
      if (slash) *slash = '\0';
    }
    *folder = file_join(a, program, "lib/smelt");
  }
  if (file_is_folder(*folder)) return OK;
  status s = fail_file(a, fail(a, STATUS_INPUT, "is not a folder with smelt's runtime"), *folder);
  return fail_hint(a, s, "set SMELT_LIB to the folder lib/smelt of an installed or built smelt");
}
