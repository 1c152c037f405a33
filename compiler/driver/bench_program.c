/* bench_program.c: the other end of a program's --bench: started, asked line by line, ended. */
#define _GNU_SOURCE
#include "driver/bench.h"

#include "smelt/image.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Only what carries a manifest is run: another program might do anything with --bench. */
static status check_program(arena *a, const char *path) {
  static const char magic[] = SMELT_MANIFEST_MAGIC;
  file_view file;
  TRY(file_map(a, path, &file));
  bool is_elf = file.count > 4 && memcmp(file.bytes, "\177ELF", 4) == 0;
  bool has_manifest = is_elf && memmem(file.bytes, file.count, magic, sizeof magic - 1);
  file_unmap(&file);
  if (has_manifest) return OK;
  status s = fail(a, STATUS_INPUT, "this is no program that smelt compiled");
  return fail_file(a, fail_hint(a, s, "make one with 'smelt build MODEL -o PROGRAM'"), path);
}

static status start(arena *a, const driver_options *options, int to[2], int from[2], pid_t *pid) {
  const char *path = options->path;
  char *argv[] = {arena_text(a, path), arena_text(a, "--bench"), NULL, NULL};
  if (options->threads) argv[2] = arena_format(a, "--threads=%lld", (long long)options->threads);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  int error = posix_spawn(pid, path, &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (!error) return OK;
  return fail_file(a, fail(a, STATUS_INPUT, "cannot be run: %s", strerror(error)), path);
}

status bench_start(arena *a, const driver_options *options, bench_program *program) {
  *program = (bench_program){.path = options->path};
  TRY(check_program(a, options->path));
  signal(SIGPIPE, SIG_IGN); /* a program that ended is noticed by its silence */
  int to[2], from[2];
  pid_t pid = 0;
  if (pipe2(to, O_CLOEXEC)) return fail(a, STATUS_INPUT, "no pipe: %s", strerror(errno));
  if (pipe2(from, O_CLOEXEC)) {
    close(to[0]), close(to[1]);
    return fail(a, STATUS_INPUT, "no pipe: %s", strerror(errno));
  }
  status s = start(a, options, to, from, &pid);
  close(to[0]), close(from[1]);
  program->pid = s ? 0 : pid;
  program->ask = fdopen(to[1], "w");
  program->answers = fdopen(from[0], "r");
  if (s) bench_end(program);
  return s;
}

status bench_ask(arena *a, bench_program *program, const char *line, json_t **answer) {
  json_error_t error;
  char *reply = NULL;
  size_t capacity = 0;
  fprintf(program->ask, "%s\n", line);
  fflush(program->ask);
  ssize_t count = getline(&reply, &capacity, program->answers);
  *answer = count > 0 ? json_loads(reply, 0, &error) : NULL;
  free(reply);
  if (json_is_object(*answer)) return OK;
  json_decref(*answer);
  *answer = NULL;
  status s = fail(a, STATUS_INPUT, "the program gave no answer to '%s'", line);
  s = fail_hint(a, s, "it may be of another version of smelt: build it again");
  return fail_file(a, s, program->path);
}

void bench_end(bench_program *program) {
  if (program->ask) fclose(program->ask); /* which ends it */
  if (program->answers) fclose(program->answers);
  int word;
  while (program->pid && waitpid(program->pid, &word, 0) < 0 && errno == EINTR) continue;
  *program = (bench_program){0};
}
