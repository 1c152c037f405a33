/* What stands in for a C library where there is no operating system (runtime/host/bare), compared with this
 * one's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "smelt/model.h"

void *rt_malloc(size_t bytes);
void *rt_calloc(size_t count, size_t bytes);
void *rt_realloc(void *memory, size_t bytes);
void *rt_aligned_alloc(size_t alignment, size_t bytes);
void rt_free(void *memory);
void rt_qsort(void *items, size_t count, size_t bytes, int (*compare)(const void *, const void *));
int rt_snprintf(char *text, size_t capacity, const char *format, ...);
/* names that cmake/other_targets.cmake gives them, since the compiler knows the usual ones */
float bare_roundevenf(float x);
float bare_truncf(float x);
float bare_floorf(float x);
float bare_ceilf(float x);
double bare_sqrt(double x);

enum { HEAP_BYTES = 1 << 20, MOST_BLOCKS = 64, TURNS = 20000 };

static uint64_t state = 1;

static uint32_t next_number(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 32);
}

typedef struct {
  uint8_t *bytes;
  size_t count;
  uint8_t value;
} block;

static void check_block(const block *b) {
  for (size_t i = 0; i < b->count; i++) assert_int_equal(b->bytes[i], b->value);
}

static void fill_block(block *b, uint8_t value) {
  b->value = value;
  memset(b->bytes, value, b->count);
}

static void replace_block(block *b) {
  size_t count = next_number() % 3 ? next_number() % 200 : next_number() % 20000;
  size_t alignment = (size_t)16 << next_number() % 4;
  uint8_t *bytes;
  check_block(b);
  switch (next_number() % 3) {
  case 0:
    bytes = rt_realloc(b->bytes, count);
    if (!bytes) return;
    for (size_t i = 0; i < count && i < b->count; i++) assert_int_equal(bytes[i], b->value);
    break;
  case 1:
    rt_free(b->bytes);
    bytes = rt_aligned_alloc(alignment, count);
    assert_int_equal((uintptr_t)bytes % alignment, 0);
    break;
  default:
    rt_free(b->bytes);
    bytes = rt_calloc(count, 1);
    for (size_t i = 0; bytes && i < count; i++) assert_int_equal(bytes[i], 0);
  }
  *b = (block){bytes, bytes ? count : 0, 0};
  fill_block(b, (uint8_t)next_number());
}

/* Blocks keep what was written to them, whatever is taken and given back beside them; in the end all is one
 * again. */
static void heap_keeps_blocks_apart(void **unused) {
  (void)unused;
  static _Alignas(64) uint8_t memory[2][HEAP_BYTES / 2];
  block blocks[MOST_BLOCKS] = {0};
  assert_null(rt_malloc(1));
  smelt_give_memory(memory[0] + 1, sizeof memory[0] - 1);
  smelt_give_memory(memory[1], sizeof memory[1]);
  void *most = rt_malloc(HEAP_BYTES / 2 - 256);
  assert_non_null(most);
  rt_free(most);
  for (int turn = 0; turn < TURNS; turn++) replace_block(&blocks[next_number() % MOST_BLOCKS]);
  for (int i = 0; i < MOST_BLOCKS; i++) {
    check_block(&blocks[i]);
    rt_free(blocks[i].bytes);
  }
  assert_non_null(most = rt_malloc(HEAP_BYTES / 2 - 256));
  rt_free(most);
  assert_null(rt_malloc(HEAP_BYTES / 2));
  assert_null(rt_malloc(SIZE_MAX));
  assert_null(rt_calloc(SIZE_MAX / 2, 3));
}

static int compare_numbers(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static void sorts_as_qsort(void **unused) {
  (void)unused;
  for (size_t count = 0; count < 200; count++) {
    uint32_t ours[200], theirs[200];
    for (size_t i = 0; i < count; i++) ours[i] = theirs[i] = next_number() % (count + 1);
    rt_qsort(ours, count, sizeof *ours, compare_numbers);
    qsort(theirs, count, sizeof *theirs, compare_numbers);
    assert_memory_equal(ours, theirs, count * sizeof *ours);
  }
}

static volatile size_t few = 5; /* less than the texts have */

#define SAME_TEXT(...)                                                                                       \
  do {                                                                                                       \
    char ours[64], theirs[64];                                                                               \
    assert_int_equal(rt_snprintf(ours, sizeof ours, __VA_ARGS__),                                            \
                     snprintf(theirs, sizeof theirs, __VA_ARGS__));                                          \
    assert_string_equal(ours, theirs);                                                                       \
    assert_int_equal(rt_snprintf(ours, few, __VA_ARGS__), snprintf(theirs, few, __VA_ARGS__));               \
    assert_string_equal(ours, theirs);                                                                       \
  } while (0)

static void formats_as_snprintf(void **unused) {
  (void)unused;
  SAME_TEXT("nothing");
  SAME_TEXT("%s is %d of %d", "one", 1, -20);
  SAME_TEXT("%lld and %lld", (long long)INT64_MIN, (long long)INT64_MAX);
  SAME_TEXT("%d %d %u", INT32_MIN, INT32_MAX, UINT32_MAX);
  SAME_TEXT("%llu %zu", (unsigned long long)UINT64_MAX, (size_t)12345);
  SAME_TEXT("%c%c 100%% %.*s|", 'a', 'b', 3, "abcdef");
  SAME_TEXT("%.*s|", 10, "abc");
  assert_int_equal(rt_snprintf(NULL, 0, "%d", 1234), 4);
}

static void computes_as_libm(void **unused) {
  (void)unused;
  for (int i = 0; i < 200000; i++) {
    uint32_t bits = next_number();
    float x;
    memcpy(&x, &bits, sizeof x);
    if (i < 64) x = (float)(i - 32) / 4;
    if (isnan(x)) continue;
    float ours[] = {bare_roundevenf(x), bare_truncf(x), bare_floorf(x), bare_ceilf(x)};
    float theirs[] = {rintf(x), truncf(x), floorf(x), ceilf(x)};
    assert_memory_equal(ours, theirs, sizeof ours);
    double root = sqrt(fabs((double)x)), own = bare_sqrt(fabs((double)x));
    assert_true(fabs(own - root) <= root * 0x1p-52);
  }
  assert_true(isnan(bare_sqrt(-1)));
  assert_true(bare_sqrt(INFINITY) == INFINITY && bare_sqrt(0) == 0);
  assert_true(fabs(bare_sqrt(1e300) - 1e150) <= 1e135 && fabs(bare_sqrt(1e-300) - 1e-150) <= 1e-165);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(heap_keeps_blocks_apart),
      cmocka_unit_test(sorts_as_qsort),
      cmocka_unit_test(formats_as_snprintf),
      cmocka_unit_test(computes_as_libm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
