/* run.c: smelt run: build a program, run it, remove it. */
#define _POSIX_C_SOURCE 200809L
#include "driver/commands.h"
#include "driver/diagnostics.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Runs `program` with the user's arguments; its exit code, or STATUS_DEFECT if it could not be run. */
static int run_program(arena *a, const char *program, const driver_options *options) {
  char **argv = ARENA_ARRAY(a, char *, (size_t)options->rest_count + 2);
  argv[0] = arena_text(a, program);
  for (int i = 0; i < options->rest_count; i++) argv[i + 1] = options->rest[i];
  pid_t child;
  int status_word = 0, error = posix_spawn(&child, program, NULL, NULL, argv, environ);
  if (error) {
    print_failure(fail_file(a, fail(a, STATUS_DEFECT, "cannot be run: %s", strerror(error)), program));
    return STATUS_DEFECT;
  }
  while (waitpid(child, &status_word, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status_word) ? WEXITSTATUS(status_word) : 128 + WTERMSIG(status_word);
}

int command_run(arena *a, const driver_options *options) {
  const char *place = getenv("TMPDIR");
  char *folder = arena_format(a, "%s/smelt-run-XXXXXX", place && *place ? place : "/tmp");
  if (!mkdtemp(folder)) {
    print_failure(fail_file(a, fail(a, STATUS_INPUT, "cannot be made: %s", strerror(errno)), folder));
    return STATUS_INPUT;
  }
  const char *program = file_join(a, folder, "program");
  status s = build_program(a, options, program);
  int code;
  if (s) {
    print_failure(s);
    code = s->code;
  } else {
    code = run_program(a, program, options);
  }
  unlink(program);
  rmdir(folder);
  return code;
}
