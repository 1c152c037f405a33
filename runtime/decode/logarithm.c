/*
 * logarithm.c: ln x with the same bits everywhere. x = m 2^e with m between the roots of 1/2 and 2;
 * ln m = 2 (s + s^3/3 + s^5/5 + ...), s = (m - 1) / (m + 1), |s| < 0.172: 11 terms leave less than 2^-56.
 */
#include "decode/decode.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF /* as in exponential.c */

double rt_logarithm(double x) {
  enum { TERMS = 11, EXPONENT_SHIFT = 52, EXPONENT_BIAS = 1023 };
  static const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  int64_t exponent = (int64_t)(bits >> EXPONENT_SHIFT) - EXPONENT_BIAS;
  bits = (bits & ((UINT64_C(1) << EXPONENT_SHIFT) - 1)) | (uint64_t)EXPONENT_BIAS << EXPONENT_SHIFT;
  double m;
  memcpy(&m, &bits, sizeof m);
  if (m > 0x1.6a09e667f3bcdp+0) {
    m *= 0.5;
    exponent++;
  }
  double s = (m - 1) / (m + 1), square = s * s, sum = 0;
  for (int term = TERMS - 1; term > 0; term--) sum = (sum + 1.0 / (2 * term + 1)) * square;
  double e = (double)exponent;
  return e * ln2_high + (e * ln2_low + 2 * (s + s * sum));
}
