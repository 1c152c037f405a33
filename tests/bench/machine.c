/*
 * machine.c: what this machine can do with THREADS threads, measured: the rate at which it reads memory and,
 * per engine, the rate at which it multiplies and adds. One line each: "read BYTES_PER_S" and
 * "PRECISION OPERATIONS_PER_S ENGINE". "brief" behind THREADS: in a moment, for tests that look at no figure.
 */
#include "core/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_THREADS = 1024 };
static const rt_limit_effort thorough = {.attempts = 7, .buffer_bytes = (size_t)512 << 20, .operations = 4e9};
static const rt_limit_effort brief = {.attempts = 1, .buffer_bytes = (size_t)16 << 20, .operations = 4e7};

static const char *precision_text(smelt_dtype factors) {
  return factors == SMELT_I8 ? "int8" : rt_dtype_text(factors);
}

int main(int argc, char **argv) {
  bool is_brief = argc == 3 && strcmp(argv[2], "brief") == 0;
  int threads = argc == 2 || is_brief ? (int)strtol(argv[1], NULL, 10) : 0;
  const rt_limit_effort *effort = is_brief ? &brief : &thorough;
  if (threads < 1 || threads > MOST_THREADS) {
    fprintf(stderr, "usage: %s THREADS [brief]\n", argv[0]);
    return 2;
  }
  rt_team *team = rt_team_create(threads, false);
  if (!team) return 1;
  printf("read %.4g\n", rt_read_limit(team, effort));
  for (size_t i = 0; i < rt_peak_row_count; i++) {
    const peak_row *row = &rt_peak_rows[i];
    if (!row->is_there()) continue;
    printf("%s %.4g %s\n", precision_text(row->factors), rt_peak_limit(team, effort, row), row->engine);
  }
  rt_team_destroy(team);
  return 0;
}
