/* text.c: values as text: as Python prints them, and as JSON. */
#include "chat/value.h"
#include "text/utf8.h"

#include <stdio.h>
#include <string.h>

bool rt_chat_text_add(text_maker *t, const char *bytes, size_t count) {
  if (count > t->capacity - t->count) {
    size_t capacity = 2 * (t->count + count) + 32;
    char *grown = rt_machine_memory(t->machine, capacity, 1);
    if (!grown) return false;
    if (t->count) memcpy(grown, t->bytes, t->count);
    t->bytes = grown;
    t->capacity = capacity;
  }
  if (count) memcpy(t->bytes + t->count, bytes, count);
  t->count += count;
  return true;
}

value rt_chat_text_made(text_maker *t) {
  return value_string(t->bytes, t->count);
}

static void add_text(text_maker *t, const char *text) {
  rt_chat_text_add(t, text, strlen(text));
}

/* ---- numbers ---------------------------------------------------------------------------------- */

static void add_integer(text_maker *t, int64_t integer) {
  char digits[24];
  snprintf(digits, sizeof digits, "%lld", (long long)integer);
  add_text(t, digits);
}

/* As Python's repr() of what has at most 15 digits. */
static void add_float(text_maker *t, double number) {
  char digits[40];
  snprintf(digits, sizeof digits, "%.15g", number);
  add_text(t, digits);
  if (!strpbrk(digits, ".en")) add_text(t, ".0");
}

/* ---- strings in quotes ---------------------------------------------------------------------------- */

/* `escapes`: letters behind a backslash for the characters of `escaped`, in order. */
static void add_quoted(text_maker *t, value v, char quote, const char *escaped, const char *escapes,
                       const char *other) {
  rt_chat_text_add(t, &quote, 1);
  for (uint32_t i = 0; i < v.count; i++) {
    char c = v.bytes[i], number[8];
    const char *found = c ? strchr(escaped, c) : NULL;
    if (found || c == quote || c == '\\') {
      char pair[2] = {'\\', found ? escapes[found - escaped] : c};
      rt_chat_text_add(t, pair, 2);
    } else if ((unsigned char)c < 0x20 || (c == 0x7f && quote == '\'')) {
      snprintf(number, sizeof number, other, (unsigned char)c);
      add_text(t, number);
    } else {
      rt_chat_text_add(t, &c, 1);
    }
  }
  rt_chat_text_add(t, &quote, 1);
}

static void add_json_string(text_maker *t, value v) {
  add_quoted(t, v, '"', "\n\r\t\b\f", "nrtbf", "\\u%04x");
}

static void add_repr_string(text_maker *t, value v) {
  bool has_single = memchr(v.bytes ? v.bytes : "", '\'', v.count),
       has_double = memchr(v.bytes ? v.bytes : "", '"', v.count);
  if (has_single && !has_double) {
    rt_chat_text_add(t, "\"", 1); /* Python's other quotes; a backslash is still escaped */
    for (uint32_t i = 0; i < v.count; i++)
      rt_chat_text_add(t, v.bytes[i] == '\\' ? "\\\\" : &v.bytes[i], v.bytes[i] == '\\' ? 2 : 1);
    rt_chat_text_add(t, "\"", 1);
    return;
  }
  add_quoted(t, v, '\'', "\n\r\t", "nrt", "\\x%02x");
}

/* ---- Python's str() ---------------------------------------------------------------------------------- */

static void add_repr(text_maker *t, value v, int depth) {
  enum { MOST_DEPTH = 64 };
  if (depth > MOST_DEPTH) {
    rt_machine_fail(t->machine, "a value is nested too deep to be written");
    return;
  }
  if (v.kind == KIND_STRING) {
    add_repr_string(t, v);
  } else if (v.kind == KIND_LIST) {
    rt_chat_text_add(t, "[", 1);
    for (uint32_t i = 0; i < v.count; i++) {
      if (i) rt_chat_text_add(t, ", ", 2);
      add_repr(t, v.items[i], depth + 1);
    }
    rt_chat_text_add(t, "]", 1);
  } else if (v.kind == KIND_MAP) {
    rt_chat_text_add(t, "{", 1);
    for (uint32_t i = 0; i < v.map->count; i++) {
      if (i) rt_chat_text_add(t, ", ", 2);
      add_repr(t, v.map->keys[i], depth + 1);
      rt_chat_text_add(t, ": ", 2);
      add_repr(t, v.map->values[i], depth + 1);
    }
    rt_chat_text_add(t, "}", 1);
  } else {
    rt_chat_text_add_value(t, v);
  }
}

