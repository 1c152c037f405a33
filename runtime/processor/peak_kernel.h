/*
 * peak_kernel.h: what the files of peaks share: twelve chains of multiply-adds, which cover a latency of up
 * to six cycles on two ports. The file says first what KEEP(value) is: assembly that might look at the
 * register and change it.
 */
#ifndef RT_PEAK_KERNEL_H
#define RT_PEAK_KERNEL_H

#include "core/peak.h"

#include <string.h>

enum { CHAINS = 12 };

/* The factor is out of the compiler's sight each time, or it would work out beforehand what it can. */
#define NEXT(step, sum)                                                                                      \
  KEEP(a);                                                                                                   \
  sum = step(sum, a, b);                                                                                     \
  KEEP(sum);

/* `step` on each of the chains, again and again. */
#define PEAK_KERNEL(name, features, sum_type, factor_type, step)                                             \
  __attribute__((target(features))) static void name(int64_t rounds) {                                       \
    sum_type s0 = {0}, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0, s9 = s0;      \
    sum_type s10 = s0, s11 = s0;                                                                             \
    factor_type a, b;                                                                                        \
    memset(&a, 0, sizeof a);                                                                                 \
    memset(&b, 0, sizeof b);                                                                                 \
    KEEP(a);                                                                                                 \
    KEEP(b);                                                                                                 \
    for (int64_t i = 0; i < rounds; i++) {                                                                   \
      NEXT(step, s0)                                                                                         \
      NEXT(step, s1)                                                                                         \
      NEXT(step, s2)                                                                                         \
      NEXT(step, s3)                                                                                         \
      NEXT(step, s4)                                                                                         \
      NEXT(step, s5)                                                                                         \
      NEXT(step, s6) NEXT(step, s7) NEXT(step, s8) NEXT(step, s9) NEXT(step, s10) NEXT(step, s11)            \
    }                                                                                                        \
  }

#define OPERATIONS(multiply_adds) (2.0 * CHAINS * (multiply_adds))

#endif
