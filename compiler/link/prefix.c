/* prefix.c: where smelt is installed, seen from the running program. */
#define _POSIX_C_SOURCE 200809L
#include "link/stage.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PREFIXES = 2 };

/* What may be PREFIX: the program is PREFIX/bin/smelt, or PREFIX/libexec/smelt/loader (package/launcher.c).
 */
static status find_prefixes(arena *a, const char *prefixes[PREFIXES]) {
  char program[PATH_MAX];
  ssize_t count = readlink("/proc/self/exe", program, sizeof program - 1);
  if (count < 0)
    return fail_file(a, fail(a, STATUS_DEFECT, "cannot be read: %s", strerror(errno)), "/proc/self/exe");
  program[count] = '\0';
  for (int level = 0; level <= PREFIXES; level++) {
    char *slash = strrchr(program, '/');
    if (slash) *slash = '\0';
    if (level > 0) prefixes[level - 1] = arena_text(a, *program ? program : "/");
  }
  return OK;
}

status link_library_folder(arena *a, const char **folder) {
  const char *stated = getenv("SMELT_LIB"), *prefixes[PREFIXES];
  if (stated && *stated) {
    *folder = file_absolute(a, stated);
  } else {
    TRY(find_prefixes(a, prefixes));
    const char *far = file_join(a, prefixes[1], "lib/smelt");
    *folder = file_join(a, prefixes[0], "lib/smelt");
    if (!file_is_folder(*folder) && file_is_folder(far)) *folder = far;
  }
  if (file_is_folder(*folder)) return OK;
  status s = fail_file(a, fail(a, STATUS_INPUT, "is not a folder with smelt's runtime"), *folder);
  return fail_hint(a, s, "set SMELT_LIB to the folder lib/smelt of an installed or built smelt");
}

const char *bundled_program(arena *a, const char *name) {
  const char *prefixes[PREFIXES];
  if (find_prefixes(a, prefixes)) return NULL;
  for (int i = 0; i < PREFIXES; i++) {
    const char *path = file_join(a, file_join(a, prefixes[i], "libexec/smelt"), name);
    if (access(path, X_OK) == 0) return path;
  }
  return NULL;
}
