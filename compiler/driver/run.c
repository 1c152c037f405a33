/* run.c: smelt run: build a program, remove it, run it. */
#define _POSIX_C_SOURCE 200809L
#include "driver/commands.h"
#include "driver/diagnostics.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A name in the folder for temporary files that nothing has yet. */
static status choose_name(arena *a, char **name) {
  const char *place = getenv("TMPDIR");
  *name = arena_format(a, "%s/smelt-run-XXXXXX", place && *place ? place : "/tmp");
  int file = mkstemp(*name);
  if (file < 0) return fail_file(a, fail(a, STATUS_INPUT, "cannot be made: %s", strerror(errno)), *name);
  close(file);
  unlink(*name);
  return OK;
}

/* Builds the program for this machine and takes its name away: however smelt ends from then on, nothing is
 * left behind. */
static status build_nameless(arena *a, const driver_options *options, int *file) {
  driver_options here = *options;
  here.isa = "host";
  char *name;
  TRY(choose_name(a, &name));
  TRY(build_program(a, &here, name));
  *file = open(name, O_RDONLY | O_CLOEXEC);
  int error = errno;
  unlink(name);
  if (*file >= 0) return OK;
  return fail_file(a, fail(a, STATUS_DEFECT, "cannot be opened: %s", strerror(error)), name);
}

/* Runs the program in `file` with the user's arguments; *code is its exit code. */
static status run_program(arena *a, int file, const driver_options *options, int *code) {
  char **argv = ARENA_ARRAY(a, char *, (size_t)options->rest_count + 2);
  argv[0] = arena_text(a, "program");
  for (int i = 0; i < options->rest_count; i++) argv[i + 1] = options->rest[i];
  pid_t child;
  const char *path = arena_format(a, "/proc/self/fd/%d", file);
  int word = 0, error = posix_spawn(&child, path, NULL, NULL, argv, environ);
  if (error) return fail(a, STATUS_DEFECT, "the program cannot be run: %s", strerror(error));
  while (waitpid(child, &word, 0) < 0 && errno == EINTR) continue;
  *code = WIFEXITED(word) ? WEXITSTATUS(word) : 128 + WTERMSIG(word);
  return OK;
}

int command_run(arena *a, const driver_options *options) {
  int file = -1, code = STATUS_OK;
  status s = build_nameless(a, options, &file);
  if (!s) s = run_program(a, file, options, &code);
  if (file >= 0) close(file);
  if (!s) return code;
  print_failure(s);
  return s->code;
}
