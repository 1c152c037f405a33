/*
 * team.c: the threads of a model. They wait at two gates: one opens when a call
 * begins, one when all have arrived at a barrier. A gate is a counter that only
 * goes up (a generation count, which sense reversal generalises: Mellor-Crummey
 * and Scott, "Algorithms for Scalable Synchronization", 1991); who waits spins a
 * while, then sleeps on the counter (rt_host_sleep).
 *
 * How long to spin adapts. On a quiet machine all waits end while spinning and
 * nobody enters the kernel. Where the one waited for is not running (the machine
 * has other work, or the team is larger than the machine), spinning takes the
 * processor from it, so each wait that ends in sleep shortens the next spins;
 * every PROBE_PERIODth wait spins in full again, to notice that times are better.
 *
 * Threads differ by more than these spins in long steps, and waking one takes as long as a short step, more
 * so on a virtual machine whose processor has halted meanwhile. So a wait spins on as long as the kernel says
 * that no thread of this process has left its processor since anybody last asked: the one waited for runs.
 *
 * Two threads on one processor wait for each other in turn, and the kernel may leave them there: hardly ever
 * do both want to run when it looks (Linux with two processors, one of them idle: 15 times as long for tokens
 * of a small model). So a thread that finds itself where another of its team is goes elsewhere.
 */
#include "core/core.h"

#include <stdatomic.h>
#include <string.h>

enum {
  CACHE_LINE_BYTES = 64,
  STACK_BYTES = 1 << 20,
  BARRIER_SPIN_NS = 50 * 1000,
  MOST_FURTHER_SPINS = 40,   /* 2 ms: more than threads differ by in a step */
  CALL_SPIN_NS = 200 * 1000, /* a sampler's time between two tokens */
  PROBE_PERIOD = 32,
  MOVE_PERIOD_NS = 5 * 1000 * 1000, /* a thread moves once in this time: the system may have its reasons */
  CALIBRATION_PAUSES = 256,
};

typedef struct {
  _Alignas(CACHE_LINE_BYTES) atomic_uint openings;
  _Alignas(CACHE_LINE_BYTES) atomic_uint sleepers;
} gate;

typedef struct {
  rt_team *team;
  int32_t thread;
  rt_host_thread handle;
  int64_t moved_ns; /* when it last left a processor to another of the team */
} member;

struct rt_team {
  gate call, barrier;
  _Alignas(CACHE_LINE_BYTES) atomic_uint arrived;           /* threads at the barrier */
  _Alignas(CACHE_LINE_BYTES) uint32_t claims[SMELT_CLAIMS]; /* the frame's; code adds to them atomically */
  _Alignas(CACHE_LINE_BYTES) atomic_uint spins; /* pauses before sleep, at present; 0 .. most_barrier_spins */
  atomic_long switches;                         /* of this process's threads, when somebody last asked */
  uint64_t bytes;                               /* of the map that this is */
  uint32_t most_barrier_spins, most_call_spins;
  int32_t thread_count;
  bool pins;
  int32_t
      *processors; /* [thread_count] where each was last seen, read and written atomically; NULL: not noted */
  smelt_entry_code *code; /* of the call; NULL: the threads are to end */
  smelt_frame *frame;
  member members[]; /* members[0] is unused: the caller */
};

static inline void pause_a_little(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb"); /* about as long as x86's pause; `yield` is a no-op on most cores */
#elif defined(__arm__)
  __asm__ volatile("yield");
#elif defined(__riscv)
  __asm__ volatile(".4byte 0x0100000f"); /* Zihintpause's pause; elsewhere a fence of nothing */
#endif
}

/* ---- gates ----------------------------------------------------------------------- */

/*
 * Opens the gate for all who saw the count before. Both here and in gate_sleep
 * the order "write mine, then read the other's" must hold, so the accesses are
 * sequentially consistent.
 */
static void gate_open(gate *g) {
  atomic_fetch_add(&g->openings, 1);
  if (atomic_load(&g->sleepers) != 0) rt_host_wake(&g->openings);
}

