/*
 * math.c: exp, log, tanh, erf, atan, sin, cos and pow as straight-line code over
 * scalars or vectors of f32 or f64. No tables, no library calls, no branches:
 * each is an argument reduction, a polynomial and a reconstruction (Muller,
 * Elementary Functions, 3rd ed., chapters 11 and 12). Polynomials are the
 * functions' own Taylor series, or Chebyshev series computed here (Trefethen,
 * Approximation Theory and Approximation Practice, chapter 4), as long as the
 * precision asks for.
 */
#include "codegen/emit.h"

#include <math.h>

static bool is_double(LLVMValueRef x) {
  return LLVMGetTypeKind(emit_element_type(LLVMTypeOf(x))) == LLVMDoubleTypeKind;
}

static LLVMValueRef number_like(LLVMValueRef x, double value) {
  return emit_number(LLVMTypeOf(x), value);
}

static LLVMTypeRef bits_type(emitter *e, LLVMValueRef x) {
  return emit_lanes_type(is_double(x) ? e->i64 : e->i32, emit_lanes(x));
}

static int fraction_bits(LLVMValueRef x) {
  return is_double(x) ? 52 : 23;
}
static int exponent_bias(LLVMValueRef x) {
  return is_double(x) ? 1023 : 127;
}

/* coefficients[0] + coefficients[1] x + ..., by Horner's rule. */
static LLVMValueRef polynomial(emitter *e, LLVMValueRef x, const double *coefficients, int count) {
  LLVMValueRef sum = number_like(x, coefficients[count - 1]);
  for (int i = count - 2; i >= 0; i--) sum = emit_fma(e, sum, x, number_like(x, coefficients[i]));
  return sum;
}

/* The same in pairs, as a polynomial in x^2: half the latency. */
static LLVMValueRef paired_polynomial(emitter *e, LLVMValueRef x, LLVMValueRef x2, const double *coefficients,
                                      int count) {
  LLVMValueRef sum = NULL;
  for (int i = (count - 1) / 2 * 2; i >= 0; i -= 2) {
    LLVMValueRef pair = number_like(x, coefficients[i]);
    if (i + 1 < count) pair = emit_fma(e, x, number_like(x, coefficients[i + 1]), pair);
    sum = sum ? emit_fma(e, sum, x2, pair) : pair;
  }
  return sum;
}

/* ---- Chebyshev series ------------------------------------------------------------------- */

typedef long double smooth(long double x);
/* A function on [-limit, limit]; an even one is a series in z = 2 x^2 / limit^2 - 1, others in z = x / limit.
 */
typedef struct {
  smooth *f;
  double limit;
  bool is_even;
} series;

/* Chebyshev coefficient k, over z on [-1, 1]. */
static long double chebyshev_coefficient(const series *s, int k) {
  enum { NODES = 64 };
  const long double pi = acosl(-1);
  long double sum = 0;
  for (int j = 0; j < NODES; j++) {
    long double angle = pi * (j + 0.5L) / NODES, z = cosl(angle);
    sum += s->f(s->limit * (s->is_even ? sqrtl((z + 1) / 2) : z)) * cosl(k * angle);
  }
  return sum * (k ? 2 : 1) / NODES;
}

enum { MAX_TERMS = 40 };

/*
 * The sum of the first `count` terms as a polynomial in z. In more than f64: the coefficients' errors would
 * add up in every result. Their sizes add up to a few times the function, so Horner's rule loses little.
 */
static void chebyshev_polynomial(const series *s, double *coefficients, int count) {
  long double sum[MAX_TERMS] = {0}, before[MAX_TERMS] = {0}, present[MAX_TERMS] = {1}; /* T(k - 1), T(k) */
  for (int k = 0; k < count; k++) {
    long double term = chebyshev_coefficient(s, k);
    for (int i = 0; i <= k; i++) sum[i] += term * present[i];
    for (int i = k + 1; i >= 0 && i < count; i--) {
      long double next = (i ? (k ? 2 : 1) * present[i - 1] : 0) - before[i];
      before[i] = present[i];
      present[i] = next;
    }
  }
  for (int i = 0; i < count; i++) coefficients[i] = (double)sum[i];
}

