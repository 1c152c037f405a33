/* bench.h: what `smelt bench` measures of a compiled program, and how it is shown. Private to driver/. */
#ifndef SMELT_DRIVER_BENCH_H
#define SMELT_DRIVER_BENCH_H

#include "driver/options.h"

#include <jansson.h>

/* ---- a program that answers (bench_program.c) ---- */

typedef struct {
  const char *path;
  int pid; /* 0: it does not run */
  FILE *ask, *answers;
} bench_program;

/* Starts PROGRAM --bench [--threads N]. `path` must be a program that smelt compiled: others are never run.
 */
status bench_start(arena *a, const driver_options *options, bench_program *program);
/* One line there, one back, parsed; the caller decrefs it. `program` may be ended by a failure. */
status bench_ask(arena *a, bench_program *program, const char *line, json_t **answer);
void bench_end(bench_program *program);

/* ---- what is measured (bench.c) ---- */

enum { BENCH_MOST_SAMPLES = 100 };

/* A row of the table. */
typedef struct {
  const char *name;    /* "prompt 128" */
  const char *command; /* "prompt 128": its numbers without the time to repeat it for */
  const char *last;    /* the second number when it is timed: ms, or tokens */
  double tokens;       /* per sample's ns; 0: the latency is what counts */
  double samples_ns[BENCH_MOST_SAMPLES];
  double median_ns, least_ns; /* least: what the machine's limits allow; 0: not known */
  json_t *profile;            /* one run, step by step; NULL before */
} bench_figure;

typedef struct {
  const char *path;
  json_t *facts;
  bench_figure *figures;
  size_t figure_count, figure_capacity;
  int repeats;
  double first_ns;     /* from exec to the logits after 4 tokens, or one run */
  double memory_bytes; /* most resident, of that process */
  double program_bytes;
} bench_results;

void bench_print(const bench_results *r);                                    /* bench_report.c */
void bench_print_json(const bench_results *r);                               /* bench_report.c */
status bench_write_page(arena *a, const bench_results *r, const char *path); /* bench_page.c */

#endif
