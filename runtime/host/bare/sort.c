/* sort.c: qsort as a heap sort, in place and never slow. [Williams, "Algorithm 232", 1964] */
#include <stdint.h>
#include <stdlib.h>

static void swap(uint8_t *a, uint8_t *b, size_t bytes) {
  for (; bytes; bytes--, a++, b++) {
    uint8_t kept = *a;
    *a = *b;
    *b = kept;
  }
}

/* Item `at` of the heap items[0 .. count) sinks to its place; the largest is on top. */
static void sink(uint8_t *items, size_t at, size_t count, size_t bytes,
                 int (*compare)(const void *, const void *)) {
  for (size_t child = 2 * at + 1; child < count; at = child, child = 2 * at + 1) {
    if (child + 1 < count && compare(items + child * bytes, items + (child + 1) * bytes) < 0) child++;
    if (compare(items + at * bytes, items + child * bytes) >= 0) return;
    swap(items + at * bytes, items + child * bytes, bytes);
  }
}

void qsort(void *items, size_t count, size_t bytes, int (*compare)(const void *, const void *)) {
  for (size_t at = count / 2; at-- > 0;) sink(items, at, count, bytes, compare);
  for (size_t left = count; left > 1; left--) {
    swap(items, (uint8_t *)items + (left - 1) * bytes, bytes);
    sink(items, 0, left - 1, bytes, compare);
  }
}
