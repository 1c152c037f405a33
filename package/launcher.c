/*
 * launcher.c: every program of a smelt that brings its libraries with it (make package's .tar.gz). Each name,
 * bin/smelt and libexec/smelt/ld.lld say, is a link to this one static program. It starts the real program,
 * PROGRAM of the table below, with the dynamic loader and the libraries that lie beside it, so that the
 * machine needs none:
 *
 *     libexec/smelt/launcher, loader, programs/PROGRAM, libraries/
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* lld is one program that looks at the name by which it is called. */
static const char *const names_of_lld[] = {"ld.lld", "wasm-ld", "lld-link", "ld64.lld"};

static const char *program_called(const char *name) {
  const char *slash = strrchr(name, '/');
  for (size_t i = 0; i < sizeof names_of_lld / sizeof *names_of_lld; i++)
    if (strcmp(slash ? slash + 1 : name, names_of_lld[i]) == 0) return "lld";
  return "smelt";
}

/* The folder that this program lies in, in path[size]. */
static int find_home(char *path, size_t size) {
  ssize_t count = readlink("/proc/self/exe", path, size - 1);
  if (count < 0) return -1;
  path[count] = '\0';
  *strrchr(path, '/') = '\0';
  return 0;
}

int main(int argc, char **argv) {
  enum { OWN_ARGUMENTS = 6 };
  char home[PATH_MAX], loader[PATH_MAX + 16], libraries[PATH_MAX + 16], program[PATH_MAX + 32];
  char **arguments = calloc((size_t)argc + OWN_ARGUMENTS + 1, sizeof *arguments);
  if (argc < 1 || !arguments || find_home(home, sizeof home) != 0) {
    fprintf(stderr, "smelt: cannot find its own folder (is /proc mounted?): %s\n", strerror(errno));
    return 1;
  }
  snprintf(loader, sizeof loader, "%s/loader", home);
  snprintf(libraries, sizeof libraries, "%s/libraries", home);
  snprintf(program, sizeof program, "%s/programs/%s", home, program_called(argv[0]));
  static char takes_libraries[] = "--library-path", takes_name[] = "--argv0";
  char *own[OWN_ARGUMENTS] = {loader, takes_libraries, libraries, takes_name, argv[0], program};
  memcpy(arguments, own, sizeof own);
  memcpy(arguments + OWN_ARGUMENTS, argv + 1, (size_t)(argc - 1) * sizeof *argv);
  execv(loader, arguments);
  fprintf(stderr, "smelt: %s cannot be run: %s\n", loader, strerror(errno));
  return 1;
}
