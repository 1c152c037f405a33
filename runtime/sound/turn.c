/*
 * turn.c: cosines and sines of parts of a turn, exact where that is a whole number of quarters: the angle is
 * brought to the first eighth in whole numbers, and there the Taylor series has 2^-57 left after 10 terms.
 */
#include "sound/sound.h"

#pragma STDC FP_CONTRACT OFF

/* x - x^3/3! + x^5/5! - ...; with start 1, 1 - x^2/2! + ...; |x| <= pi / 4 */
static double series(double x, double first, int start) {
  double square = x * x, sum = 1;
  for (int n = 20 + start; n > start; n -= 2) sum = 1 - square / (double)(n * (n - 1)) * sum;
  return first * sum;
}

void rt_turn(int64_t part, int64_t whole, double *cosine, double *sine) {
  static const double turn = 6.283185307179586476925;
  int64_t eighths = 8 * part / whole;         /* 0 to 7 */
  int64_t quarters = (eighths + 1) / 2;       /* the nearest quarter */
  int64_t rest = 4 * part - quarters * whole; /* from there, in quarters of `whole`, at most 1/8 turn */
  double angle = turn * ((double)rest / (4.0 * (double)whole));
  double c = series(angle, 1, 0), s = series(angle, angle, 1);
  const double cosines[] = {c, -s, -c, s}, sines[] = {s, c, -s, -c};
  *cosine = cosines[quarters % 4];
  *sine = sines[quarters % 4];
}