/* ---- exp ------------------------------------------------------------------------------- */

/* Adding 1.5 * 2^fraction_bits leaves round(x) in the low bits, for |x| < 2^22 (2^51). */
static double rounding_shift(LLVMValueRef x) {
  return 1.5 * ldexp(1, fraction_bits(x));
}

/* round(x * scale) as float and as integer of the same width. NaN gives some integer and a NaN. */
static LLVMValueRef round_scaled(emitter *e, LLVMValueRef x, double scale, LLVMValueRef *integer) {
  LLVMValueRef shift = number_like(x, rounding_shift(x));
  LLVMValueRef shifted = emit_fma(e, x, number_like(x, scale), shift);
  *integer = LLVMBuildBitCast(e->builder, shifted, bits_type(e, x), "");
  return emit_sub(e, shifted, shift);
}

/* ln 2 in two parts, the first with so few bits that n times it is exact. */
static const double LN2_HIGH_F32 = 0.693359375, LN2_LOW_F32 = -2.12194440054690583e-4;
static const double LN2_HIGH_F64 = 6.93147180369123816490e-01, LN2_LOW_F64 = 1.90821492927058770002e-10;

enum { EXP_TERMS_F32 = 7, EXP_TERMS_F64 = 13 };

/* x = n ln 2 + r with whole n, |r| <= ln 2 / 2 unless n is the largest; returns e^r - 1 and 2^n. */
static LLVMValueRef exp_reduced(emitter *e, LLVMValueRef x, LLVMValueRef *scale) {
  LLVMTypeRef bits = bits_type(e, x);
  LLVMValueRef shift = number_like(x, rounding_shift(x));
  LLVMValueRef shifted = emit_fma(e, x, number_like(x, 1 / log(2)), shift);
  /* 2^n is finite; beyond, r grows and so does its polynomial, up to infinity */
  shifted = emit_smaller(e, shifted, number_like(x, rounding_shift(x) + exponent_bias(x)));
  LLVMValueRef n = emit_sub(e, shifted, shift);
  LLVMValueRef r = emit_fma(e, n, number_like(x, is_double(x) ? -LN2_HIGH_F64 : -LN2_HIGH_F32), x);
  r = emit_fma(e, n, number_like(x, is_double(x) ? -LN2_LOW_F64 : -LN2_LOW_F32), r);
  /* the low bits of `shifted` are n: moved to the exponent, the others fall off */
  LLVMValueRef raw = LLVMBuildBitCast(e->builder, shifted, bits, "");
  raw = emit_binary(e, LLVMShl, raw, emit_integer(bits, fraction_bits(x)));
  raw = emit_add(e, raw, emit_integer(bits, (int64_t)exponent_bias(x) << fraction_bits(x)));
  *scale = LLVMBuildBitCast(e->builder, raw, LLVMTypeOf(x), "");
  double inverse_factorials[EXP_TERMS_F64], factorial = 1;
  for (int i = 0; i < EXP_TERMS_F64; i++) inverse_factorials[i] = 1 / (factorial *= i + 2);
  LLVMValueRef r2 = emit_mul(e, r, r);
  int terms = (is_double(x) ? EXP_TERMS_F64 : EXP_TERMS_F32) - 1;
  return emit_fma(e, r2, paired_polynomial(e, r, r2, inverse_factorials, terms), r);
}

/* Within 1 ulp (8 ulp in the last half power of two before infinity); below the smallest normal number it is
 * 0. */
static LLVMValueRef exp_of(emitter *e, LLVMValueRef x) {
  LLVMValueRef scale, least = number_like(x, is_double(x) ? -708.39 : -87.33);
  LLVMValueRef less_one = exp_reduced(e, x, &scale);
  LLVMValueRef v = emit_fma(e, less_one, scale, scale);
  return emit_select(e, emit_fcmp(e, LLVMRealOLT, x, least), number_like(x, 0), v);
}

