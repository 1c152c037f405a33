/*
 * element.c: one element of any dtype to and from double or int64. The 16-bit
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

static uint16_t pack_small_float(double x, int fraction_bits) {
  unsigned sign = signbit(x) ? 0x8000u : 0;
  unsigned infinity = ((1u << exponent_bits(fraction_bits)) - 1) << fraction_bits;
  if (isnan(x)) return (uint16_t)(sign | infinity | 1u << (fraction_bits - 1));
  if (isinf(x)) return (uint16_t)(sign | infinity);
  if (x == 0) return (uint16_t)sign;
  int least = least_exponent(fraction_bits), exponent = ilogb(x);
  if (exponent > 2 * -least) return (uint16_t)(sign | infinity);
  if (exponent < least) exponent = least;
  /* The significand as an integer; its leading bit adds one to the exponent field, and so does a carry. */
  unsigned significand = (unsigned)nearbyint(ldexp(fabs(x), fraction_bits - exponent));
  unsigned code = ((unsigned)(exponent - least) << fraction_bits) + significand;
  return (uint16_t)(sign | (code > infinity ? infinity : code));
}

static double unpack_small_float(uint16_t code, int fraction_bits) {
  int field = (code & 0x7fff) >> fraction_bits, fraction = code & ((1 << fraction_bits) - 1);
  double size;
  if (field == (1 << exponent_bits(fraction_bits)) - 1) {
    size = fraction ? NAN : INFINITY;
  } else {
    int significand = field ? fraction | 1 << fraction_bits : fraction;
    size = ldexp(significand, least_exponent(fraction_bits) + (field ? field - 1 : 0) - fraction_bits);
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

/* Integers and the doubles between which truncation is defined. */
#define INTEGER_DTYPES(X)                                                                                    \
  X(I8, int8_t, INT8_MIN, INT8_MAX)                                                                          \
  X(I16, int16_t, INT16_MIN, INT16_MAX)                                                                      \
  X(I32, int32_t, INT32_MIN, INT32_MAX)                                                                      \
  X(I64, int64_t, INT64_MIN, INT64_MAX)                                                                      \
  X(U8, uint8_t, 0, UINT8_MAX)                                                                               \
  X(U16, uint16_t, 0, UINT16_MAX)                                                                            \
  X(U32, uint32_t, 0, UINT32_MAX)                                                                            \
  X(U64, uint64_t, 0, UINT64_MAX)

static const void *place(ir_dtype dtype, const void *data, int64_t index) {
  return (const char *)data + (size_t)index * ir_dtype_bytes(dtype);
}

double element_double(ir_dtype dtype, const void *data, int64_t index) {
  const void *at = place(dtype, data, index);
  uint16_t code;
  switch (dtype) {
  case SMELT_F16:
    memcpy(&code, at, sizeof code);
    return unpack_small_float(code, F16_FRACTION_BITS);
  case SMELT_BF16:
    memcpy(&code, at, sizeof code);
    return unpack_small_float(code, BF16_FRACTION_BITS);
#define X(DTYPE, type)                                                                                       \
  case SMELT_##DTYPE: {                                                                                      \
    type x;                                                                                                  \
    memcpy(&x, at, sizeof x);                                                                                \
    return (double)x;                                                                                        \
  }
    PLAIN_DTYPES(X)
#undef X
  default:
    return 0;
  }
}

/* double to int64 as element_set_double describes. */
static int64_t truncate_to_i64(double x) {
  if (isnan(x)) return 0;
  if (x >= 0x1p63) return INT64_MAX;
  return x <= -0x1p63 ? INT64_MIN : (int64_t)x;
}

int64_t element_integer(ir_dtype dtype, const void *data, int64_t index) {
  if (ir_dtype_is_float(dtype)) return truncate_to_i64(element_double(dtype, data, index));
  const void *at = place(dtype, data, index);
  switch (dtype) {
#define X(DTYPE, type, least, most)                                                                          \
  case SMELT_##DTYPE: {                                                                                      \
    type x;                                                                                                  \
    memcpy(&x, at, sizeof x);                                                                                \
    return (int64_t)x;                                                                                       \
  }
    INTEGER_DTYPES(X)
#undef X
  default:
    return *(const uint8_t *)at;
  }
}

#define STORE(type, value)                                                                                   \
  do {                                                                                                       \
    type element_ = (value);                                                                                 \
    memcpy(at, &element_, sizeof element_);                                                                  \
  } while (0)

void element_set_double(ir_dtype dtype, void *data, int64_t index, double x) {
  char *at = (char *)data + (size_t)index * ir_dtype_bytes(dtype);
  switch (dtype) {
  case SMELT_F32:
    STORE(float, (float)x);
    return;
  case SMELT_F64:
    STORE(double, x);
    return;
  case SMELT_F16:
    STORE(uint16_t, pack_small_float(x, F16_FRACTION_BITS));
    return;
  case SMELT_BF16:
    STORE(uint16_t, pack_small_float(x, BF16_FRACTION_BITS));
    return;
  case SMELT_BOOL:
    STORE(uint8_t, x != 0);
    return;
#define X(DTYPE, type, least, most)                                                                          \
  case SMELT_##DTYPE:                                                                                        \
    if (isnan(x)) {                                                                                          \
      STORE(type, 0);                                                                                        \
    } else if (x >= (double)most) {                                                                          \
      STORE(type, most);                                                                                     \
    } else {                                                                                                 \
      STORE(type, x <= (double)least ? least : (type)x);                                                     \
    }                                                                                                        \
    return;
    INTEGER_DTYPES(X)
#undef X
  default:
    return;
  }
}

void element_set_integer(ir_dtype dtype, void *data, int64_t index, int64_t x, bool is_unsigned) {
  char *at = (char *)data + (size_t)index * ir_dtype_bytes(dtype);
  switch (dtype) {
  case SMELT_F32:
    STORE(float, is_unsigned ? (float)(uint64_t)x : (float)x);
    return;
  case SMELT_BOOL:
    STORE(uint8_t, x != 0);
    return;
#define X(DTYPE, type, least, most)                                                                          \
  case SMELT_##DTYPE:                                                                                        \
    STORE(type, (type)x);                                                                                    \
    return;
    INTEGER_DTYPES(X)
#undef X
  default:
    element_set_double(dtype, data, index, is_unsigned ? (double)(uint64_t)x : (double)x);
  }
}
