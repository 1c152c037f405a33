/* macho_tables.c: the tables of Apple's objects, read. */
#define _POSIX_C_SOURCE 200809L
#include "link/macho_tables.h"

#include <string.h>

uint64_t macho_round_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

static bool fits(uint64_t count, uint64_t at, uint64_t bytes) {
  return at <= count && bytes <= count - at;
}

/* Sections' bytes and relocations are there. */
static bool read_segment(macho_object *object, uint64_t at, uint32_t command_bytes) {
  macho_segment segment;
  if (command_bytes < sizeof segment) return false;
  memcpy(&segment, object->bytes + at, sizeof segment);
  if ((command_bytes - sizeof segment) / sizeof(macho_section) < segment.section_count) return false;
  object->segment_at = at;
  object->section_count = segment.section_count;
  for (uint32_t i = 0; i < segment.section_count; i++) {
    macho_section s = macho_read_section(object, i);
    bool has_bytes = (s.flags & MACHO_SECTION_KIND) != MACHO_ZEROS;
    if (!fits(object->count, s.relocations_at, (uint64_t)s.relocation_count * sizeof(macho_relocation)) ||
        (has_bytes && !fits(object->count, s.at, s.bytes)))
      return false;
  }
  return true;
}

static bool read_symbols(macho_object *object, uint64_t at, uint32_t command_bytes) {
  macho_symbols *table = &object->symbols;
  if (command_bytes < sizeof *table) return false;
  memcpy(table, object->bytes + at, sizeof *table);
  object->symbols_command_at = at;
  return fits(object->count, table->symbols_at, (uint64_t)table->symbol_count * sizeof(macho_symbol)) &&
         fits(object->count, table->names_at, table->names_bytes) && table->names_bytes &&
         !object->bytes[table->names_at + table->names_bytes - 1];
}

bool macho_read(const uint8_t *bytes, uint64_t count, macho_object *object) {
  *object = (macho_object){.bytes = bytes, .count = count};
  macho_header *header = &object->header;
  if (count < sizeof *header) return false;
  memcpy(header, bytes, sizeof *header);
  if (header->magic != (uint32_t)MACHO_MAGIC) return false;
  uint64_t at = sizeof *header;
  for (uint32_t i = 0; i < header->command_count; i++) {
    uint32_t head[2]; /* every command begins with its kind and size */
    if (!fits(count, at, sizeof head)) return false;
    memcpy(head, bytes + at, sizeof head);
    if (head[1] < sizeof head || !fits(count, at, head[1])) return false;
    if (head[0] == MACHO_SEGMENT && !read_segment(object, at, head[1])) return false;
    if (head[0] == MACHO_SYMBOLS && !read_symbols(object, at, head[1])) return false;
    at += head[1];
  }
  return true;
}

macho_section macho_read_section(const macho_object *object, uint32_t index) {
  macho_section section;
  memcpy(&section, object->bytes + object->segment_at + sizeof(macho_segment) + index * sizeof section,
         sizeof section);
  return section;
}

macho_symbol macho_read_symbol(const macho_object *object, uint32_t index) {
  macho_symbol symbol;
  memcpy(&symbol, object->bytes + object->symbols.symbols_at + index * sizeof symbol, sizeof symbol);
  return symbol;
}

const char *macho_symbol_name(const macho_object *object, const macho_symbol *symbol) {
  if (symbol->name_at >= object->symbols.names_bytes) return NULL;
  return (const char *)object->bytes + object->symbols.names_at + symbol->name_at;
}
