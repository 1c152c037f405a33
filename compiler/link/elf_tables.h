/*
 * elf_tables.h: the tables of ELF objects, of either class, as ELF-64 has them: what differs between the
 * classes are the widths of words and the order of a symbol's fields. [System V ABI, chapter 4]
 */
#ifndef SMELT_LINK_ELF_TABLES_H
#define SMELT_LINK_ELF_TABLES_H

#include <elf.h>
#include <stdio.h>

#include "link/link.h"

/* Bytes of a header, of a row of the sections, of a symbol. */
typedef struct {
  size_t header, section, symbol;
} elf_sizes;
elf_sizes elf_sizes_of(bool is_wide);

/* Bytes that hold what they are said to hold. False: `count` bytes are too few, or no ELF object of this byte
 * order. */
bool elf_read_header(const uint8_t *bytes, size_t count, Elf64_Ehdr *header);
bool elf_is_wide(const Elf64_Ehdr *header);
Elf64_Shdr elf_read_section(const uint8_t *bytes, bool is_wide);
/* Where the file's part of a segment ends. */
uint64_t elf_read_segment_end(const uint8_t *bytes, bool is_wide);
Elf64_Sym elf_read_symbol(const uint8_t *bytes, bool is_wide);

/* e_ident, e_ehsize and e_shentsize are filled in. */
void elf_write_header(FILE *file, const Elf64_Ehdr *header, bool is_wide);
void elf_write_section(FILE *file, const Elf64_Shdr *section, bool is_wide);
void elf_write_symbol(FILE *file, const Elf64_Sym *symbol, bool is_wide);

#endif