LLVMValueRef emit_exp(emitter *e, LLVMValueRef x) {
  return emit_shared(e, "shared_exp", exp_of, x);
}

enum { EXP2_TERMS_F32 = 6, EXP2_TERMS_F64 = 12 }; /* beside 1 */

/* (2^(x / 2) - 1) / x */
static long double exp2_half_over_x(long double x) {
  return x == 0 ? logl(2) / 2 : expm1l(x * logl(2) / 2) / x;
}

/*
 * 2^x for x below 127 (1023), within 2 ulp; 0 from half a power below the smallest normal number on. What is
 * left of x after its whole part is exact, and the shift that rounds x brings the exponent's bias along. 2^0
 * is exactly 1.
 */
static LLVMValueRef exp2_of(emitter *e, LLVMValueRef x) {
  LLVMTypeRef bits = bits_type(e, x);
  LLVMValueRef shift = number_like(x, rounding_shift(x) + exponent_bias(x));
  x = emit_larger(e, number_like(x, -exponent_bias(x)), x); /* there the scale is 0; NaN stays NaN */
  LLVMValueRef shifted = emit_add(e, x, shift), r = emit_sub(e, x, emit_sub(e, shifted, shift));
  LLVMValueRef scale = LLVMBuildBitCast(e->builder, shifted, bits, "");
  scale = emit_binary(e, LLVMShl, scale, emit_integer(bits, fraction_bits(x)));
  scale = LLVMBuildBitCast(e->builder, scale, LLVMTypeOf(x), "");
  double terms[1 + EXP2_TERMS_F64] = {1};
  int count = is_double(x) ? EXP2_TERMS_F64 : EXP2_TERMS_F32;
  chebyshev_polynomial(&(series){exp2_half_over_x, 1, .is_even = false}, terms + 1, count);
  for (int i = 1; i <= count; i++) terms[i] = ldexp(terms[i], i); /* of r, not of 2 r */
  return emit_mul(e, paired_polynomial(e, r, emit_mul(e, r, r), terms, count + 1), scale);
}

LLVMValueRef emit_exp2(emitter *e, LLVMValueRef x) {
  return emit_shared(e, "shared_exp2", exp2_of, x);
}

enum { LOG_TERMS_F32 = 6, LOG_TERMS_F64 = 11 };

