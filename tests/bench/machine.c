/*
 * machine.c: what this machine can do with THREADS threads, measured: the rate at which it reads memory and,
 * per engine, the rate at which it multiplies and adds. One line each: "read BYTES_PER_S" and
 * "PRECISION OPERATIONS_PER_S ENGINE".
 */
#include "peak.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_THREADS = 1024, ATTEMPTS = 7, LINE_BYTES = 64 };
static const size_t buffer_bytes = (size_t)512 << 20; /* of all threads together: beyond any cache */

typedef struct {
  pthread_barrier_t *barrier;
  const peak_row *peak; /* NULL: read memory */
  int64_t rounds;
  size_t bytes; /* this thread's part */
  double seconds;
} work;

typedef uint64_t line_words __attribute__((vector_size(LINE_BYTES)));

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- reading ---------------------------------------------------------------------------------- */

static line_words sum_lines(const line_words *lines, size_t count) {
  enum { CHAINS = 4 };
  line_words sums[CHAINS] = {{0}};
  for (size_t i = 0; i + CHAINS <= count; i += CHAINS)
    for (size_t chain = 0; chain < CHAINS; chain++) sums[chain] += lines[i + chain];
  return sums[0] + sums[1] + sums[2] + sums[3];
}

static line_words *fresh_lines(size_t bytes) {
  line_words *lines = aligned_alloc(LINE_BYTES, bytes);
  for (size_t i = 0; lines && i < bytes / LINE_BYTES; i++) lines[i] = (line_words){i};
  return lines;
}

/* ---- one thread ---------------------------------------------------------------------------------- */

static void *do_work(void *user) {
  work *w = user;
  line_words *lines = w->peak ? NULL : fresh_lines(w->bytes);
  pthread_barrier_wait(w->barrier);
  double start = now_s();
  if (w->peak) w->peak->run(w->rounds);
  if (lines) {
    line_words sum = sum_lines(lines, w->bytes / LINE_BYTES);
    __asm__ volatile("" ::"r"(&sum) : "memory");
  }
  pthread_barrier_wait(w->barrier);
  w->seconds = now_s() - start;
  free(lines);
  return NULL;
}

/* Seconds that all threads together took for the work. */
static double time_work(int threads, work common) {
  pthread_t ids[MOST_THREADS];
  work works[MOST_THREADS];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, (unsigned)threads);
  common.barrier = &barrier;
  for (int t = 0; t < threads; t++) {
    works[t] = common;
    if (pthread_create(&ids[t], NULL, do_work, &works[t])) exit(1);
  }
  double longest = 0;
  for (int t = 0; t < threads; t++) {
    pthread_join(ids[t], NULL);
    if (works[t].seconds > longest) longest = works[t].seconds;
  }
  pthread_barrier_destroy(&barrier);
  return longest;
}

/* A limit is the best that was seen. */
static double shortest_time(int threads, work common) {
  double shortest = time_work(threads, common);
  for (int attempt = 1; attempt < ATTEMPTS; attempt++) {
    double seconds = time_work(threads, common);
    if (seconds < shortest) shortest = seconds;
  }
  return shortest;
}

int main(int argc, char **argv) {
  int threads = argc == 2 ? (int)strtol(argv[1], NULL, 10) : 0;
  if (threads < 1 || threads > MOST_THREADS) {
    fprintf(stderr, "usage: %s THREADS\n", argv[0]);
    return 2;
  }
  size_t part = buffer_bytes / (size_t)threads / LINE_BYTES * LINE_BYTES;
  double seconds = shortest_time(threads, (work){.bytes = part});
  printf("read %.4g\n", (double)part * threads / seconds);
  for (size_t i = 0; i < peak_row_count; i++) {
    const peak_row *row = &peak_rows[i];
    const double operations = 4e9; /* some hundredths of a second */
    if (!row->is_there()) continue;
    work common = {.peak = row, .rounds = (int64_t)(operations / row->operations_per_round)};
    seconds = shortest_time(threads, common);
    printf("%s %.4g %s\n", row->precision,
           (double)common.rounds * row->operations_per_round * threads / seconds, row->engine);
  }
  return 0;
}
