/*
 * memory.c: sizes, lifetimes and barriers. Buffers are placed largest first at
 * the lowest offset where nothing that lives at the same time is in the way
 * (greedy by size, Pisarchyk and Lee, "Efficient Memory Management for Deep
 * Neural Net Inference", 2020).
 */
#include "plan/planner.h"

#include <stdlib.h>

/* 1 TiB: no machine has it for one tensor, and sums of such sizes do not overflow. */
static const uint64_t MAX_TENSOR_BYTES = UINT64_C(1) << 40;

status plan_type_bytes(ir_module *m, const ir_type *type, uint64_t *bytes) {
  int64_t lowest, highest = 1;
  uint64_t total = ir_dtype_bytes(type->dtype);
  for (int i = 0; i < type->rank; i++) {
    ir_dim_bounds(m, type->dims[i], &lowest, &highest);
    if (highest == INT64_MAX) {
      text t = {0};
      ir_dim_print(&t, type->dims[i]);
      status s = fail(m->arena, STATUS_INPUT, "size '%s' has no upper limit", t.bytes);
      text_free(&t);
      return fail_hint(m->arena, s, "give one with --max-tokens or --max-batch");
    }
    if (__builtin_mul_overflow(total, (uint64_t)(highest < 0 ? 0 : highest), &total)) highest = -1;
    if (highest == -1 || total > MAX_TENSOR_BYTES) {
      return fail(m->arena, STATUS_INPUT, "a tensor would not fit in memory at the given limits");
    }
  }
  *bytes = (total + PLAN_ALIGN_BYTES - 1) / PLAN_ALIGN_BYTES * PLAN_ALIGN_BYTES;
  return OK;
}

size_t plan_new_buffer(planner *p, uint64_t bytes) {
  ARENA_PUSH(p->a, p->buffers, p->buffer_count, p->buffer_capacity) =
      (plan_buffer){.bytes = bytes, .first = p->entry->step_count, .last = p->entry->step_count};
  return p->buffer_count - 1;
}

/* ---- placing ---- */

static int by_size(const void *left, const void *right) {
  const plan_buffer *a = *(plan_buffer *const *)left, *b = *(plan_buffer *const *)right;
  if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
  return a < b ? -1 : a > b; /* stable: the plan must not depend on the sort */
}

static int by_offset(const void *left, const void *right) {
  const plan_buffer *a = *(plan_buffer *const *)left, *b = *(plan_buffer *const *)right;
  return a->offset_bytes < b->offset_bytes ? -1 : a->offset_bytes > b->offset_bytes;
}

static void place(plan_buffer **placed, size_t placed_count, plan_buffer *b, plan_buffer **rivals) {
  size_t count = 0;
  for (size_t i = 0; i < placed_count; i++) {
    if (placed[i]->first <= b->last && b->first <= placed[i]->last) rivals[count++] = placed[i];
  }
  qsort(rivals, count, sizeof *rivals, by_offset);
  uint64_t offset = 0;
  for (size_t i = 0; i < count; i++) {
    if (rivals[i]->offset_bytes >= offset + b->bytes) break;
    uint64_t end = rivals[i]->offset_bytes + rivals[i]->bytes;
    if (end > offset) offset = end;
  }
  b->offset_bytes = offset;
}

void plan_assign_arena(planner *p) {
  plan_buffer **sorted = ARENA_ARRAY(p->a, plan_buffer *, p->buffer_count + 1);
  plan_buffer **rivals = ARENA_ARRAY(p->a, plan_buffer *, p->buffer_count + 1);
  for (size_t i = 0; i < p->buffer_count; i++) sorted[i] = &p->buffers[i];
  qsort(sorted, p->buffer_count, sizeof *sorted, by_size);
  for (size_t i = 0; i < p->buffer_count; i++) {
    place(sorted, i, sorted[i], rivals);
    uint64_t end = sorted[i]->offset_bytes + sorted[i]->bytes;
    if (end > p->entry->arena_bytes) p->entry->arena_bytes = end;
  }
}

static void patch(const planner *p, plan_view *view) {
  if (view->space == PLAN_ARENA) view->base_bytes = p->buffers[view->base_bytes].offset_bytes;
}

void plan_patch_arena(planner *p) {
  for (size_t i = 0; i < p->entry->step_count; i++) {
    plan_step *step = &p->entry->steps[i];
    for (int k = 0; k < step->read_count; k++) patch(p, &step->reads[k].view);
    if (step->result.value) patch(p, &step->result.view);
  }
  for (size_t i = 0; i < p->entry->output_count; i++) {
    plan_io *out = &p->entry->outputs[i];
    out->arena_bytes_offset = p->buffers[out->arena_bytes_offset].offset_bytes;
  }
}

/* ---- barriers ---- */

/* Bytes that a step touches; the whole buffer or state, since strides are symbolic. */
typedef struct {
  plan_space space;
  uint64_t from, to;
  bool written;
} access;

static access access_of(const planner *p, const plan_view *view, bool written) {
  access a = {.space = view->space, .from = view->base_bytes, .to = view->base_bytes + 1, .written = written};
  if (view->space != PLAN_ARENA) return a;
  a.from = p->buffers[view->base_bytes].offset_bytes;
  a.to = a.from + p->buffers[view->base_bytes].bytes;
  return a;
}

static bool conflicts(const access *open, size_t count, const access *a) {
  for (size_t i = 0; i < count; i++) {
    if (open[i].space == a->space && open[i].from < a->to && a->from < open[i].to &&
        (open[i].written || a->written)) {
      return true;
    }
  }
  return false;
}

/* A step's own accesses never conflict: kernels split work so that no thread reads what another writes. */
static void barriers_over(planner *p, access *open) {
  size_t open_count = 0;
  for (size_t i = 0; i < p->entry->step_count; i++) {
    plan_step *step = &p->entry->steps[i];
    access written = access_of(p, &step->result.view, true);
    bool writes = step->result.value != NULL, meets = writes && conflicts(open, open_count, &written);
    for (int k = 0; k < step->read_count && !meets; k++) {
      access a = access_of(p, &step->reads[k].view, step->reads[k].is_outlet);
      meets = step->reads[k].value && conflicts(open, open_count, &a);
    }
    /* Ways part and join here: what was open on one of them must not matter. */
    bool is_crossing = step->control != PLAN_CALL && step->control != PLAN_MEASURE;
    if (i && (meets || is_crossing)) {
      p->entry->steps[i - 1].barrier = true;
      open_count = 0;
    }
    if (writes) open[open_count++] = written;
    for (int k = 0; k < step->read_count; k++) {
      if (!step->reads[k].value || step->reads[k].view.space == PLAN_WEIGHTS) continue;
      open[open_count++] = access_of(p, &step->reads[k].view, step->reads[k].is_outlet);
    }
  }
}

void plan_place_barriers(planner *p) {
  size_t most = 1;
  for (size_t i = 0; i < p->entry->step_count; i++) most += 1 + (size_t)p->entry->steps[i].read_count;
  barriers_over(p, ARENA_ARRAY(p->a, access, most));
}