/* Within 2 ulp; log 0 = -infinity, negative numbers give NaN. */
LLVMValueRef emit_log(emitter *e, LLVMValueRef x) {
  LLVMTypeRef bits = bits_type(e, x);
  int fraction = fraction_bits(x);
  double smallest = is_double(x) ? 0x1p-1022 : 0x1p-126, lift = ldexp(1, fraction + 2);
  LLVMValueRef subnormal = emit_fcmp(e, LLVMRealOLT, x, number_like(x, smallest));
  LLVMValueRef lifted = emit_select(e, subnormal, emit_mul(e, x, number_like(x, lift)), x);
  /* lifted = 2^n m with m in [sqrt 1/2, sqrt 2): take the exponent after subtracting that of sqrt 1/2 */
  LLVMValueRef root = LLVMBuildBitCast(e->builder, number_like(x, sqrt(0.5)), bits, "");
  LLVMValueRef raw = LLVMBuildBitCast(e->builder, lifted, bits, "");
  LLVMValueRef n = emit_binary(e, LLVMAShr, emit_sub(e, raw, root), emit_integer(bits, fraction));
  LLVMValueRef m = emit_sub(e, raw, emit_binary(e, LLVMShl, n, emit_integer(bits, fraction)));
  m = LLVMBuildBitCast(e->builder, m, LLVMTypeOf(x), "");
  n = emit_sub(e, n, emit_select(e, subnormal, emit_integer(bits, fraction + 2), emit_zero(bits)));
  LLVMValueRef whole = LLVMBuildSIToFP(e->builder, n, LLVMTypeOf(x), "");
  /* log m = 2 artanh s = 2 (s + s^3/3 + s^5/5 ...), s = f / (2 + f), f = m - 1; in the form f - s (f - tail)
   */
  LLVMValueRef one = number_like(x, 1);
  LLVMValueRef f = emit_sub(e, m, one);
  LLVMValueRef s = emit_fdiv(e, f, emit_add(e, f, number_like(x, 2)));
  LLVMValueRef z = emit_mul(e, s, s);
  double odd[LOG_TERMS_F64];
  for (int i = 0; i < LOG_TERMS_F64; i++) odd[i] = 2.0 / (2 * i + 3);
  LLVMValueRef tail = polynomial(e, z, odd, (is_double(x) ? LOG_TERMS_F64 : LOG_TERMS_F32) - 1);
  tail = emit_mul(e, z, tail);
  LLVMValueRef low = emit_mul(e, whole, number_like(x, is_double(x) ? LN2_LOW_F64 : LN2_LOW_F32));
  LLVMValueRef correction = emit_sub(e, emit_mul(e, s, emit_sub(e, f, tail)), low);
  LLVMValueRef near_zero = emit_sub(e, f, correction);
  LLVMValueRef v = emit_fma(e, whole, number_like(x, is_double(x) ? LN2_HIGH_F64 : LN2_HIGH_F32), near_zero);
  LLVMValueRef infinity = number_like(x, INFINITY), zero = number_like(x, 0);
  v = emit_select(e, emit_fcmp(e, LLVMRealOLT, x, infinity), v, x); /* infinity and NaN are themselves */
  v = emit_select(e, emit_fcmp(e, LLVMRealOEQ, x, zero), number_like(x, -INFINITY), v);
  return emit_select(e, emit_fcmp(e, LLVMRealOLT, x, zero), number_like(x, NAN), v);
}

/* Where no instruction does it, by a number so large that sums with it have no fraction left. */
LLVMValueRef emit_round_even(emitter *e, LLVMValueRef x) {
  if (!e->level->lacks_rounding) return emit_intrinsic(e, "llvm.roundeven", x, NULL, NULL);
  LLVMValueRef size = emit_intrinsic(e, "llvm.fabs", x, NULL, NULL);
  LLVMValueRef large = number_like(x, is_double(x) ? 0x1p52 : 0x1p23);
  LLVMValueRef whole = emit_sub(e, emit_add(e, size, large), large);
  whole = emit_intrinsic(e, "llvm.copysign", whole, x, NULL);
  return emit_select(e, emit_fcmp(e, LLVMRealOLT, size, large), whole, x); /* others are whole, or NaN */
}

/* Within 3 ulp: (e^2|x| - 1) / (e^2|x| + 1), the difference from one kept exact near 0. */
static LLVMValueRef tanh_of(emitter *e, LLVMValueRef x) {
  double saturated = is_double(x) ? 22 : 10;
  LLVMValueRef size = emit_intrinsic(e, "llvm.fabs", x, NULL, NULL);
  LLVMValueRef most = number_like(x, saturated);
  LLVMValueRef y = emit_select(e, emit_fcmp(e, LLVMRealOGT, size, most), most, size);
  LLVMValueRef scale, less_one = exp_reduced(e, emit_add(e, y, y), &scale);
  LLVMValueRef t = emit_fma(e, less_one, scale, emit_sub(e, scale, number_like(x, 1)));
  return emit_intrinsic(e, "llvm.copysign", emit_fdiv(e, t, emit_add(e, t, number_like(x, 2))), x, NULL);
}

LLVMValueRef emit_tanh(emitter *e, LLVMValueRef x) {
  return emit_shared(e, "shared_tanh", tanh_of, x);
}

/* ---- erf and atan: odd functions as x times a series in x^2 ------------------------------ */

enum { ERF_TERMS_F32 = 17, ERF_TERMS_F64 = MAX_TERMS, ATAN_TERMS_F32 = 10, ATAN_TERMS_F64 = 22 };

