/*
 * format.c: vsnprintf for systems whose own brings half of stdio along: %s %c %d %u %x %X %g and %%, with
 * flag 0, width, precision, and sizes l and ll. Numbers are exact, as C libraries print them.
 */
#define _POSIX_C_SOURCE 200809L /* strnlen */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  char *at, *end; /* room, one byte kept for the end */
  size_t count;   /* of all that there would be */
} output;

static void put(output *out, char byte) {
  if (out->at < out->end) *out->at++ = byte;
  out->count++;
}

static void put_text(output *out, const char *text, size_t count) {
  for (size_t i = 0; i < count; i++) put(out, text[i]);
}

static void put_times(output *out, char byte, int times) {
  while (times-- > 0) put(out, byte);
}

/* ---- integers ------------------------------------------------------------------------------ */

/* Writes the digits before `end`; returns the first. */
static char *write_digits(char *end, uint64_t value, unsigned base, const char *digits) {
  do *--end = digits[value % base];
  while (value /= base);
  return end;
}

static void put_integer(output *out, uint64_t value, bool is_negative, unsigned base, bool is_upper,
                        int width, bool pads_zeros) {
  char text[24], *end = text + sizeof text;
  char *first = write_digits(end, value, base, is_upper ? "0123456789ABCDEF" : "0123456789abcdef");
  int missing = width - (int)(end - first) - is_negative;
  if (!pads_zeros) put_times(out, ' ', missing);
  if (is_negative) put(out, '-');
  if (pads_zeros) put_times(out, '0', missing);
  put_text(out, first, (size_t)(end - first));
}

/* ---- floating point ------------------------------------------------------------------------- */

/*
 * A double is mantissa * 2^e. Where e is negative that is mantissa * 5^-e / 10^-e: all its digits are those
 * of a whole number, of at most 1074 * log10(5) + 16 < 780 digits.
 */
enum { LIMB_DIGITS = 9, LIMB = 1000000000, MOST_LIMBS = 90, MOST_DIGITS = MOST_LIMBS * LIMB_DIGITS };

typedef struct {
  uint32_t limbs[MOST_LIMBS]; /* the least first */
  int count;
} whole;

static void multiply(whole *w, uint32_t factor) {
  uint64_t carry = 0;
  for (int i = 0; i < w->count; i++) {
    carry += (uint64_t)w->limbs[i] * factor;
    w->limbs[i] = (uint32_t)(carry % LIMB);
    carry /= LIMB;
  }
  if (carry) w->limbs[w->count++] = (uint32_t)carry;
}

/* The digits of |value|, not 0, without zeros before them; *point: how many come before the decimal point. */
static int digits_of(double value, char *digits, int *point) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  int exponent = (int)(bits >> 52 & 0x7ff);
  uint64_t mantissa = (bits & ((uint64_t)1 << 52) - 1) | (uint64_t)(exponent != 0) << 52;
  exponent = (exponent ? exponent : 1) - 1075;
  while (exponent < 0 && !(mantissa & 1)) mantissa >>= 1, exponent++;
  whole w = {.limbs = {(uint32_t)(mantissa % LIMB), (uint32_t)(mantissa / LIMB)}, .count = 2};
  for (int i = exponent; i > 0; i--) multiply(&w, 2);
  for (int i = exponent; i < 0; i++) multiply(&w, 5);
  char text[MOST_DIGITS];
  int count = 0, zeros = 0;
  for (int i = w.count - 1; i >= 0; i--, count += LIMB_DIGITS)
    for (int digit = LIMB_DIGITS - 1; digit >= 0; digit--, w.limbs[i] /= 10)
      text[count + digit] = (char)('0' + w.limbs[i] % 10);
  while (text[zeros] == '0') zeros++;
  memcpy(digits, text + zeros, (size_t)(count - zeros));
  *point = count - zeros + (exponent < 0 ? exponent : 0);
  return count - zeros;
}

