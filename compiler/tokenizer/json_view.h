/* json_view.h: a JSON value that knows where in its file it stands, so that failures can say so. */
#ifndef SMELT_TOKENIZER_JSON_VIEW_H
#define SMELT_TOKENIZER_JSON_VIEW_H

#include <jansson.h>

#include "base/base.h"

/* A value, or an absent one (NULL). Parents must outlive their members; names are not copied. */
typedef struct json_view {
  json_t *value;
  const struct json_view *parent; /* NULL for the root */
  const char *name;               /* NULL for items of arrays */
  size_t index;
} json_view;

json_view view_member(const json_view *parent, const char *name);
json_view view_item(const json_view *parent, size_t index);
size_t view_item_count(const json_view *view); /* 0 unless an array */
bool view_is_absent(const json_view *view);    /* not there, or null */

/* A failure with this cause whose node is the JSON path: model.merges[3]. */
status view_fail(arena *a, const json_view *view, const char *cause_format, ...)
    __attribute__((format(printf, 3, 4), returns_nonnull));

/* Texts belong to the JSON document, are NUL-terminated and may hold NULs. */
status view_string(arena *a, const json_view *view, const char **bytes, size_t *count);
status view_bool(arena *a, const json_view *view, bool when_absent, bool *result);
status view_unsigned(arena *a, const json_view *view, uint32_t limit, uint32_t *result); /* below limit */
status view_number(arena *a, const json_view *view, double *result);
status view_array(arena *a, const json_view *view);
status view_object(arena *a, const json_view *view);
/* The "type" of an object; the text lives in the document. */
status view_type(arena *a, const json_view *view, const char **type);

#endif