static long double erf_over_x(long double x) {
  return x == 0 ? 2 / sqrtl(acosl(-1)) : erfl(x) / x;
}

static long double atan_over_x(long double x) {
  return x == 0 ? 1 : atanl(x) / x;
}

/* f(y) for 0 <= y <= limit, where over_x is f(x) / x. */
static LLVMValueRef odd_function(emitter *e, LLVMValueRef y, smooth *over_x, double limit, int count) {
  double coefficients[MAX_TERMS];
  chebyshev_polynomial(&(series){over_x, limit, .is_even = true}, coefficients, count);
  LLVMValueRef scale = number_like(y, 2 / (limit * limit));
  LLVMValueRef z = emit_fma(e, emit_mul(e, y, y), scale, number_like(y, -1));
  return emit_mul(e, y, paired_polynomial(e, z, emit_mul(e, z, z), coefficients, count));
}

/* Within 5 ulp (f64: 8). */
static LLVMValueRef erf_of(emitter *e, LLVMValueRef x) {
  double limit = is_double(x) ? 6 : 4;
  LLVMValueRef size = emit_intrinsic(e, "llvm.fabs", x, NULL, NULL), one = number_like(x, 1);
  LLVMValueRef most = number_like(x, limit);
  LLVMValueRef y = emit_select(e, emit_fcmp(e, LLVMRealOGT, size, most), most, size);
  LLVMValueRef v = odd_function(e, y, erf_over_x, limit, is_double(x) ? ERF_TERMS_F64 : ERF_TERMS_F32);
  v = emit_select(e, emit_fcmp(e, LLVMRealOGT, v, one), one, v);
  return emit_intrinsic(e, "llvm.copysign", v, x, NULL);
}

LLVMValueRef emit_erf(emitter *e, LLVMValueRef x) {
  return emit_shared(e, "shared_erf", erf_of, x);
}

/* Within 4 ulp; beyond 1 it is pi / 2 - atan(1 / x). */
LLVMValueRef emit_atan(emitter *e, LLVMValueRef x) {
  LLVMValueRef size = emit_intrinsic(e, "llvm.fabs", x, NULL, NULL), one = number_like(x, 1);
  LLVMValueRef beyond = emit_fcmp(e, LLVMRealOGT, size, one);
  LLVMValueRef y = emit_select(e, beyond, emit_fdiv(e, one, size), size);
  LLVMValueRef v = odd_function(e, y, atan_over_x, 1, is_double(x) ? ATAN_TERMS_F64 : ATAN_TERMS_F32);
  v = emit_select(e, beyond, emit_sub(e, number_like(x, acos(-1) / 2), v), v);
  return emit_intrinsic(e, "llvm.copysign", v, x, NULL);
}

/* ---- sin and cos -------------------------------------------------------------------------- */

enum { SINE_TERMS_F32 = 5, SINE_TERMS_F64 = 10 };

