/* elf_tables.c: rows of ELF's tables, read and written in either class. */
#include "link/elf_tables.h"

#include <string.h>

elf_sizes elf_sizes_of(bool is_wide) {
  return is_wide ? (elf_sizes){sizeof(Elf64_Ehdr), sizeof(Elf64_Shdr), sizeof(Elf64_Sym)}
                 : (elf_sizes){sizeof(Elf32_Ehdr), sizeof(Elf32_Shdr), sizeof(Elf32_Sym)};
}

bool elf_is_wide(const Elf64_Ehdr *header) {
  return header->e_ident[EI_CLASS] == ELFCLASS64;
}

/* Fields of equal names, one by one, between rows of different classes. */
#define SECTION_FIELDS(row)                                                                                  \
  .sh_name = (row).sh_name, .sh_type = (row).sh_type, .sh_flags = (row).sh_flags, .sh_addr = (row).sh_addr,  \
  .sh_offset = (row).sh_offset, .sh_size = (row).sh_size, .sh_link = (row).sh_link,                          \
  .sh_info = (row).sh_info, .sh_addralign = (row).sh_addralign, .sh_entsize = (row).sh_entsize
#define SYMBOL_FIELDS(row)                                                                                   \
  .st_name = (row).st_name, .st_info = (row).st_info, .st_other = (row).st_other,                            \
  .st_shndx = (row).st_shndx, .st_value = (row).st_value, .st_size = (row).st_size
#define HEADER_FIELDS(row)                                                                                   \
  .e_type = (row).e_type, .e_machine = (row).e_machine, .e_version = (row).e_version,                        \
  .e_entry = (row).e_entry, .e_phoff = (row).e_phoff, .e_shoff = (row).e_shoff, .e_flags = (row).e_flags,    \
  .e_ehsize = (row).e_ehsize, .e_phentsize = (row).e_phentsize, .e_phnum = (row).e_phnum,                    \
  .e_shentsize = (row).e_shentsize, .e_shnum = (row).e_shnum, .e_shstrndx = (row).e_shstrndx

bool elf_read_header(const uint8_t *bytes, size_t count, Elf64_Ehdr *header) {
  if (count < EI_NIDENT || memcmp(bytes, ELFMAG, SELFMAG) != 0 || bytes[EI_DATA] != ELFDATA2LSB) return false;
  if (bytes[EI_CLASS] == ELFCLASS64) {
    if (count < sizeof *header) return false;
    memcpy(header, bytes, sizeof *header);
    return true;
  }
  Elf32_Ehdr narrow;
  if (bytes[EI_CLASS] != ELFCLASS32 || count < sizeof narrow) return false;
  memcpy(&narrow, bytes, sizeof narrow);
  *header = (Elf64_Ehdr){HEADER_FIELDS(narrow)};
  memcpy(header->e_ident, bytes, EI_NIDENT);
  return true;
}

Elf64_Shdr elf_read_section(const uint8_t *bytes, bool is_wide) {
  Elf64_Shdr wide;
  Elf32_Shdr narrow;
  memcpy(is_wide ? (void *)&wide : &narrow, bytes, elf_sizes_of(is_wide).section);
  return is_wide ? wide : (Elf64_Shdr){SECTION_FIELDS(narrow)};
}

uint64_t elf_read_segment_end(const uint8_t *bytes, bool is_wide) {
  Elf64_Phdr wide;
  Elf32_Phdr narrow;
  memcpy(is_wide ? (void *)&wide : &narrow, bytes, is_wide ? sizeof wide : sizeof narrow);
  return is_wide ? wide.p_offset + wide.p_filesz : (uint64_t)narrow.p_offset + narrow.p_filesz;
}

Elf64_Sym elf_read_symbol(const uint8_t *bytes, bool is_wide) {
  Elf64_Sym wide;
  Elf32_Sym narrow;
  memcpy(is_wide ? (void *)&wide : &narrow, bytes, elf_sizes_of(is_wide).symbol);
  return is_wide ? wide : (Elf64_Sym){SYMBOL_FIELDS(narrow)};
}

void elf_write_header(FILE *file, const Elf64_Ehdr *header, bool is_wide) {
  const uint8_t ident[EI_NIDENT] = {
      ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, is_wide ? ELFCLASS64 : ELFCLASS32, ELFDATA2LSB, EV_CURRENT};
  elf_sizes sizes = elf_sizes_of(is_wide);
  Elf64_Ehdr wide = *header;
  wide.e_ehsize = (Elf64_Half)sizes.header;
  wide.e_shentsize = (Elf64_Half)sizes.section;
  Elf32_Ehdr narrow = {HEADER_FIELDS(wide)};
  fwrite(ident, sizeof ident, 1, file);
  fwrite(is_wide ? (const uint8_t *)&wide + sizeof ident : (const uint8_t *)&narrow + sizeof ident,
         sizes.header - sizeof ident, 1, file);
}

void elf_write_section(FILE *file, const Elf64_Shdr *section, bool is_wide) {
  Elf32_Shdr narrow = {SECTION_FIELDS(*section)};
  fwrite(is_wide ? (const void *)section : &narrow, elf_sizes_of(is_wide).section, 1, file);
}

void elf_write_symbol(FILE *file, const Elf64_Sym *symbol, bool is_wide) {
  Elf32_Sym narrow = {SYMBOL_FIELDS(*symbol)};
  fwrite(is_wide ? (const void *)symbol : &narrow, elf_sizes_of(is_wide).symbol, 1, file);
}
