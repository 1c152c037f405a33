/* limits.c: the team reads a buffer that no cache holds, and runs the kernels of peak.c. */
#define _GNU_SOURCE
#include "core/limits.h"

enum { LINE_BYTES = 64, HUGE_PAGE_BYTES = 2 << 20 };

typedef struct {
  smelt_frame frame;   /* first, so that a thread finds the rest */
  const peak_row *row; /* NULL: read memory */
  int64_t rounds;
  uint8_t *buffer;
  size_t part_bytes; /* of each thread */
} limit_work;

typedef uint64_t line_words __attribute__((vector_size(LINE_BYTES)));

static line_words *part_of(const limit_work *w, int32_t thread) {
  return (line_words *)(void *)(w->buffer + (size_t)thread * w->part_bytes);
}

static void fill_part(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  (void)thread_count;
  const limit_work *w = (const limit_work *)(const void *)frame;
  line_words *lines = part_of(w, thread);
  for (size_t i = 0; i < w->part_bytes / LINE_BYTES; i++) lines[i] = (line_words){i};
}

static void read_part(const line_words *lines, size_t count) {
  enum { CHAINS = 4, AHEAD = 4096 / LINE_BYTES }; /* as kernels do, which read twice as fast as loads alone */
  line_words sums[CHAINS] = {{0}};
  for (size_t i = 0; i + CHAINS <= count; i += CHAINS)
    for (size_t chain = 0; chain < CHAINS; chain++) {
      __builtin_prefetch(&lines[i + chain + AHEAD]);
      sums[chain] += lines[i + chain];
    }
  line_words sum = sums[0] + sums[1] + sums[2] + sums[3];
  __asm__ volatile("" ::"r"(&sum) : "memory");
}

static void do_part(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  (void)thread_count;
  const limit_work *w = (const limit_work *)(const void *)frame;
  if (w->row) w->row->run(w->rounds);
  if (w->buffer) read_part(part_of(w, thread), w->part_bytes / LINE_BYTES);
}

static double shortest_s(rt_team *team, limit_work *w, int attempts) {
  double shortest = 0;
  for (int attempt = 0; attempt < attempts; attempt++) {
    int64_t start_ns = rt_now_ns();
    rt_team_run(team, do_part, &w->frame);
    double taken_s = (double)(rt_now_ns() - start_ns) * 1e-9;
    if (attempt == 0 || taken_s < shortest) shortest = taken_s;
  }
  return shortest;
}

double rt_read_limit(rt_team *team, const rt_limit_effort *effort) {
  size_t threads = (size_t)rt_team_thread_count(team);
  limit_work w = {.part_bytes = effort->buffer_bytes / threads / LINE_BYTES * LINE_BYTES};
  size_t bytes = w.part_bytes * threads;
  uint8_t *map = rt_host_map(bytes + HUGE_PAGE_BYTES);
  if (!map) return 0;
  w.buffer = map + (HUGE_PAGE_BYTES - (uintptr_t)map % HUGE_PAGE_BYTES);
  /* as weights have them: with small pages reading takes half as long again */
  rt_host_prefer_huge_pages((const uint8_t *)w.buffer, bytes);
  rt_team_run(team, fill_part, &w.frame);
  double seconds = shortest_s(team, &w, effort->attempts);
  rt_host_unmap(map, bytes + HUGE_PAGE_BYTES);
  return (double)bytes / seconds;
}

double rt_peak_limit(rt_team *team, const rt_limit_effort *effort, const peak_row *row) {
  limit_work w = {.row = row, .rounds = (int64_t)(effort->operations / row->operations_per_round)};
  double seconds = shortest_s(team, &w, effort->attempts);
  return (double)w.rounds * row->operations_per_round * rt_team_thread_count(team) / seconds;
}

static double best_peak(rt_team *team, const rt_limit_effort *effort, smelt_dtype factors,
                        uint64_t isa_level) {
  double best = 0;
  for (size_t i = 0; i < rt_peak_row_count; i++) {
    const peak_row *row = &rt_peak_rows[i];
    if (row->factors != factors || (uint64_t)row->level > isa_level || !row->is_there()) continue;
    double rate = rt_peak_limit(team, effort, row);
    if (rate > best) best = rate;
  }
  return best;
}

rt_limits rt_limits_measure(rt_team *team, uint64_t isa_level) {
  static const rt_limit_effort quick = {.attempts = 9, .buffer_bytes = (size_t)256 << 20, .operations = 1e8};
  rt_limits limits = {.read_bytes = rt_read_limit(team, &quick),
                      .f32_flops = best_peak(team, &quick, SMELT_F32, isa_level),
                      .bf16_flops = best_peak(team, &quick, SMELT_BF16, isa_level),
                      .i8_flops = best_peak(team, &quick, SMELT_I8, isa_level)};
  if (limits.bf16_flops < limits.f32_flops) limits.bf16_flops = limits.f32_flops; /* widened */
  if (limits.i8_flops < limits.f32_flops) limits.i8_flops = limits.f32_flops;
  return limits;
}
