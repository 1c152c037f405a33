/* exports.c: the names that a shared library gives out, where its linker takes no pattern for them. */
#define _POSIX_C_SOURCE 200809L
#include "link/archive.h"

#include <stdlib.h>
#include <string.h>

static bool is_hidden(const link_job *job, const char *name) {
  for (size_t i = 0; i < job->hidden_count; i++)
    if (strcmp(job->hidden[i], name) == 0) return true;
  return false;
}

static int by_name(const void *one, const void *other) {
  return strcmp(((const link_export *)one)->name, ((const link_export *)other)->name);
}

/* The C API is what begins with smelt_: all else of the runtime has names of other kinds. */
status exports_find(link_job *job, const link_export **exports, size_t *count) {
  arena *a = job->arena;
  size_t capacity = 0;
  link_export *found = NULL;
  *count = 0;
  TRY(archive_find_names(job));
  for (size_t i = 0; i < job->name_count; i++) {
    const char *name = job->names[i];
    if (strncmp(name, "smelt_", strlen("smelt_")) != 0 || is_hidden(job, name)) continue;
    link_export *e = &ARENA_PUSH(a, found, *count, capacity);
    e->name = job->prefix ? prefix_name(job, name) : name;
    e->is_data = strncmp(name, "smelt_model_", strlen("smelt_model_")) == 0;
  }
  if (*count) qsort(found, *count, sizeof *found, by_name);
  *exports = found;
  return prefix_apply(job);
}
