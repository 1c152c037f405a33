/* What small systems have in place of their C library's: snprintf and malloc, against this machine's own. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- snprintf ------------------------------------------------------------------------------- */

int small_snprintf(char *room, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));
int small_vsnprintf(char *room, size_t bytes, const char *format, va_list given);
#define snprintf  small_snprintf
#define vsnprintf small_vsnprintf
#include "host/small/format.c"
#include "host/small/snprintf.c"
#undef snprintf
#undef vsnprintf

#define SAME(...)                                                                                            \
  do {                                                                                                       \
    char expected[1200], found[1200];                                                                        \
    int count = snprintf(expected, sizeof expected, __VA_ARGS__);                                            \
    assert_int_equal(small_snprintf(found, sizeof found, __VA_ARGS__), count);                               \
    assert_string_equal(found, expected);                                                                    \
  } while (0)

static void texts_and_integers(void **state) {
  (void)state;
  SAME("plain, 100 %%");
  SAME("%s|%8s|%.3s|%.*s|%c", "word", "word", "word", 2, "word", 'x');
  SAME("%d %d %d %u", 0, -1, INT32_MIN, UINT32_MAX);
  SAME("%5d|%05d|%5d|%05d", 42, 42, -42, -42);
  SAME("%ld %lld %lld %llu", -5L, -7LL, (long long)INT64_MIN, (unsigned long long)UINT64_MAX);
  SAME("%x %X %02x %04x %02x", 0xbeefu, 0xbeefu, 7u, 0x1fu, 0x123u);
}

static void what_has_no_room_is_counted(void **state) {
  (void)state;
  char room[8];
  memset(room, '?', sizeof room);
  assert_int_equal(small_snprintf(room, 5, "%s", "longer text"), 11);
  assert_string_equal(room, "long");
  assert_int_equal(room[5], '?');
  assert_int_equal(small_snprintf(NULL, 0, "%d", 1234), 4);
}

static uint64_t next_random(uint64_t *seed) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return *seed ^ *seed >> 29;
}

static void numbers(void **state) {
  (void)state;
  static const double values[] = {0,
                                  -0.0,
                                  1,
                                  0.1,
                                  -2.5,
                                  1e5,
                                  123456,
                                  1234567,
                                  9.9999995,
                                  0.0001,
                                  0.00001,
                                  1e300,
                                  5e-324,
                                  1.5e-10,
                                  1e22,
                                  1e23,
                                  0.5,
                                  1.0 / 3,
                                  99.5,
                                  2.5e-5,
                                  1e15,
                                  1e16,
                                  1e17,
                                  12.5,
                                  0.125,
                                  999999,
                                  999999.5,
                                  1e-310,
                                  1.7976931348623157e308};
  uint64_t seed = 5;
  for (int precision = 0; precision <= 17; precision++)
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) SAME("%.*g", precision, values[i]);
  SAME("%g %g %g %g", (double)__builtin_inf(), -(double)__builtin_inf(), (double)__builtin_nan(""), 1e-5);
  for (int i = 0; i < 30000; i++) {
    double value;
    uint64_t bits = next_random(&seed);
    memcpy(&value, &bits, sizeof value);
    SAME("%.*g", (int)(bits % 18), value);
    SAME("%.*g", (int)(bits % 10), (double)(float)((double)(int64_t)bits * 1e-18));
  }
}

/* ---- malloc --------------------------------------------------------------------------------- */

enum { HEAP_PAGES = 512, HEAP_PAGE_BYTES = 1 << 16 };

char small_heap[HEAP_PAGES * HEAP_PAGE_BYTES] __attribute__((aligned(HEAP_PAGE_BYTES)));
/* A module's memory begins with one page of heap, of which data has taken a little. */
__asm__(".globl small_heap_base, small_heap_end\n"
        ".set small_heap_base, small_heap + 40\n"
        ".set small_heap_end, small_heap + 65536\n");
static size_t heap_pages = 1;
static bool leaves_gaps; /* as where others grow the memory too */

/* The number of the first new page, as memory.grow gives it. */
static size_t grow_memory(size_t pages) {
  heap_pages += leaves_gaps;
  if (heap_pages > HEAP_PAGES || pages > HEAP_PAGES - heap_pages) return SIZE_MAX;
  heap_pages += pages;
  return (uintptr_t)small_heap / HEAP_PAGE_BYTES + heap_pages - pages;
}

