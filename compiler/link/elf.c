/* elf.c: ELF's machines, and the linker's command line for each kind of artefact that it makes. */
#define _POSIX_C_SOURCE 200809L
#include "link/elf.h"
#include "link/elf_tables.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const elf_machine MACHINES[] = {
    {"x86_64", "elf_x86_64", EM_X86_64, 0},
    {"aarch64", "aarch64linux", EM_AARCH64, 0},
    {"armv7", "armelf_linux_eabi", EM_ARM, EF_ARM_EABI_VER5},
    {"riscv64", "elf64lriscv", EM_RISCV, EF_RISCV_RVC | EF_RISCV_FLOAT_ABI_DOUBLE},
};

const elf_machine *elf_machine_of(const codegen_target *target) {
  const elf_machine *machine = MACHINES;
  while (strcmp(machine->arch, target->arch) != 0) machine++; /* the target table has no others */
  return machine;
}

static argument_list arguments_begin(link_job *job) {
  argument_list list = {.job = job};
  arguments_add(&list, "-m");
  arguments_add(&list, elf_machine_of(job->target)->emulation);
  return list;
}

/*
 * Blobs of so many bytes come behind all else, where nothing that code and tables reach is beyond them:
 * PC-relative references of x86-64 and riscv64 reach 2 GiB, also to 0, which stands for what is weak and
 * absent; those of armv7's unwinding tables 1 GiB. As .bss takes no room in the file, the padding between
 * takes as much; so smaller ones stay where they cost nothing.
 */
enum { FAR_BYTES = 512 << 20 };

static status add_layout(argument_list *list) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < list->job->input_count; i++) {
    const link_input *input = &list->job->inputs[i];
    struct stat info;
    if (input->kind == LINK_BLOB && fstat(input->descriptor, &info) == 0) bytes += (uint64_t)info.st_size;
  }
  if (bytes < FAR_BYTES) return OK;
  const char *script;
  TRY(link_add_script(
      list->job, "SECTIONS { .smelt.blob : { *(.lrodata .smelt.blob) } } INSERT AFTER .bss;\n", &script));
  arguments_add(list, "-T");
  arguments_add(list, script);
  return OK;
}

static status executable(link_job *job) {
  /*
   * A position-independent program that relocates itself (runtime/host/linux/start.c). Nothing but a
   * debugger reads sections' headers, and nothing at all what compilers call themselves.
   * Threads get 1 MiB of stack: musl takes its default from the stack header.
   * Addresses are file offsets modulo a huge page, so that the kernel can map
   * weights by huge pages where the page cache holds them so; the file does
   * not grow by that.
   */
  static const char *const options[] = {"-static",
                                        "-pie",
                                        "--no-dynamic-linker",
                                        "-ztext",
                                        "-znorelro",
                                        "-zstack-size=0x100000",
                                        "--gc-sections",
                                        "--strip-all",
                                        "--build-id=none",
                                        "--hash-style=gnu",
                                        "--icf=safe",
                                        "-zmax-page-size=0x200000",
                                        "-znosectionheader",
                                        "--pack-dyn-relocs=relr",
                                        "-O2"};
  _Static_assert(LINK_HUGE_PAGE_BYTES == 0x200000, "the option above states it");
  static const char *const before[] = {"crti.o"};
  static const char *const after[] = {"libapp.a", "libruntime.a", "libc.a", "libgcc.a"};
  argument_list list = arguments_begin(job);
  ARGUMENTS_ADD(&list, options);
  TRY(add_layout(&list));
  for (size_t i = 0; i < job->part_count; i++)
    arguments_add(&list, arena_format(job->arena, "--undefined=%s", job->parts[i]));
  /*
   * Blobs before all else, unless they are large: sections of one kind keep the order in which they
   * are first seen, so that nothing of them comes between code and small data.
   */
  arguments_add_inputs(&list, LINK_BLOB);
  for (size_t i = 0; i < sizeof before / sizeof *before; i++)
    TRY(arguments_add_target_file(&list, before[i]));
  arguments_add_inputs(&list, LINK_CODE);
  arguments_add(&list, "--start-group"); /* they need each other both ways */
  for (size_t i = 0; i < sizeof after / sizeof *after; i++) TRY(arguments_add_target_file(&list, after[i]));
  arguments_add(&list, "--end-group");
  TRY(arguments_add_target_file(&list, "crtn.o"));
  return link_into_place(&list, 0777);
}

