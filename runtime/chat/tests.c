/* tests.c: what stands behind "is", and the filters that ask what a value is. */
#include "chat/functions.h"

value rt_function_default(machine *m, const value *a) {
  (void)m;
  bool replaces = rt_value_is_absent(a[0]) || (rt_value_is_true(a[2]) && !rt_value_is_true(a[0]));
  if (!replaces) return a[0];
  return a[1].kind == KIND_MISSING ? rt_value_text("") : a[1];
}

value rt_function_same(machine *m, const value *a) {
  (void)m;
  return a[0];
}

/* Digits with a sign, white space around them; false: it is no such text. */
static bool parse_integer(value s, int64_t *integer) {
  uint32_t at = 0, end = s.count, first;
  while (at < end && (s.bytes[at] == ' ' || s.bytes[at] == '\n')) at++;
  while (end > at && (s.bytes[end - 1] == ' ' || s.bytes[end - 1] == '\n')) end--;
  bool is_negative = at < end && s.bytes[at] == '-';
  if (at < end && (s.bytes[at] == '-' || s.bytes[at] == '+')) at++;
  *integer = 0;
  for (first = at; at < end && s.bytes[at] >= '0' && s.bytes[at] <= '9'; at++)
    if (__builtin_mul_overflow(*integer, 10, integer) ||
        __builtin_add_overflow(*integer, s.bytes[at] - '0', integer))
      return false;
  if (is_negative) *integer = -*integer;
  return at == end && at > first;
}

value rt_function_int(machine *m, const value *a) {
  int64_t integer;
  (void)m;
  if (a[0].kind == KIND_INTEGER || a[0].kind == KIND_BOOLEAN) return value_integer(a[0].integer);
  if (a[0].kind == KIND_FLOAT && a[0].number > -9e18 && a[0].number < 9e18)
    return value_integer((int64_t)a[0].number);
  if (a[0].kind == KIND_STRING && parse_integer(a[0], &integer)) return value_integer(integer);
  return rt_value_is_absent(a[1]) ? value_integer(0) : a[1];
}

value rt_function_float(machine *m, const value *a) {
  int64_t integer;
  if (rt_value_is_number(a[0])) return value_float(rt_value_number(a[0]));
  if (a[0].kind == KIND_STRING && parse_integer(a[0], &integer)) return value_float((double)integer);
  if (a[0].kind == KIND_STRING) return rt_machine_fail(m, "fractions are not read from texts");
  return rt_value_is_absent(a[1]) ? value_float(0) : a[1];
}

value rt_function_abs(machine *m, const value *a) {
  if (a[0].kind == KIND_FLOAT) return value_float(a[0].number < 0 ? -a[0].number : a[0].number);
  if (!rt_value_is_number(a[0]) || a[0].integer == INT64_MIN)
    return rt_machine_fail(m, "%s has no abs", rt_value_kind_text(a[0]));
  return value_integer(a[0].integer < 0 ? -a[0].integer : a[0].integer);
}

/* ---- tests ------------------------------------------------------------------------------------ */

/* A test of a value's kind: a bit for each kind that passes. */
#define KIND_TEST(name, bits)                                                                                \
  value name(machine *m, const value *a) {                                                                   \
    (void)m;                                                                                                 \
    return value_boolean((bits) >> a[0].kind & 1u);                                                          \
  }
#define BIT(kind) (1u << KIND_##kind)
KIND_TEST(rt_function_is_undefined, BIT(UNDEFINED) | BIT(MISSING))
KIND_TEST(rt_function_is_defined, ~(BIT(UNDEFINED) | BIT(MISSING)))
KIND_TEST(rt_function_is_none, BIT(NONE))
KIND_TEST(rt_function_is_string, BIT(STRING))
KIND_TEST(rt_function_is_iterable, BIT(STRING) | BIT(LIST) | BIT(MAP) | BIT(UNDEFINED) | BIT(MISSING))
KIND_TEST(rt_function_is_sequence, BIT(STRING) | BIT(LIST) | BIT(MAP) | BIT(UNDEFINED) | BIT(MISSING))
KIND_TEST(rt_function_is_number, BIT(INTEGER) | BIT(FLOAT) | BIT(BOOLEAN))
KIND_TEST(rt_function_is_integer, BIT(INTEGER))
KIND_TEST(rt_function_is_float, BIT(FLOAT))
KIND_TEST(rt_function_is_boolean, BIT(BOOLEAN))

value rt_function_is_mapping(machine *m, const value *a) {
  (void)m;
  return value_boolean(a[0].kind == KIND_MAP && !a[0].map->is_namespace);
}

value rt_function_is_true(machine *m, const value *a) {
  (void)m;
  return value_boolean(a[0].kind == KIND_BOOLEAN && a[0].integer);
}

value rt_function_is_false(machine *m, const value *a) {
  (void)m;
  return value_boolean(a[0].kind == KIND_BOOLEAN && !a[0].integer);
}

/* Whether a whole number divides by another. */
static value divides(machine *m, value number, int64_t by, int64_t rest) {
  if ((number.kind != KIND_INTEGER && number.kind != KIND_BOOLEAN) || by == 0)
    return rt_machine_fail(m, "%s does not divide", rt_value_kind_text(number));
  return value_boolean(by == -1 || (number.integer % by != 0) == rest);
}

value rt_function_is_even(machine *m, const value *a) {
  return divides(m, a[0], 2, 0);
}

value rt_function_is_odd(machine *m, const value *a) {
  return divides(m, a[0], 2, 1);
}

value rt_function_is_divisible(machine *m, const value *a) {
  return divides(m, a[0], a[1].kind == KIND_INTEGER ? a[1].integer : 0, 0);
}

value rt_function_is_in(machine *m, const value *a) {
  return value_boolean(rt_value_contains(m, a[1], a[0]));
}

value rt_function_is_equal(machine *m, const value *a) {
  (void)m;
  return value_boolean(rt_value_equal(a[0], a[1]));
}

value rt_function_is_unequal(machine *m, const value *a) {
  (void)m;
  return value_boolean(!rt_value_equal(a[0], a[1]));
}
