/* artefact.c: the linker's command line for each kind of artefact that it makes. */
#define _POSIX_C_SOURCE 200809L
#include "link/stage.h"

#include <string.h>

typedef struct {
  arena *arena;
  const char **items;
  size_t count, capacity;
} argument_list;

static void add(argument_list *list, const char *argument) {
  ARENA_PUSH(list->arena, list->items, list->count, list->capacity) = argument;
}

static void add_all(argument_list *list, const char *const *arguments, size_t count) {
  for (size_t i = 0; i < count; i++) add(list, arguments[i]);
}

#define ADD_ALL(list, arguments) add_all((list), (arguments), sizeof(arguments) / sizeof *(arguments))

/* A file of PREFIX/lib/smelt/TARGET, which has to be there. */
static status add_target_file(link_job *job, argument_list *list, const char *name) {
  const char *folder;
  TRY(link_library_folder(job->arena, &folder));
  const char *path = file_join(job->arena, file_join(job->arena, folder, job->target->name), name);
  if (!file_exists(path)) {
    status s = fail_file(job->arena, fail(job->arena, STATUS_INPUT, "is missing"), path);
    return fail_hint(job->arena, s, "install smelt again, or set SMELT_LIB to its lib/smelt folder");
  }
  add(list, path);
  return OK;
}

static void add_inputs(link_job *job, argument_list *list, link_input_kind kind) {
  for (size_t i = 0; i < job->input_count; i++)
    if (job->inputs[i].kind == kind) add(list, input_path(job, &job->inputs[i]));
}

/* Runs the linker into a file beside the destination, then puts that in its place. */
static status link_into_place(link_job *job, argument_list *list, unsigned mode) {
  TRY(output_begin(job));
  status s = linker_run(job, list->items, list->count);
  if (!s) return output_commit(job, mode);
  output_abandon(job);
  return s;
}

status link_executable(link_job *job) {
  /*
   * A position-independent program that relocates itself (musl's rcrt1.o).
   * Threads get 1 MiB of stack: musl takes its default from the stack header.
   * Addresses are file offsets modulo a huge page, so that the kernel can map
   * weights by huge pages where the page cache holds them so; the file does
   * not grow by that.
   */
  static const char *const options[] = {"-static",          "-pie",        "--no-dynamic-linker",
                                        "-ztext",           "-znorelro",   "-zstack-size=0x100000",
                                        "--gc-sections",    "--strip-all", "--build-id=none",
                                        "--hash-style=gnu", "--icf=safe",  "-zmax-page-size=0x200000"};
  _Static_assert(LINK_HUGE_PAGE_BYTES == 0x200000, "the option above states it");
  static const char *const before[] = {"rcrt1.o", "crti.o"};
  static const char *const after[] = {"libapp.a", "libruntime.a", "libc.a", "libgcc.a"};
  argument_list list = {.arena = job->arena};
  add(&list, "-m");
  add(&list, job->target->emulation);
  ADD_ALL(&list, options);
  for (size_t i = 0; i < job->part_count; i++)
    add(&list, arena_format(job->arena, "--undefined=%s", job->parts[i]));
  /*
   * Blobs before all else: sections of one kind keep the order in which they
   * are first seen, so no amount of weights comes between code and small data.
   */
  add_inputs(job, &list, LINK_BLOB);
  for (size_t i = 0; i < sizeof before / sizeof *before; i++) TRY(add_target_file(job, &list, before[i]));
  add_inputs(job, &list, LINK_CODE);
  add(&list, "--start-group"); /* they need each other both ways */
  for (size_t i = 0; i < sizeof after / sizeof *after; i++) TRY(add_target_file(job, &list, after[i]));
  add(&list, "--end-group");
  TRY(add_target_file(job, &list, "crtn.o"));
  return link_into_place(job, &list, 0777);
}

status link_shared(link_job *job) {
  /*
   * Names of the C API only, under one version; what they need of libc is the loading program's. No
   * name of a needed library is kept: musl's and glibc's both serve.
   */
  static const char SYMBOLS[] = "SMELT_1 { global: smelt_*; local: *; };\n";
  static const char *const options[] = {"-shared",          "-ztext",      "-znorelro",
                                        "--gc-sections",    "--strip-all", "--build-id=none",
                                        "--hash-style=gnu", "--icf=safe",  "--whole-archive"};
  argument_list list = {.arena = job->arena};
  const char *script, *slash = strrchr(job->destination, '/');
  TRY(link_add_script(job, SYMBOLS, &script));
  add(&list, "-m");
  add(&list, job->target->emulation);
  add(&list, arena_format(job->arena, "--version-script=%s", script));
  add(&list, arena_format(job->arena, "-soname=%s", slash ? slash + 1 : job->destination));
  ADD_ALL(&list, options);
  add_inputs(job, &list, LINK_BLOB);
  add_inputs(job, &list, LINK_CODE);
  TRY(add_target_file(job, &list, "libruntime.a"));
  add(&list, "--no-whole-archive");
  TRY(add_target_file(job, &list, "libgcc.a"));
  return link_into_place(job, &list, 0666);
}

status link_object(link_job *job) {
  argument_list list = {.arena = job->arena};
  add(&list, "-m");
  add(&list, job->target->emulation);
  add(&list, "-r");
  add_inputs(job, &list, LINK_BLOB);
  add_inputs(job, &list, LINK_CODE);
  return link_into_place(job, &list, 0666);
}
