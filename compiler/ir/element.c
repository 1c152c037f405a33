/*
 * element.c: elements of any dtype to and from double or int64. The 16-bit
 * floats are packed from double at once (IEEE 754, 4.3.1: one rounding).
 */
#include "ir/element.h"

#include <math.h>
#include <string.h>

/* ---- 16-bit floats: sign, exponent field, `fraction_bits` of fraction ---- */

enum { F16_FRACTION_BITS = 10, BF16_FRACTION_BITS = 7 };

static int exponent_bits(int fraction_bits) {
  return 15 - fraction_bits;
}
/* Exponent of the smallest normal number. */
static int least_exponent(int fraction_bits) {
  return 2 - (1 << (exponent_bits(fraction_bits) - 1));
}

/* A double's exponent field is 11 bits with this bias, over this many bits of fraction. */
enum { DOUBLE_BIAS = 1023, DOUBLE_FRACTION_BITS = 52 };

static uint16_t pack_small_float(double x, int fraction_bits) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  unsigned sign = (unsigned)(bits >> 48) & 0x8000;
  unsigned infinity = ((1u << exponent_bits(fraction_bits)) - 1) << fraction_bits;
  if (isnan(x)) return (uint16_t)(sign | infinity | 1u << (fraction_bits - 1));
  int least = least_exponent(fraction_bits);
  int exponent = (int)(bits >> DOUBLE_FRACTION_BITS & 0x7ff) - DOUBLE_BIAS;
  if (exponent > 1 - least) return (uint16_t)(sign | infinity);
  /* The significand as an integer; its leading bit adds one to the exponent field, and so does a carry. */
  uint64_t significand = (bits & ((1ull << DOUBLE_FRACTION_BITS) - 1)) | 1ull << DOUBLE_FRACTION_BITS;
  int shift = DOUBLE_FRACTION_BITS - fraction_bits + (exponent < least ? least - exponent : 0);
  if (shift > DOUBLE_FRACTION_BITS + 1) return (uint16_t)sign; /* less than half of the least number */
  unsigned field = exponent < least ? 0 : (unsigned)(exponent - least);
  uint64_t up = (1ull << (shift - 1)) - 1 + (significand >> shift & 1); /* ties to even */
  return (uint16_t)(sign | ((field << fraction_bits) + (unsigned)((significand + up) >> shift)));
}

static double unpack_small_float(uint16_t code, int fraction_bits) {
  int field = (code & 0x7fff) >> fraction_bits, fraction = code & ((1 << fraction_bits) - 1);
  int last = (1 << exponent_bits(fraction_bits)) - 1, least = least_exponent(fraction_bits);
  double size;
  if (field == last) {
    size = fraction ? NAN : INFINITY;
  } else if (field == 0) {
    size = ldexp(fraction, least - fraction_bits);
  } else {
    int exponent = field - 1 + least + DOUBLE_BIAS;
    uint64_t bits = (uint64_t)exponent << DOUBLE_FRACTION_BITS |
                    (uint64_t)fraction << (DOUBLE_FRACTION_BITS - fraction_bits);
    memcpy(&size, &bits, sizeof size);
  }
  return code & 0x8000 ? -size : size;
}

/* ---- any dtype: rows of dtype and C type that holds it ---- */

#define PLAIN_DTYPES(X)                                                                                      \
  X(F32, float)                                                                                              \
  X(F64, double)                                                                                             \
  X(I8, int8_t)                                                                                              \
  X(I16, int16_t)                                                                                            \
  X(I32, int32_t)                                                                                            \
  X(I64, int64_t)                                                                                            \
  X(U8, uint8_t)                                                                                             \
  X(U16, uint16_t)                                                                                           \
  X(U32, uint32_t)                                                                                           \
  X(U64, uint64_t)                                                                                           \
  X(BOOL, uint8_t)

/* Integers and the doubles between which truncation is defined; of 64 bits, the largest is no double. */
#define NARROW_INTEGER_DTYPES(X)                                                                             \
  X(I8, int8_t, INT8_MIN, INT8_MAX)                                                                          \
  X(I16, int16_t, INT16_MIN, INT16_MAX)                                                                      \
  X(I32, int32_t, INT32_MIN, INT32_MAX)                                                                      \
  X(U8, uint8_t, 0, UINT8_MAX)                                                                               \
  X(U16, uint16_t, 0, UINT16_MAX)                                                                            \
  X(U32, uint32_t, 0, UINT32_MAX)
#define WIDE_INTEGER_DTYPES(X)                                                                               \
  X(I64, int64_t, INT64_MIN, INT64_MAX)                                                                      \
  X(U64, uint64_t, 0, UINT64_MAX)
#define INTEGER_DTYPES(X) NARROW_INTEGER_DTYPES(X) WIDE_INTEGER_DTYPES(X)

/* The two 16-bit floats, and the bits of their fractions. */
#define SMALL_DTYPES(X)                                                                                      \
  X(F16, F16_FRACTION_BITS)                                                                                  \
  X(BF16, BF16_FRACTION_BITS)

/* Element `index` of `data`, into `x` or from it; memcpy for elements of any alignment. */
#define LOAD(type, x, index) memcpy(&(x), (const char *)data + (size_t)(index) * sizeof(type), sizeof(type))
#define STORE(type, index, value)                                                                            \
  do {                                                                                                       \
    type element_ = (value);                                                                                 \
    memcpy((char *)data + (size_t)(index) * sizeof(type), &element_, sizeof(type));                          \
  } while (0)

/* ---- reading ---- */