static status shared(link_job *job) {
  /*
   * Names of the C API only, under one version; what they need of libc is the loading program's. No
   * name of a needed library is kept: musl's and glibc's both serve.
   */
  static const char *const options[] = {"-shared",          "-ztext",      "-znorelro",
                                        "--gc-sections",    "--strip-all", "--build-id=none",
                                        "--hash-style=gnu", "--icf=safe",  "--whole-archive"};
  argument_list list = arguments_begin(job);
  const char *script, *slash = strrchr(job->destination, '/'), *prefix = job->prefix ? job->prefix : "smelt";
  const char *names = arena_format(job->arena, "SMELT_1 { global: %s_*; local: *;", prefix);
  TRY(prefix_apply(job));
  for (size_t i = 0; i < job->hidden_count; i++) { /* a name goes before a pattern */
    const char *name = job->prefix ? prefix_name(job, job->hidden[i]) : NULL;
    names = arena_format(job->arena, "%s %s;", names, name ? name : job->hidden[i]);
  }
  TRY(link_add_script(job, arena_format(job->arena, "%s };\n", names), &script));
  arguments_add(&list, arena_format(job->arena, "--version-script=%s", script));
  arguments_add(&list, arena_format(job->arena, "-soname=%s", slash ? slash + 1 : job->destination));
  ARGUMENTS_ADD(&list, options);
  TRY(add_layout(&list));
  arguments_add_inputs(&list, LINK_BLOB);
  arguments_add_inputs(&list, LINK_CODE);
  if (!job->prefix) TRY(arguments_add_target_file(&list, "libruntime.a"));
  arguments_add(&list, "--no-whole-archive");
  TRY(arguments_add_target_file(&list, "libgcc.a"));
  return link_into_place(&list, 0666);
}

static status object(link_job *job) {
  argument_list list = arguments_begin(job);
  arguments_add(&list, "-r");
  arguments_add_inputs(&list, LINK_BLOB);
  arguments_add_inputs(&list, LINK_CODE);
  return link_into_place(&list, 0666);
}

/* Whether all segments and, where there are any, the sections' headers behind them are there. */
static bool is_whole(int descriptor) {
  uint8_t bytes[sizeof(Elf64_Ehdr)], segment[sizeof(Elf64_Phdr)];
  Elf64_Ehdr header;
  struct stat info;
  ssize_t count = pread(descriptor, bytes, sizeof bytes, 0);
  if (count <= 0 || !elf_read_header(bytes, (size_t)count, &header) || fstat(descriptor, &info) != 0)
    return false;
  uint64_t end = header.e_shoff + (uint64_t)header.e_shnum * header.e_shentsize;
  for (int i = 0; i < header.e_phnum; i++) {
    off_t at = (off_t)(header.e_phoff + (uint64_t)i * header.e_phentsize);
    if (header.e_phentsize > sizeof segment ||
        pread(descriptor, segment, header.e_phentsize, at) != header.e_phentsize)
      return false;
    uint64_t segment_end = elf_read_segment_end(segment, elf_is_wide(&header));
    if (segment_end > end) end = segment_end;
  }
  return (uint64_t)info.st_size >= end;
}

const link_format link_elf = {
    .linker = "ld.lld",
    .write_blob = elf_blob,
    .executable = executable,
    .shared = shared,
    .object = object,
    .is_whole = is_whole,
    .index_member = elf_index_member,
    .add_prefix = elf_add_prefix,
};
