/*
 * coff_objects.c: Windows' objects: one around a blob, and the symbols of those that LLVM made.
 *
 * A blob's file is header, section header, payload, symbols, names: only the headers are written twice.
 * Sections are aligned to 8 KiB at most, and hold less than 4 GiB. [Microsoft, PE Format]
 */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE   200809L
#include "link/coff.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

typedef struct {
  uint16_t machine, section_count;
  uint32_t time, symbols_at, symbol_count;
  uint16_t optional_bytes, characteristics;
} file_header;

typedef struct {
  char name[8];
  uint32_t virtual_bytes, address, bytes, at, relocations_at, lines_at;
  uint16_t relocation_count, line_count;
  uint32_t flags;
} section_header;

/* Symbols are 18 bytes, which no struct of words is. */
enum { SYMBOL_BYTES = 18, SYMBOL_VALUE = 8, SYMBOL_SECTION = 12, SYMBOL_CLASS = 16, SYMBOL_EXTRA = 17 };
enum { CLASS_EXTERNAL = 2, CLASS_WEAK_EXTERNAL = 105 };
enum { MACHINE_X86_64 = 0x8664 };
enum { INITIALISED = 0x40, READ_ONLY = 0x40000000, ALIGNED_TO_1 = 0x100000, MOST_ALIGNMENT_LOG2 = 13 };

static void store(uint8_t *at, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> 8 * i);
}

/* The symbol `name` at `value` of the only section; its name lies at `name_at` of the names. */
static void write_symbol(FILE *file, uint32_t name_at, uint64_t value) {
  uint8_t symbol[SYMBOL_BYTES] = {0};
  store(symbol + 4, name_at, 4);
  store(symbol + SYMBOL_VALUE, value, 4);
  store(symbol + SYMBOL_SECTION, 1, 2);
  symbol[SYMBOL_CLASS] = CLASS_EXTERNAL;
  fwrite(symbol, 1, sizeof symbol, file);
}

static void write_headers(FILE *file, const file_header *header, const section_header *section) {
  fwrite(header, sizeof *header, 1, file);
  fwrite(section, sizeof *section, 1, file);
}

status coff_blob(arena *a, const codegen_target *target, const link_blob *blob, FILE *file) {
  (void)target; /* there is one that runs Windows */
  uint32_t alignment_log2 = 12;
  for (size_t i = 0; blob->alignment && i < 64; i++)
    if (blob->alignment == (size_t)1 << i) alignment_log2 = (uint32_t)i;
  if (alignment_log2 > MOST_ALIGNMENT_LOG2) alignment_log2 = MOST_ALIGNMENT_LOG2;
  file_header header = {.machine = MACHINE_X86_64, .section_count = 1, .symbol_count = 2};
  section_header section = {.name = ".rdata",
                            .at = sizeof header + sizeof section,
                            .flags = INITIALISED | READ_ONLY | (alignment_log2 + 1) * ALIGNED_TO_1};
  write_headers(file, &header, &section);
  TRY(blob->write_payload(blob->context, file));
  off_t end = ftello(file);
  if (end < (off_t)section.at)
    return fail(a, STATUS_INPUT, "'%s' cannot be written: %s", blob->symbol, strerror(errno));
  if (end > UINT32_MAX)
    return fail(a, STATUS_INPUT, "'%s' has %lld bytes: Windows' programs hold at most 2 GiB", blob->symbol,
                (long long)end);
  section.bytes = (uint32_t)end - section.at;
  header.symbols_at = (uint32_t)end;

  uint32_t length = (uint32_t)strlen(blob->symbol) + 1;
  write_symbol(file, sizeof(uint32_t), 0);
  write_symbol(file, (uint32_t)sizeof(uint32_t) + length, section.bytes);
  uint32_t names_bytes = (uint32_t)sizeof names_bytes + 2 * length + (uint32_t)strlen("_end");
  fwrite(&names_bytes, sizeof names_bytes, 1, file);
  fprintf(file, "%s%c%s_end%c", blob->symbol, 0, blob->symbol, 0);

  if (fseeko(file, 0, SEEK_SET) != 0)
    return fail(a, STATUS_INPUT, "'%s' cannot be written: %s", blob->symbol, strerror(errno));
  write_headers(file, &header, &section);
  return OK;
}

status coff_add_needs(link_job *job) {
  text bytes = {0}, names = {0};
  file_header header = {
      .machine = MACHINE_X86_64, .symbols_at = sizeof header, .symbol_count = (uint32_t)job->part_count};
  uint32_t names_bytes = sizeof names_bytes;
  text_append(&bytes, (const char *)&header, sizeof header);
  for (size_t i = 0; i < job->part_count; i++) {
    uint8_t symbol[SYMBOL_BYTES] = {[SYMBOL_CLASS] = CLASS_EXTERNAL};
    store(symbol + 4, names_bytes, 4);
    text_append(&bytes, (const char *)symbol, sizeof symbol);
    text_append(&names, job->parts[i], strlen(job->parts[i]) + 1);
    names_bytes = (uint32_t)(sizeof names_bytes + names.count);
  }
  text_append(&bytes, (const char *)&names_bytes, sizeof names_bytes);
  text_append(&bytes, names.bytes, names.count);
  status s = link_add_object(job, "parts", bytes.bytes, bytes.count);
  text_free(&bytes);
  text_free(&names);
  return s;
}

static uint64_t load(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value |= (uint64_t)at[i] << 8 * i;
  return value;
}

bool coff_index_member(archive *ar, const uint8_t *bytes, uint64_t count) {
  file_header header;
  if (count < sizeof header) return false;
  memcpy(&header, bytes, sizeof header);
  uint64_t names_at = header.symbols_at + (uint64_t)header.symbol_count * SYMBOL_BYTES;
  if (header.machine != MACHINE_X86_64 || names_at > count || count - names_at < 4) return false;
  const char *names = (const char *)bytes + names_at;
  uint64_t names_bytes = count - names_at;
  if (names[names_bytes - 1]) return false;
  for (uint32_t i = 0; i < header.symbol_count; i++) {
    const uint8_t *symbol = bytes + header.symbols_at + (uint64_t)i * SYMBOL_BYTES;
    int section = (int16_t)load(symbol + SYMBOL_SECTION, 2), class = symbol[SYMBOL_CLASS];
    uint64_t name_at = load(symbol, 4) ? 0 : load(symbol + 4, 4);
    i += symbol[SYMBOL_EXTRA];
    if (name_at >= names_bytes) return false;
    bool is_defined = class == CLASS_EXTERNAL && section != 0;
    if (class != CLASS_WEAK_EXTERNAL && !is_defined) continue;
    archive_add_symbol(ar, name_at ? names + name_at : archive_text(ar, (const char *)symbol, 8));
  }
  return true;
}
