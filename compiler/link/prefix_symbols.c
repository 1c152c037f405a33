/* prefix_symbols.c: symbols with a prefix of the user's, the runtime's too, so that libraries of several
 * versions of smelt go into one program. */
#define _POSIX_C_SOURCE 200809L
#include "link/stage.h"

#include <string.h>

static bool begins(const char *name, const char *with) {
  return strncmp(name, with, strlen(with)) == 0;
}

const char *prefix_name(const link_job *job, const char *symbol) {
  static const char *const runtimes[] = {"rt_", "con_"};
  if (begins(symbol, "smelt_"))
    return arena_format(job->arena, "%s%s", job->prefix, symbol + strlen("smelt"));
  bool is_own = begins(symbol, arena_format(job->arena, "%s_", job->image));
  for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++) is_own |= begins(symbol, runtimes[i]);
  return is_own ? arena_format(job->arena, "%s_%s", job->prefix, symbol) : NULL;
}

static status add_member(void *user, const char *name, const uint8_t *bytes, uint64_t count) {
  return link_add_object(user, name, bytes, count);
}

static status add_runtime(link_job *job) {
  arena *a = job->arena;
  const char *folder;
  file_view runtime;
  TRY(link_library_folder(a, &folder));
  TRY(file_map(a, file_join(a, file_join(a, folder, job->target->name), "libruntime.a"), &runtime));
  status s = archive_each(a, &runtime, add_member, job);
  file_unmap(&runtime);
  return s;
}

status prefix_apply(link_job *job) {
  if (!job->prefix) return OK;
  if (!job->format->add_prefix)
    return fail(job->arena, STATUS_USAGE, "--prefix is not there for target %s", job->target->name);
  TRY(add_runtime(job));
  for (size_t i = 0; i < job->input_count; i++) {
    link_input_kind kind = job->inputs[i].kind;
    if (kind == LINK_CODE || kind == LINK_BLOB) TRY(job->format->add_prefix(job, &job->inputs[i]));
  }
  return OK;
}