static void gate_sleep(gate *g, uint32_t seen) {
  atomic_fetch_add(&g->sleepers, 1);
  while (atomic_load(&g->openings) == seen) rt_host_sleep(&g->openings, seen);
  atomic_fetch_sub(&g->sleepers, 1);
}

/* Spins until the gate opens; returns how many pauses that took, or `most` + 1 when it did not open. */
static uint32_t gate_spin(const gate *g, uint32_t seen, uint32_t most) {
  for (uint32_t pauses = 0; pauses <= most; pauses++) {
    if (atomic_load_explicit(&g->openings, memory_order_acquire) != seen) return pauses;
    pause_a_little();
  }
  return most + 1;
}

/* ---- processors of their own ---- */

/* Notes where the thread runs; if another of the team does there too, it leaves. The caller's thread is not
 * the team's to move: the others leave it. */
static void keep_apart(rt_team *team, int32_t thread) {
  int32_t *noted = team->processors;
  if (!noted) return;
  int32_t here = rt_processor_here();
  bool shares = false;
  if (here < 0) return;
  if (__atomic_load_n(&noted[thread], __ATOMIC_RELAXED) != here)
    __atomic_store_n(&noted[thread], here, __ATOMIC_RELAXED);
  if (thread == 0) return;
  for (int32_t i = 0; i < team->thread_count; i++)
    shares |= i != thread && __atomic_load_n(&noted[i], __ATOMIC_RELAXED) == here;
  if (!shares) return;
  int64_t now_ns = rt_now_ns(), *moved_ns = &team->members[thread].moved_ns;
  if (*moved_ns && now_ns - *moved_ns < MOVE_PERIOD_NS) return;
  rt_processor_leave(noted, team->thread_count);
  int32_t there = rt_processor_here();
  if (there != here) *moved_ns = now_ns;
  __atomic_store_n(&noted[thread], there, __ATOMIC_RELAXED);
}

/* ---- the barrier ------------------------------------------------------------------- */

/* Whether all threads of this process have kept their processors since somebody last asked. */
static bool all_run(rt_team *team) {
  long switches = rt_host_switches();
  if (switches < 0) return false;
  return atomic_exchange_explicit(&team->switches, switches, memory_order_relaxed) == switches;
}

/* Spins on while all threads run, once at least for a probe. False: the gate is still closed. */
static bool gate_opens_soon(rt_team *team, uint32_t seen, bool probes) {
  uint32_t most = team->most_barrier_spins;
  for (int i = 0; i < MOST_FURTHER_SPINS; i++) {
    bool runs = all_run(team);
    if (most == 0 || (!runs && (i > 0 || !probes))) return false;
    if (gate_spin(&team->barrier, seen, most) <= most) return true;
  }
  return false;
}

/* Waits at the barrier's gate and learns from how long that took. */
static void wait_adaptively(rt_team *team, uint32_t seen) {
  uint32_t usual = atomic_load_explicit(&team->spins, memory_order_relaxed);
  bool probes = seen % PROBE_PERIOD == 0;
  uint32_t most = probes ? team->most_barrier_spins : usual;
  uint32_t pauses = gate_spin(&team->barrier, seen, most);
  uint32_t better = usual;
  if (pauses > most) {
    if (gate_opens_soon(team, seen, probes)) return;
    gate_sleep(&team->barrier, seen);
    better = usual - (usual + 3) / 4;
  } else if (pauses > usual / 2) {
    better = 2 * pauses < team->most_barrier_spins ? 2 * pauses : team->most_barrier_spins;
  }
  if (better != usual) atomic_store_explicit(&team->spins, better, memory_order_relaxed);
}

static void team_barrier(rt_team *team) {
  uint32_t seen = atomic_load_explicit(&team->barrier.openings, memory_order_relaxed);
  uint32_t last = (uint32_t)team->thread_count - 1;
  if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) == last) {
    atomic_store_explicit(&team->arrived, 0, memory_order_relaxed); /* published by the opening */
    memset(team->claims, 0, sizeof team->claims);
    gate_open(&team->barrier);
  } else {
    wait_adaptively(team, seen);
  }
}

