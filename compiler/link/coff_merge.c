/*
 * coff_merge.c: one COFF object of several, as `ld -r` makes them of ELF's, which lld does not of these:
 * sections one behind the other, and one table of symbols in which names that objects share stand once.
 */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE   200809L
#include "base/name_map.h"
#include "link/coff.h"
#include "link/coff_tables.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_SECTIONS = 0xfeff, NOWHERE = (int)0xffffffff };

typedef struct {
  coff_object object;
  file_view view;
  uint32_t first_section; /* in the merged object, from 0 */
  uint32_t *places;       /* of its symbols there; NOWHERE: of rows that follow one */
} part;

typedef struct {
  link_job *job;
  part *parts;
  size_t part_count;
  uint32_t section_count;
  name_map globals; /* a symbol's place + 1 */
  coff_symbols symbols;
  text headers; /* of the sections */
  uint64_t at;  /* the file's end so far */
} merge;

static status damaged(const merge *m) {
  return fail_file(m->job->arena, fail(m->job->arena, STATUS_DEFECT, "its objects cannot be joined"),
                   m->job->destination);
}

/* ---- symbols ----------------------------------------------------------------- */

static const uint8_t *row_of(const part *p, uint32_t index) {
  return p->object.symbols + (uint64_t)index * COFF_SYMBOL_BYTES;
}

/* Whether the name is another object's to define. */
static bool is_open(const uint8_t *row) {
  return row[COFF_CLASS] == COFF_EXTERNAL && !coff_load(row + COFF_SECTION, 2) &&
         !coff_load(row + COFF_VALUE, 4);
}

static void append(merge *m, const part *p, uint32_t index, const char *name) {
  uint8_t row[COFF_SYMBOL_BYTES];
  memcpy(row, row_of(p, index), sizeof row);
  uint64_t section = coff_load(row + COFF_SECTION, 2); /* those above the most say what is in no section */
  coff_put_name(&m->symbols, row, name);
  if (section && section <= MOST_SECTIONS) coff_store(row + COFF_SECTION, section + p->first_section, 2);
  text_append(&m->symbols.symbols, row, sizeof row);
  p->places[index] = m->symbols.count++;
}

/* The rows behind symbol `index`: of a section how large it is and what it goes with, else of a weak one what
 * stands for it. */
static status append_extra(merge *m, const part *p, uint32_t index) {
  enum { GOES_WITH = 12, SELECTION = 14, ASSOCIATIVE = 5 };
  const uint8_t *row = row_of(p, index);
  for (uint32_t i = 1; i <= row[COFF_EXTRA]; i++) {
    uint8_t extra[COFF_SYMBOL_BYTES];
    memcpy(extra, row + i * COFF_SYMBOL_BYTES, sizeof extra);
    if (row[COFF_CLASS] == COFF_STATIC && extra[SELECTION] == ASSOCIATIVE)
      coff_store(extra + GOES_WITH, coff_load(extra + GOES_WITH, 2) + p->first_section, 2);
    if (row[COFF_CLASS] == COFF_EXTERNAL || row[COFF_CLASS] == COFF_WEAK_EXTERNAL) return damaged(m);
    text_append(&m->symbols.symbols, extra, sizeof extra);
    m->symbols.count++;
  }
  return OK;
}

/* All that the part defines. */
static status add_definitions(merge *m, part *p) {
  uint32_t count = p->object.header.symbol_count;
  p->places = ARENA_ARRAY(m->job->arena, uint32_t, count + 1);
  for (uint32_t i = 0; i < count; i++) p->places[i] = (uint32_t)NOWHERE;
  for (uint32_t i = 0; i < count; i += 1u + row_of(p, i)[COFF_EXTRA]) {
    const uint8_t *row = row_of(p, i);
    const char *name = coff_symbol_name(m->job->arena, &p->object, row);
    if (!name || row[COFF_EXTRA] >= count - i) return damaged(m);
    if (is_open(row)) continue;
    bool is_global = row[COFF_CLASS] == COFF_EXTERNAL;
    if (is_global && name_map_get(&m->globals, name)) return damaged(m);
    append(m, p, i, name);
    if (is_global) name_map_set(m->job->arena, &m->globals, name, (void *)((uintptr_t)p->places[i] + 1));
    TRY(append_extra(m, p, i));
  }
  return OK;
}

/* What it refers to: another part's definition, or what is left open, once. */
static void add_references(merge *m, part *p) {
  for (uint32_t i = 0; i < p->object.header.symbol_count; i += 1u + row_of(p, i)[COFF_EXTRA]) {
    if (!is_open(row_of(p, i))) continue;
    const char *name = coff_symbol_name(m->job->arena, &p->object, row_of(p, i));
    uintptr_t known = (uintptr_t)name_map_get(&m->globals, name);
    if (known) {
      p->places[i] = (uint32_t)(known - 1);
    } else {
      append(m, p, i, name);
      name_map_set(m->job->arena, &m->globals, name, (void *)((uintptr_t)p->places[i] + 1));
    }
  }
}

/* ---- sections ------------------------------------------------------------------ */

static bool has_bytes(const coff_section *section) {
  return section->at && !(section->flags & COFF_UNINITIALISED);
}

/* How many relocations a section has, the one that only counts them included; false: they are not all there.
 */
static bool count_relocations(const part *p, const coff_section *section, uint32_t *count) {
  *count = section->relocation_count;
  if (section->relocations_at > p->object.count) return false;
  if ((section->flags & COFF_MANY_RELOCATIONS) && *count == COFF_MOST_RELOCATIONS) {
    if (p->object.count - section->relocations_at < 4) return false;
    *count = (uint32_t)coff_load(p->object.bytes + section->relocations_at, 4);
  }
  return *count <= (p->object.count - section->relocations_at) / COFF_RELOCATION_BYTES;
}