#define malloc                           small_malloc
#define calloc                           small_calloc
#define realloc                          small_realloc
#define free                             small_free
#define aligned_alloc                    small_aligned_alloc
#define posix_memalign                   small_posix_memalign
#define put                              put_block
#define __heap_base                      small_heap_base
#define __heap_end                       small_heap_end
#define __builtin_wasm_memory_grow(m, n) grow_memory(n)
void *small_malloc(size_t bytes);
void *small_calloc(size_t count, size_t bytes);
void *small_realloc(void *memory, size_t bytes);
void *small_aligned_alloc(size_t align, size_t bytes);
int small_posix_memalign(void **memory, size_t align, size_t bytes);
void small_free(void *memory);
#include "host/wasi/malloc.c"

enum { PIECES = 200, MOST_PIECE_BYTES = 70000 };

typedef struct {
  uint8_t *bytes; /* each has the value of the first, which is the piece's number */
  size_t count;
} piece;

static void fill(piece *p, uint8_t with) {
  memset(p->bytes, with, p->count);
}

static void check(const piece *p, uint8_t with) {
  assert_true((char *)p->bytes >= small_heap + 40 &&
              (char *)p->bytes + p->count <= small_heap + sizeof small_heap);
  for (size_t i = 0; i < p->count; i++) assert_int_equal(p->bytes[i], with);
}

static void resize(piece *p, uint8_t number, size_t count) {
  size_t kept = count < p->count ? count : p->count;
  p->bytes = small_realloc(p->bytes, count);
  assert_non_null(p->bytes);
  p->count = kept;
  check(p, number);
  p->count = count;
  fill(p, number);
}

static void pieces_keep_what_they_hold(void **state) {
  (void)state;
  piece pieces[PIECES] = {{0}};
  uint64_t seed = 11;
  for (int round = 0; round < 20000; round++) {
    uint64_t random = next_random(&seed);
    uint8_t number = (uint8_t)(random % PIECES);
    size_t count = (random >> 8) % ((random >> 40) % 8 ? 300 : MOST_PIECE_BYTES);
    piece *p = &pieces[number];
    leaves_gaps = round > 10000 && round % 64 == 0;
    if (p->bytes) check(p, number);
    switch ((random >> 32) % 4) {
    case 0:
      resize(p, number, count ? count : 1);
      continue;
    case 1:
      small_free(p->bytes);
      *p = (piece){small_calloc(count, 1), count};
      check(p, 0);
      break;
    case 2: {
      size_t align = (size_t)16 << (random >> 50) % 6;
      small_free(p->bytes);
      *p = (piece){small_aligned_alloc(align, count), count};
      assert_int_equal((uintptr_t)p->bytes % align, 0);
      break;
    }
    default:
      small_free(p->bytes);
      *p = (piece){0};
      continue;
    }
    assert_non_null(p->bytes);
    assert_int_equal((uintptr_t)p->bytes % 16, 0);
    fill(p, number);
  }
  for (int i = 0; i < PIECES; i++) small_free(pieces[i].bytes);
}

/* After all that, what is free is joined: nearly all of the memory is there in a few large blocks. */
static void what_is_free_is_used_again(void **state) {
  (void)state;
  leaves_gaps = false;
  size_t before = heap_pages;
  void *large = small_malloc((size_t)MOST_PIECE_BYTES * 20);
  assert_non_null(large);
  assert_int_equal(heap_pages, before);
  small_free(large);
}

static void too_much_is_refused(void **state) {
  (void)state;
  errno = 0;
  assert_null(small_malloc(sizeof small_heap));
  assert_int_equal(errno, ENOMEM);
  assert_null(small_malloc(SIZE_MAX));
  assert_null(small_calloc(SIZE_MAX / 2, 3));
  assert_null(small_aligned_alloc(64, SIZE_MAX - 8));
  void *some = small_malloc(100);
  assert_null(small_realloc(some, sizeof small_heap));
  small_free(some);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_and_integers),
      cmocka_unit_test(what_has_no_room_is_counted),
      cmocka_unit_test(numbers),
      cmocka_unit_test(pieces_keep_what_they_hold),
      cmocka_unit_test(what_is_free_is_used_again),
      cmocka_unit_test(too_much_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
