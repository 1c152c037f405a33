/* json_view.c: typed access to JSON with failures that name the path. */
#include "tokenizer/json_view.h"

#include <string.h>

json_view view_member(const json_view *parent, const char *name) {
  return (json_view){.value = json_object_get(parent->value, name), .parent = parent, .name = name};
}

json_view view_item(const json_view *parent, size_t index) {
  return (json_view){.value = json_array_get(parent->value, index), .parent = parent, .index = index};
}

size_t view_item_count(const json_view *view) {
  return json_array_size(view->value);
}

bool view_is_absent(const json_view *view) {
  return !view->value || json_is_null(view->value);
}

static const char *view_path(arena *a, const json_view *view) {
  if (!view->parent) return "";
  const char *before = view_path(a, view->parent);
  if (!view->name) return arena_format(a, "%s[%zu]", before, view->index);
  return arena_format(a, "%s%s%s", before, *before ? "." : "", view->name);
}

status view_fail(arena *a, const json_view *view, const char *cause_format, ...) {
  va_list args;
  va_start(args, cause_format);
  const char *cause = arena_vformat(a, cause_format, args);
  va_end(args);
  const char *path = view_path(a, view);
  return fail_node(a, fail(a, STATUS_INPUT, "%s", cause), "%s", *path ? path : "the document");
}

static const char *kind_of(const json_t *value) {
  static const char *const names[] = {"an object", "an array", "a string", "an integer",
                                      "a number",  "true",     "false",    "null"};
  return value ? names[json_typeof(value)] : "nothing";
}

static status expect(arena *a, const json_view *view, bool right, const char *what) {
  if (right) return OK;
  status s = view_fail(a, view, "the value has the wrong type");
  s = fail_expected(a, s, "%s", what);
  return fail_found(a, s, "%s", kind_of(view->value));
}

status view_string(arena *a, const json_view *view, const char **bytes, size_t *count) {
  TRY(expect(a, view, json_is_string(view->value), "a string"));
  *bytes = json_string_value(view->value);
  *count = json_string_length(view->value);
  return OK;
}

status view_bool(arena *a, const json_view *view, bool when_absent, bool *result) {
  *result = when_absent;
  if (view_is_absent(view)) return OK;
  TRY(expect(a, view, json_is_boolean(view->value), "true or false"));
  *result = json_is_true(view->value);
  return OK;
}

status view_unsigned(arena *a, const json_view *view, uint32_t limit, uint32_t *result) {
  TRY(expect(a, view, json_is_integer(view->value), "an integer"));
  json_int_t value = json_integer_value(view->value);
  if (value < 0 || value >= (json_int_t)limit) {
    status s = view_fail(a, view, "the number is out of range");
    s = fail_expected(a, s, "0 to %u", (unsigned)(limit - 1));
    return fail_found(a, s, "%lld", (long long)value);
  }
  *result = (uint32_t)value;
  return OK;
}

status view_number(arena *a, const json_view *view, double *result) {
  TRY(expect(a, view, json_is_number(view->value), "a number"));
  *result = json_number_value(view->value);
  return OK;
}

status view_array(arena *a, const json_view *view) {
  return expect(a, view, json_is_array(view->value), "an array");
}

status view_object(arena *a, const json_view *view) {
  return expect(a, view, json_is_object(view->value), "an object");
}

status view_type(arena *a, const json_view *view, const char **type) {
  TRY(view_object(a, view));
  json_view member = view_member(view, "type");
  size_t count;
  return view_string(a, &member, type, &count);
}