void element_doubles(ir_dtype dtype, const void *data, int64_t first, int64_t step, int64_t count,
                     double *x) {
  switch (dtype) {
#define X(DTYPE, fraction_bits)                                                                              \
  case SMELT_##DTYPE:                                                                                        \
    for (int64_t i = 0; i < count; i++) {                                                                    \
      uint16_t code;                                                                                         \
      LOAD(uint16_t, code, first + i * step);                                                                \
      x[i] = unpack_small_float(code, fraction_bits);                                                        \
    }                                                                                                        \
    return;
    SMALL_DTYPES(X)
#undef X
#define X(DTYPE, type)                                                                                       \
  case SMELT_##DTYPE:                                                                                        \
    for (int64_t i = 0; i < count; i++) {                                                                    \
      type element;                                                                                          \
      LOAD(type, element, first + i * step);                                                                 \
      x[i] = (double)element;                                                                                \
    }                                                                                                        \
    return;
    PLAIN_DTYPES(X)
#undef X
  default:
    memset(x, 0, (size_t)count * sizeof *x);
  }
}

/* double to int64 as element_set_doubles describes. */
static int64_t truncate_to_i64(double x) {
  if (isnan(x)) return 0;
  if (x >= 0x1p63) return INT64_MAX;
  return x <= -0x1p63 ? INT64_MIN : (int64_t)x;
}

void element_integers(ir_dtype dtype, const void *data, int64_t first, int64_t step, int64_t count,
                      int64_t *x) {
  switch (dtype) {
#define X(DTYPE, type, least, most)                                                                          \
  case SMELT_##DTYPE:                                                                                        \
    for (int64_t i = 0; i < count; i++) {                                                                    \
      type element;                                                                                          \
      LOAD(type, element, first + i * step);                                                                 \
      x[i] = (int64_t)element;                                                                               \
    }                                                                                                        \
    return;
    INTEGER_DTYPES(X)
    X(BOOL, uint8_t, 0, 1)
#undef X
  default:
    for (int64_t i = 0; i < count; i++) x[i] = truncate_to_i64(element_double(dtype, data, first + i * step));
  }
}

/* ---- writing ---- */

void element_set_doubles(ir_dtype dtype, void *data, int64_t first, int64_t count, const double *x) {
  switch (dtype) {
  case SMELT_F32:
    for (int64_t i = 0; i < count; i++) STORE(float, first + i, (float)x[i]);
    return;
  case SMELT_F64:
    for (int64_t i = 0; i < count; i++) STORE(double, first + i, x[i]);
    return;
#define X(DTYPE, fraction_bits)                                                                              \
  case SMELT_##DTYPE:                                                                                        \
    for (int64_t i = 0; i < count; i++) STORE(uint16_t, first + i, pack_small_float(x[i], fraction_bits));   \
    return;
    SMALL_DTYPES(X)
#undef X
  case SMELT_BOOL:
    for (int64_t i = 0; i < count; i++) STORE(uint8_t, first + i, x[i] != 0);
    return;
#define X(DTYPE, type, least, most)                                                                          \
  case SMELT_##DTYPE:                                                                                        \
    for (int64_t i = 0; i < count; i++) { /* without branches: vectors */                                    \
      double y = isnan(x[i]) ? 0 : x[i];                                                                     \
      y = y > (double)most ? (double)most : y;                                                               \
      y = y < (double)least ? (double)least : y;                                                             \
      STORE(type, first + i, (type)y);                                                                       \
    }                                                                                                        \
    return;
    NARROW_INTEGER_DTYPES(X)
#undef X
#define X(DTYPE, type, least, most)                                                                          \
  case SMELT_##DTYPE:                                                                                        \
    for (int64_t i = 0; i < count; i++) {                                                                    \
      if (isnan(x[i])) {                                                                                     \
        STORE(type, first + i, 0);                                                                           \
      } else if (x[i] >= (double)most) {                                                                     \
        STORE(type, first + i, most);                                                                        \
      } else {                                                                                               \
        STORE(type, first + i, x[i] <= (double)least ? least : (type)x[i]);                                  \
      }                                                                                                      \
    }                                                                                                        \
    return;
    WIDE_INTEGER_DTYPES(X)
#undef X
  default:
    return;
  }
}

void element_set_integers(ir_dtype dtype, void *data, int64_t first, int64_t count, const int64_t *x,
                          bool is_unsigned) {
  switch (dtype) {
  case SMELT_F32:
    for (int64_t i = 0; i < count; i++)
      STORE(float, first + i, is_unsigned ? (float)(uint64_t)x[i] : (float)x[i]);
    return;
  case SMELT_BOOL:
    for (int64_t i = 0; i < count; i++) STORE(uint8_t, first + i, x[i] != 0);
    return;
#define X(DTYPE, type, least, most)                                                                          \
  case SMELT_##DTYPE:                                                                                        \
    for (int64_t i = 0; i < count; i++) STORE(type, first + i, (type)x[i]);                                  \
    return;
    INTEGER_DTYPES(X)
#undef X
  default:
    for (int64_t i = 0; i < count; i++)
      element_set_double(dtype, data, first + i, is_unsigned ? (double)(uint64_t)x[i] : (double)x[i]);
  }
}

/* ---- one element ---- */

double element_double(ir_dtype dtype, const void *data, int64_t index) {
  double x;
  element_doubles(dtype, data, index, 0, 1, &x);
  return x;
}

int64_t element_integer(ir_dtype dtype, const void *data, int64_t index) {
  int64_t x;
  element_integers(dtype, data, index, 0, 1, &x);
  return x;
}

void element_set_double(ir_dtype dtype, void *data, int64_t index, double x) {
  element_set_doubles(dtype, data, index, 1, &x);
}

void element_set_integer(ir_dtype dtype, void *data, int64_t index, int64_t x, bool is_unsigned) {
  element_set_integers(dtype, data, index, 1, &x, is_unsigned);
}
