/*
 * state.c: operators that read or write a state. The state's tensor, dense at
 * its capacity, is the operand behind the node's own.
 */
#include "ir/evaluate/walk.h"

/* Whether a region of `part`'s dims fits into the state from `first` on along `axis`. */
static bool holds(const ir_tensor *state, const ir_tensor *part, int axis, int64_t first) {
  if (!state || state->rank != part->rank || state->dtype != part->dtype) return false;
  for (int i = 0; i < part->rank; i++) {
    if (part->dims[i] > state->dims[i] - (i == axis ? first : 0)) return false;
  }
  return true;
}

static int64_t region_start(const ir_tensor *state, int axis, int64_t first) {
  int64_t strides[IR_MAX_RANK];
  walk_strides(state, strides);
  return first ? first * strides[axis] : 0;
}

static void read_region(ir_tensor *out, const ir_tensor *state) {
  int64_t strides[IR_MAX_RANK], index[IR_MAX_RANK] = {0}, to = 0;
  walk_strides(state, strides);
  if (ir_tensor_count(out) == 0) return;
  do {
    walk_copy(out, to++, state, walk_offset(out->rank, index, strides));
  } while (walk_next(out, index));
}

static void write_region(const ir_tensor *state, const ir_tensor *part, int axis, int64_t first) {
  int64_t strides[IR_MAX_RANK], index[IR_MAX_RANK] = {0}, from = 0, base = region_start(state, axis, first);
  ir_tensor writable = *state;
  walk_strides(state, strides);
  if (ir_tensor_count(part) == 0) return;
  do {
    walk_copy(&writable, base + walk_offset(part->rank, index, strides), part, from++);
  } while (walk_next(part, index));
}

static status too_small(arena *scratch, const ir_node *node) {
  return walk_misfit(scratch, node, "the state has no room, or is not of this type");
}

status ir_evaluate_append(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                          const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  const ir_tensor *past = in[0], *added = in[1], *state = in[2];
  int axis = node->attrs.axis;
  bool fits = axis >= 0 && axis < out->rank && past->rank == out->rank && holds(state, out, axis, 0) &&
              holds(state, added, axis, past->dims[axis]) &&
              past->dims[axis] + added->dims[axis] == out->dims[axis];
  if (!fits) return too_small(scratch, node);
  write_region(state, added, axis, past->dims[axis]);
  read_region(out, state);
  return OK;
}

status ir_evaluate_store(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                         const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  if (!holds(in[1], in[0], 0, 0) || !holds(in[0], out, 0, 0)) return too_small(scratch, node);
  write_region(in[1], in[0], 0, 0);
  read_region(out, in[0]);
  return OK;
}

status ir_evaluate_load(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                        const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  if (!holds(in[0], out, 0, 0)) return too_small(scratch, node);
  read_region(out, in[0]);
  return OK;
}