static void frame_barrier(smelt_frame *frame) {
  rt_team *team = frame->team;
  if (team->thread_count > 1) team_barrier(team);
}

/* ---- calls --------------------------------------------------------------------------- */

static void *worker(void *argument) {
  member *self = argument;
  rt_team *team = self->team;
  if (team->pins) rt_processor_pin(self->thread);
  for (uint32_t seen = 0;; seen++) {
    if (gate_spin(&team->call, seen, team->most_call_spins) > team->most_call_spins)
      gate_sleep(&team->call, seen);
    if (!team->code) return NULL;
    keep_apart(team, self->thread);
    team->code(team->frame, self->thread, team->thread_count);
    team_barrier(team);
  }
}

void rt_team_run(rt_team *team, smelt_entry_code *code, smelt_frame *frame) {
  frame->barrier = frame_barrier;
  frame->team = team;
  frame->claims = team->claims;
  if (team->thread_count == 1) {
    code(frame, 0, 1);
    return;
  }
  team->code = code;
  team->frame = frame;
  keep_apart(team, 0);
  gate_open(&team->call);
  code(frame, 0, team->thread_count);
  team_barrier(team);
}

/* ---- life and death -------------------------------------------------------------------- */

/* Pauses that take `ns`; their length differs tenfold between processors. */
static uint32_t pauses_in(int64_t ns) {
  int64_t shortest_ns = INT64_MAX;
  for (int i = 0; i < 3; i++) {
    int64_t start_ns = rt_now_ns();
    for (int pause = 0; pause < CALIBRATION_PAUSES; pause++) pause_a_little();
    int64_t taken_ns = rt_now_ns() - start_ns;
    if (taken_ns < shortest_ns) shortest_ns = taken_ns;
  }
  return (uint32_t)(ns * CALIBRATION_PAUSES / (shortest_ns + 1));
}

static void start_members(rt_team *team, int32_t thread_count) {
  for (int32_t i = 1; i < thread_count; i++) {
    member *one = &team->members[i];
    *one = (member){.team = team, .thread = i};
    if (!rt_host_thread_start(&one->handle, worker, one, STACK_BYTES)) return;
    team->thread_count = i + 1; /* read by the others only after the first call's gate has opened */
  }
}

rt_team *rt_team_create(int32_t thread_count, bool pins) {
  size_t members_bytes = sizeof(rt_team) + (size_t)thread_count * sizeof(member);
  size_t bytes = members_bytes + (size_t)thread_count * sizeof(int32_t);
  bytes = (bytes + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES * CACHE_LINE_BYTES;
  rt_team *team = (rt_team *)(void *)rt_host_map(bytes);
  if (!team) return NULL;
  *team = (rt_team){.bytes = bytes, .thread_count = 1, .pins = pins};
  if (thread_count > 1 &&
      thread_count <= rt_processor_count()) { /* a larger team has nothing to gain from spinning */
    team->most_barrier_spins = pauses_in(BARRIER_SPIN_NS);
    team->most_call_spins = pauses_in(CALL_SPIN_NS);
    atomic_store_explicit(&team->spins, team->most_barrier_spins, memory_order_relaxed);
    if (!pins) team->processors = (int32_t *)(void *)((uint8_t *)team + members_bytes);
    for (int32_t i = 0; team->processors && i < thread_count; i++) team->processors[i] = -1;
  }
  if (thread_count > 1) start_members(team, thread_count);
  if (pins) rt_processor_pin(0); /* last: the threads inherit what processors there are */
  return team;
}

void rt_team_destroy(rt_team *team) {
  if (!team) return;
  team->code = NULL;
  gate_open(&team->call);
  for (int32_t i = 1; i < team->thread_count; i++) rt_host_thread_join(team->members[i].handle);
  rt_host_unmap((uint8_t *)team, team->bytes);
}

int32_t rt_team_thread_count(const rt_team *team) {
  return team->thread_count;
}
