/* program.c: building programs without a name, and running them. */
#define _POSIX_C_SOURCE 200809L
#include "driver/program.h"
#include "driver/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* An empty file with a name that is still to be taken away. */
static status make_named(arena *a, char **name, int *file) {
  const char *place = getenv("TMPDIR");
  *name = arena_format(a, "%s/smelt-run-XXXXXX", place && *place ? place : "/tmp");
  *file = mkstemp(*name);
  if (*file >= 0) return OK;
  return fail_file(a, fail(a, STATUS_INPUT, "cannot be made: %s", strerror(errno)), *name);
}

status program_scratch(arena *a, int *file) {
  char *name;
  TRY(make_named(a, &name, file));
  unlink(name);
  return OK;
}

driver_options program_silent(const driver_options *options) {
  driver_options silent = *options;
  silent.quiet = true;
  silent.passes = silent.print_plan = false;
  silent.print_after = silent.draft = silent.draft_precision = NULL;
  return silent;
}

status program_build(arena *a, const driver_options *options, int *file) {
  driver_options here = *options;
  here.target = NULL;
  here.cpu = "native";
  here.emit = "exe";
  here.name = here.prefix = NULL;
  here.package = here.compresses = false;
  here.weights = NULL;
  here.reports = false;
  here.report_text = here.sbom = NULL;
  char *name;
  TRY(make_named(a, &name, file));
  close(*file);
  unlink(name);
  *file = -1;
  TRY(build_program(a, &here, name));
  *file = open(name, O_RDONLY | O_CLOEXEC);
  int error = errno;
  unlink(name);
  if (*file >= 0) return OK;
  return fail_file(a, fail(a, STATUS_DEFECT, "cannot be opened: %s", strerror(error)), name);
}

status program_run(arena *a, int file, const char *const *argv, int output, int *code) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (output >= 0) posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t child;
  const char *path = arena_format(a, "/proc/self/fd/%d", file);
  int word = 0, error = posix_spawn(&child, path, &actions, NULL, (char **)(uintptr_t)argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error) return fail(a, STATUS_DEFECT, "the program cannot be run: %s", strerror(error));
  while (waitpid(child, &word, 0) < 0 && errno == EINTR) continue;
  *code = WIFEXITED(word) ? WEXITSTATUS(word) : 128 + WTERMSIG(word);
  return OK;
}
