/* value.c: comparing, looking into and making the values of templates, as Python does. */
#include "chat/value.h"
#include "text/utf8.h"

#include <string.h>

value rt_value_text(const char *text) {
  return value_string(text, strlen(text));
}

value rt_value_pair(machine *m, value first, value second) {
  value *items = rt_machine_memory(m, 2, sizeof *items);
  if (!items) return value_of(KIND_UNDEFINED);
  items[0] = first;
  items[1] = second;
  return value_list(items, 2);
}

/* ---- maps ------------------------------------------------------------------------------------ */

value rt_value_new_map(machine *m, uint32_t capacity) {
  value_map *map = rt_machine_memory(m, 1, sizeof *map);
  value *keys = rt_machine_memory(m, capacity, sizeof *keys),
        *values = rt_machine_memory(m, capacity, sizeof *values);
  if (!map || !keys || !values) return value_of(KIND_UNDEFINED);
  *map = (value_map){.keys = keys, .values = values, .capacity = capacity};
  return (value){.kind = KIND_MAP, .map = map};
}

value rt_value_get(const value_map *map, value key) {
  for (uint32_t i = 0; i < map->count; i++)
    if (rt_value_equal(map->keys[i], key)) return map->values[i];
  return value_of(KIND_UNDEFINED);
}

static bool grow_map(machine *m, value_map *map) {
  uint32_t capacity = 2 * map->capacity + 4;
  value *keys = rt_machine_memory(m, capacity, sizeof *keys),
        *values = rt_machine_memory(m, capacity, sizeof *values);
  if (!keys || !values) return false;
  if (map->count) {
    memcpy(keys, map->keys, map->count * sizeof *keys);
    memcpy(values, map->values, map->count * sizeof *values);
  }
  map->keys = keys;
  map->values = values;
  map->capacity = capacity;
  return true;
}

void rt_value_set(machine *m, value_map *map, value key, value set) {
  uint32_t i = 0;
  while (i < map->count && !rt_value_equal(map->keys[i], key)) i++;
  if (i == map->capacity && !grow_map(m, map)) return;
  map->keys[i] = key;
  map->values[i] = set;
  if (i == map->count) map->count++;
}

/* ---- truth and order ---------------------------------------------------------------------------- */

const char *rt_value_kind_text(value v) {
  static const char *const texts[] = {[KIND_UNDEFINED] = "undefined", [KIND_MISSING] = "undefined",
                                      [KIND_NONE] = "none",           [KIND_BOOLEAN] = "a truth value",
                                      [KIND_INTEGER] = "a number",    [KIND_FLOAT] = "a number",
                                      [KIND_STRING] = "a text",       [KIND_LIST] = "a list",
                                      [KIND_MAP] = "a map",           [KIND_LOOP] = "a loop"};
  return texts[v.kind];
}

bool rt_value_is_absent(value v) {
  return v.kind == KIND_UNDEFINED || v.kind == KIND_MISSING;
}

bool rt_value_is_number(value v) {
  return v.kind == KIND_INTEGER || v.kind == KIND_FLOAT || v.kind == KIND_BOOLEAN;
}

double rt_value_number(value v) {
  return v.kind == KIND_FLOAT ? v.number : (double)v.integer;
}

bool rt_value_is_true(value v) {
  switch (v.kind) {
  case KIND_BOOLEAN:
  case KIND_INTEGER:
    return v.integer != 0;
  case KIND_FLOAT:
    return v.number != 0;
  case KIND_STRING:
  case KIND_LIST:
    return v.count != 0;
  case KIND_MAP:
    return v.map->count != 0 || v.map->is_namespace;
  case KIND_LOOP:
    return true;
  default:
    return false;
  }
}

enum { MOST_DEPTH = 64 };

static bool equal(value a, value b, int depth);

static bool maps_equal(const value_map *a, const value_map *b, int depth) {
  if (a == b) return true;
  if (a->count != b->count || a->is_namespace || b->is_namespace) return false;
  for (uint32_t i = 0; i < a->count; i++) {
    uint32_t at = 0;
    while (at < b->count && !equal(a->keys[i], b->keys[at], depth)) at++;
    if (at == b->count || !equal(a->values[i], b->values[at], depth)) return false;
  }
  return true;
}