void rt_chat_text_add_value(text_maker *t, value v) {
  switch (v.kind) {
  case KIND_STRING:
    rt_chat_text_add(t, v.bytes, v.count);
    return;
  case KIND_NONE:
    add_text(t, "None");
    return;
  case KIND_BOOLEAN:
    add_text(t, v.integer ? "True" : "False");
    return;
  case KIND_INTEGER:
    add_integer(t, v.integer);
    return;
  case KIND_FLOAT:
    add_float(t, v.number);
    return;
  case KIND_LIST:
  case KIND_MAP:
    add_repr(t, v, 0);
    return;
  default: /* undefined is nothing */
    return;
  }
}

value rt_chat_text_of(machine *m, value v) {
  if (v.kind == KIND_STRING) return v;
  text_maker t = {.machine = m};
  rt_chat_text_add_value(&t, v);
  return rt_chat_text_made(&t);
}

/* ---- json.dumps() ---------------------------------------------------------------------------------------
 */

static void add_break(text_maker *t, int64_t indent, int64_t depth) {
  rt_chat_text_add(t, "\n", 1);
  for (int64_t i = 0; i < indent * depth; i++) rt_chat_text_add(t, " ", 1);
}

void rt_chat_text_add_json(text_maker *t, value v, int64_t indent, int64_t depth) {
  enum { MOST_DEPTH = 64 };
  uint32_t count = v.kind == KIND_LIST ? v.count : v.kind == KIND_MAP ? v.map->count : 0;
  if (depth > MOST_DEPTH) {
    rt_machine_fail(t->machine, "a value is nested too deep for JSON");
  } else if (v.kind == KIND_LIST || v.kind == KIND_MAP) {
    rt_chat_text_add(t, v.kind == KIND_LIST ? "[" : "{", 1);
    for (uint32_t i = 0; i < count; i++) {
      if (i) rt_chat_text_add(t, ", ", indent < 0 ? 2 : 1);
      if (indent >= 0) add_break(t, indent, depth + 1);
      if (v.kind == KIND_MAP) add_json_string(t, rt_chat_text_of(t->machine, v.map->keys[i]));
      if (v.kind == KIND_MAP) rt_chat_text_add(t, ": ", 2);
      rt_chat_text_add_json(t, v.kind == KIND_LIST ? v.items[i] : v.map->values[i], indent, depth + 1);
    }
    if (indent >= 0 && count) add_break(t, indent, depth);
    rt_chat_text_add(t, v.kind == KIND_LIST ? "]" : "}", 1);
  } else if (v.kind == KIND_STRING) {
    add_json_string(t, v);
  } else if (v.kind == KIND_NONE) {
    add_text(t, "null");
  } else if (v.kind == KIND_BOOLEAN) {
    add_text(t, v.integer ? "true" : "false");
  } else if (rt_value_is_number(v)) {
    rt_chat_text_add_value(t, v);
  } else {
    rt_machine_fail(t->machine, "%s is not to be had in JSON", rt_value_kind_text(v));
  }
}

/* ---- characters
 * ---------------------------------------------------------------------------------------------- */

size_t rt_chat_text_byte_of(value string, int64_t index) {
  size_t at = 0;
  uint32_t code;
  while (index-- > 0 && at < string.count)
    at += utf8_next((const uint8_t *)string.bytes + at, string.count - at, &code);
  return at;
}

int64_t rt_chat_text_characters(value string) {
  int64_t count = 0;
  uint32_t code;
  for (size_t at = 0; at < string.count; count++)
    at += utf8_next((const uint8_t *)string.bytes + at, string.count - at, &code);
  return count;
}

bool rt_chat_text_equals(value v, const char *text) {
  return v.kind == KIND_STRING && v.count == strlen(text) && memcmp(v.bytes, text, v.count) == 0;
}

size_t rt_chat_text_find(value whole, value part, size_t from) {
  for (size_t at = from; at <= whole.count && part.count <= whole.count - at; at++)
    if (part.count == 0 || memcmp(whole.bytes + at, part.bytes, part.count) == 0) return at;
  return SIZE_MAX;
}
