/* The thread team: every barrier holds, however many threads share however few processors. */
#define _GNU_SOURCE
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_THREADS = 8, ROUNDS = 2000 };

/* What the threads of a call share. Plain memory: only the barrier orders access to it. */
typedef struct {
  int64_t counts[MOST_THREADS];
  int64_t wrong;
  int32_t rounds;
} shared_counts;

/* Each round, every thread adds one to its count, all meet, and each checks its neighbour's. */
static void count_together(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  shared_counts *shared = (shared_counts *)(void *)frame->arena;
  int64_t wrong = 0;
  for (int32_t round = 0; round < shared->rounds; round++) {
    shared->counts[thread]++;
    frame->barrier(frame);
    wrong += shared->counts[(thread + 1) % thread_count] != shared->counts[thread];
    frame->barrier(frame);
  }
  for (int32_t turn = 0; turn < thread_count; turn++) {
    if (turn == thread) shared->wrong += wrong;
    frame->barrier(frame);
  }
}

static void barriers_hold(void **state) {
  (void)state;
  for (int32_t threads = 1; threads <= MOST_THREADS; threads++) {
    rt_team *team = rt_team_create(threads, false);
    assert_non_null(team);
    assert_int_equal(rt_team_thread_count(team), threads);
    shared_counts shared = {.rounds = ROUNDS};
    smelt_frame frame = {.arena = (uint8_t *)&shared};
    rt_team_run(team, count_together, &frame);
    assert_int_equal(shared.wrong, 0);
    for (int32_t i = 0; i < threads; i++) assert_int_equal(shared.counts[i], ROUNDS);
    rt_team_destroy(team);
  }
}

static void calls_follow_each_other(void **state) {
  (void)state;
  for (int32_t threads = 1; threads <= MOST_THREADS; threads++) {
    rt_team *team = rt_team_create(threads, false);
    shared_counts shared = {.rounds = 1};
    smelt_frame frame = {.arena = (uint8_t *)&shared};
    for (int call = 0; call < 500; call++) rt_team_run(team, count_together, &frame);
    assert_int_equal(shared.wrong, 0);
    assert_int_equal(shared.counts[threads - 1], 500);
    rt_team_destroy(team);
  }
}

static void wakes_after_sleep(void **state) {
  (void)state;
  rt_team *team = rt_team_create(4, false);
  shared_counts shared = {.rounds = 3};
  smelt_frame frame = {.arena = (uint8_t *)&shared};
  for (int call = 0; call < 5; call++) {
    nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL); /* far longer than any spin */
    rt_team_run(team, count_together, &frame);
  }
  assert_int_equal(shared.wrong, 0);
  assert_int_equal(shared.counts[3], 15);
  rt_team_destroy(team);
}

enum { CLAIMED = 1000 };

/* Claims pieces of a pile until none are left, twice with a meeting between. */
static void claim_together(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  int32_t *pieces = (int32_t *)(void *)frame->arena;
  (void)thread, (void)thread_count;
  for (int32_t pile = 0; pile < 2; pile++) {
    for (uint32_t i; (i = __atomic_fetch_add(&frame->claims[1], 1, __ATOMIC_RELAXED)) < CLAIMED;)
      pieces[pile * CLAIMED + (int32_t)i]++;
    frame->barrier(frame);
  }
}

static void claims_begin_anew(void **state) {
  (void)state;
  for (int32_t threads = 2; threads <= MOST_THREADS; threads++) {
    rt_team *team = rt_team_create(threads, false);
    int32_t pieces[2 * CLAIMED] = {0};
    smelt_frame frame = {.arena = (uint8_t *)pieces};
    for (int call = 0; call < 3; call++) rt_team_run(team, claim_together, &frame);
    for (int i = 0; i < 2 * CLAIMED; i++) assert_int_equal(pieces[i], 3);
    rt_team_destroy(team);
  }
}

/* The processor that each thread is on, where it can be on one only; else -1. */
static void note_processors(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  cpu_set_t set;
  (void)thread_count;
  bool is_pinned = sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1;
  ((int32_t *)(void *)frame->arena)[thread] = is_pinned ? sched_getcpu() : -1;
}

static void stays_where_it_is_pinned(void **state) {
  (void)state;
  cpu_set_t all;
  assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
  int32_t threads = CPU_COUNT(&all) < MOST_THREADS ? CPU_COUNT(&all) : MOST_THREADS, found[MOST_THREADS];
  rt_team *team = rt_team_create(threads, true);
  smelt_frame frame = {.arena = (uint8_t *)found};
  rt_team_run(team, note_processors, &frame);
  rt_team_destroy(team);
  assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
  for (int32_t i = 0; i < threads; i++) {
    assert_true(found[i] >= 0 && CPU_ISSET((size_t)found[i], &all));
    for (int32_t j = 0; j < i; j++) assert_int_not_equal(found[i], found[j]);
  }
}

static void comes_and_goes_unused(void **state) {
  (void)state;
  for (int i = 0; i < 200; i++) rt_team_destroy(rt_team_create(1 + i % MOST_THREADS, false));
  rt_team_destroy(NULL);
}

static void counts_processors(void **state) {
  (void)state;
  assert_true(rt_processor_count() >= 1);
}

/* Where each thread runs. */
static void note_where(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  (void)thread_count;
  ((int32_t *)(void *)frame->arena)[thread] = sched_getcpu();
}

/* All threads of this process. */
static void allow(const cpu_set_t *set) {
  char name[32];
  DIR *tasks = opendir("/proc/self/task");
  assert_non_null(tasks);
  for (struct dirent *task; (task = readdir(tasks));) {
    snprintf(name, sizeof name, "%s", task->d_name);
    if (atoi(name)) assert_int_equal(sched_setaffinity(atoi(name), sizeof *set, set), 0);
  }
  closedir(tasks);
}

/* Both are put on one processor and then left free, as the kernel leaves them where one always waits for the
 * other. */
static void leaves_a_shared_processor(void **state) {
  (void)state;
  cpu_set_t all, one;
  int32_t where[2] = {0, 0}, apart = 0;
  assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
  if (CPU_COUNT(&all) < 2) skip();
  rt_team *team = rt_team_create(2, false);
  smelt_frame frame = {.arena = (uint8_t *)where};
  for (int turn = 0; turn < 20; turn++) {
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    allow(&one);
    nanosleep(&(struct timespec){.tv_nsec = 6 * 1000 * 1000}, NULL); /* a thread moves once in 5 ms */
    rt_team_run(team, note_where, &frame);                           /* both note the same processor */
    assert_int_equal(where[0], where[1]);
    allow(&all);
    rt_team_run(team, note_where, &frame);
    apart += where[0] != where[1];
  }
  assert_true(apart >= 10); /* the caller itself may be moved meanwhile */
  rt_team_destroy(team);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(barriers_hold),
      cmocka_unit_test(calls_follow_each_other),
      cmocka_unit_test(wakes_after_sleep),
      cmocka_unit_test(comes_and_goes_unused),
      cmocka_unit_test(counts_processors),
      cmocka_unit_test(claims_begin_anew),
      cmocka_unit_test(stays_where_it_is_pinned),
      cmocka_unit_test(leaves_a_shared_processor),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
