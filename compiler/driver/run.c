/* run.c: smelt run: build a program without a name, run it. */
#define _POSIX_C_SOURCE 200809L
#include "driver/commands.h"
#include "driver/diagnostics.h"
#include "driver/program.h"

#include <unistd.h>

/* Runs the program in `file` with the user's arguments. */
static status run_with_arguments(arena *a, int file, const driver_options *options, int *code) {
  const char **argv = ARENA_ARRAY(a, const char *, (size_t)options->rest_count + 2);
  argv[0] = "program";
  for (int i = 0; i < options->rest_count; i++) argv[i + 1] = options->rest[i];
  return program_run(a, file, argv, -1, code);
}

int command_run(arena *a, const driver_options *options) {
  int file = -1, code = STATUS_OK;
  status s = program_build(a, options, &file);
  if (!s) s = run_with_arguments(a, file, options, &code);
  if (file >= 0) close(file);
  if (!s) return code;
  print_failure(s);
  return s->code;
}
