/* operators.c: + - * / and comparisons, as Python has them. */
#include "chat/value.h"

#include <string.h>

static value wrong(machine *m, value a, const char *what, value b) {
  return rt_machine_fail(m, "%s cannot be %s %s", rt_value_kind_text(a), what, rt_value_kind_text(b));
}

static value add(machine *m, value a, value b) {
  if (a.kind == KIND_STRING && b.kind == KIND_STRING) {
    text_maker t = {.machine = m};
    rt_chat_text_add(&t, a.bytes, a.count);
    rt_chat_text_add(&t, b.bytes, b.count);
    return rt_chat_text_made(&t);
  }
  if (a.kind == KIND_LIST && b.kind == KIND_LIST) {
    value *items = rt_machine_memory(m, (size_t)a.count + b.count, sizeof *items);
    if (!items) return value_of(KIND_UNDEFINED);
    for (uint32_t i = 0; i < a.count; i++) items[i] = a.items[i];
    for (uint32_t i = 0; i < b.count; i++) items[a.count + i] = b.items[i];
    return value_list(items, (size_t)a.count + b.count);
  }
  return wrong(m, a, "added to", b);
}

static value repeat(machine *m, value string, value times) {
  text_maker t = {.machine = m};
  if (string.kind != KIND_STRING || times.kind != KIND_INTEGER)
    return wrong(m, string, "multiplied by", times);
  for (int64_t i = 0; i < times.integer && string.count; i++)
    if (!rt_chat_text_add(&t, string.bytes, string.count)) break;
  return rt_chat_text_made(&t);
}

static double floor_of(double x) {
  if (!(x > -9e15 && x < 9e15)) return x; /* no fraction */
  double whole = (double)(int64_t)x;
  return whole > x ? whole - 1 : whole;
}

static value on_floats(machine *m, chat_operator which, double x, double y) {
  bool divides = which == CHAT_DIVIDE || which == CHAT_FLOOR_DIVIDE || which == CHAT_MODULO;
  if (divides && y == 0) return rt_machine_fail(m, "a number is divided by 0");
  switch (which) {
  case CHAT_ADD:
    return value_float(x + y);
  case CHAT_SUBTRACT:
    return value_float(x - y);
  case CHAT_MULTIPLY:
    return value_float(x * y);
  case CHAT_DIVIDE:
    return value_float(x / y);
  case CHAT_FLOOR_DIVIDE:
    return value_float(floor_of(x / y));
  case CHAT_MODULO:
    return value_float(x - floor_of(x / y) * y);
  default:
    return rt_machine_fail(m, "a power of fractions is not compiled");
  }
}

static value power(machine *m, int64_t base, int64_t exponent) {
  int64_t result = 1;
  if (exponent < 0) return rt_machine_fail(m, "a power of fractions is not compiled");
  if (base >= -1 && base <= 1 && exponent > 1) exponent = 2 - exponent % 2; /* any even or odd one */
  for (; exponent > 0; exponent--)
    if (__builtin_mul_overflow(result, base, &result)) return rt_machine_fail(m, "a number is too large");
  return value_integer(result);
}

static value on_integers(machine *m, chat_operator which, int64_t x, int64_t y) {
  int64_t result = 0;
  bool is_large = false;
  switch (which) {
  case CHAT_ADD:
    is_large = __builtin_add_overflow(x, y, &result);
    break;
  case CHAT_SUBTRACT:
    is_large = __builtin_sub_overflow(x, y, &result);
    break;
  case CHAT_MULTIPLY:
    is_large = __builtin_mul_overflow(x, y, &result);
    break;
  case CHAT_DIVIDE:
    return on_floats(m, which, (double)x, (double)y);
  case CHAT_POWER:
    return power(m, x, y);
  default:
    if (y == 0) return rt_machine_fail(m, "a number is divided by 0");
    if (y == -1) return which == CHAT_MODULO ? value_integer(0) : on_integers(m, CHAT_SUBTRACT, 0, x);
    result = x / y - (x % y != 0 && (x % y < 0) != (y < 0));
    if (which == CHAT_MODULO) result = x - result * y;
  }
  return is_large ? rt_machine_fail(m, "a number is too large") : value_integer(result);
}

static value arithmetic(machine *m, chat_operator which, value a, value b) {
  if (rt_value_is_number(a) && rt_value_is_number(b)) {
    if (a.kind == KIND_FLOAT || b.kind == KIND_FLOAT)
      return on_floats(m, which, rt_value_number(a), rt_value_number(b));
    return on_integers(m, which, a.integer, b.integer);
  }
  if (which == CHAT_ADD) return add(m, a, b);
  if (which == CHAT_MULTIPLY) return a.kind == KIND_STRING ? repeat(m, a, b) : repeat(m, b, a);
  return wrong(m, a, "combined with", b);
}

value rt_operate(machine *m, chat_operator which, value a, value b) {
  switch (which) {
  case CHAT_EQUAL:
    return value_boolean(rt_value_equal(a, b));
  case CHAT_UNEQUAL:
    return value_boolean(!rt_value_equal(a, b));
  case CHAT_LESS:
    return value_boolean(rt_value_compare(m, a, b) < 0);
  case CHAT_LESS_EQUAL:
    return value_boolean(rt_value_compare(m, a, b) <= 0);
  case CHAT_GREATER:
    return value_boolean(rt_value_compare(m, a, b) > 0);
  case CHAT_GREATER_EQUAL:
    return value_boolean(rt_value_compare(m, a, b) >= 0);
  case CHAT_IN:
    return value_boolean(rt_value_contains(m, b, a));
  case CHAT_NOT_IN:
    return value_boolean(!rt_value_contains(m, b, a));
  default:
    return arithmetic(m, which, a, b);
  }
}
