/*
 * macho_objects.c: Apple's objects: one around a blob, and the symbols of those that LLVM made.
 *
 * A blob's file is headers, symbols, names, payload: places in the file have 32 bits there, the payload's
 * size has 64. What comes before the payload is written twice, since it says how long that is.
 */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE   200809L
#include "link/macho.h"
#include "link/macho_tables.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* All that comes before the payload, but for the names. */
typedef struct {
  macho_header header;
  macho_segment segment;
  macho_section section;
  macho_version version;
  macho_symbols symbols;
  macho_symbol start, end;
} blob_head;

static uint32_t log2_of(size_t alignment) {
  uint32_t log2 = 0;
  while ((size_t)1 << log2 < alignment) log2++;
  return log2;
}

static blob_head head_of(const codegen_target *target, const link_blob *blob, uint64_t payload_bytes) {
  bool is_arm = strcmp(target->arch, "aarch64") == 0;
  uint32_t length = (uint32_t)strlen(blob->symbol) + 2; /* names begin with an underscore */
  uint32_t names_bytes = 1 + 2 * length + (uint32_t)strlen("_end");
  uint64_t payload_at = macho_round_up(sizeof(blob_head) + names_bytes, 64);
  enum { HIDDEN = MACHO_IS_EXTERNAL | MACHO_IS_PRIVATE | MACHO_OF_SECTION };
  blob_head head = {
      .header = {.magic = (uint32_t)MACHO_MAGIC,
                 .cpu = is_arm ? MACHO_ARM64 : MACHO_X86_64,
                 .cpu_kind = is_arm ? 0 : MACHO_ALL_X86_64,
                 .file_kind = MACHO_OBJECT,
                 .command_count = 3,
                 .command_bytes = offsetof(blob_head, start) - sizeof(macho_header)},
      .segment = {.command = MACHO_SEGMENT,
                  .command_bytes = sizeof(macho_segment) + sizeof(macho_section),
                  .bytes = payload_bytes,
                  .at = payload_at,
                  .file_bytes = payload_bytes,
                  .most_protection = MACHO_ALL_PROTECTIONS, /* an object's only segment holds all sections */
                  .protection = MACHO_ALL_PROTECTIONS,
                  .section_count = 1},
      .section = {.name = "__const",
                  .segment = "__TEXT",
                  .bytes = payload_bytes,
                  .at = (uint32_t)payload_at,
                  .alignment_log2 = log2_of(blob->alignment ? blob->alignment : target->page_bytes)},
      .version = {.command = MACHO_BUILD_VERSION,
                  .command_bytes = sizeof(macho_version),
                  .platform = MACHO_MACOS,
                  .least_system = MACHO_MACOS_11,
                  .sdk = MACHO_MACOS_11},
      .symbols = {.command = MACHO_SYMBOLS,
                  .command_bytes = sizeof(macho_symbols),
                  .symbols_at = offsetof(blob_head, start),
                  .symbol_count = 2,
                  .names_at = sizeof(blob_head),
                  .names_bytes = names_bytes},
      .start = {.name_at = 1, .kind = HIDDEN, .section = 1},
      .end = {.name_at = 1 + length, .kind = HIDDEN, .section = 1, .value = payload_bytes}};
  return head;
}

/* The linker aligns a section by its pages at most. */
status macho_blob(arena *a, const codegen_target *target, const link_blob *blob, FILE *file) {
  blob_head head = head_of(target, blob, 0);
  fwrite(&head, sizeof head, 1, file);
  fprintf(file, "%c_%s%c_%s_end%c", 0, blob->symbol, 0, blob->symbol, 0);
  while (ftello(file) < (off_t)head.segment.at && fputc(0, file) == 0) continue;
  TRY(blob->write_payload(blob->context, file));
  off_t end = ftello(file);
  if (end < (off_t)head.segment.at || fseeko(file, 0, SEEK_SET) != 0)
    return fail(a, STATUS_INPUT, "'%s' cannot be written: %s", blob->symbol, strerror(errno));
  head = head_of(target, blob, (uint64_t)end - head.segment.at);
  fwrite(&head, sizeof head, 1, file);
  return OK;
}

bool macho_index_member(archive *ar, const uint8_t *bytes, uint64_t count) {
  macho_object object;
  if (!macho_read(bytes, count, &object)) return false;
  for (uint32_t i = 0; i < object.symbols.symbol_count; i++) {
    macho_symbol symbol = macho_read_symbol(&object, i);
    const char *name = macho_symbol_name(&object, &symbol);
    if (!name) return false;
    if ((symbol.kind & MACHO_IS_EXTERNAL) && (symbol.kind & MACHO_KIND_MASK) &&
        !(symbol.kind & MACHO_IS_DEBUGGING))
      archive_add_symbol(ar, name);
  }
  return true;
}

uint64_t macho_end(int descriptor) {
  enum { HEADERS = 1 << 14 };
  uint8_t bytes[HEADERS];
  macho_header header;
  ssize_t count = pread(descriptor, bytes, sizeof bytes, 0);
  if (count < (ssize_t)sizeof header) return 0;
  memcpy(&header, bytes, sizeof header);
  if (header.magic != (uint32_t)MACHO_MAGIC) return 0;
  uint64_t end = 0, at = sizeof header;
  for (uint32_t i = 0; i < header.command_count && at + sizeof(macho_segment) <= (uint64_t)count; i++) {
    macho_segment segment;
    memcpy(&segment, bytes + at, sizeof segment);
    if (segment.command == MACHO_SEGMENT && segment.at + segment.file_bytes > end)
      end = segment.at + segment.file_bytes;
    at += segment.command_bytes;
  }
  return end;
}
