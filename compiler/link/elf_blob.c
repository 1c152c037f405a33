/*
 * elf_blob.c: an ELF relocatable object around one blob, written front to back.
 *
 * File layout: ELF header, padding, payload, symbol table, strings, section
 * headers. Only the ELF header is written twice, since it says where the
 * section headers are. [System V ABI, chapter 4; x86-64 psABI 4.2 for
 * SHF_X86_64_LARGE]
 *
 * Reach: on x86-64 the section is .lrodata with SHF_X86_64_LARGE, which
 * linkers lay outside the 2 GiB that code and small data share; on the others
 * it has a section name of its own, and link_executable puts blobs first, so
 * that they lie before everything that code addresses. Nothing but 64-bit
 * addresses in data (of 32 bits where pointers are) may refer to a blob.
 */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE   200809L
#include "link/elf.h"
#include "link/elf_tables.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

#ifndef SHF_X86_64_LARGE
#define SHF_X86_64_LARGE (1 << 28)
#endif

enum { SECTION_NULL, SECTION_BLOB, SECTION_SYMBOLS, SECTION_STRINGS, SECTION_STACK, SECTION_COUNT };
enum { SYMBOL_NULL, SYMBOL_START, SYMBOL_END, SYMBOL_COUNT };

/* Both tables of names in one: section names, then symbol names. */
static const char section_names[] = "\0.lrodata\0.smelt.blob\0.symtab\0.strtab\0.note.GNU-stack";
enum { NAME_LRODATA = 1, NAME_BLOB = 10, NAME_SYMTAB = 22, NAME_STRTAB = 30, NAME_STACK = 38 };

static void pad_to(FILE *file, uint64_t from, uint64_t to) {
  static const char zeros[4096];
  while (from < to) {
    uint64_t step = to - from < sizeof zeros ? to - from : sizeof zeros;
    fwrite(zeros, 1, step, file);
    from += step;
  }
}

static uint64_t round_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

static void write_symbols(FILE *file, const char *symbol, uint64_t payload_bytes, bool is_wide) {
  uint32_t start_name = sizeof section_names;
  uint32_t end_name = start_name + (uint32_t)strlen(symbol) + 1;
  const Elf64_Sym symbols[SYMBOL_COUNT] = {
      [SYMBOL_START] = {.st_name = start_name,
                        .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
                        .st_other = STV_HIDDEN,
                        .st_shndx = SECTION_BLOB,
                        .st_size = payload_bytes},
      [SYMBOL_END] = {.st_name = end_name,
                      .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE),
                      .st_other = STV_HIDDEN,
                      .st_shndx = SECTION_BLOB,
                      .st_value = payload_bytes},
  };
  for (int i = 0; i < SYMBOL_COUNT; i++) elf_write_symbol(file, &symbols[i], is_wide);
  fwrite(section_names, 1, sizeof section_names, file);
  fprintf(file, "%s%c%s_end%c", symbol, 0, symbol, 0);
}

static void write_sections(FILE *file, const Elf64_Shdr *blob, uint64_t symbols_at, uint64_t strings_at,
                           uint64_t strings_bytes, bool is_wide) {
  size_t symbol_bytes = elf_sizes_of(is_wide).symbol;
  const Elf64_Shdr sections[SECTION_COUNT] = {
      [SECTION_BLOB] = *blob,
      [SECTION_SYMBOLS] = {.sh_name = NAME_SYMTAB,
                           .sh_type = SHT_SYMTAB,
                           .sh_offset = symbols_at,
                           .sh_size = SYMBOL_COUNT * symbol_bytes,
                           .sh_link = SECTION_STRINGS,
                           .sh_info = SYMBOL_START, /* the first that is not local */
                           .sh_addralign = 8,
                           .sh_entsize = symbol_bytes},
      [SECTION_STRINGS] = {.sh_name = NAME_STRTAB,
                           .sh_type = SHT_STRTAB,
                           .sh_offset = strings_at,
                           .sh_size = strings_bytes,
                           .sh_addralign = 1},
      /* Empty; its presence says that nothing here wants an executable stack. */
      [SECTION_STACK] = {.sh_name = NAME_STACK,
                         .sh_type = SHT_PROGBITS,
                         .sh_offset = strings_at,
                         .sh_addralign = 1},
  };
  for (int i = 0; i < SECTION_COUNT; i++) elf_write_section(file, &sections[i], is_wide);
}

status elf_blob(arena *a, const codegen_target *target, const link_blob *blob, FILE *file) {
  /* In an object, where the payload lies in the file is free: no huge page of zeros before it. */
  const elf_machine *machine = elf_machine_of(target);
  uint64_t page_bytes = target->page_bytes;
  uint64_t alignment = blob->alignment ? blob->alignment : page_bytes;
  bool large = machine->number == EM_X86_64, is_wide = target->pointer_bytes == 8;
  elf_sizes sizes = elf_sizes_of(is_wide);
  Elf64_Shdr section = {
      .sh_name = large ? NAME_LRODATA : NAME_BLOB,
      .sh_type = SHT_PROGBITS,
      .sh_flags = SHF_ALLOC | (large ? SHF_X86_64_LARGE : 0),
      .sh_offset = round_up(sizes.header, alignment < page_bytes ? alignment : page_bytes),
      .sh_addralign = alignment,
  };
  pad_to(file, 0, section.sh_offset);
  TRY(blob->write_payload(blob->context, file));
  off_t payload_end = ftello(file);
  if (payload_end < (off_t)section.sh_offset)
    return fail(a, STATUS_INPUT, "'%s' cannot be written: %s", blob->symbol, strerror(errno));
  section.sh_size = (uint64_t)payload_end - section.sh_offset;

  uint64_t symbols_at = round_up((uint64_t)payload_end, 8);
  pad_to(file, (uint64_t)payload_end, symbols_at);
  write_symbols(file, blob->symbol, section.sh_size, is_wide);
  uint64_t strings_at = symbols_at + SYMBOL_COUNT * sizes.symbol;
  uint64_t strings_bytes = sizeof section_names + 2 * strlen(blob->symbol) + sizeof "" + sizeof "_end";
  uint64_t sections_at = round_up(strings_at + strings_bytes, 8);
  pad_to(file, strings_at + strings_bytes, sections_at);
  write_sections(file, &section, symbols_at, strings_at, strings_bytes, is_wide);

  if (fseeko(file, 0, SEEK_SET) != 0)
    return fail(a, STATUS_INPUT, "'%s' cannot be written: %s", blob->symbol, strerror(errno));
  elf_write_header(file,
                   &(Elf64_Ehdr){.e_type = ET_REL,
                                 .e_machine = machine->number,
                                 .e_version = EV_CURRENT,
                                 .e_shoff = sections_at,
                                 .e_flags = machine->flags,
                                 .e_shnum = SECTION_COUNT,
                                 .e_shstrndx = SECTION_STRINGS},
                   is_wide);
  return OK;
}