/* A name of more than 8 bytes is where it is among the names, in decimals. */
static status name_section(merge *m, const part *p, coff_section *section) {
  if (section->name[0] != '/') return OK;
  char digits[sizeof section->name + 1] = {0};
  memcpy(digits, section->name + 1, sizeof section->name - 1);
  unsigned long long at = strtoull(digits, NULL, 10);
  if (at < 4 || at >= p->object.names_bytes) return damaged(m);
  int length = snprintf(digits, sizeof digits, "/%zu", 4 + m->symbols.names.count);
  if (length > (int)sizeof section->name) return damaged(m);
  memset(section->name, 0, sizeof section->name);
  memcpy(section->name, digits, (size_t)length);
  text_append(&m->symbols.names, p->object.names + at, strlen(p->object.names + at) + 1);
  return OK;
}

/* Says where the part's sections will lie. */
static status lay_out(merge *m, const part *p) {
  coff_section section;
  for (uint32_t i = 0; coff_read_section(&p->object, i, &section); i++) {
    uint32_t relocations;
    if (!count_relocations(p, &section, &relocations)) return damaged(m);
    TRY(name_section(m, p, &section));
    if (has_bytes(&section)) {
      if (section.bytes > p->object.count || section.at > p->object.count - section.bytes) return damaged(m);
      section.at = (uint32_t)m->at;
      m->at += section.bytes;
    }
    section.relocations_at = relocations ? (uint32_t)m->at : 0;
    m->at += (uint64_t)relocations * COFF_RELOCATION_BYTES;
    text_append(&m->headers, &section, sizeof section);
    if (m->at > INT32_MAX)
      return fail(m->job->arena, STATUS_INPUT,
                  "the model has more than 2 GiB, which no program for Windows holds");
  }
  return OK;
}

static status write_sections(const merge *m, const part *p, FILE *file) {
  coff_section section;
  for (uint32_t i = 0; coff_read_section(&p->object, i, &section); i++) {
    uint32_t count;
    count_relocations(p, &section, &count);
    if (has_bytes(&section)) fwrite(p->object.bytes + section.at, 1, section.bytes, file);
    for (uint32_t k = 0; k < count; k++) {
      uint8_t row[COFF_RELOCATION_BYTES];
      memcpy(row, p->object.bytes + section.relocations_at + k * sizeof row, sizeof row);
      bool only_counts = k == 0 && count >= COFF_MOST_RELOCATIONS;
      uint64_t symbol = coff_load(row + COFF_RELOCATION_SYMBOL, 4);
      if (!only_counts) {
        if (symbol >= p->object.header.symbol_count || p->places[symbol] == (uint32_t)NOWHERE)
          return damaged(m);
        coff_store(row + COFF_RELOCATION_SYMBOL, p->places[symbol], 4);
      }
      fwrite(row, 1, sizeof row, file);
    }
  }
  return OK;
}

/* ---- the file ------------------------------------------------------------------- */

static status write_merged(void *user, FILE *file) {
  merge *m = user;
  coff_header header = {.machine = COFF_X86_64,
                        .section_count = (uint16_t)m->section_count,
                        .symbols_at = (uint32_t)m->at,
                        .symbol_count = m->symbols.count};
  text tables = {0};
  fwrite(&header, sizeof header, 1, file);
  fwrite(m->headers.bytes, 1, m->headers.count, file);
  status s = OK;
  for (size_t i = 0; i < m->part_count && !s; i++) s = write_sections(m, &m->parts[i], file);
  coff_end_symbols(&m->symbols, &tables);
  fwrite(tables.bytes, 1, tables.count, file);
  text_free(&tables);
  return s;
}

static status read_parts(merge *m) {
  link_job *job = m->job;
  m->parts = ARENA_ARRAY(job->arena, part, job->input_count + 1);
  for (size_t i = 0; i < job->input_count; i++) {
    link_input_kind kind = job->inputs[i].kind;
    if (kind != LINK_CODE && kind != LINK_BLOB) continue;
    part *p = &m->parts[m->part_count];
    TRY(file_map(job->arena, input_path(job, &job->inputs[i]), &p->view));
    m->part_count++;
    if (!coff_read(p->view.bytes, p->view.count, &p->object)) return damaged(m);
    p->first_section = m->section_count;
    m->section_count += p->object.header.section_count;
  }
  if (m->section_count <= MOST_SECTIONS) return OK;
  status s = fail(job->arena, STATUS_INPUT, "the model has code of %u parts, more than an object holds",
                  m->section_count);
  return fail_hint(job->arena, s, "use --emit lib");
}

static status join(merge *m) {
  TRY(read_parts(m));
  m->at = sizeof(coff_header) + m->section_count * sizeof(coff_section);
  for (size_t i = 0; i < m->part_count; i++) TRY(add_definitions(m, &m->parts[i]));
  for (size_t i = 0; i < m->part_count; i++) add_references(m, &m->parts[i]);
  for (size_t i = 0; i < m->part_count; i++) TRY(lay_out(m, &m->parts[i]));
  return output_write(m->job, write_merged, m);
}

status coff_merge(link_job *job) {
  merge m = {.job = job};
  status s = join(&m);
  for (size_t i = 0; i < m.part_count; i++) file_unmap(&m.parts[i].view);
  text_free(&m.headers);
  text_free(&m.symbols.symbols);
  text_free(&m.symbols.names);
  return s;
}
