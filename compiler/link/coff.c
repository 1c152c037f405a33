/* coff.c: Windows' programs: lld in the role of mingw's linker, with mingw-w64's static runtime. */
#define _GNU_SOURCE
#include "link/coff.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a program is linked with after its own objects; they need each other both ways. */
static const char *const LIBRARIES[] = {"libruntime.a",        "libmingw32.a",  "libmingwex.a",
                                        "libmsvcrt.a",         "libkernel32.a", "libadvapi32.a",
                                        "libsynchronization.a"};

static status executable(link_job *job) {
  /* The stack of the first thread is as large as those of musl's programs; a table of exports there is none.
   */
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
  arguments_add(&list, "--start-group");
  TRY(arguments_add_target_file(&list, "libapp.a"));
  for (size_t i = 0; i < sizeof LIBRARIES / sizeof *LIBRARIES; i++)
    TRY(arguments_add_target_file(&list, LIBRARIES[i]));
  arguments_add(&list, "--end-group");
  return link_into_place(&list, 0777);
}

static uint64_t load(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value |= (uint64_t)at[i] << 8 * i;
  return value;
}

/* The headers say where each section's bytes end. [Microsoft, PE Format, "Section Table"] */
static bool is_whole(int descriptor) {
  enum { HEADERS = 4096, PE_AT = 0x3c, SECTION_COUNT = 6, OPTIONAL_BYTES = 20, SECTIONS = 24, SECTION = 40 };
  enum { BYTES = 16, PLACE = 20 };
  uint8_t head[HEADERS];
  struct stat info;
  ssize_t count = pread(descriptor, head, sizeof head, 0);
  if (count < PE_AT + 4 || fstat(descriptor, &info) != 0 || memcmp(head, "MZ", 2) != 0) return false;
  uint64_t pe = load(head + PE_AT, 4), sections;
  if (pe + SECTIONS > (uint64_t)count || memcmp(head + pe, "PE\0", 4) != 0) return false;
  sections = pe + SECTIONS + load(head + pe + OPTIONAL_BYTES, 2);
  for (uint64_t i = 0; i < load(head + pe + SECTION_COUNT, 2); i++, sections += SECTION) {
    if (sections + SECTION > (uint64_t)count) return false;
    if (load(head + sections + PLACE, 4) + load(head + sections + BYTES, 4) > (uint64_t)info.st_size)
      return false;
  }
  return true;
}

const link_format link_coff = {.linker = "ld.lld",
                               .write_blob = coff_blob,
                               .executable = executable,
                               .is_whole = is_whole,
                               .index_member = coff_index_member};
