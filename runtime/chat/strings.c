/* strings.c: what filters and methods do to texts. Letters change case in ASCII only: programs hold no
 * Unicode tables. */
#include "chat/functions.h"
#include "text/white_space.h"

#include <string.h>

/* A function that wants a text and got something else. */
static bool need_string(machine *m, value v) {
  if (v.kind == KIND_STRING) return true;
  rt_machine_fail(m, "%s is no text", rt_value_kind_text(v));
  return false;
}

/* ---- ends ----------------------------------------------------------------------------------- */

static bool is_stripped(uint32_t code, value characters) {
  if (rt_value_is_absent(characters) || characters.kind == KIND_NONE)
    return is_white_space(code) || (code >= 0x1c && code <= 0x1f); /* as Python's isspace() */
  for (size_t at = 0; at < characters.count;) {
    uint32_t one;
    at += utf8_next((const uint8_t *)characters.bytes + at, characters.count - at, &one);
    if (one == code) return true;
  }
  return false;
}

static value strip(value s, value characters, bool left, bool right) {
  const uint8_t *bytes = (const uint8_t *)s.bytes;
  size_t begin = 0, end = s.count;
  uint32_t code;
  while (left && begin < end) {
    size_t length = utf8_next(bytes + begin, end - begin, &code);
    if (!is_stripped(code, characters)) break;
    begin += length;
  }
  while (right && end > begin) {
    size_t last = begin + utf8_last(bytes + begin, end - begin);
    utf8_next(bytes + last, end - last, &code);
    if (!is_stripped(code, characters)) break;
    end = last;
  }
  return value_string(s.bytes + begin, end - begin);
}

value rt_function_trim(machine *m, const value *a) {
  return strip(rt_chat_text_of(m, a[0]), a[1], true, true);
}

value rt_function_strip(machine *m, const value *a) {
  return need_string(m, a[0]) ? strip(a[0], a[1], true, true) : a[0];
}

value rt_function_strip_left(machine *m, const value *a) {
  return need_string(m, a[0]) ? strip(a[0], a[1], true, false) : a[0];
}

value rt_function_strip_right(machine *m, const value *a) {
  return need_string(m, a[0]) ? strip(a[0], a[1], false, true) : a[0];
}

/* Whether one of the texts in `parts`, a text or a list of them, stands at that end. */
static value has_end(machine *m, value s, value parts, bool at_start) {
  uint32_t count = parts.kind == KIND_LIST ? parts.count : 1;
  if (!need_string(m, s)) return s;
  for (uint32_t i = 0; i < count; i++) {
    value part = parts.kind == KIND_LIST ? parts.items[i] : parts;
    if (!need_string(m, part)) return part;
    if (part.count > s.count) continue;
    const char *place = at_start ? s.bytes : s.bytes + (s.count - part.count);
    if (part.count == 0 || memcmp(place, part.bytes, part.count) == 0) return value_boolean(true);
  }
  return value_boolean(false);
}

value rt_function_starts_with(machine *m, const value *a) {
  return has_end(m, a[0], a[1], true);
}

value rt_function_ends_with(machine *m, const value *a) {
  return has_end(m, a[0], a[1], false);
}

/* ---- case -------------------------------------------------------------------------------------- */

static bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

static bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c) {
  return is_lower(c) || is_upper(c) || (c & 0x80);
}

/* Words begin behind what is no letter for Python's title(), behind space and opening brackets for Jinja's.
 */
typedef enum { ALL_UPPER, ALL_LOWER, FIRST_UPPER, WORDS_UPPER, PHRASES_UPPER } letter_case;

static bool begins_word(value s, uint32_t at, letter_case wanted) {
  if (at == 0) return wanted >= FIRST_UPPER;
  char before = s.bytes[at - 1];
  if (wanted == WORDS_UPPER) return !is_letter(before);
  return wanted == PHRASES_UPPER &&
         (before == ' ' || (before >= '\t' && before <= '\r') || (before && strchr("-({[<", before)));
}

static value change_case(machine *m, value v, letter_case wanted) {
  value s = rt_chat_text_of(m, v);
  char *made = rt_machine_memory(m, s.count, 1);
  if (!made) return s;
  for (uint32_t i = 0; i < s.count; i++) {
    char c = s.bytes[i];
    bool upper = wanted == ALL_UPPER || begins_word(s, i, wanted);
    made[i] = upper && is_lower(c) ? (char)(c - 32) : !upper && is_upper(c) ? (char)(c + 32) : c;
  }
  return value_string(made, s.count);
}

value rt_function_upper(machine *m, const value *a) {
  return change_case(m, a[0], ALL_UPPER);
}

value rt_function_lower(machine *m, const value *a) {
  return change_case(m, a[0], ALL_LOWER);
}

value rt_function_title(machine *m, const value *a) {
  return change_case(m, a[0], PHRASES_UPPER);
}

value rt_function_title_method(machine *m, const value *a) {
  return change_case(m, a[0], WORDS_UPPER);
}

value rt_function_capitalize(machine *m, const value *a) {
  return change_case(m, a[0], FIRST_UPPER);
}

/* ---- parts ---------------------------------------------------------------------------------------- */

