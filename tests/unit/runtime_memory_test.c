/* runtime_memory_test.c: what the runtime maps, it gives back, and nothing of its neighbours. */
#define _GNU_SOURCE
#include "host/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Of this process's address space, in pages. */
static long mapped_pages(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  assert_non_null(file);
  assert_int_equal(fscanf(file, "%ld", &pages), 1);
  fclose(file);
  return pages;
}

static void files_leave_no_address_space(void **state) {
  (void)state;
  enum { TURNS = 100, BYTES = 70001 };
  FILE *file = tmpfile();
  assert_non_null(file);
  for (int i = 0; i < BYTES; i++) fputc(i % 251, file);
  assert_int_equal(fflush(file), 0);
  long before = mapped_pages();
  for (int turn = 0; turn < TURNS; turn++) {
    uint8_t *mapped = rt_host_map_file(fileno(file), BYTES);
    assert_non_null(mapped);
    assert_int_equal((uintptr_t)mapped % (2 << 20), 0);
    assert_int_equal(mapped[BYTES - 1], (BYTES - 1) % 251);
    rt_host_unmap(mapped, BYTES);
  }
  assert_true(mapped_pages() - before < (2 << 20) / sysconf(_SC_PAGESIZE));
  fclose(file);
}

static void what_lies_behind_is_not_given_back(void **state) {
  (void)state;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  uint8_t *memory = rt_host_map(3 * page);
  assert_non_null(memory);
  memset(memory, 7, 3 * page);
  rt_host_give_back(memory + 1, 2 * page); /* one page whole, and a part on either side */
  assert_int_equal(memory[page - 1], 7);
  assert_int_equal(memory[page], 0);
  assert_int_equal(memory[2 * page], 7);
  assert_int_equal(memory[3 * page - 1], 7);
  rt_host_unmap(memory, 3 * page);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(files_leave_no_address_space),
      cmocka_unit_test(what_lies_behind_is_not_given_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
