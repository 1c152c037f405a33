/* Calls by a table: each number of pointers, each memory, a symbol's value, barriers and what a profile
 * hears. */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_CALLS = 16 };

/* What the kernels and the frame's functions saw, in order. Pointers by number of the kernel. */
static struct {
  int calls, meetings;
  int counts[MOST_CALLS];
  const void *pointers[MOST_CALLS][SMELT_CALL_ARGUMENTS];
  int64_t steps[MOST_CALLS];
  int done;
  int calls_at_meeting[MOST_CALLS];
} seen;

static void note(int32_t thread, int32_t thread_count, int count, const void *const *pointers) {
  assert_int_equal(thread, 1);
  assert_int_equal(thread_count, 3);
  seen.counts[seen.calls] = count;
  memcpy(seen.pointers[seen.calls++], pointers, (size_t)count * sizeof *pointers);
}

#define KERNEL(N, PARAMETERS, ...)                                                                           \
  static void kernel_of_##N(smelt_frame *frame, int32_t thread, int32_t count, PARAMETERS) {                 \
    (void)frame;                                                                                             \
    note(thread, count, N, (const void *const[]){__VA_ARGS__});                                              \
  }
#define LIST(...) __VA_ARGS__
typedef const void *p;
KERNEL(2, LIST(p a, p b), a, b)
KERNEL(3, LIST(p a, p b, p c), a, b, c)
KERNEL(4, LIST(p a, p b, p c, p d), a, b, c, d)
KERNEL(5, LIST(p a, p b, p c, p d, p e), a, b, c, d, e)
KERNEL(6, LIST(p a, p b, p c, p d, p e, p f), a, b, c, d, e, f)
KERNEL(7, LIST(p a, p b, p c, p d, p e, p f, p g), a, b, c, d, e, f, g)
KERNEL(8, LIST(p a, p b, p c, p d, p e, p f, p g, p h), a, b, c, d, e, f, g, h)
KERNEL(9, LIST(p a, p b, p c, p d, p e, p f, p g, p h, p i), a, b, c, d, e, f, g, h, i)
KERNEL(10, LIST(p a, p b, p c, p d, p e, p f, p g, p h, p i, p j), a, b, c, d, e, f, g, h, i, j)

static void step_is_done(smelt_frame *frame, int64_t step) {
  (void)frame;
  seen.steps[seen.done++] = step;
}

static void meet(smelt_frame *frame) {
  (void)frame;
  seen.calls_at_meeting[seen.meetings++] = seen.calls;
}

static void rows_become_calls(void **state) {
  (void)state;
  static uint8_t arena[64], weights[64], kept[64];
  static int input;
  uint32_t claims[SMELT_CLAIMS] = {0};
  const void *inputs[] = {NULL, &input};
  int64_t dims[] = {0, 5};
  smelt_frame frame = {.arena = arena,
                       .weights = weights,
                       .state = kept,
                       .inputs = inputs,
                       .dims = dims,
                       .claims = claims,
                       .barrier = meet,
                       .step_done = step_is_done};
  const smelt_call_operand operands[] = {
      {.space = SMELT_CALL_NONE},
      {.space = SMELT_CALL_ARENA, .base_bytes = 3},
      {.space = SMELT_CALL_WEIGHTS, .base_bytes = 4},
      {.space = SMELT_CALL_STATE, .base_bytes = 2, .symbol = 1, .symbol_bytes = 6},
      {.space = SMELT_CALL_CLAIMS, .base_bytes = 8},
      {.space = SMELT_CALL_INPUT, .base_bytes = 1}};
  const void *expected[] = {NULL, arena + 3, weights + 4, kept + 32, &claims[2], &input};
  enum { OPERANDS = sizeof operands / sizeof *operands };
  smelt_kernel *const kernels[] = {
      (smelt_kernel *)kernel_of_2, (smelt_kernel *)kernel_of_3, (smelt_kernel *)kernel_of_4,
      (smelt_kernel *)kernel_of_5, (smelt_kernel *)kernel_of_6, (smelt_kernel *)kernel_of_7,
      (smelt_kernel *)kernel_of_8, (smelt_kernel *)kernel_of_9, (smelt_kernel *)kernel_of_10};
  enum { KERNELS = sizeof kernels / sizeof *kernels };

  uint16_t rows[KERNELS * (2 + SMELT_CALL_ARGUMENTS) + 1], *row = rows;
  for (int k = 0; k < KERNELS;
       k++) { /* after every other call all meet; operand i of kernel k is (i + k) % all */
    int count = k + 2;
    *row++ = (uint16_t)k;
    *row++ = (uint16_t)(count | (k % 2 ? SMELT_CALL_BARRIER : 0));
    for (int i = 0; i < count; i++) *row++ = (uint16_t)((i + k) % OPERANDS);
  }
  *row = SMELT_CALL_END;
  memset(&seen, 0, sizeof seen);
  rt_call_kernels(&frame, 1, 3, kernels, operands, rows, 100);

  assert_int_equal(seen.calls, KERNELS);
  assert_int_equal(seen.done, KERNELS);
  assert_int_equal(seen.meetings, KERNELS / 2);
  for (int k = 0; k < KERNELS; k++) {
    assert_int_equal(seen.counts[k], k + 2);
    assert_int_equal(seen.steps[k], 100 + k);
    for (int i = 0; i < k + 2; i++) assert_ptr_equal(seen.pointers[k][i], expected[(i + k) % OPERANDS]);
  }
  for (int m = 0; m < seen.meetings; m++) assert_int_equal(seen.calls_at_meeting[m], 2 * m + 2);

  frame.step_done = NULL; /* nobody profiles */
  memset(&seen, 0, sizeof seen);
  rt_call_kernels(&frame, 1, 3, kernels, operands, rows, 0);
  assert_int_equal(seen.calls, KERNELS);
  assert_int_equal(seen.done, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(rows_become_calls)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
