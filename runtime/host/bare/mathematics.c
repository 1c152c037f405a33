/*
 * mathematics.c: what code calls of a C library's mathematics where the processor has no instruction for
 * it (Cortex-M4's FPU cannot round). A libc's own come before ours, which are weak.
 */
#define WEAK __attribute__((weak))

float roundevenf(float x);
float rintf(float x);
float truncf(float x);
float floorf(float x);
float ceilf(float x);
double sqrt(double x);

/* From here on floats are whole numbers. */
static const float WHOLE = 0x1p23f;

static float with_sign_of(float value, float x) {
  return __builtin_copysignf(value, x);
}

WEAK float roundevenf(float x) {
  float size = __builtin_fabsf(x);
  if (!(size < WHOLE)) return x;
  volatile float shifted = size + WHOLE; /* the addition rounds */
  return with_sign_of(shifted - WHOLE, x);
}

WEAK float rintf(float x) {
  return roundevenf(x);
}

WEAK float truncf(float x) {
  return __builtin_fabsf(x) < WHOLE ? with_sign_of((float)(int)x, x) : x;
}

WEAK float floorf(float x) {
  float whole = truncf(x);
  return whole > x ? whole - 1 : whole;
}

WEAK float ceilf(float x) {
  float whole = truncf(x);
  return whole < x ? with_sign_of(whole + 1, x) : whole;
}

/* By Newton's steps from above, which end at the root or the number below it; the FPU knows f32's. */
WEAK double sqrt(double x) {
  if (!(x > 0) || __builtin_isinf(x)) return x < 0 ? (double)__builtin_nanf("") : x;
  double root, better = __builtin_sqrtf((float)x) * (1 + 0x1p-22);
  if (!(better > 0) || __builtin_isinf(better)) better = x < 1 ? 1 : x; /* f32 cannot say it */
  do {
    root = better;
    better = (root + x / root) / 2;
  } while (better < root);
  return root;
}
