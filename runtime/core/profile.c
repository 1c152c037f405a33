/*
 * profile.c: the time of each step on each thread. Every thread runs the entry
 * with a frame of its own, whose barrier and step_done look at the clock: what
 * passed since this thread's last look belongs to the step that just ended, what
 * passes in the barrier is waiting. The code is the same as without a profile.
 */
#define _GNU_SOURCE
#include "core/core.h"

#include <stdlib.h>

/* One call, as all its threads see it. */
typedef struct {
  smelt_frame frame; /* the team's: first, so that a thread finds the rest */
  smelt_entry_code *code;
  const rt_manifest *manifest;
  const smelt_manifest_entry *entry;
  rt_step_time *steps;
} profiled_call;

/* One thread of it. */
typedef struct {
  smelt_frame frame; /* this thread's: first likewise */
  profiled_call *call;
  rt_step_time *steps; /* [step_count] */
  int64_t step;        /* the last one that was done */
  int32_t thread;
  int64_t looked_ns; /* at the clock */
} profiled_thread;

static double size_value(const profiled_call *call, smelt_offset offset) {
  const int64_t *program = (const int64_t *)(const void *)((const uint8_t *)call->manifest->header + offset);
  int64_t value;
  return rt_dim_value(program, call->frame.dims, &value) && value > 0 ? (double)value : 0;
}

/* Sizes may change from step to step, so the work is counted where it was done. */
static void step_done(smelt_frame *frame, int64_t step) {
  profiled_thread *t = (profiled_thread *)(void *)frame;
  rt_step_time *time = &t->steps[step];
  int64_t done_ns = rt_now_ns();
  time->calls++;
  time->work_ns += done_ns - t->looked_ns;
  t->step = step;
  t->looked_ns = done_ns;
  if (t->thread != 0) return;
  const smelt_manifest_step *described = &rt_manifest_steps(t->call->manifest, t->call->entry)[step];
  time->flops += size_value(t->call, described->flops);
  time->bytes += size_value(t->call, described->bytes);
  t->looked_ns = rt_now_ns();
}

static void barrier(smelt_frame *frame) {
  profiled_thread *t = (profiled_thread *)(void *)frame;
  t->call->frame.barrier(&t->call->frame);
  int64_t met_ns = rt_now_ns();
  t->steps[t->step].wait_ns += met_ns - t->looked_ns;
  t->looked_ns = met_ns;
}

static void run_thread(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  profiled_call *call = (profiled_call *)(void *)frame;
  profiled_thread t = {.frame = *frame,
                       .call = call,
                       .steps = call->steps + (size_t)thread * call->entry->step_count,
                       .thread = thread};
  t.frame.barrier = barrier;
  t.frame.step_done = step_done;
  t.looked_ns = rt_now_ns();
  call->code(&t.frame, thread, thread_count);
}

void rt_profile_run(rt_profile *profile, const rt_manifest *manifest, int32_t entry, rt_team *team,
                    smelt_entry_code *code, smelt_frame *frame) {
  rt_entry_time *times = &profile->entries[entry];
  profiled_call call = {.frame = *frame,
                        .code = code,
                        .manifest = manifest,
                        .entry = &manifest->entries[entry],
                        .steps = times->steps};
  int64_t start_ns = rt_now_ns();
  rt_team_run(team, run_thread, &call.frame);
  times->wall_ns += rt_now_ns() - start_ns;
  times->calls++;
}

rt_profile *rt_profile_create(const rt_manifest *manifest, int32_t thread_count) {
  rt_profile *profile = calloc(1, sizeof *profile);
  if (!profile) return NULL;
  profile->thread_count = thread_count;
  profile->entry_count = manifest->header->entry_count;
  profile->entries = calloc(profile->entry_count, sizeof *profile->entries);
  bool complete = profile->entries != NULL;
  for (uint32_t i = 0; i < profile->entry_count && complete; i++) {
    size_t cells = (size_t)thread_count * manifest->entries[i].step_count;
    profile->entries[i].steps = calloc(cells + 1, sizeof *profile->entries[i].steps);
    complete = profile->entries[i].steps != NULL;
  }
  if (complete) return profile;
  rt_profile_free(profile);
  return NULL;
}

void rt_profile_free(rt_profile *profile) {
  if (!profile) return;
  for (uint32_t i = 0; i < profile->entry_count && profile->entries; i++) free(profile->entries[i].steps);
  free(profile->entries);
  free(profile);
}
