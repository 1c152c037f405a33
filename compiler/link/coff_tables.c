/* coff_tables.c: a COFF object's tables read, and its symbols written. */
#define _POSIX_C_SOURCE 200809L
#include "link/coff_tables.h"

#include <string.h>
#include <unistd.h>

void coff_store(uint8_t *at, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> 8 * i);
}

uint64_t coff_load(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value |= (uint64_t)at[i] << 8 * i;
  return value;
}

bool coff_read(const uint8_t *bytes, uint64_t count, coff_object *object) {
  *object = (coff_object){.bytes = bytes, .count = count};
  coff_header *header = &object->header;
  if (count < sizeof *header) return false;
  memcpy(header, bytes, sizeof *header);
  uint64_t names_at = header->symbols_at + (uint64_t)header->symbol_count * COFF_SYMBOL_BYTES;
  if (header->machine != COFF_X86_64 || header->optional_bytes || names_at > count || count - names_at < 4)
    return false;
  object->symbols = bytes + header->symbols_at;
  object->names = (const char *)bytes + names_at;
  object->names_bytes = count - names_at;
  return sizeof *header + (uint64_t)header->section_count * sizeof(coff_section) <= count &&
         (object->names_bytes == 4 || !object->names[object->names_bytes - 1]);
}

bool coff_read_section(const coff_object *object, uint32_t index, coff_section *section) {
  if (index >= object->header.section_count) return false;
  memcpy(section, object->bytes + sizeof object->header + index * sizeof *section, sizeof *section);
  return true;
}

const char *coff_symbol_name(arena *a, const coff_object *object, const uint8_t *symbol) {
  if (coff_load(symbol, 4)) return arena_format(a, "%.*s", COFF_VALUE, (const char *)symbol);
  uint64_t at = coff_load(symbol + COFF_NAME_AT, 4);
  return at >= 4 && at < object->names_bytes ? object->names + at : NULL;
}

void coff_put_name(coff_symbols *symbols, uint8_t *row, const char *name) {
  size_t bytes = strlen(name);
  memset(row, 0, COFF_VALUE);
  if (bytes <= COFF_VALUE) {
    memcpy(row, name, bytes);
  } else {
    coff_store(row + COFF_NAME_AT, 4 + symbols->names.count, 4);
    text_append(&symbols->names, name, bytes + 1);
  }
}

uint32_t coff_add_symbol(coff_symbols *symbols, const char *name, uint32_t value, int section, int class) {
  uint8_t row[COFF_SYMBOL_BYTES] = {[COFF_CLASS] = (uint8_t)class};
  coff_put_name(symbols, row, name);
  coff_store(row + COFF_VALUE, value, 4);
  coff_store(row + COFF_SECTION, (uint64_t)section, 2);
  text_append(&symbols->symbols, row, sizeof row);
  return symbols->count++;
}

void coff_end_symbols(coff_symbols *symbols, text *out) {
  uint8_t bytes[4];
  coff_store(bytes, sizeof bytes + symbols->names.count, sizeof bytes);
  text_append(out, symbols->symbols.bytes, symbols->symbols.count);
  text_append(out, bytes, sizeof bytes);
  text_append(out, symbols->names.bytes, symbols->names.count);
  text_free(&symbols->symbols);
  text_free(&symbols->names);
  symbols->count = 0;
}

void coff_put_object(text *out, const coff_piece *pieces, size_t piece_count, coff_symbols *symbols) {
  size_t begin = out->count;
  uint32_t at = (uint32_t)(sizeof(coff_header) + piece_count * sizeof(coff_section));
  coff_header header = {
      .machine = COFF_X86_64, .section_count = (uint16_t)piece_count, .symbol_count = symbols->count};
  text_append(out, &header, sizeof header);
  for (size_t i = 0; i < piece_count; i++) {
    const coff_piece *piece = &pieces[i];
    coff_section section = {.bytes = piece->count,
                            .at = at,
                            .relocations_at = at + piece->count,
                            .relocation_count = piece->relocation_count,
                            .flags = piece->flags};
    memcpy(section.name, piece->name, strnlen(piece->name, sizeof section.name));
    text_append(out, &section, sizeof section);
    at += piece->count + piece->relocation_count * (uint32_t)COFF_RELOCATION_BYTES;
  }
  for (size_t i = 0; i < piece_count; i++) {
    text_append(out, pieces[i].bytes, pieces[i].count);
    for (size_t k = 0; k < pieces[i].relocation_count; k++) {
      uint8_t row[COFF_RELOCATION_BYTES];
      coff_store(row, pieces[i].relocations[k].at, 4);
      coff_store(row + COFF_RELOCATION_SYMBOL, pieces[i].relocations[k].symbol, 4);
      coff_store(row + COFF_RELOCATION_KIND, COFF_RVA, 2);
      text_append(out, row, sizeof row);
    }
  }
  coff_end_symbols(symbols, out);
  header.symbols_at = at;
  memcpy(out->bytes + begin, &header, sizeof header);
}

bool coff_read_image(int descriptor, uint8_t head[COFF_HEADERS], coff_image *image) {
  enum { PE_AT = 0x3c, SECTION_COUNT = 6, OPTIONAL_BYTES = 20, OPTIONAL = 24 };
  ssize_t count = pread(descriptor, head, COFF_HEADERS, 0);
  if (count < PE_AT + 4 || memcmp(head, "MZ", 2) != 0) return false;
  uint64_t pe = coff_load(head + PE_AT, 4);
  if (pe + OPTIONAL > (uint64_t)count || memcmp(head + pe, "PE\0", 4) != 0) return false;
  image->optional_at = (uint32_t)pe + OPTIONAL;
  image->sections_at = image->optional_at + (uint32_t)coff_load(head + pe + OPTIONAL_BYTES, 2);
  image->section_count = (uint32_t)coff_load(head + pe + SECTION_COUNT, 2);
  return image->sections_at + (uint64_t)image->section_count * sizeof(coff_section) <= (uint64_t)count;
}
