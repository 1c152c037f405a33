/* linker.c: lld as a child process: found, run, listened to, and stopped in time. */
#define _GNU_SOURCE /* environ, signalfd */
#include "link/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SMELT_LINKER
#define SMELT_LINKER "ld.lld-22" /* the build states the path it found */
#endif

enum { MAX_MESSAGE_BYTES = 64 * 1024 };

/* The path of `program` on PATH, absolute, or NULL. */
static const char *on_path(arena *a, const char *program) {
  if (strchr(program, '/')) return access(program, X_OK) == 0 ? file_absolute(a, program) : NULL;
  const char *path = getenv("PATH");
  for (const char *at = path ? path : "/usr/bin:/bin"; at;) {
    const char *colon = strchr(at, ':');
    int length = (int)(colon ? colon - at : (ptrdiff_t)strlen(at));
    const char *candidate = arena_format(a, "%.*s/%s", length, at, program);
    if (length && access(candidate, X_OK) == 0) return file_absolute(a, candidate);
    at = colon ? colon + 1 : NULL;
  }
  return NULL;
}

status link_find_linker(arena *a, const char **linker) {
  const char *stated = getenv("SMELT_LD");
  if (stated && *stated && (*linker = on_path(a, stated))) return OK;
  if ((*linker = bundled_program(a, "ld.lld"))) return OK;
  static const char *const candidates[] = {SMELT_LINKER, "ld.lld-22", "ld.lld-19", "ld.lld"};
  for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
    if ((*linker = on_path(a, candidates[i]))) return OK;
  status s = fail(a, STATUS_INPUT, "the linker ld.lld is not installed");
  return fail_hint(a, s, "install lld-22 (apt install lld-22), or put ld.lld on PATH");
}

/* A child, what it says, and the signals that shall end it. */
typedef struct {
  pid_t pid;
  int said;       /* read end of its standard error */
  int interrupts; /* signalfd of those that are held back */
} child;

static int spawn(link_job *job, const char *linker, char **argv, int says, child *c) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t files;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &job->interrupts.before);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addchdir_np(&files, "/proc/self"); /* ld.lld removes a file called "-" */
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, job->output_descriptor, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, says, STDERR_FILENO);
  for (size_t i = 0; i < job->input_count; i++) /* onto itself: no longer close-on-exec */
    posix_spawn_file_actions_adddup2(&files, job->inputs[i].descriptor, job->inputs[i].descriptor);
  int error = posix_spawn(&c->pid, linker, &files, &attributes, argv, environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return error;
}

/* Reads until the child closes its end; passes a signal on once. Returns that signal, or 0. */
static int listen(const child *c, text *message) {
  int stopped_by = 0;
  struct pollfd sources[] = {{c->said, POLLIN, 0}, {c->interrupts, POLLIN, 0}};
  for (;;) {
    if (poll(sources, 2, -1) < 0 && errno != EINTR) break;
    if (sources[1].revents & POLLIN) {
      struct signalfd_siginfo info;
      if (read(c->interrupts, &info, sizeof info) == sizeof info && !stopped_by) {
        stopped_by = (int)info.ssi_signo;
        kill(c->pid, SIGTERM);
      }
    }
    if (!sources[0].revents) continue;
    char part[4096];
    ssize_t count = read(c->said, part, sizeof part);
    if (count == 0 || (count < 0 && errno != EINTR)) break;
    if (count > 0 && message->count < MAX_MESSAGE_BYTES) text_append(message, part, (size_t)count);
  }
  return stopped_by;
}

/* The linker's first error, with objects by name in place of their descriptors. */
static const char *first_error(link_job *job, const text *message) {
  arena *a = job->arena;
  const char *line = message->bytes ? message->bytes : "";
  const char *error = strstr(line, "error: ");
  if (error) line = error + strlen("error: ");
  const char *said = arena_format(a, "%.*s", (int)strcspn(line, "\n"), line);
  for (size_t i = job->input_count; i-- > 0;) { /* from the end: /proc/self/fd/12 before /proc/self/fd/1 */
    const char *path = input_path(job, &job->inputs[i]);
    const char *found = strstr(said, path);
    if (!found) continue;
    said = arena_format(a, "%.*s%s%s", (int)(found - said), said, job->inputs[i].name, found + strlen(path));
  }
  return said;
}

static status judge(link_job *job, int wait_status, const text *message) {
  arena *a = job->arena;
  bool succeeded = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
  if (succeeded && job->format->is_whole(job->output_descriptor)) return OK;
  status s;
  if (succeeded) {
    s = fail(a, STATUS_INPUT, "cannot be written whole: disk full?");
  } else if (WIFSIGNALED(wait_status)) {
    int number = WTERMSIG(wait_status);
    s = fail(a, STATUS_DEFECT, "the linker was ended by signal %d (%s)", number, strsignal(number));
  } else {
    bool full = message->bytes && strstr(message->bytes, "No space left on device");
    const char *said = first_error(job, message);
    s = fail(a, full ? STATUS_INPUT : STATUS_DEFECT, "the linker failed: %s", said);
  }
  return fail_file(a, s, job->destination);
}

/* Runs the linker to its end. *stopped_by is the signal that came meanwhile, or 0. */
static status run(link_job *job, const char *linker, char **argv, child *c, int *stopped_by) {
  arena *a = job->arena;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(a, STATUS_DEFECT, "no pipe: %s", strerror(errno));
  int error = spawn(job, linker, argv, ends[1], c);
  close(ends[1]);
  status s = OK;
  if (error) {
    s = fail_file(a, fail(a, STATUS_INPUT, "cannot be run: %s", strerror(error)), linker);
  } else {
    text message = {0};
    int wait_status = 0;
    c->said = ends[0];
    *stopped_by = listen(c, &message);
    while (waitpid(c->pid, &wait_status, 0) < 0 && errno == EINTR) continue;
    s = judge(job, wait_status, &message);
    text_free(&message);
  }
  close(ends[0]);
  return s;
}

status linker_run(link_job *job, const char *const *arguments, size_t argument_count) {
  arena *a = job->arena;
  const char *linker;
  TRY(link_find_linker(a, &linker));
  char **argv = ARENA_ARRAY(a, char *, argument_count + 4);
  argv[0] = arena_text(a, job->format->linker); /* lld goes by its name */
  argv[1] = arena_text(a, "-o");
  argv[2] = arena_text(a, "-"); /* its standard output */
  for (size_t i = 0; i < argument_count; i++) argv[i + 3] = arena_text(a, arguments[i]);

  child c = {.interrupts = signalfd(-1, &job->interrupts.signals, SFD_CLOEXEC)};
  if (c.interrupts < 0) return fail(a, STATUS_DEFECT, "no signalfd: %s", strerror(errno));
  int stopped_by = 0;
  status s = run(job, linker, argv, &c, &stopped_by);
  close(c.interrupts);
  if (stopped_by) raise(stopped_by); /* waits, as it did before it was read */
  return s;
}