/* Rounds to `wanted` digits, halves to even. Returns how many are left, without zeros behind them. */
static int round_digits(char *digits, int count, int wanted, int *point) {
  if (count > wanted) {
    bool is_half = digits[wanted] == '5', goes_up = digits[wanted] >= '5';
    for (int i = wanted + 1; i < count && is_half; i++) is_half = digits[i] == '0';
    if (is_half) goes_up = (digits[wanted - 1] - '0') & 1;
    count = wanted;
    int at = count - 1;
    for (; goes_up && at >= 0 && digits[at] == '9'; at--) digits[at] = '0';
    if (goes_up && at < 0) {
      digits[0] = '1';
      ++*point;
    } else if (goes_up) {
      digits[at]++;
    }
  }
  while (count > 1 && digits[count - 1] == '0') count--;
  return count;
}

static void put_scientific(output *out, const char *digits, int count, int exponent) {
  put(out, digits[0]);
  if (count > 1) put(out, '.');
  put_text(out, digits + 1, (size_t)(count - 1));
  put(out, 'e');
  put(out, exponent < 0 ? '-' : '+');
  put_integer(out, (uint64_t)(exponent < 0 ? -exponent : exponent), false, 10, false, 2, true);
}

static void put_plain(output *out, const char *digits, int count, int point) {
  if (point <= 0) {
    put_text(out, "0.", 2);
    put_times(out, '0', -point);
    put_text(out, digits, (size_t)count);
    return;
  }
  put_text(out, digits, (size_t)(count < point ? count : point));
  put_times(out, '0', point - count);
  if (count <= point) return;
  put(out, '.');
  put_text(out, digits + point, (size_t)(count - point));
}

static void put_number(output *out, double value, int precision) {
  char digits[MOST_DIGITS];
  int point = 1, count = 1, wanted = precision < 0 ? 6 : precision > 0 ? precision : 1;
  if (__builtin_signbit(value)) put(out, '-');
  if (value != value) return put_text(out, "nan", 3);
  if (value - value != 0) return put_text(out, "inf", 3);
  digits[0] = '0';
  if (value != 0) count = round_digits(digits, digits_of(value, digits, &point), wanted, &point);
  if (point < -3 || point > wanted)
    put_scientific(out, digits, count, point - 1);
  else
    put_plain(out, digits, count, point);
}

/* ---- formats ---------------------------------------------------------------------------------- */

static int read_number(const char **format, va_list *arguments) {
  if (**format == '*') return ++*format, va_arg(*arguments, int);
  int number = 0;
  for (; **format >= '0' && **format <= '9'; ++*format) number = number * 10 + (**format - '0');
  return number;
}

/* One conversion, behind its '%'. */
static void convert(output *out, const char **format, va_list *arguments) {
  bool pads_zeros = **format == '0';
  int width = read_number(format, arguments), precision = -1, longs = 0;
  if (**format == '.') ++*format, precision = read_number(format, arguments);
  for (; **format == 'l'; ++*format) longs++;
  char kind = *(*format)++;
  if (kind == 's') {
    const char *text = va_arg(*arguments, const char *);
    size_t count = precision < 0 ? strlen(text) : strnlen(text, (size_t)precision);
    put_times(out, ' ', width - (int)count);
    put_text(out, text, count);
  } else if (kind == 'c') {
    put(out, (char)va_arg(*arguments, int));
  } else if (kind == 'd') {
    int64_t value = longs > 1 ? va_arg(*arguments, long long)
                    : longs   ? va_arg(*arguments, long)
                              : va_arg(*arguments, int);
    put_integer(out, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 10, false, width, pads_zeros);
  } else if (kind == 'u' || kind == 'x' || kind == 'X') {
    uint64_t value = longs > 1 ? va_arg(*arguments, unsigned long long)
                     : longs   ? va_arg(*arguments, unsigned long)
                               : va_arg(*arguments, unsigned);
    put_integer(out, value, false, kind == 'u' ? 10 : 16, kind == 'X', width, pads_zeros);
  } else if (kind == 'g') {
    put_number(out, va_arg(*arguments, double), precision);
  } else {
    put(out, kind); /* %% */
  }
}

int vsnprintf(char *room, size_t bytes, const char *format, va_list given) {
  output out = {.at = room, .end = bytes ? room + bytes - 1 : room};
  va_list arguments;
  va_copy(arguments, given);
  while (*format) {
    char byte = *format++;
    if (byte == '%')
      convert(&out, &format, &arguments);
    else
      put(&out, byte);
  }
  va_end(arguments);
  if (bytes) *out.at = 0;
  return (int)out.count;
}
