/* arguments.c: the linker's command line, and its result put in place. */
#define _POSIX_C_SOURCE 200809L
#include "link/stage.h"

void arguments_add(argument_list *list, const char *argument) {
  ARENA_PUSH(list->job->arena, list->items, list->count, list->capacity) = argument;
}

void arguments_add_all(argument_list *list, const char *const *arguments, size_t count) {
  for (size_t i = 0; i < count; i++) arguments_add(list, arguments[i]);
}

status arguments_add_target_file(argument_list *list, const char *name) {
  arena *a = list->job->arena;
  const char *folder;
  TRY(link_library_folder(a, &folder));
  const char *path = file_join(a, file_join(a, folder, list->job->target->name), name);
  if (!file_exists(path)) {
    status s = fail_file(a, fail(a, STATUS_INPUT, "is missing"), path);
    return fail_hint(a, s, "install smelt again, or set SMELT_LIB to its lib/smelt folder");
  }
  arguments_add(list, path);
  return OK;
}

void arguments_add_inputs(argument_list *list, link_input_kind kind) {
  link_job *job = list->job;
  for (size_t i = 0; i < job->input_count; i++)
    if (job->inputs[i].kind == kind) arguments_add(list, input_path(job, &job->inputs[i]));
}

status link_into_place(argument_list *list, unsigned mode) {
  link_job *job = list->job;
  TRY(output_begin(job));
  status s = linker_run(job, list->items, list->count);
  if (!s) return output_commit(job, mode);
  output_abandon(job);
  return s;
}
