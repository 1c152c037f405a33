/*
 * peak.h: the most arithmetic a processor does, by engine: multiply-adds between registers, so many at once
 * that none waits for another.
 */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const char *precision; /* of the factors: "f32", "bf16", "int8" */
  const char *engine;    /* "avx2 fma", "amx" ... */
  bool (*is_there)(void);
  void (*run)(int64_t rounds);
  double operations_per_round; /* a multiply-add is 2 */
} peak_row;

extern const peak_row peak_rows[];
extern const size_t peak_row_count;

#endif
