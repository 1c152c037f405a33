/* wasm.c: wasm-ld's command line for each kind of artefact, and the modules that it makes. */
#define _POSIX_C_SOURCE 200809L
#include "link/wasm.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The stack comes first, so that one that overflows traps and does not write over data. With less than 1
 * MiB of it addresses of small data are numbers of three bytes in code, not of four.
 */
static const char *const OPTIONS[] = {"--stack-first", "-zstack-size=0x80000",   "--gc-sections",
                                      "--strip-all",   "--compress-relocations", "-O2"};

static status executable(link_job *job) {
  static const char *const after[] = {"libapp.a", "libruntime.a", "libsmall.a", "libc.a",
                                      "libclang_rt.builtins-wasm32.a"};
  argument_list list = {.job = job};
  ARGUMENTS_ADD(&list, OPTIONS);
  for (size_t i = 0; i < job->part_count; i++)
    arguments_add(&list, arena_format(job->arena, "--undefined=%s", job->parts[i]));
  TRY(arguments_add_target_file(&list, "crt1-command.o"));
  arguments_add_inputs(&list, LINK_CODE);
  for (size_t i = 0; i < sizeof after / sizeof *after; i++) TRY(arguments_add_target_file(&list, after[i]));
  arguments_add_inputs(&list, LINK_BLOB); /* behind small data */
  return link_into_place(&list, 0777);
}

/*
 * A module that others call: it gives out its memory, malloc and free for what they put there, the C API and
 * the model, and a table that they may add callbacks to. It asks for nothing of WASI.
 */
static status shared(link_job *job) {
  static const char *const options[] = {"--entry=_initialize", "--export=malloc", "--export=free",
                                        "--export-table", "--growable-table"};
  static const char *const after[] = {"libmodule.a", "libruntime.a", "libsmall.a", "libc.a",
                                      "libclang_rt.builtins-wasm32.a"};
  argument_list list = {.job = job};
  const link_export *exports;
  size_t export_count;
  TRY(exports_find(job, &exports, &export_count));
  ARGUMENTS_ADD(&list, OPTIONS);
  ARGUMENTS_ADD(&list, options);
  for (size_t i = 0; i < export_count; i++)
    arguments_add(&list, arena_format(job->arena, "--export=%s", exports[i].name));
  TRY(arguments_add_target_file(&list, "crt1-reactor.o"));
  arguments_add_inputs(&list, LINK_CODE);
  for (size_t i = 0; i < sizeof after / sizeof *after; i++) TRY(arguments_add_target_file(&list, after[i]));
  arguments_add_inputs(&list, LINK_BLOB);
  return link_into_place(&list, 0666);
}

static status object(link_job *job) {
  argument_list list = {.job = job};
  arguments_add(&list, "-r");
  arguments_add_inputs(&list, LINK_CODE);
  arguments_add_inputs(&list, LINK_BLOB);
  return link_into_place(&list, 0666);
}

/* A number in LEB128 of up to 32 bits at *at, which goes behind it. */
static bool read_number(int descriptor, off_t *at, uint64_t *value) {
  *value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    uint8_t byte;
    if (pread(descriptor, &byte, 1, (*at)++) != 1) return false;
    *value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

/* The sections end where the file does. */
static bool is_whole(int descriptor) {
  uint8_t header[WASM_HEADER_BYTES];
  struct stat info;
  if (pread(descriptor, header, sizeof header, 0) != sizeof header || fstat(descriptor, &info) != 0)
    return false;
  if (memcmp(header, wasm_header, sizeof header) != 0) return false;
  off_t at = sizeof header;
  while (at < info.st_size) {
    uint64_t bytes;
    at++; /* the section's number */
    if (!read_number(descriptor, &at, &bytes)) return false;
    at += (off_t)bytes;
  }
  return at == info.st_size && at > (off_t)sizeof header;
}

const link_format link_wasm = {
    .linker = "wasm-ld",
    .write_blob = wasm_blob,
    .executable = executable,
    .shared = shared,
    .object = object,
    .is_whole = is_whole,
    .index_member = wasm_index_member,
};
