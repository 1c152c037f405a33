/*
 * limits.h: what this machine can do with a team's threads, measured: the rate
 * at which it reads memory, and at which it multiplies and adds. For profiles
 * and benches; a program that only runs its model contains none of it.
 */
#ifndef RT_LIMITS_H
#define RT_LIMITS_H

#include "core/core.h"
#include "core/peak.h"

typedef struct {
  int attempts;        /* the best counts */
  size_t buffer_bytes; /* of all threads together: beyond any cache */
  double operations;   /* per thread and attempt */
} rt_limit_effort;

/* Bytes per second; 0: out of memory. */
double rt_read_limit(rt_team *team, const rt_limit_effort *effort);
/* Operations per second of all threads together; the row's is_there() must hold. */
double rt_peak_limit(rt_team *team, const rt_limit_effort *effort, const peak_row *row);

/* FLOP/s by the best row that `factors` and code of `level` may use; less narrow ones where there is none. */
typedef struct {
  double read_bytes, f32_flops, bf16_flops, i8_flops; /* per second */
} rt_limits;

rt_limits rt_limits_measure(rt_team *team, uint64_t isa_level);

#endif
