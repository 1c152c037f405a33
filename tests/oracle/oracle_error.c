/* oracle_error.c: failures of the tool, and memory that is there or ends it. */
#include "oracle_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void oracle_die(int exit_code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("ort_oracle: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  exit(exit_code);
}

void *oracle_array(size_t count, size_t element_bytes) {
  void *items = calloc(count ? count : 1, element_bytes);
  if (!items)
    oracle_die(ORACLE_EXIT_FAILED, "out of memory for %zu elements of %zu bytes", count, element_bytes);
  return items;
}
