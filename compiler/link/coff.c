/* coff.c: Windows' programs and DLLs: lld in the role of mingw's linker, with mingw-w64's static runtime. */
#define _GNU_SOURCE
#include "link/coff.h"
#include "link/coff_tables.h"

#include <sys/stat.h>
#include <unistd.h>

/* What a program is linked with after its own objects; they need each other both ways. */
static const char *const LIBRARIES[] = {"libruntime.a",        "libmingw32.a",  "libmingwex.a",
                                        "libmsvcrt.a",         "libkernel32.a", "libadvapi32.a",
                                        "libsynchronization.a"};

static status add_libraries(argument_list *list, const char *first) {
  arguments_add(list, "--start-group");
  if (first) TRY(arguments_add_target_file(list, first));
  for (size_t i = 0; i < sizeof LIBRARIES / sizeof *LIBRARIES; i++)
    TRY(arguments_add_target_file(list, LIBRARIES[i]));
  arguments_add(list, "--end-group");
  return OK;
}

static status executable(link_job *job) {
  /* The stack of the first thread is as large as those of musl's programs. There is no table of exports. */
  static const char *const options[] = {"-m",
                                        "i386pep",
                                        "--gc-sections",
                                        "--strip-all",
                                        "--stack=0x800000",
                                        "--exclude-all-symbols",
                                        "--no-insert-timestamp"};
  argument_list list = {.job = job};
  ARGUMENTS_ADD(&list, options);
  TRY(coff_add_needs(job));
  TRY(arguments_add_target_file(&list, "crt2u.o"));
  arguments_add_inputs(&list, LINK_CODE);
  arguments_add_inputs(&list, LINK_BLOB);
  TRY(add_libraries(&list, "libapp.a"));
  return link_into_place(&list, 0777);
}

/* Its table of exports is an object of ours, which lld knows nothing of. */
static status shared(link_job *job) {
  static const char *const options[] = {"-m",
                                        "i386pep",
                                        "--shared",
                                        "--entry=DllMainCRTStartup",
                                        "--gc-sections",
                                        "--strip-all",
                                        "--exclude-all-symbols",
                                        "--no-insert-timestamp"};
  argument_list list = {.job = job};
  const link_export *exports;
  size_t export_count;
  TRY(exports_find(job, &exports, &export_count));
  TRY(coff_add_exports(job, exports, export_count));
  TRY(coff_add_imports(job, exports, export_count));
  ARGUMENTS_ADD(&list, options);
  TRY(arguments_add_target_file(&list, "dllcrt2.o"));
  arguments_add_inputs(&list, LINK_CODE);
  arguments_add_inputs(&list, LINK_BLOB);
  TRY(add_libraries(&list, NULL));
  TRY(output_begin(job));
  status s = linker_run(job, list.items, list.count);
  if (!s) s = coff_place_exports(job);
  if (!s) return output_commit(job, 0666);
  output_abandon(job);
  return s;
}

/* The headers say where each section's bytes end. [Microsoft, PE Format, "Section Table"] */
static bool is_whole(int descriptor) {
  enum { BYTES = 16, PLACE = 20 };
  uint8_t head[COFF_HEADERS];
  coff_image image;
  struct stat info;
  if (!coff_read_image(descriptor, head, &image) || fstat(descriptor, &info) != 0) return false;
  for (uint32_t i = 0; i < image.section_count; i++) {
    const uint8_t *section = head + image.sections_at + i * sizeof(coff_section);
    if (coff_load(section + PLACE, 4) + coff_load(section + BYTES, 4) > (uint64_t)info.st_size) return false;
  }
  return true;
}

const link_format link_coff = {.linker = "ld.lld",
                               .write_blob = coff_blob,
                               .executable = executable,
                               .shared = shared,
                               .object = coff_merge,
                               .is_whole = is_whole,
                               .index_member = coff_index_member,
                               .add_prefix = coff_add_prefix};
