/*
 * external.c: tensors in files beside the model (onnx docs/ExternalData.md).
 * A location must stay inside the model's folder, also through symbolic links.
 */
#define _XOPEN_SOURCE 700
#include "onnx/import.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *location;
  uint64_t offset, length;
  bool has_length;
} external_place;

static bool read_decimal(const char *digits, uint64_t *value) {
  *value = 0;
  if (!*digits) return false;
  for (; *digits; digits++) {
    if (*digits < '0' || *digits > '9' || *value > (UINT64_MAX - 9) / 10) return false;
    *value = *value * 10 + (uint64_t)(*digits - '0');
  }
  return true;
}

static status read_place(arena *a, const Onnx__TensorProto *tensor, external_place *place) {
  *place = (external_place){0};
  for (size_t i = 0; i < tensor->n_external_data; i++) {
    const char *key = onnx_text(tensor->external_data[i]->key);
    const char *value = onnx_text(tensor->external_data[i]->value);
    bool good = true;
    if (strcmp(key, "location") == 0) place->location = value;
    if (strcmp(key, "offset") == 0) good = read_decimal(value, &place->offset);
    if (strcmp(key, "length") == 0) good = place->has_length = read_decimal(value, &place->length);
    if (!good)
      return fail(a, STATUS_INPUT, "its external data has the %s '%s', which is no number", key, value);
  }
  if (!place->location || !*place->location) {
    return fail(a, STATUS_INPUT, "its external data has no location");
  }
  return OK;
}

/* Relative, and no part of it is "..". */
static bool stays_below(const char *location) {
  if (*location == '/') return false;
  for (const char *part = location; part; part = strchr(part, '/')) {
    if (*part == '/') part++;
    size_t length = strcspn(part, "/");
    if (length == 2 && part[0] == '.' && part[1] == '.') return false;
  }
  return true;
}

static status fail_outside(arena *a, const char *location) {
  return fail_hint(a,
                   fail(a, STATUS_INPUT, "its external data '%s' lies outside the model's folder", location),
                   "put the file beside the model; symbolic links that leave the folder are not followed");
}

/* Whether `path` (resolved) lies in `folder` (resolved). */
static bool lies_in(const char *path, const char *folder) {
  size_t length = strlen(folder);
  if (strcmp(folder, "/") == 0) return true;
  return strncmp(path, folder, length) == 0 && path[length] == '/';
}

static status map_location(onnx_model *model, const char *location, file_view *view) {
  arena *a = model->arena;
  if (!stays_below(location)) return fail_outside(a, location);
  const char *joined = file_join(a, model->folder, location);
  char *folder = realpath(model->folder, NULL);
  char *path = realpath(joined, NULL);
  status s;
  if (!folder || !path) {
    s = fail_hint(a, fail(a, STATUS_INPUT, "its external data '%s' is missing", joined),
                  "the model's weights are in this file: put it beside the model");
  } else if (!lies_in(path, folder)) {
    s = fail_outside(a, location);
  } else {
    s = file_map(a, path, view);
  }
  free(folder);
  free(path);
  return s;
}

/* The mapped file of a location, mapped at its first use. */
static status find_file(onnx_model *model, const char *location, file_view *view) {
  for (size_t i = 0; i < model->external_count; i++) {
    if (strcmp(model->external[i].path, location) == 0) {
      *view = model->external[i];
      return OK;
    }
  }
  TRY(map_location(model, location, view));
  view->path = arena_text(model->arena, location);
  ARENA_PUSH(model->arena, model->external, model->external_count, model->external_capacity) = *view;
  return OK;
}

status onnx_external_bytes(onnx_model *model, const Onnx__TensorProto *tensor, size_t wanted,
                           const uint8_t **bytes) {
  arena *a = model->arena;
  external_place place = {0};
  file_view view = {0};
  TRY(read_place(a, tensor, &place));
  if (place.has_length && place.length != wanted) {
    status s = fail(a, STATUS_INPUT, "its external data has the wrong length");
    s = fail_expected(a, s, "%zu bytes", wanted);
    return fail_found(a, s, "%llu bytes", (unsigned long long)place.length);
  }
  TRY(find_file(model, place.location, &view));
  if (place.offset > view.count || wanted > view.count - place.offset) {
    status s = fail(a, STATUS_INPUT, "its external data ends beyond the file '%s'", place.location);
    s = fail_expected(a, s, "%zu bytes at offset %llu", wanted, (unsigned long long)place.offset);
    s = fail_found(a, s, "a file of %zu bytes", view.count);
    return fail_hint(a, s, "the file is truncated or belongs to another model");
  }
  *bytes = view.bytes ? view.bytes + place.offset : (const uint8_t *)"";
  return OK;
}

const char *onnx_external_location(const onnx_model *model, size_t index) {
  return index < model->external_count ? model->external[index].path : NULL;
}
