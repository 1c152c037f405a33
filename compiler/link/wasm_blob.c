/*
 * wasm_blob.c: a relocatable WebAssembly object around one blob, written front to back.
 *
 * File layout: header, an import of the memory, the data section with one segment, the custom section
 * "linking" with the segment's name and the two symbols. Sizes that come before what they measure have five
 * bytes, which hold any of 32 bits, and are written again at the end. [WebAssembly tool-conventions,
 * Linking.md]
 */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE   200809L
#include "link/wasm.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

enum { PADDED_BYTES = 5, CONST_I32 = 0x41, END = 0x0b, IMPORTED_MEMORY = 2 };
enum { MOST_OTHER_BYTES = 1 << 16 }; /* of an object, beside the payload */

const uint8_t wasm_header[WASM_HEADER_BYTES] = {0, 'a', 's', 'm', 1, 0, 0, 0};

static void add_byte(text *out, unsigned byte) {
  char one = (char)byte;
  text_append(out, &one, 1);
}

/* LEB128, in `least` bytes at least. */
static void add_number(text *out, uint32_t value, int least) {
  for (int i = 1; value >= 0x80 || i < least; i++, value >>= 7) add_byte(out, (value & 0x7f) | 0x80);
  add_byte(out, value);
}

static void add_name(text *out, const char *name, const char *suffix) {
  add_number(out, (uint32_t)(strlen(name) + strlen(suffix)), 1);
  text_append(out, name, strlen(name));
  text_append(out, suffix, strlen(suffix));
}

/* A part of a section, or a section: a number and how long it is. */
static void add_part(text *out, unsigned id, const text *contents) {
  add_byte(out, id);
  add_number(out, (uint32_t)contents->count, 1);
  text_append(out, contents->bytes, contents->count);
}

/* All before the payload; *section and *segment are where their sizes are. */
static void add_start(text *out, size_t *section, size_t *segment) {
  text import = {0};
  add_number(&import, 1, 1);
  add_name(&import, "env", "");
  add_name(&import, "__linear_memory", "");
  add_byte(&import, IMPORTED_MEMORY);
  add_number(&import, 0, 1); /* no limit */
  add_number(&import, 0, 1); /* of so many pages at least */
  text_append(out, wasm_header, sizeof wasm_header);
  add_part(out, WASM_IMPORT, &import);
  text_free(&import);

  add_byte(out, WASM_DATA);
  *section = out->count;
  add_number(out, 0, PADDED_BYTES);
  add_number(out, 1, 1); /* segment */
  add_number(out, 0, 1); /* of memory 0, at: */
  add_byte(out, CONST_I32);
  add_number(out, 0, 1);
  add_byte(out, END);
  *segment = out->count;
  add_number(out, 0, PADDED_BYTES);
}

static void add_symbol(text *out, const char *name, const char *suffix, uint32_t offset, uint32_t bytes) {
  add_byte(out, WASM_DATA_SYMBOL);
  add_number(out, WASM_HIDDEN, 1);
  add_name(out, name, suffix);
  add_number(out, 0, 1); /* of the segment */
  add_number(out, offset, 1);
  add_number(out, bytes, 1);
}

/* All behind it. */
static void add_end(text *out, const link_blob *blob, size_t alignment, uint32_t payload_bytes) {
  text info = {0}, symbols = {0}, linking = {0};
  add_number(&info, 1, 1);
  add_name(&info, ".rodata.", blob->symbol);
  add_number(&info, (uint32_t)__builtin_ctzll(alignment), 1);
  add_number(&info, 0, 1); /* flags */
  add_number(&symbols, 2, 1);
  add_symbol(&symbols, blob->symbol, "", 0, payload_bytes);
  add_symbol(&symbols, blob->symbol, "_end", payload_bytes, 0);
  add_name(&linking, "linking", "");
  add_number(&linking, WASM_LINKING_VERSION, 1);
  add_part(&linking, WASM_SEGMENT_INFO, &info);
  add_part(&linking, WASM_SYMBOL_TABLE, &symbols);
  add_part(out, WASM_CUSTOM, &linking);
  text_free(&info);
  text_free(&symbols);
  text_free(&linking);
}

static bool write_size(FILE *file, size_t at, uint32_t bytes) {
  text size = {0};
  add_number(&size, bytes, PADDED_BYTES);
  bool written =
      fseeko(file, (off_t)at, SEEK_SET) == 0 && fwrite(size.bytes, 1, size.count, file) == size.count;
  text_free(&size);
  return written;
}

status wasm_blob(arena *a, const codegen_target *target, const link_blob *blob, FILE *file) {
  text start = {0}, end = {0};
  size_t section, segment;
  add_start(&start, &section, &segment);
  size_t payload_at = start.count;
  fwrite(start.bytes, 1, start.count, file);
  text_free(&start);
  TRY(blob->write_payload(blob->context, file));
  off_t payload_end = ftello(file);
  if (payload_end < (off_t)payload_at)
    return fail(a, STATUS_INPUT, "'%s' cannot be written: %s", blob->symbol, strerror(errno));
  uint64_t payload_bytes = (uint64_t)payload_end - payload_at;
  if (payload_bytes >= UINT32_MAX - MOST_OTHER_BYTES)
    return fail(a, STATUS_INPUT, "'%s' has %llu bytes, more than fit into a module", blob->symbol,
                (unsigned long long)payload_bytes);
  add_end(&end, blob, blob->alignment ? blob->alignment : target->page_bytes, (uint32_t)payload_bytes);
  fwrite(end.bytes, 1, end.count, file);
  text_free(&end);
  if (write_size(file, section, (uint32_t)((uint64_t)payload_end - section - PADDED_BYTES)) &&
      write_size(file, segment, (uint32_t)payload_bytes))
    return OK;
  return fail(a, STATUS_INPUT, "'%s' cannot be written: %s", blob->symbol, strerror(errno));
}
