/* macho.c: Apple's shared libraries: lld in the role of ld64. */
#define _GNU_SOURCE
#include "link/macho.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static status shared(link_job *job) {
  /* What the library needs of libSystem stays open: the program that loads it has all of that. */
  static const char *const options[] = {"-dylib",  "-undefined", "dynamic_lookup", "-platform_version",
                                        "macos",   "11.0",       "11.0",           "-dead_strip",
                                        "-no_uuid"};
  argument_list list = {.job = job};
  const char *slash = strrchr(job->destination, '/'), *prefix = job->prefix ? job->prefix : "smelt";
  TRY(prefix_apply(job));
  arguments_add(&list, "-arch");
  arguments_add(&list, strcmp(job->target->arch, "aarch64") == 0 ? "arm64" : "x86_64");
  ARGUMENTS_ADD(&list, options);
  arguments_add(&list, "-exported_symbol");
  arguments_add(&list, arena_format(job->arena, "_%s_*", prefix));
  arguments_add(&list, "-install_name");
  arguments_add(&list, arena_format(job->arena, "@rpath/%s", slash ? slash + 1 : job->destination));
  arguments_add_inputs(&list, LINK_CODE);
  arguments_add_inputs(&list, LINK_BLOB);
  arguments_add(&list, "-all_load");
  if (!job->prefix) TRY(arguments_add_target_file(&list, "libruntime.a")); /* else among the inputs */
  return link_into_place(&list, 0666);
}

static bool is_whole(int descriptor) {
  struct stat info;
  uint64_t end = macho_end(descriptor);
  return end && fstat(descriptor, &info) == 0 && (uint64_t)info.st_size >= end;
}

const link_format link_macho = {.linker = "ld64.lld",
                                .write_blob = macho_blob,
                                .shared = shared,
                                .object = macho_merge,
                                .is_whole = is_whole,
                                .index_member = macho_index_member,
                                .has_apple_archives = true,
                                .add_prefix = macho_add_prefix};
