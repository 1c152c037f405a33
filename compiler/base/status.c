/* status.c: building failures. One failure is one line for the user; see driver/diagnostics.c for printing.
 */
#include "base.h"

#include <string.h>

status fail(arena *a, status_code code, const char *cause_format, ...) {
  failure *f = ARENA_NEW(a, failure);
  va_list args;
  va_start(args, cause_format);
  f->code = code;
  f->cause = arena_vformat(a, cause_format, args);
  va_end(args);
  return f;
}

/* Copies `s` and returns the copy's field at `offset` through `slot`, or NULL if it is filled. */
static failure *copy_with_free_field(arena *a, status s, size_t offset, const char ***slot) {
  if (!s) return NULL;
  const char *filled;
  memcpy(&filled, (const char *)s + offset, sizeof filled);
  if (filled) return NULL;
  failure *copy = arena_copy(a, s, sizeof *s);
  *slot = (const char **)(void *)((char *)copy + offset);
  return copy;
}

status fail_file(arena *a, status s, const char *path) {
  const char **slot;
  failure *copy = copy_with_free_field(a, s, offsetof(failure, file), &slot);
  if (!copy) return s;
  *slot = arena_text(a, path);
  return copy;
}

#define DEFINE_FAIL_FIELD(function, field)                                                                   \
  status function(arena *a, status s, const char *format, ...) {                                             \
    const char **slot;                                                                                       \
    failure *copy = copy_with_free_field(a, s, offsetof(failure, field), &slot);                             \
    if (!copy) return s;                                                                                     \
    va_list args;                                                                                            \
    va_start(args, format);                                                                                  \
    *slot = arena_vformat(a, format, args);                                                                  \
    va_end(args);                                                                                            \
    return copy;                                                                                             \
  }

DEFINE_FAIL_FIELD(fail_node, node)
DEFINE_FAIL_FIELD(fail_expected, expected)
DEFINE_FAIL_FIELD(fail_found, found)
DEFINE_FAIL_FIELD(fail_hint, hint)

status fail_keep(arena *a, status s) {
  if (!s) return OK;
  failure *kept = arena_copy(a, s, sizeof *s);
  const char **texts[] = {&kept->file, &kept->node, &kept->cause, &kept->expected, &kept->found, &kept->hint};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) *texts[i] = arena_text(a, *texts[i]);
  return kept;
}
