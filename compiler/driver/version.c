/* version.c: smelt --version: what it is, and the two tools that decide with it what programs become. */
#define _GNU_SOURCE /* pipe2, environ */
#include "codegen/codegen.h"
#include "driver/commands.h"
#include "link/link.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The first line of what `linker --version` prints; empty where it prints none. */
static const char *ask_linker(arena *a, const char *linker) {
  char line[256] = "", *argv[] = {arena_text(a, linker), arena_text(a, "--version"), NULL};
  int ends[2];
  size_t count = 0;
  posix_spawn_file_actions_t files;
  pid_t child;
  if (pipe2(ends, O_CLOEXEC) != 0) return "";
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
  int error = posix_spawn(&child, linker, &files, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&files);
  close(ends[1]);
  for (ssize_t got = !error; got > 0 && count < sizeof line - 1; count += got > 0 ? (size_t)got : 0) {
    do got = read(ends[0], line + count, sizeof line - 1 - count);
    while (got < 0 && errno == EINTR);
  }
  close(ends[0]);
  while (!error && waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  return arena_format(a, "%.*s", (int)strcspn(line, "\n"), line);
}

int print_version(void) {
  arena a = {0};
  const char *linker, *said;
  printf("smelt %s\nLLVM %s\n", SMELT_VERSION, codegen_llvm_version(&a));
  status s = link_find_linker(&a, &linker);
  if (s) {
    printf("no linker\n");
  } else {
    said = ask_linker(&a, linker);
    printf("linker %s%s%s\n", linker, *said ? ": " : "", said);
  }
  arena_free(&a);
  return STATUS_OK;
}
