/*
 * coff_objects.c: Windows' objects: one around a blob, and the symbols of those that LLVM made.
 *
 * A blob's file is header, section header, payload, symbols, names: only the headers are written twice.
 * Sections are aligned to 8 KiB at most, and hold less than 4 GiB. [Microsoft, PE Format]
 */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE   200809L
#include "link/coff.h"
#include "link/coff_tables.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

enum { MOST_ALIGNMENT_LOG2 = 13 };

static void write_headers(FILE *file, const coff_header *header, const coff_section *section) {
  fwrite(header, sizeof *header, 1, file);
  fwrite(section, sizeof *section, 1, file);
}

status coff_blob(arena *a, const codegen_target *target, const link_blob *blob, FILE *file) {
  (void)target; /* there is one that runs Windows */
  uint32_t alignment_log2 = 12;
  for (size_t i = 0; blob->alignment && i < 64; i++)
    if (blob->alignment == (size_t)1 << i) alignment_log2 = (uint32_t)i;
  if (alignment_log2 > MOST_ALIGNMENT_LOG2) alignment_log2 = MOST_ALIGNMENT_LOG2;
  coff_header header = {.machine = COFF_X86_64, .section_count = 1};
  coff_section section = {.name = ".rdata",
                          .at = sizeof header + sizeof section,
                          .flags = COFF_INITIALISED | COFF_READ | (alignment_log2 + 1) * COFF_ALIGNED_TO_1};
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

  coff_symbols symbols = {0};
  text tables = {0};
  coff_add_symbol(&symbols, blob->symbol, 0, 1, COFF_EXTERNAL);
  coff_add_symbol(&symbols, arena_format(a, "%s_end", blob->symbol), section.bytes, 1, COFF_EXTERNAL);
  header.symbol_count = symbols.count;
  coff_end_symbols(&symbols, &tables);
  fwrite(tables.bytes, 1, tables.count, file);
  text_free(&tables);

  if (fseeko(file, 0, SEEK_SET) != 0)
    return fail(a, STATUS_INPUT, "'%s' cannot be written: %s", blob->symbol, strerror(errno));
  write_headers(file, &header, &section);
  return OK;
}

status coff_add_needs(link_job *job) {
  text bytes = {0};
  coff_symbols symbols = {0};
  coff_header header = {
      .machine = COFF_X86_64, .symbols_at = sizeof header, .symbol_count = (uint32_t)job->part_count};
  text_append(&bytes, &header, sizeof header);
  for (size_t i = 0; i < job->part_count; i++) coff_add_symbol(&symbols, job->parts[i], 0, 0, COFF_EXTERNAL);
  coff_end_symbols(&symbols, &bytes);
  status s = link_add_object(job, "parts", bytes.bytes, bytes.count);
  text_free(&bytes);
  return s;
}

bool coff_index_member(archive *ar, const uint8_t *bytes, uint64_t count) {
  coff_object object;
  if (!coff_read(bytes, count, &object)) return false;
  for (uint32_t i = 0; i < object.header.symbol_count; i++) {
    const uint8_t *symbol = object.symbols + (uint64_t)i * COFF_SYMBOL_BYTES;
    i += symbol[COFF_EXTRA];
    bool is_defined = symbol[COFF_CLASS] == COFF_EXTERNAL && coff_load(symbol + COFF_SECTION, 2) != 0;
    if (symbol[COFF_CLASS] != COFF_WEAK_EXTERNAL && !is_defined) continue;
    const char *name = coff_symbol_name(archive_arena(ar), &object, symbol);
    if (!name) return false;
    archive_add_symbol(ar, name);
  }
  return true;
}