static bool lists_equal(value a, value b, int depth) {
  if (a.count != b.count) return false;
  for (uint32_t i = 0; i < a.count && a.items != b.items; i++)
    if (!equal(a.items[i], b.items[i], depth)) return false;
  return true;
}

/* What lies deeper than anything that can be written is equal to nothing. */
static bool equal(value a, value b, int depth) {
  if (rt_value_is_number(a) && rt_value_is_number(b)) {
    if (a.kind == KIND_FLOAT || b.kind == KIND_FLOAT) return rt_value_number(a) == rt_value_number(b);
    return a.integer == b.integer;
  }
  if (rt_value_is_absent(a) || rt_value_is_absent(b)) return rt_value_is_absent(a) && rt_value_is_absent(b);
  if (a.kind != b.kind) return false;
  switch (a.kind) {
  case KIND_STRING:
    return a.count == b.count && (a.count == 0 || memcmp(a.bytes, b.bytes, a.count) == 0);
  case KIND_LIST:
    return depth < MOST_DEPTH && lists_equal(a, b, depth + 1);
  case KIND_MAP:
    return depth < MOST_DEPTH && maps_equal(a.map, b.map, depth + 1);
  case KIND_LOOP:
    return a.loop == b.loop;
  default:
    return true;
  }
}

bool rt_value_equal(value a, value b) {
  return equal(a, b, 0);
}

int rt_value_compare(machine *m, value a, value b) {
  if (rt_value_is_number(a) && rt_value_is_number(b)) {
    double x = rt_value_number(a), y = rt_value_number(b);
    return x < y ? -1 : x > y;
  }
  if (a.kind == KIND_STRING && b.kind == KIND_STRING) { /* UTF-8 sorts as its code points do */
    uint32_t least = a.count < b.count ? a.count : b.count;
    int order = least ? memcmp(a.bytes, b.bytes, least) : 0;
    return order ? order : a.count < b.count ? -1 : a.count > b.count;
  }
  rt_machine_fail(m, "%s and %s have no order", rt_value_kind_text(a), rt_value_kind_text(b));
  return 0;
}

bool rt_value_contains(machine *m, value container, value item) {
  if (container.kind == KIND_STRING) {
    if (item.kind == KIND_STRING) return rt_chat_text_find(container, item, 0) != SIZE_MAX;
    rt_machine_fail(m, "%s cannot be in a text", rt_value_kind_text(item));
    return false;
  }
  const value *items;
  uint32_t count;
  if (!rt_value_items(m, container, &items, &count)) return false;
  for (uint32_t i = 0; i < count; i++)
    if (rt_value_equal(items[i], item)) return true;
  return false;
}

/* ---- parts ---------------------------------------------------------------------------------------- */

static bool string_items(machine *m, value v, const value **items, uint32_t *count) {
  value *made = rt_machine_memory(m, v.count, sizeof *made);
  if (!made) return false;
  uint32_t found = 0;
  for (size_t at = 0; at < v.count; found++) {
    uint32_t code;
    size_t length = utf8_next((const uint8_t *)v.bytes + at, v.count - at, &code);
    made[found] = value_string(v.bytes + at, length);
    at += length;
  }
  *items = made;
  *count = found;
  return true;
}

bool rt_value_items(machine *m, value v, const value **items, uint32_t *count) {
  *items = NULL;
  *count = 0;
  if (rt_value_is_absent(v)) return true;
  if (v.kind == KIND_STRING) return string_items(m, v, items, count);
  if (v.kind == KIND_LIST) {
    *items = v.items;
    *count = v.count;
    return true;
  }
  if (v.kind == KIND_MAP && !v.map->is_namespace) {
    *items = v.map->keys;
    *count = v.map->count;
    return true;
  }
  rt_machine_fail(m, "%s has no items", rt_value_kind_text(v));
  return false;
}

int64_t rt_value_length(machine *m, value v) {
  if (rt_value_is_absent(v)) return 0;
  if (v.kind == KIND_STRING) return rt_chat_text_characters(v);
  if (v.kind == KIND_LIST) return v.count;
  if (v.kind == KIND_MAP) return v.map->count;
  rt_machine_fail(m, "%s has no length", rt_value_kind_text(v));
  return 0;
}

static value loop_item(const value_loop *loop, int64_t index) {
  return index >= 0 && index < loop->count ? loop->items[index] : value_of(KIND_UNDEFINED);
}

