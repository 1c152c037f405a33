/* elf_symbols.c: the symbols that an ELF object defines, for an archive's index. */
#define _POSIX_C_SOURCE 200809L
#include "link/elf.h"
#include "link/elf_tables.h"

/* A member of the archive, and its class. */
typedef struct {
  const uint8_t *bytes;
  uint64_t count;
  bool is_wide;
} object;

/* `count` items of `item_bytes` at `offset` of the object, or NULL where they do not fit into it. */
static const uint8_t *slice(const object *o, uint64_t offset, uint64_t count, uint64_t item_bytes) {
  if (offset > o->count || count > (o->count - offset) / item_bytes) return NULL;
  return o->bytes + offset;
}

static bool index_table(archive *ar, const object *o, const Elf64_Shdr *table, const Elf64_Shdr *strings) {
  size_t symbol_bytes = elf_sizes_of(o->is_wide).symbol;
  uint64_t count = table->sh_size / symbol_bytes;
  const uint8_t *symbols = slice(o, table->sh_offset, count, symbol_bytes);
  const char *names = (const char *)slice(o, strings->sh_offset, strings->sh_size, 1);
  if (!symbols || !names || !strings->sh_size || names[strings->sh_size - 1]) return false;
  for (uint64_t i = table->sh_info; i < count; i++) {
    Elf64_Sym symbol = elf_read_symbol(symbols + i * symbol_bytes, o->is_wide);
    if (symbol.st_shndx == SHN_UNDEF) continue;
    if (symbol.st_name >= strings->sh_size) return false;
    archive_add_symbol(ar, names + symbol.st_name);
  }
  return true;
}

bool elf_index_member(archive *ar, const uint8_t *bytes, uint64_t count) {
  Elf64_Ehdr header;
  if (!elf_read_header(bytes, count, &header)) return false;
  object o = {bytes, count, elf_is_wide(&header)};
  size_t section_bytes = elf_sizes_of(o.is_wide).section;
  const uint8_t *sections = slice(&o, header.e_shoff, header.e_shnum, section_bytes);
  if (!sections) return false;
  for (size_t i = 0; i < header.e_shnum; i++) {
    Elf64_Shdr table = elf_read_section(sections + i * section_bytes, o.is_wide);
    if (table.sh_type != SHT_SYMTAB) continue;
    if (table.sh_link >= header.e_shnum) return false;
    Elf64_Shdr strings = elf_read_section(sections + table.sh_link * section_bytes, o.is_wide);
    if (!index_table(ar, &o, &table, &strings)) return false;
  }
  return true;
}
