/*
 * peak.h: the most arithmetic a processor does, by engine: multiply-adds between registers, so many at once
 * that none waits for another.
 */
#ifndef RT_PEAK_H
#define RT_PEAK_H

#include "smelt/image.h"

typedef struct {
  smelt_dtype factors;   /* F32, BF16 or I8 */
  smelt_isa_level level; /* code of at least this one may use it */
  const char *engine;    /* "avx2 fma", "amx" ... */
  bool (*is_there)(void);
  void (*run)(int64_t rounds);
  double operations_per_round; /* a multiply-add is 2 */
} peak_row;

extern const peak_row rt_peak_rows[];
extern const size_t rt_peak_row_count;

#endif
