/* wasm_symbols.c: the symbols that a WebAssembly object defines, for an archive's index. [WebAssembly
 * tool-conventions, Linking.md, "Symbol Table Subsection"] */
#define _POSIX_C_SOURCE 200809L
#include "link/wasm.h"

#include <string.h>

typedef struct {
  const uint8_t *at, *end;
  bool is_damaged; /* something reached beyond `end` */
} reader;

/* LEB128 of up to 32 bits. */
static uint32_t read_number(reader *r) {
  uint64_t value = 0;
  for (int shift = 0; shift < 35 && r->at < r->end; shift += 7) {
    uint8_t byte = *r->at++;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return (uint32_t)value;
  }
  r->is_damaged = true;
  r->at = r->end;
  return 0;
}

/* The next `bytes` bytes, apart. */
static reader read_part(reader *r, uint32_t bytes) {
  if (bytes > (uint64_t)(r->end - r->at)) {
    r->is_damaged = true;
    bytes = (uint32_t)(r->end - r->at);
  }
  reader part = {.at = r->at, .end = r->at + bytes};
  r->at += bytes;
  return part;
}

static reader read_name(reader *r) {
  return read_part(r, read_number(r));
}

/* Passes one symbol; tells the archive of it where it is for others. */
static void read_symbol(archive *ar, reader *r) {
  uint32_t kind = r->at < r->end ? *r->at++ : 0, flags = read_number(r);
  bool is_defined = !(flags & WASM_UNDEFINED);
  reader name = {0};
  if (kind == WASM_SECTION) {
    read_number(r);
    return;
  }
  if (kind != WASM_DATA_SYMBOL) read_number(r); /* which of its kind */
  if (kind == WASM_DATA_SYMBOL || is_defined || (flags & WASM_NAMED)) name = read_name(r);
  if (kind == WASM_DATA_SYMBOL && is_defined)
    for (int i = 0; i < 3; i++) read_number(r); /* segment, offset, size */
  if (is_defined && !(flags & WASM_LOCAL) && !r->is_damaged)
    archive_add_symbol(
        ar, arena_format(archive_arena(ar), "%.*s", (int)(name.end - name.at), (const char *)name.at));
}

static bool read_linking(archive *ar, reader r) {
  if (read_number(&r) != WASM_LINKING_VERSION) return false;
  while (r.at < r.end && !r.is_damaged) {
    uint8_t kind = *r.at++;
    reader part = read_part(&r, read_number(&r));
    if (kind != WASM_SYMBOL_TABLE) continue;
    uint32_t count = read_number(&part);
    for (uint32_t i = 0; i < count && !part.is_damaged; i++) read_symbol(ar, &part);
    if (part.is_damaged) return false;
  }
  return !r.is_damaged;
}

bool wasm_index_member(archive *ar, const uint8_t *bytes, uint64_t count) {
  if (count < WASM_HEADER_BYTES || memcmp(bytes, wasm_header, WASM_HEADER_BYTES) != 0) return false;
  reader r = {.at = bytes + WASM_HEADER_BYTES, .end = bytes + count};
  while (r.at < r.end && !r.is_damaged) {
    uint8_t id = *r.at++;
    reader section = read_part(&r, read_number(&r));
    if (id != WASM_CUSTOM) continue;
    reader name = read_name(&section);
    bool is_linking = name.end - name.at == 7 && memcmp(name.at, "linking", 7) == 0;
    if (is_linking && !read_linking(ar, section)) return false;
  }
  return !r.is_damaged;
}