/* sin(x + quarter * pi / 2). |x| up to 2^30: x is reduced in f64, in three parts of pi / 2 for f64 itself. */
static LLVMValueRef turned_sine(emitter *e, LLVMValueRef x, int quarter) {
  int lanes = emit_lanes(x);
  LLVMTypeRef wide_type = emit_type(e, SMELT_F64, lanes);
  LLVMValueRef wide = is_double(x) ? x : LLVMBuildFPExt(e->builder, x, wide_type, "");
  LLVMValueRef n;
  LLVMValueRef whole = round_scaled(e, wide, 2 / acos(-1), &n);
  /* pi / 2 = the sum of these; the first two have 33 bits */
  static const double PARTS[] = {1.57079632673412561417e+00, 6.07710050630396597660e-11,
                                 2.02226624879595063154e-21};
  for (int i = 0; i < 3; i++) wide = emit_fma(e, whole, number_like(wide, -PARTS[i]), wide);
  LLVMValueRef r = is_double(x) ? wide : LLVMBuildFPTrunc(e->builder, wide, LLVMTypeOf(x), "");
  n = emit_add(e, n, emit_integer(LLVMTypeOf(n), quarter));
  double sine[SINE_TERMS_F64], cosine[SINE_TERMS_F64 + 1], factorial = 1;
  int terms = is_double(x) ? SINE_TERMS_F64 : SINE_TERMS_F32;
  for (int i = 0; i <= terms; i++) {
    if (i > 0) factorial *= 2.0 * i;
    cosine[i] = (i % 2 ? -1 : 1) / factorial;
    if (i > 0) factorial *= 2.0 * i + 1;
    if (i < terms) sine[i] = (i % 2 ? -1 : 1) / factorial;
  }
  LLVMValueRef z = emit_mul(e, r, r);
  LLVMValueRef s = emit_fma(e, emit_mul(e, r, z), polynomial(e, z, sine + 1, terms - 1), r);
  LLVMValueRef c = polynomial(e, z, cosine, terms + 1);
  LLVMTypeRef bits = LLVMTypeOf(n);
  LLVMValueRef zero = emit_zero(bits);
  LLVMValueRef odd = emit_icmp(e, LLVMIntNE, emit_binary(e, LLVMAnd, n, emit_integer(bits, 1)), zero);
  LLVMValueRef lower = emit_icmp(e, LLVMIntNE, emit_binary(e, LLVMAnd, n, emit_integer(bits, 2)), zero);
  LLVMValueRef v = emit_select(e, odd, c, s);
  return emit_select(e, lower, LLVMBuildFNeg(e->builder, v, ""), v);
}

/* Within 2 ulp of the largest result, 1. */
LLVMValueRef emit_sin(emitter *e, LLVMValueRef x) {
  return turned_sine(e, x, 0);
}
LLVMValueRef emit_cos(emitter *e, LLVMValueRef x) {
  return turned_sine(e, x, 1);
}

/* ---- pow ------------------------------------------------------------------------------------ */

/* f32 goes through f64 and is within 1 ulp; f64 loses about log2 |y log x| bits. */
LLVMValueRef emit_pow(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  emit_match(e, &x, &y);
  LLVMTypeRef type = LLVMTypeOf(x), wide = emit_type(e, SMELT_F64, emit_lanes(x));
  bool narrow = !is_double(x);
  LLVMValueRef base = narrow ? LLVMBuildFPExt(e->builder, x, wide, "") : x;
  LLVMValueRef power = narrow ? LLVMBuildFPExt(e->builder, y, wide, "") : y;
  LLVMValueRef zero = emit_number(wide, 0), one = emit_number(wide, 1);
  LLVMValueRef size = emit_intrinsic(e, "llvm.fabs", base, NULL, NULL);
  LLVMValueRef v = emit_exp(e, emit_mul(e, power, emit_log(e, size)));
  /* a negative base has a real power only for whole exponents, whose oddness is the sign */
  LLVMValueRef whole = emit_fcmp(e, LLVMRealOEQ, emit_intrinsic(e, "llvm.trunc", power, NULL, NULL), power);
  LLVMValueRef half = emit_mul(e, power, emit_number(wide, 0.5));
  LLVMValueRef even = emit_fcmp(e, LLVMRealOEQ, emit_intrinsic(e, "llvm.trunc", half, NULL, NULL), half);
  LLVMValueRef turned = emit_select(e, even, v, LLVMBuildFNeg(e->builder, v, ""));
  turned = emit_select(e, whole, turned, emit_number(wide, NAN));
  v = emit_select(e, emit_fcmp(e, LLVMRealOLT, base, zero), turned, v);
  LLVMValueRef is_one =
      emit_binary(e, LLVMOr, emit_fcmp(e, LLVMRealOEQ, power, zero), emit_fcmp(e, LLVMRealOEQ, base, one));
  v = emit_select(e, is_one, one, v);
  return narrow ? LLVMBuildFPTrunc(e->builder, v, type, "") : v;
}
