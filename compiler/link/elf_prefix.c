/*
 * elf_prefix.c: other names for an ELF object's symbols. The table of names is written anew behind the
 * object's end: the old one, and then the new names. Nothing else moves. [System V ABI, chapter 4]
 */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE   200809L
#include "link/elf.h"
#include "link/elf_tables.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  link_job *job;
  const link_input *input;
  uint64_t bytes; /* of the object */
  bool is_wide;
  elf_sizes sizes;
} object;

static status damaged(const object *o) {
  arena *a = o->job->arena;
  return fail_file(a, fail(a, STATUS_DEFECT, "is not a sound ELF object"), o->input->name);
}

/* `bytes` of the object from `at` on, in the arena; NULL: it has not so many. */
static uint8_t *read_part(const object *o, uint64_t at, uint64_t bytes) {
  if (at > o->bytes || bytes > o->bytes - at) return NULL;
  uint8_t *part = arena_alloc(o->job->arena, bytes + 1);
  return pread(o->input->descriptor, part, bytes, (off_t)at) == (ssize_t)bytes ? part : NULL;
}

/* Writes the rows of the symbols table anew, and the names that they have now behind *names. */
static status rename_symbols(const object *o, const Elf64_Shdr *table, text *names, FILE *file) {
  uint64_t count = table->sh_size / o->sizes.symbol;
  const uint8_t *rows = read_part(o, table->sh_offset, count * o->sizes.symbol);
  uint64_t old_bytes = names->count;
  if (!rows || table->sh_info > count) return damaged(o);
  fseeko(file, (off_t)(table->sh_offset + table->sh_info * o->sizes.symbol), SEEK_SET);
  for (uint64_t i = table->sh_info; i < count; i++) {
    Elf64_Sym symbol = elf_read_symbol(rows + i * o->sizes.symbol, o->is_wide);
    if (symbol.st_name >= old_bytes) return damaged(o);
    const char *name = prefix_name(o->job, names->bytes + symbol.st_name);
    if (name) {
      symbol.st_name = (Elf64_Word)names->count;
      text_append(names, name, strlen(name) + 1);
    }
    elf_write_symbol(file, &symbol, o->is_wide);
  }
  return OK;
}

/* The object's table of symbols, row `index` of its sections, and the names that it refers to. */
static status rename_table(const object *o, const Elf64_Ehdr *header, const uint8_t *sections, size_t index,
                           FILE *file) {
  Elf64_Shdr table = elf_read_section(sections + index * o->sizes.section, o->is_wide);
  if (table.sh_link >= header->e_shnum) return damaged(o);
  Elf64_Shdr strings = elf_read_section(sections + table.sh_link * o->sizes.section, o->is_wide);
  const uint8_t *old = read_part(o, strings.sh_offset, strings.sh_size);
  if (!old || !strings.sh_size || old[strings.sh_size - 1]) return damaged(o);
  text names = {0};
  text_append(&names, old, strings.sh_size);
  status s = rename_symbols(o, &table, &names, file);
  strings.sh_offset = (o->bytes + 7) / 8 * 8;
  strings.sh_size = names.count;
  fseeko(file, (off_t)strings.sh_offset, SEEK_SET);
  fwrite(names.bytes, 1, names.count, file);
  fseeko(file, (off_t)(header->e_shoff + table.sh_link * o->sizes.section), SEEK_SET);
  elf_write_section(file, &strings, o->is_wide);
  text_free(&names);
  return s;
}

static status rename_object(object *o, FILE *file) {
  Elf64_Ehdr header;
  struct stat info;
  if (fstat(o->input->descriptor, &info) == 0) o->bytes = (uint64_t)info.st_size;
  size_t most = o->bytes < sizeof header ? o->bytes : sizeof header;
  const uint8_t *bytes = read_part(o, 0, most);
  if (!bytes || !elf_read_header(bytes, most, &header)) return damaged(o);
  o->is_wide = elf_is_wide(&header);
  o->sizes = elf_sizes_of(o->is_wide);
  const uint8_t *sections = read_part(o, header.e_shoff, header.e_shnum * o->sizes.section);
  if (!sections) return damaged(o);
  for (size_t i = 0; i < header.e_shnum; i++) /* an object has one such table */
    if (elf_read_section(sections + i * o->sizes.section, o->is_wide).sh_type == SHT_SYMTAB)
      return rename_table(o, &header, sections, i, file);
  return OK;
}

status elf_add_prefix(link_job *job, const link_input *input) {
  object o = {.job = job, .input = input};
  FILE *file = open_stream(input->descriptor);
  status s = file ? rename_object(&o, file) : OK;
  bool is_broken = !file || ferror(file);
  if (file) is_broken |= fclose(file) != 0;
  if (s || !is_broken) return s;
  arena *a = job->arena;
  return fail_file(a, fail(a, STATUS_INPUT, "objects beside it cannot be written: %s", strerror(errno)),
                   job->destination);
}