value rt_function_replace(machine *m, const value *a) {
  value s = rt_chat_text_of(m, a[0]), old = rt_chat_text_of(m, a[1]), new = rt_chat_text_of(m, a[2]);
  int64_t left = a[3].kind == KIND_INTEGER && a[3].integer >= 0 ? a[3].integer : INT64_MAX;
  text_maker t = {.machine = m};
  size_t at = 0;
  if (old.count == 0) return rt_machine_fail(m, "a replacement of nothing is not compiled");
  for (size_t found; left > 0 && (found = rt_chat_text_find(s, old, at)) != SIZE_MAX; left--) {
    rt_chat_text_add(&t, s.bytes + at, found - at);
    rt_chat_text_add(&t, new.bytes, new.count);
    at = found + old.count;
  }
  if (at == 0) return s;
  rt_chat_text_add(&t, s.bytes + at, s.count - at);
  return rt_chat_text_made(&t);
}

value rt_function_find(machine *m, const value *a) {
  if (!need_string(m, a[0]) || !need_string(m, a[1])) return a[0];
  size_t found = rt_chat_text_find(a[0], a[1], 0);
  return value_integer(found == SIZE_MAX ? -1 : rt_chat_text_characters(value_string(a[0].bytes, found)));
}

/* The words between white space; with a limit, the last one is all that is left. */
static uint32_t split_words(value s, int64_t most, value *parts) {
  rt_slice text = {(const uint8_t *)s.bytes, s.count};
  uint32_t count = 0;
  for (size_t at = skip_spaces(text, 0); at < s.count; at = skip_spaces(text, at)) {
    size_t begin = at;
    uint32_t code = 0;
    bool is_last = most >= 0 && count == most;
    while (at < s.count) {
      size_t length = utf8_next(text.bytes + at, s.count - at, &code);
      if (!is_last && is_white_space(code)) break;
      at += length;
    }
    parts[count++] = value_string(s.bytes + begin, (is_last ? trim_spaces(text, begin, at) : at) - begin);
  }
  return count;
}

value rt_function_split(machine *m, const value *a) {
  value s = a[0], between = a[1];
  int64_t most = a[2].kind == KIND_INTEGER ? a[2].integer : -1;
  if (!need_string(m, s)) return s;
  value *parts = rt_machine_memory(m, (size_t)s.count + 1, sizeof *parts);
  if (!parts) return s;
  if (rt_value_is_absent(between) || between.kind == KIND_NONE)
    return value_list(parts, split_words(s, most, parts));
  if (!need_string(m, between) || between.count == 0)
    return rt_machine_fail(m, "a text cannot be split at nothing");
  size_t count = 0, at = 0;
  for (size_t found; most < 0 || (int64_t)count < most; at = found + between.count) {
    found = rt_chat_text_find(s, between, at);
    if (found == SIZE_MAX) break;
    parts[count++] = value_string(s.bytes + at, found - at);
  }
  parts[count++] = value_string(s.bytes + at, s.count - at);
  return value_list(parts, count);
}

static value join(machine *m, value list, value between, value attribute) {
  const value *items;
  uint32_t count;
  text_maker t = {.machine = m};
  if (!rt_value_items(m, list, &items, &count)) return list;
  for (uint32_t i = 0; i < count; i++) {
    value item = rt_value_is_absent(attribute) ? items[i] : rt_value_index(m, items[i], attribute);
    if (i > 0 && between.kind == KIND_STRING) rt_chat_text_add(&t, between.bytes, between.count);
    rt_chat_text_add_value(&t, item);
  }
  return rt_chat_text_made(&t);
}

value rt_function_join(machine *m, const value *a) {
  return join(m, a[0], a[1], a[2]);
}

value rt_function_join_method(machine *m, const value *a) {
  return join(m, a[1], a[0], value_of(KIND_MISSING));
}

/* Spaces, or a text, before each line but the first and, unless asked for, empty ones. */
value rt_function_indent(machine *m, const value *a) {
  value s = rt_chat_text_of(m, a[0]);
  text_maker t = {.machine = m}, spaces = {.machine = m};
  int64_t width = a[1].kind == KIND_INTEGER ? a[1].integer : 4;
  if (a[1].kind == KIND_STRING) rt_chat_text_add(&spaces, a[1].bytes, a[1].count);
  for (int64_t i = 0; i < width && a[1].kind != KIND_STRING && i < 1024; i++)
    rt_chat_text_add(&spaces, " ", 1);
  for (size_t at = 0; at < s.count;) {
    const char *end = memchr(s.bytes + at, '\n', s.count - at);
    size_t length = end ? (size_t)(end - s.bytes) - at + 1 : s.count - at;
    bool is_blank = s.bytes[at] == '\n',
         indents = at == 0 ? rt_value_is_true(a[2]) : !is_blank || rt_value_is_true(a[3]);
    if (indents) rt_chat_text_add(&t, spaces.bytes, spaces.count);
    rt_chat_text_add(&t, s.bytes + at, length);
    at += length;
  }
  return rt_chat_text_made(&t);
}

value rt_function_string(machine *m, const value *a) {
  return rt_chat_text_of(m, a[0]);
}

value rt_function_tojson(machine *m, const value *a) {
  text_maker t = {.machine = m};
  rt_chat_text_add_json(&t, a[0], a[1].kind == KIND_INTEGER && a[1].integer < 64 ? a[1].integer : -1, 0);
  return rt_chat_text_made(&t);
}
