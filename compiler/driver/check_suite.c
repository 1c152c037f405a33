/* check_suite.c: finds backend tests in a tree and runs each in a process of its own: none can stop the others. */
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

static int is_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

/* A folder is a test or may hold tests, never both. */
static status find_below(arena *a, const char *folder, size_t root_length, int depth, check_suite *suite) {
  enum { DEEPEST = 16 };
  if (depth > DEEPEST) return OK;
  if (file_exists(file_join(a, folder, "model.onnx"))) {
    check_test *test = &ARENA_PUSH(a, suite->tests, suite->count, suite->capacity);
    *test = (check_test){.folder = folder, .name = folder + root_length};
    while (*test->name == '/') test->name++;
    return OK;
  }
  struct dirent **entries;
  int count = scandir(folder, &entries, is_visible, alphasort);
  if (count < 0) return fail_file(a, fail(a, STATUS_INPUT, "cannot be read: %s", strerror(errno)), folder);
  status s = OK;
  for (int i = 0; i < count; i++) {
    char *path = file_join(a, folder, entries[i]->d_name);
    if (!s && file_is_folder(path)) s = find_below(a, path, root_length, depth + 1, suite);
    free(entries[i]);
  }
  free(entries);
  return s;
}

status check_find(arena *a, const char *folder, check_suite *suite) {
  TRY(find_below(a, folder, strlen(folder), 0, suite));
  if (suite->count) return OK;
  return fail_file(a, fail(a, STATUS_INPUT, "holds no test, a folder with model.onnx and test_data_set_0"), folder);
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
  check_case(test->folder, level, test->result);
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
