/* calls.c: an entry's steps, where they are calls of kernels by a table. Generated code comes here. */
#include "core/core.h"

typedef const void *pointer; /* what a kernel writes to as well */

static pointer address_of(const smelt_frame *frame, const uint8_t *const *spaces,
                          const smelt_call_operand *o) {
  if (o->space == SMELT_CALL_INPUT) return frame->inputs[o->base_bytes];
  if (o->space == SMELT_CALL_NONE) return NULL;
  const uint8_t *place = spaces[o->space] + o->base_bytes;
  return o->symbol_bytes ? place + frame->dims[o->symbol] * o->symbol_bytes : place;
}

/* With exactly as many pointers as the kernel has: calling conventions differ in what they forgive. */
static void call(smelt_kernel *kernel, int count, smelt_frame *frame, int32_t thread, int32_t threads,
                 const pointer *p) {
#define CALL(N, TYPES, ...)                                                                                  \
  case N:                                                                                                    \
    ((void (*)(smelt_frame *, int32_t, int32_t, TYPES))kernel)(frame, thread, threads, __VA_ARGS__);         \
    break;
#define LIST(...) __VA_ARGS__
  switch (count) {
    CALL(2, LIST(pointer, pointer), p[0], p[1])
    CALL(3, LIST(pointer, pointer, pointer), p[0], p[1], p[2])
    CALL(4, LIST(pointer, pointer, pointer, pointer), p[0], p[1], p[2], p[3])
    CALL(5, LIST(pointer, pointer, pointer, pointer, pointer), p[0], p[1], p[2], p[3], p[4])
    CALL(6, LIST(pointer, pointer, pointer, pointer, pointer, pointer), p[0], p[1], p[2], p[3], p[4], p[5])
    CALL(7, LIST(pointer, pointer, pointer, pointer, pointer, pointer, pointer), p[0], p[1], p[2], p[3], p[4],
         p[5], p[6])
    CALL(8, LIST(pointer, pointer, pointer, pointer, pointer, pointer, pointer, pointer), p[0], p[1], p[2],
         p[3], p[4], p[5], p[6], p[7])
    CALL(9, LIST(pointer, pointer, pointer, pointer, pointer, pointer, pointer, pointer, pointer), p[0], p[1],
         p[2], p[3], p[4], p[5], p[6], p[7], p[8])
    CALL(10, LIST(pointer, pointer, pointer, pointer, pointer, pointer, pointer, pointer, pointer, pointer),
         p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9])
  }
#undef LIST
#undef CALL
}

void rt_call_kernels(smelt_frame *frame, int32_t thread, int32_t thread_count, smelt_kernel *const *kernels,
                     const smelt_call_operand *operands, const uint16_t *rows, int64_t step) {
  const uint8_t *const spaces[SMELT_CALL_SPACE_COUNT] = {[SMELT_CALL_ARENA] = frame->arena,
                                                         [SMELT_CALL_WEIGHTS] = frame->weights,
                                                         [SMELT_CALL_STATE] = frame->state,
                                                         [SMELT_CALL_CLAIMS] =
                                                             (const uint8_t *)frame->claims};
  for (const uint16_t *row = rows; row[0] != SMELT_CALL_END; step++) {
    int count = row[1] & ~SMELT_CALL_BARRIER;
    bool meets = row[1] & SMELT_CALL_BARRIER;
    pointer arguments[SMELT_CALL_ARGUMENTS];
    for (int i = 0; i < count; i++) arguments[i] = address_of(frame, spaces, &operands[row[2 + i]]);
    call(kernels[row[0]], count, frame, thread, thread_count, arguments);
    row += 2 + count;
    if (frame->step_done) frame->step_done(frame, step);
    if (meets) frame->barrier(frame);
  }
}
