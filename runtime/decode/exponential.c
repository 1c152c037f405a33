/*
 * exponential.c: e^x with the same bits everywhere. x = n ln 2 + r with
 * |r| <= ln 2 / 2; e^r by its Taylor series, whose 14 terms leave less than
 * 2^-56; ln 2 in two parts, so that n ln 2 is exact in the first (Cody and
 * Waite, "Software Manual for the Elementary Functions", 1980).
 */
#include "decode/decode.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF /* no fused multiply-add where the processor happens to have one */

double rt_exponential(double x) {
  static const double log2_e = 0x1.71547652b82fep+0, ln2_high = 0x1.62e42feep-1,
                      ln2_low = 0x1.a39ef35793c76p-33;
  static const double inverse_factorials[] = {1.0,
                                              1.0,
                                              1.0 / 2,
                                              1.0 / 6,
                                              1.0 / 24,
                                              1.0 / 120,
                                              1.0 / 720,
                                              1.0 / 5040,
                                              1.0 / 40320,
                                              1.0 / 362880,
                                              1.0 / 3628800,
                                              1.0 / 39916800,
                                              1.0 / 479001600,
                                              1.0 / 6227020800.0};
  enum { TERMS = sizeof inverse_factorials / sizeof inverse_factorials[0] };

  if (!(x > -700)) return 0; /* far below what a sum of probabilities can notice; NaN too */
  if (x > 0) x = 0;
  int64_t n = (int64_t)(x * log2_e - 0.5);
  double r = (x - (double)n * ln2_high) - (double)n * ln2_low;
  double sum = inverse_factorials[TERMS - 1];
  for (int i = TERMS - 2; i >= 0; i--) sum = sum * r + inverse_factorials[i];

  uint64_t bits = (uint64_t)(n + 1023) << 52;
  double power_of_two;
  memcpy(&power_of_two, &bits, sizeof power_of_two);
  return sum * power_of_two;
}
