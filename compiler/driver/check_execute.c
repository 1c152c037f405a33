/*
 * check_execute.c: calls compiled code as the runtime does, in memory of exactly the promised sizes. Behind
 * every piece lies a page that may not be touched, so that reading or writing beyond it is a crash and no
 * luck.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "driver/check.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { THREADS = 3, POISON = 0x5a };

/* ---- fenced memory ---- */

typedef struct {
  uint8_t *bytes; /* ends where the fence begins, rounded up to the alignment */
  void *mapping;
  size_t mapped_bytes;
} fenced;

static status fence(arena *a, uint64_t bytes, size_t align, fenced *f) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t used = (size_t)(bytes + align - 1) / align * align, room = (used + page - 1) / page * page;
  f->mapped_bytes = room + page;
  f->mapping =
      mmap(NULL, f->mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (f->mapping == MAP_FAILED) {
    f->mapping = NULL;
    return fail(a, STATUS_DEFECT, "no memory for the test: %s", strerror(errno));
  }
  mprotect((uint8_t *)f->mapping + room, page, PROT_NONE);
  f->bytes = (uint8_t *)f->mapping + room - used;
  return OK;
}

static void unfence(fenced *f) {
  if (f->mapping) munmap(f->mapping, f->mapped_bytes);
}

/* ---- one call on a team of threads ---- */

typedef struct {
  pthread_barrier_t barrier;
  smelt_entry_code *code;
  smelt_frame frame;
  int32_t thread_count;
} team;

typedef struct {
  team *team;
  int32_t index;
} member;

static void meet(smelt_frame *frame) {
  pthread_barrier_wait(&((team *)frame->team)->barrier);
}

/* UBSan looks for a function's type before its first instruction, where generated code has none. */
__attribute__((no_sanitize("function"))) static void *work(void *user) {
  member *m = user;
  m->team->code(&m->team->frame, m->index, m->team->thread_count);
  return NULL;
}

static status call(arena *a, team *t, int32_t thread_count) {
  pthread_t threads[THREADS];
  member members[THREADS];
  t->frame.barrier = meet;
  t->frame.team = t;
  t->thread_count = thread_count;
  pthread_barrier_init(&t->barrier, NULL, (unsigned)thread_count);
  for (int32_t i = 0; i < thread_count; i++) {
    members[i] = (member){t, i};
    /* A team that lacks one would wait for it forever, and the threads made so far with it. */
    if (i && pthread_create(&threads[i], NULL, work, &members[i]))
      return fail(a, STATUS_DEFECT, "no more threads");
  }
  work(&members[0]);
  for (int32_t i = 1; i < thread_count; i++) pthread_join(threads[i], NULL);
  pthread_barrier_destroy(&t->barrier);
  return OK;
}

/* ---- memory ---- */

typedef struct {
  arena *a;
  const plan_module *plan;
  const plan_entry *entry;
  fenced weights, state, *inputs;
  const void **input_data;
} memory;

static status lay_out_weights(memory *m) {
  char *packed = NULL;
  size_t count = 0;
  FILE *file = open_memstream(&packed, &count);
  if (!file) return fail(m->a, STATUS_DEFECT, "no memory for the test: %s", strerror(errno));
  status s = plan_write_weights(m->plan, file);
  if (fclose(file) && !s) s = fail(m->a, STATUS_DEFECT, "no memory for the test: %s", strerror(errno));
  if (!s && count != m->plan->weights_bytes) {
    s = fail(m->a, STATUS_DEFECT, "the weights are %zu bytes, not %llu", count,
             (unsigned long long)m->plan->weights_bytes);
  }
  if (!s) s = fence(m->a, count, codegen_target_host()->page_bytes, &m->weights);
  if (!s && count) memcpy(m->weights.bytes, packed, count);
  free(packed);
  return s;
}

static status lay_out(memory *m, const ir_tensor *inputs) {
  TRY(lay_out_weights(m));
  TRY(fence(m->a, m->plan->state_bytes, PLAN_ALIGN_BYTES, &m->state));
  for (size_t i = 0; i < m->entry->input_count; i++) {
    size_t element = ir_dtype_bytes(inputs[i].dtype), bytes = (size_t)ir_tensor_count(&inputs[i]) * element;
    TRY(fence(m->a, bytes, element, &m->inputs[i]));
    if (bytes) memcpy(m->inputs[i].bytes, inputs[i].data, bytes);
    m->input_data[i] = m->inputs[i].bytes;
  }
  return OK;
}

static void take_away(memory *m) {
  unfence(&m->weights);
  unfence(&m->state);
  for (size_t i = 0; i < m->entry->input_count; i++) unfence(&m->inputs[i]);
}

/* ---- running ---- */

static ir_tensor output_tensor(arena *a, const plan_io *io, const int64_t *symbols,
                               const uint8_t *arena_bytes) {
  ir_tensor t = {.dtype = io->dtype, .rank = io->rank};
  for (int d = 0; d < io->rank; d++) t.dims[d] = ir_dim_evaluate(io->dims[d], symbols);
  t.data = arena_copy(a, arena_bytes + io->arena_bytes_offset,
                      (size_t)ir_tensor_count(&t) * ir_dtype_bytes(io->dtype));
  return t;
}

static status run_once(memory *m, smelt_entry_code *code, int64_t *symbols, int32_t threads,
                       ir_tensor *outputs) {
  fenced arena = {0};
  TRY(fence(m->a, m->entry->arena_bytes, PLAN_ALIGN_BYTES, &arena));
  memset(arena.bytes, POISON, (size_t)m->entry->arena_bytes);
  int64_t fault[2] = {0};
  team t = {.code = code,
            .frame = {.arena = arena.bytes,
                      .weights = m->weights.bytes,
                      .state = m->state.bytes,
                      .inputs = m->input_data,
                      .dims = symbols,
                      .fault = fault}};
  status s = call(m->a, &t, threads);
  if (!s && fault[0]) s = fail(m->a, STATUS_DEFECT, "the code met a size of %lld", (long long)fault[1]);
  for (size_t i = 0; !s && i < m->entry->output_count; i++) {
    outputs[i] = output_tensor(m->a, &m->entry->outputs[i], symbols, arena.bytes);
  }
  unfence(&arena);
  return s;
}

static status same_bits(memory *m, const ir_tensor *one, const ir_tensor *many) {
  for (size_t i = 0; i < m->entry->output_count; i++) {
    size_t bytes = (size_t)ir_tensor_count(&one[i]) * ir_dtype_bytes(one[i].dtype);
    if (memcmp(one[i].data, many[i].data, bytes) == 0) continue;
    return fail(m->a, STATUS_DEFECT, "other bits with %d threads than with 1 in output '%s'", THREADS,
                m->entry->outputs[i].name);
  }
  return OK;
}

status check_execute(arena *a, const plan_module *plan, smelt_entry_code *code, const ir_tensor *inputs,
                     int64_t *symbols, ir_tensor *outputs) {
  memory m = {.a = a, .plan = plan, .entry = &plan->entries[0]};
  m.inputs = ARENA_ARRAY(a, fenced, m.entry->input_count + 1);
  m.input_data = ARENA_ARRAY(a, const void *, m.entry->input_count + 1);
  ir_tensor *again = ARENA_ARRAY(a, ir_tensor, m.entry->output_count + 1);
  status s = lay_out(&m, inputs);
  if (!s) s = run_once(&m, code, symbols, 1, outputs);
  if (!s) s = run_once(&m, code, symbols, THREADS, again);
  if (!s) s = same_bits(&m, outputs, again);
  take_away(&m);
  return s;
}
