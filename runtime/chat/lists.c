/* lists.c: what filters and methods do to lists and maps. */
#include "chat/functions.h"

value rt_function_length(machine *m, const value *a) {
  return value_integer(rt_value_length(m, a[0]));
}

/* The first or the last item; undefined where there is none. */
static value item_at(machine *m, value list, bool is_last) {
  const value *items;
  uint32_t count;
  if (!rt_value_items(m, list, &items, &count) || count == 0) return value_of(KIND_UNDEFINED);
  return items[is_last ? count - 1 : 0];
}

value rt_function_first(machine *m, const value *a) {
  return item_at(m, a[0], false);
}

value rt_function_last(machine *m, const value *a) {
  return item_at(m, a[0], true);
}

value rt_function_list(machine *m, const value *a) {
  const value *items;
  uint32_t count;
  if (!rt_value_items(m, a[0], &items, &count)) return a[0];
  value *copy = rt_machine_memory(m, count, sizeof *copy); /* a map's keys may change */
  for (uint32_t i = 0; copy && i < count; i++) copy[i] = items[i];
  return value_list(copy, copy ? count : 0);
}

value rt_function_reverse(machine *m, const value *a) {
  const value *items;
  uint32_t count;
  text_maker t = {.machine = m};
  if (!rt_value_items(m, a[0], &items, &count)) return a[0];
  value *copy = rt_machine_memory(m, count, sizeof *copy);
  for (uint32_t i = 0; copy && i < count; i++) copy[i] = items[count - 1 - i];
  if (!copy || a[0].kind != KIND_STRING) return value_list(copy, copy ? count : 0);
  for (uint32_t i = 0; i < count; i++) rt_chat_text_add(&t, copy[i].bytes, copy[i].count);
  return rt_chat_text_made(&t);
}

value rt_function_unique(machine *m, const value *a) {
  const value *items;
  uint32_t count, kept = 0;
  if (!rt_value_items(m, a[0], &items, &count)) return a[0];
  value *made = rt_machine_memory(m, count, sizeof *made);
  for (uint32_t i = 0; made && i < count; i++) {
    uint32_t at = 0;
    while (at < kept && !rt_value_equal(made[at], items[i])) at++;
    if (at == kept) made[kept++] = items[i];
  }
  return value_list(made, kept);
}

/* ---- choosing items --------------------------------------------------------------------------- */

/* "role" or "function.name" of an item. */
static value attribute_of(machine *m, value item, value name) {
  if (name.kind != KIND_STRING) return rt_value_index(m, item, name);
  for (size_t at = 0, end; at <= name.count; at = end + 1) {
    for (end = at; end < name.count && name.bytes[end] != '.'; end++) continue;
    item = rt_value_attribute(m, item, value_string(name.bytes + at, end - at));
  }
  return item;
}

static value choose(machine *m, value list, value attribute, value test, value argument, bool wanted) {
  const value *items;
  uint32_t count, kept = 0;
  if (!rt_value_items(m, list, &items, &count)) return list;
  value *made = rt_machine_memory(m, count, sizeof *made);
  for (uint32_t i = 0; made && i < count; i++) {
    value subject = rt_value_is_absent(attribute) ? items[i] : attribute_of(m, items[i], attribute);
    value answer = test.kind == KIND_INTEGER ? rt_function_apply(m, test, subject, argument) : subject;
    if (rt_value_is_true(answer) == wanted) made[kept++] = items[i];
  }
  return value_list(made, kept);
}

value rt_function_select(machine *m, const value *a) {
  return choose(m, a[0], value_of(KIND_MISSING), a[1], a[2], true);
}

value rt_function_reject(machine *m, const value *a) {
  return choose(m, a[0], value_of(KIND_MISSING), a[1], a[2], false);
}

value rt_function_select_attribute(machine *m, const value *a) {
  return choose(m, a[0], a[1], a[2], a[3], true);
}

value rt_function_reject_attribute(machine *m, const value *a) {
  return choose(m, a[0], a[1], a[2], a[3], false);
}

value rt_function_map(machine *m, const value *a) {
  const value *items;
  uint32_t count;
  if (!rt_value_items(m, a[0], &items, &count)) return a[0];
  value *made = rt_machine_memory(m, count, sizeof *made);
  for (uint32_t i = 0; made && i < count; i++) {
    if (a[1].kind == KIND_INTEGER) {
      made[i] = rt_function_apply(m, a[1], items[i], value_of(KIND_MISSING));
    } else {
      made[i] = attribute_of(m, items[i], a[2]);
      if (rt_value_is_absent(made[i]) && !rt_value_is_absent(a[3])) made[i] = a[3];
    }
  }
  return value_list(made, made ? count : 0);
}

/* ---- maps ------------------------------------------------------------------------------------------ */

static bool need_map(machine *m, value v) {
  if (v.kind == KIND_MAP) return true;
  rt_machine_fail(m, "%s is no map", rt_value_kind_text(v));
  return false;
}

value rt_function_get(machine *m, const value *a) {
  if (!need_map(m, a[0])) return a[0];
  value found = rt_value_get(a[0].map, a[1]);
  if (!rt_value_is_absent(found)) return found;
  return rt_value_is_absent(a[2]) ? value_of(KIND_NONE) : a[2];
}

value rt_function_items(machine *m, const value *a) {
  if (rt_value_is_absent(a[0])) return value_list(NULL, 0);
  if (!need_map(m, a[0])) return a[0];
  const value_map *map = a[0].map;
  value *made = rt_machine_memory(m, map->count, sizeof *made);
  for (uint32_t i = 0; made && i < map->count; i++) made[i] = rt_value_pair(m, map->keys[i], map->values[i]);
  return value_list(made, made ? map->count : 0);
}

value rt_function_keys(machine *m, const value *a) {
  return need_map(m, a[0]) ? value_list(a[0].map->keys, a[0].map->count) : a[0];
}

value rt_function_values(machine *m, const value *a) {
  return need_map(m, a[0]) ? value_list(a[0].map->values, a[0].map->count) : a[0];
}

value rt_function_namespace(machine *m, const value *a) {
  if (need_map(m, a[0])) a[0].map->is_namespace = true;
  return a[0];
}

value rt_function_dict(machine *m, const value *a) {
  (void)m;
  return a[0];
}

value rt_function_range(machine *m, const value *a) {
  enum { MOST_ITEMS = 100000 };
  bool has_first = !rt_value_is_absent(a[1]);
  value first = has_first ? a[0] : value_integer(0), end = has_first ? a[1] : a[0],
        step = rt_value_is_absent(a[2]) ? value_integer(1) : a[2];
  if (first.kind != KIND_INTEGER || end.kind != KIND_INTEGER || step.kind != KIND_INTEGER ||
      step.integer == 0)
    return rt_machine_fail(m, "a range has bounds that are no whole numbers, or steps of 0");
  uint32_t count = 0;
  bool is_up = step.integer > 0;
  for (int64_t at = first.integer; count <= MOST_ITEMS && (is_up ? at < end.integer : at > end.integer);
       count++)
    if (__builtin_add_overflow(at, step.integer, &at)) at = end.integer;
  if (count > MOST_ITEMS) return rt_machine_fail(m, "a range is too long");
  value *made = rt_machine_memory(m, count, sizeof *made);
  for (uint32_t i = 0; made && i < count; i++) {
    made[i] = value_integer(first.integer);
    if (i + 1 < count) first.integer += step.integer;
  }
  return value_list(made, made ? count : 0);
}