static value loop_attribute(const value_loop *loop, value name) {
  int64_t index = (int64_t)loop->next - 1;
  const struct {
    const char *name;
    value value;
  } attributes[] = {
      {"index", value_integer(index + 1)},
      {"index0", value_integer(index)},
      {"revindex", value_integer((int64_t)loop->count - index)},
      {"revindex0", value_integer((int64_t)loop->count - index - 1)},
      {"first", value_boolean(index == 0)},
      {"last", value_boolean(index + 1 == (int64_t)loop->count)},
      {"length", value_integer(loop->count)},
      {"previtem", loop_item(loop, index - 1)},
      {"nextitem", loop_item(loop, index + 1)},
  };
  for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
    if (rt_chat_text_equals(name, attributes[i].name)) return attributes[i].value;
  return value_of(KIND_UNDEFINED);
}

value rt_value_attribute(machine *m, value object, value name) {
  if (object.kind == KIND_MAP) return rt_value_get(object.map, name);
  if (object.kind == KIND_LOOP) return loop_attribute(object.loop, name);
  if (rt_value_is_absent(object))
    return rt_machine_fail(m, "'%.*s' is asked of something undefined", (int)name.count, name.bytes);
  return value_of(KIND_UNDEFINED);
}

value rt_value_index(machine *m, value object, value key) {
  if (key.kind == KIND_STRING || object.kind == KIND_MAP) return rt_value_attribute(m, object, key);
  if (rt_value_is_absent(object)) return rt_machine_fail(m, "something undefined has no items");
  if (key.kind != KIND_INTEGER || (object.kind != KIND_LIST && object.kind != KIND_STRING))
    return value_of(KIND_UNDEFINED);
  int64_t count = rt_value_length(m, object), index = key.integer < 0 ? key.integer + count : key.integer;
  if (index < 0 || index >= count) return value_of(KIND_UNDEFINED);
  if (object.kind == KIND_LIST) return object.items[index];
  size_t begin = rt_chat_text_byte_of(object, index);
  return value_string(object.bytes + begin, rt_chat_text_byte_of(object, index + 1) - begin);
}

/* A slice's end as an index: counted from the back where it is below 0, `absent` where it is left out. */
static bool slice_end(value v, int64_t count, int64_t lowest, int64_t highest, int64_t absent, int64_t *end) {
  *end = absent;
  if (rt_value_is_absent(v) || v.kind == KIND_NONE) return true;
  if (v.kind != KIND_INTEGER) return false;
  int64_t at = v.integer < 0 ? v.integer + count : v.integer;
  *end = at < lowest ? lowest : at > highest ? highest : at;
  return true;
}

value rt_value_slice(machine *m, value object, value from, value to, value step_value) {
  int64_t step = 1, begin, end;
  bool is_string = object.kind == KIND_STRING;
  if (!is_string && object.kind != KIND_LIST)
    return rt_machine_fail(m, "%s has no slices", rt_value_kind_text(object));
  if (!rt_value_is_absent(step_value) && step_value.kind != KIND_NONE)
    step = step_value.kind == KIND_INTEGER ? step_value.integer : 0;
  int64_t count = rt_value_length(m, object), lowest = step > 0 ? 0 : -1,
          highest = step > 0 ? count : count - 1;
  if (step == 0 || step < -count - 1 ||
      !slice_end(from, count, lowest, highest, step > 0 ? lowest : highest, &begin) ||
      !slice_end(to, count, lowest, highest, step > 0 ? highest : lowest, &end))
    return rt_machine_fail(m, "a slice has bounds that are no whole numbers, or steps of 0");
  if (step > count) step = count + 1;
  const value *items;
  uint32_t item_count;
  if (!rt_value_items(m, object, &items, &item_count)) return value_of(KIND_UNDEFINED);
  value *made = rt_machine_memory(m, (size_t)count, sizeof *made);
  if (!made) return value_of(KIND_UNDEFINED);
  uint32_t made_count = 0;
  for (int64_t at = begin; step > 0 ? at < end : at > end; at += step)
    if ((uint64_t)at < item_count) made[made_count++] = items[at];
  if (!is_string) return value_list(made, made_count);
  text_maker t = {.machine = m};
  for (uint32_t i = 0; i < made_count; i++) rt_chat_text_add(&t, made[i].bytes, made[i].count);
  return rt_chat_text_made(&t);
}
