/*
 * macho_objects.c: Apple's objects: one around a blob, and the symbols of those that LLVM made.
 *
 * A blob's file is headers, symbols, names, payload: places in the file have 32 bits there, the payload's
 * size has 64. What comes before the payload is written twice, since it says how long that is. [Apple,
 * mach-o/loader.h and mach-o/nlist.h, as described in "OS X ABI Mach-O File Format Reference"]
 */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE   200809L
#include "link/macho.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  uint32_t magic, cpu, cpu_kind, file_kind, command_count, command_bytes, flags, reserved;
} file_header;

typedef struct {
  uint32_t command, command_bytes;
  char name[16];
  uint64_t address, bytes, at, file_bytes;
  uint32_t most_protection, protection, section_count, flags;
} segment_command;

typedef struct {
  char name[16], segment[16];
  uint64_t address, bytes;
  uint32_t at, alignment_log2, relocations_at, relocation_count, flags, reserved[3];
} section;

typedef struct {
  uint32_t command, command_bytes, platform, least_system, sdk, tool_count;
} version_command;

typedef struct {
  uint32_t command, command_bytes, symbols_at, symbol_count, names_at, names_bytes;
} symbols_command;

typedef struct {
  uint32_t name_at;
  uint8_t kind, section;
  uint16_t description;
  uint64_t value;
} symbol;

enum { MAGIC = (int)0xfeedfacf, OBJECT = 1, ARM64 = 0x0100000c, X86_64 = 0x01000007, ALL_X86_64 = 3 };
enum { SEGMENT = 0x19, SYMBOLS = 2, BUILD_VERSION = 0x32, MACOS = 1, MACOS_11 = 11 << 16 };
enum { IS_EXTERNAL = 1, IS_PRIVATE = 0x10, OF_SECTION = 0xe, KIND_MASK = 0xe, IS_DEBUGGING = 0xe0 };

/* All that comes before the payload, but for the names. */
typedef struct {
  file_header header;
  segment_command segment;
  section section;
  version_command version;
  symbols_command symbols;
  symbol start, end;
} blob_head;

static uint64_t round_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

static uint32_t log2_of(size_t alignment) {
  uint32_t log2 = 0;
  while ((size_t)1 << log2 < alignment) log2++;
  return log2;
}

static blob_head head_of(const codegen_target *target, const link_blob *blob, uint64_t payload_bytes) {
  bool is_arm = strcmp(target->arch, "aarch64") == 0;
  uint32_t length = (uint32_t)strlen(blob->symbol) + 2; /* names begin with an underscore */
  uint32_t names_bytes = 1 + 2 * length + (uint32_t)strlen("_end");
  uint64_t payload_at = round_up(sizeof(blob_head) + names_bytes, 64);
  blob_head head = {
      .header = {.magic = (uint32_t)MAGIC,
                 .cpu = is_arm ? ARM64 : X86_64,
                 .cpu_kind = is_arm ? 0 : ALL_X86_64,
                 .file_kind = OBJECT,
                 .command_count = 3,
                 .command_bytes = offsetof(blob_head, start) - sizeof(file_header)},
      .segment = {.command = SEGMENT,
                  .command_bytes = sizeof(segment_command) + sizeof(section),
                  .bytes = payload_bytes,
                  .at = payload_at,
                  .file_bytes = payload_bytes,
                  .most_protection = 7, /* an object's only segment holds all kinds of sections */
                  .protection = 7,
                  .section_count = 1},
      .section = {.name = "__const",
                  .segment = "__TEXT",
                  .bytes = payload_bytes,
                  .at = (uint32_t)payload_at,
                  .alignment_log2 = log2_of(blob->alignment ? blob->alignment : target->page_bytes)},
      .version = {.command = BUILD_VERSION,
                  .command_bytes = sizeof(version_command),
                  .platform = MACOS,
                  .least_system = MACOS_11,
                  .sdk = MACOS_11},
      .symbols = {.command = SYMBOLS,
                  .command_bytes = sizeof(symbols_command),
                  .symbols_at = offsetof(blob_head, start),
                  .symbol_count = 2,
                  .names_at = sizeof(blob_head),
                  .names_bytes = names_bytes},
      .start = {.name_at = 1, .kind = IS_EXTERNAL | IS_PRIVATE | OF_SECTION, .section = 1},
      .end = {.name_at = 1 + length,
              .kind = IS_EXTERNAL | IS_PRIVATE | OF_SECTION,
              .section = 1,
              .value = payload_bytes}};
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

static bool fits(uint64_t count, uint64_t at, uint64_t bytes) {
  return at <= count && bytes <= count - at;
}

static bool list_symbols(const uint8_t *bytes, uint64_t count, const symbols_command *table, archive *ar) {
  if (!fits(count, table->symbols_at, (uint64_t)table->symbol_count * sizeof(symbol)) ||
      !fits(count, table->names_at, table->names_bytes) || !table->names_bytes)
    return false;
  const char *names = (const char *)bytes + table->names_at;
  if (names[table->names_bytes - 1]) return false;
  for (uint32_t i = 0; i < table->symbol_count; i++) {
    symbol s;
    memcpy(&s, bytes + table->symbols_at + i * sizeof s, sizeof s);
    if (s.name_at >= table->names_bytes) return false;
    if ((s.kind & IS_EXTERNAL) && (s.kind & KIND_MASK) && !(s.kind & IS_DEBUGGING))
      archive_add_symbol(ar, names + s.name_at);
  }
  return true;
}

bool macho_index_member(archive *ar, const uint8_t *bytes, uint64_t count) {
  file_header header;
  if (count < sizeof header) return false;
  memcpy(&header, bytes, sizeof header);
  if (header.magic != (uint32_t)MAGIC) return false;
  uint64_t at = sizeof header;
  for (uint32_t i = 0; i < header.command_count; i++) {
    symbols_command command;
    uint32_t head[2]; /* every command begins with its kind and size */
    if (!fits(count, at, sizeof head)) return false;
    memcpy(head, bytes + at, sizeof head);
    if (head[1] < sizeof head || !fits(count, at, head[1])) return false;
    if (head[0] == SYMBOLS) {
      if (head[1] < sizeof command) return false;
      memcpy(&command, bytes + at, sizeof command);
      if (!list_symbols(bytes, count, &command, ar)) return false;
    }
    at += head[1];
  }
  return true;
}

uint64_t macho_end(int descriptor) {
  enum { HEADERS = 1 << 14 };
  uint8_t bytes[HEADERS];
  file_header header;
  ssize_t count = pread(descriptor, bytes, sizeof bytes, 0);
  if (count < (ssize_t)sizeof header) return 0;
  memcpy(&header, bytes, sizeof header);
  if (header.magic != (uint32_t)MAGIC) return 0;
  uint64_t end = 0, at = sizeof header;
  for (uint32_t i = 0; i < header.command_count && fits((uint64_t)count, at, sizeof(segment_command)); i++) {
    segment_command segment;
    memcpy(&segment, bytes + at, sizeof segment);
    if (segment.command == SEGMENT && segment.at + segment.file_bytes > end)
      end = segment.at + segment.file_bytes;
    at += segment.command_bytes;
  }
  return end;
}
