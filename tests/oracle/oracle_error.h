/*
 * oracle_error.h: how the oracle gives up. It is a test tool: any failure ends the process with one line.
 */
#ifndef ORACLE_ERROR_H
#define ORACLE_ERROR_H

#include <stddef.h>

enum {
  ORACLE_EXIT_FAILED = 1, /* the model, a file or a comparison is at fault */
  ORACLE_EXIT_USAGE = 2,
  ORACLE_EXIT_SKIP = 77, /* what ctest's SKIP_RETURN_CODE says */
};

/* Prints "ort_oracle: " and the printf-formatted message on stderr and exits with `exit_code`. */
_Noreturn void oracle_die(int exit_code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `count` zeroed elements, never NULL; dies when memory is short. Freed with free(). */
void *oracle_array(size_t count, size_t element_bytes);

#endif
