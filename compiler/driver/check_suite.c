/* check_suite.c: finds backend tests in a tree and runs each in a process of its own: none can stop the
 * others. */
#define _DEFAULT_SOURCE /* scandir, MAP_ANONYMOUS */
#include "driver/check.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- finding ---- */

static int is_visible(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

/* What can be told from names: a folder with a model is a test, and so is a model with its first output
 * beside it. */
static bool is_test(arena *a, const char *path) {
  if (file_exists(file_join(a, path, "model.onnx"))) return true;
  size_t length = strlen(path), suffix = strlen(".onnx");
  if (length < suffix || strcmp(path + length - suffix, ".onnx") != 0) return false;
  return file_exists(arena_format(a, "%.*s_output_0.pb", (int)(length - suffix), path));
}

static status find_below(arena *a, const char *path, size_t root_length, int depth, check_suite *suite) {
  enum { DEEPEST = 16 };
  if (is_test(a, path)) {
    const char *name = path + root_length;
    while (*name == '/') name++;
    ARENA_PUSH(a, suite->tests, suite->count, suite->capacity) = (check_test){.path = path, .name = name};
    return OK;
  }
  if (depth > DEEPEST || !file_is_folder(path)) return OK;
  struct dirent **entries;
  int count = scandir(path, &entries, is_visible, alphasort);
  if (count < 0) return fail_file(a, fail(a, STATUS_INPUT, "cannot be read: %s", strerror(errno)), path);
  status s = OK;
  for (int i = 0; i < count; i++) {
    if (!s) s = find_below(a, file_join(a, path, entries[i]->d_name), root_length, depth + 1, suite);
    free(entries[i]);
  }
  free(entries);
  return s;
}

status check_find(arena *a, const char *folder, check_suite *suite) {
  if (!file_is_folder(folder)) return fail_file(a, fail(a, STATUS_INPUT, "is no folder"), folder);
  TRY(find_below(a, folder, strlen(folder), 0, suite));
  if (suite->count) return OK;
  return fail_file(a, fail(a, STATUS_INPUT, "holds no test, a folder with model.onnx and test_data_set_0"),
                   folder);
}

/* ---- running ---- */

typedef struct {
  pid_t child; /* 0: free */
  check_test *test;
} job;

/* What the child cannot say itself: that it died, and of what. */
static void report_death(check_test *test, int word) {
  check_result *r = test->result;
  if (WIFEXITED(word) && WEXITSTATUS(word) == 0 && r->verdict != CHECK_VERDICT_COUNT) return;
  const char *stage = check_stage_name(r->stage);
  if (WIFSIGNALED(word) && WTERMSIG(word) == SIGALRM) {
    check_finish(r, CHECK_FAILED, NULL, "no end while %s (in %d seconds)", stage, CHECK_SECONDS);
  } else if (WIFSIGNALED(word)) {
    check_finish(r, CHECK_FAILED, NULL, "crash while %s (%s)", stage, strsignal(WTERMSIG(word)));
  } else {
    check_finish(r, CHECK_FAILED, NULL, "ended while %s (exit code %d)", stage, WEXITSTATUS(word));
  }
}

/* The alarm ends a child that does not end by itself, whatever its threads are at. */
static void be_child(check_test *test, int level) {
  struct rlimit none = {0};
  setrlimit(RLIMIT_CORE, &none);
  alarm(CHECK_SECONDS);
  check_case(test->path, level, test->result);
  _exit(0);
}

static status start(arena *a, job *j, check_test *test, int level) {
  test->result->verdict = CHECK_VERDICT_COUNT; /* none yet */
  fflush(NULL);
  j->test = test;
  j->child = fork();
  if (j->child == 0) be_child(test, level);
  return j->child > 0 ? OK : fail(a, STATUS_DEFECT, "no process for a test: %s", strerror(errno));
}

/* Waits until one of the running children ends. */
static void collect(job *jobs, int job_count) {
  int word;
  pid_t child;
  while ((child = wait(&word)) < 0 && errno == EINTR) continue;
  for (int i = 0; child > 0 && i < job_count; i++) {
    if (jobs[i].child != child) continue;
    report_death(jobs[i].test, word);
    jobs[i].child = 0;
  }
}

static bool is_running(const job *jobs, int job_count) {
  for (int i = 0; i < job_count; i++)
    if (jobs[i].child > 0) return true;
  return false;
}

static job *free_job(job *jobs, int job_count) {
  for (int i = 0; i < job_count; i++)
    if (jobs[i].child <= 0) return &jobs[i];
  return NULL;
}

status check_run(arena *a, check_suite *suite, int level, int job_count) {
  job *jobs = ARENA_ARRAY(a, job, (size_t)job_count);
  check_result *results =
      mmap(NULL, suite->count * sizeof *results, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (results == MAP_FAILED) return fail(a, STATUS_DEFECT, "no memory: %s", strerror(errno));
  status s = OK;
  for (size_t i = 0; i < suite->count && !s; i++) {
    suite->tests[i].result = &results[i];
    job *j;
    while (!(j = free_job(jobs, job_count))) collect(jobs, job_count);
    s = start(a, j, &suite->tests[i], level);
  }
  while (is_running(jobs, job_count)) collect(jobs, job_count);
  for (size_t i = 0; i < suite->count && !s; i++)
    suite->tests[i].result = arena_copy(a, &results[i], sizeof *results);
  munmap(results, suite->count * sizeof *results);
  return s;
}
