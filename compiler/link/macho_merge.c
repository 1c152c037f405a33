/*
 * macho_merge.c: one of Apple's objects of several, as `ld -r` makes them, which lld does not: sections of
 * one name become one, what stands in them for a place in another section follows it there, and names that
 * objects share stand once. Blobs come last, in a section of their own, since places in the file have 32
 * bits.
 *
 * The file: commands, relocations, symbols, names, sections.
 */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE   200809L
#include "base/name_map.h"
#include "link/macho.h"
#include "link/macho_tables.h"

#include <string.h>

enum { MOST_SECTIONS = 255, ALIGNMENT = 64 };

/* A section of a part, in the merged object. */
typedef struct {
  uint32_t section; /* from 0 */
  uint64_t offset;  /* there */
} place;

typedef struct {
  macho_object object;
  file_view view;
  bool is_blob;
  place *places;
  uint32_t *symbols; /* the numbers of its symbols in the merged object */
} part;

typedef struct {
  link_job *job;
  part *parts;
  size_t part_count;
  macho_section sections[MOST_SECTIONS];
  text relocations[MOST_SECTIONS];
  size_t section_count;
  name_map globals; /* a symbol's number + 1 */
  text symbols, names;
  macho_symbol_kinds kinds;
} merge;

static status damaged(const merge *m) {
  return fail_file(m->job->arena, fail(m->job->arena, STATUS_DEFECT, "its objects cannot be joined"),
                   m->job->destination);
}

/* ---- sections ------------------------------------------------------------------ */

static macho_section *section_like(merge *m, const macho_section *like) {
  for (size_t i = 0; i < m->section_count; i++) {
    macho_section *s = &m->sections[i];
    if (strncmp(s->name, like->name, sizeof s->name) == 0 &&
        strncmp(s->segment, like->segment, sizeof s->segment) == 0 &&
        (s->flags & MACHO_SECTION_KIND) == (like->flags & MACHO_SECTION_KIND)) {
      s->flags |= like->flags; /* one that is empty has no code */
      return s;
    }
  }
  if (m->section_count == MOST_SECTIONS) return NULL;
  macho_section *s = &m->sections[m->section_count++];
  *s = (macho_section){.flags = like->flags};
  memcpy(s->name, like->name, sizeof s->name);
  memcpy(s->segment, like->segment, sizeof s->segment);
  return s;
}

static status place_sections(merge *m, part *p) {
  if (p->object.section_count > MOST_SECTIONS) return damaged(m);
  p->places = ARENA_ARRAY(m->job->arena, place, p->object.section_count + 1);
  for (uint32_t i = 0; i < p->object.section_count; i++) {
    macho_section own = macho_read_section(&p->object, i);
    if (p->is_blob) memcpy(own.name, "__smelt_blob\0\0\0", sizeof own.name);
    macho_section *s = section_like(m, &own);
    if (!s || own.alignment_log2 > 31 || (own.flags & MACHO_SECTION_KIND) == MACHO_ZEROS) return damaged(m);
    p->places[i] =
        (place){(uint32_t)(s - m->sections), macho_round_up(s->bytes, (uint64_t)1 << own.alignment_log2)};
    s->bytes = p->places[i].offset + own.bytes;
    if (own.alignment_log2 > s->alignment_log2) s->alignment_log2 = own.alignment_log2;
  }
  return OK;
}

static void address_sections(merge *m) {
  uint64_t at = 0;
  for (size_t i = 0; i < m->section_count; i++) {
    m->sections[i].address = macho_round_up(at, (uint64_t)1 << m->sections[i].alignment_log2);
    at = m->sections[i].address + m->sections[i].bytes;
  }
}

/* How far section `index`, from 0, of the part moves. */
static uint64_t move_of(const merge *m, const part *p, uint32_t index) {
  const place *to = &p->places[index];
  return m->sections[to->section].address + to->offset - macho_read_section(&p->object, index).address;
}

/* ---- symbols --------------------------------------------------------------------- */

static void append_symbol(merge *m, part *p, uint32_t index, const char *name) {
  macho_symbol symbol = macho_read_symbol(&p->object, index);
  if (symbol.section && symbol.section <= p->object.section_count) {
    symbol.value += move_of(m, p, symbol.section - 1u);
    symbol.section = (uint8_t)(p->places[symbol.section - 1u].section + 1);
  }
  symbol.name_at = (uint32_t)m->names.count;
  text_append(&m->names, name, strlen(name) + 1);
  p->symbols[index] = (uint32_t)(m->symbols.count / sizeof symbol);
  text_append(&m->symbols, &symbol, sizeof symbol);
}

typedef enum { OWN, DEFINED, OPEN } symbol_kind;

static symbol_kind kind_of(const macho_symbol *symbol) {
  if (!(symbol->kind & MACHO_IS_EXTERNAL)) return OWN;
  return symbol->kind & MACHO_KIND_MASK ? DEFINED : OPEN;
}

/* All of one kind, of all parts; *count: how many they are in the merged object. */
static status add_symbols(merge *m, symbol_kind kind, uint32_t *count) {
  uint32_t first = (uint32_t)(m->symbols.count / sizeof(macho_symbol));
  for (size_t i = 0; i < m->part_count; i++) {
    part *p = &m->parts[i];
    if (kind == OWN) p->symbols = ARENA_ARRAY(m->job->arena, uint32_t, p->object.symbols.symbol_count + 1);
    for (uint32_t k = 0; k < p->object.symbols.symbol_count; k++) {
      macho_symbol symbol = macho_read_symbol(&p->object, k);
      const char *name = macho_symbol_name(&p->object, &symbol);
      if (!name || (symbol.kind & MACHO_IS_DEBUGGING)) return damaged(m);
      if (kind_of(&symbol) != kind) continue;
      uintptr_t known = kind == OWN ? 0 : (uintptr_t)name_map_get(&m->globals, name);
      if (known && kind == DEFINED) return damaged(m);
      if (known) {
        p->symbols[k] = (uint32_t)(known - 1);
        continue;
      }
      append_symbol(m, p, k, name);
      if (kind != OWN) name_map_set(m->job->arena, &m->globals, name, (void *)((uintptr_t)p->symbols[k] + 1));
    }
  }
  *count = (uint32_t)(m->symbols.count / sizeof(macho_symbol)) - first;
  return OK;
}

static status join_symbols(merge *m) {
  m->kinds = (macho_symbol_kinds){.command = MACHO_SYMBOL_KINDS, .command_bytes = sizeof m->kinds};
  text_append(&m->names, "", 1);
  TRY(add_symbols(m, OWN, &m->kinds.own.count));
  TRY(add_symbols(m, DEFINED, &m->kinds.defined.count));
  TRY(add_symbols(m, OPEN, &m->kinds.open.count));
  m->kinds.defined.first = m->kinds.own.count;
  m->kinds.open.first = m->kinds.defined.first + m->kinds.defined.count;
  return OK;
}

/* ---- relocations ------------------------------------------------------------------ */

/* The parts of macho_relocation.what */
enum {
  NUMBER_MASK = 0xffffff,
  IS_RELATIVE = 1 << 24,
  WIDTH_SHIFT = 25,
  IS_SYMBOL = 1 << 27,
  KIND_SHIFT = 28
};
/* Kinds: whose number is no symbol's; that are taken away from what the next one adds; addresses. */
enum { ARM64_ADDEND = 10, ARM64_SUBTRACTOR = 1, X86_64_SUBTRACTOR = 5, ADDRESS = 0 };

/*
 * A place in a section that is stated by its address there: what is stated moves with it, and with where it
 * is stated from.
 */
static bool follow(const merge *m, const part *p, uint32_t section, const macho_relocation *r, uint8_t *bytes,
                   uint64_t count) {
  bool is_arm = p->object.header.cpu == MACHO_ARM64;
  uint32_t target = r->what & NUMBER_MASK, width = 1u << (r->what >> WIDTH_SHIFT & 3);
  uint32_t kind = r->what >> KIND_SHIFT, taken = is_arm ? ARM64_SUBTRACTOR : X86_64_SUBTRACTOR;
  if (target == 0) return true; /* absolute */
  if (target > p->object.section_count || r->at < 0 || (uint64_t)r->at + width > count) return false;
  if (is_arm && kind != ADDRESS && kind != taken) return false; /* instructions name symbols there */
  uint64_t value = 0, move = move_of(m, p, target - 1);
  if (r->what & IS_RELATIVE) move -= move_of(m, p, section);
  memcpy(&value, bytes + r->at, width);
  value = kind == taken ? value - move : value + move;
  memcpy(bytes + r->at, &value, width);
  return true;
}

/* The section's relocations go to the merged one's, and bytes[] to what they ask for. */
static status move_relocations(merge *m, part *p, uint32_t index, const macho_section *own, uint8_t *bytes) {
  const place *to = &p->places[index];
  for (uint32_t i = 0; i < own->relocation_count; i++) {
    macho_relocation r;
    memcpy(&r, p->object.bytes + own->relocations_at + i * sizeof r, sizeof r);
    uint32_t number = r.what & NUMBER_MASK, rest = r.what & ~(uint32_t)NUMBER_MASK;
    bool is_number = p->object.header.cpu == MACHO_ARM64 && r.what >> KIND_SHIFT == ARM64_ADDEND;
    if (rest & IS_SYMBOL) {
      if (number >= p->object.symbols.symbol_count) return damaged(m);
      r.what = rest | p->symbols[number];
    } else if (!is_number) {
      if (!follow(m, p, index, &r, bytes, own->bytes)) return damaged(m);
      if (number) r.what = rest | (p->places[number - 1].section + 1);
    }
    r.at += (int32_t)to->offset;
    text_append(&m->relocations[to->section], &r, sizeof r);
  }
  return OK;
}

/* ---- the file ---------------------------------------------------------------------- */

/* The bytes of each section of each part, as they are in the merged object. */
static status move_contents(merge *m, const uint8_t ***contents) {
  *contents = ARENA_ARRAY(m->job->arena, const uint8_t *, m->part_count *MOST_SECTIONS + 1);
  for (size_t i = 0; i < m->part_count; i++) {
    for (uint32_t k = 0; k < m->parts[i].object.section_count; k++) {
      macho_section own = macho_read_section(&m->parts[i].object, k);
      const uint8_t *bytes = m->parts[i].object.bytes + own.at;
      if (own.relocation_count) {
        uint8_t *moved = arena_copy(m->job->arena, bytes, own.bytes);
        TRY(move_relocations(m, &m->parts[i], k, &own, moved));
        bytes = moved;
      }
      (*contents)[i * MOST_SECTIONS + k] = bytes;
    }
  }
  return OK;
}

static void pad(FILE *file, uint64_t bytes) {
  while (bytes--) fputc(0, file);
}

/* Parts lie one behind the other in each section. */
static void write_contents(const merge *m, const uint8_t **contents, uint64_t at, FILE *file) {
  uint64_t begin = at;
  for (size_t s = 0; s < m->section_count; s++) {
    for (size_t i = 0; i < m->part_count; i++) {
      for (uint32_t k = 0; k < m->parts[i].object.section_count; k++) {
        const place *to = &m->parts[i].places[k];
        uint64_t bytes = macho_read_section(&m->parts[i].object, k).bytes;
        if (to->section != s || !bytes) continue;
        uint64_t wanted = begin + m->sections[s].address + to->offset;
        pad(file, wanted - at);
        fwrite(contents[i * MOST_SECTIONS + k], 1, bytes, file);
        at = wanted + bytes;
      }
    }
  }
}

typedef struct {
  macho_header header;
  macho_segment segment;
  macho_version version;
  macho_symbols symbols;
  uint64_t contents_at;
} heading;

/* Says where all is; the sections of `m` too. */
static heading head_of(merge *m) {
  uint32_t rows = (uint32_t)(m->section_count * sizeof(macho_section));
  const macho_section *last = &m->sections[m->section_count - 1];
  heading h = {.header = m->parts[0].object.header,
               .segment = {.command = MACHO_SEGMENT,
                           .command_bytes = (uint32_t)sizeof h.segment + rows,
                           .bytes = last->address + last->bytes,
                           .file_bytes = last->address + last->bytes,
                           .most_protection = MACHO_ALL_PROTECTIONS,
                           .protection = MACHO_ALL_PROTECTIONS,
                           .section_count = (uint32_t)m->section_count},
               .version = {.command = MACHO_BUILD_VERSION,
                           .command_bytes = sizeof h.version,
                           .platform = MACHO_MACOS,
                           .least_system = MACHO_MACOS_11,
                           .sdk = MACHO_MACOS_11},
               .symbols = {.command = MACHO_SYMBOLS, .command_bytes = sizeof h.symbols}};
  h.header.command_count = 4;
  h.header.command_bytes =
      h.segment.command_bytes + (uint32_t)(sizeof h.version + sizeof h.symbols + sizeof m->kinds);
  h.header.flags = 0; /* sections are not cut at symbols: a blob's end has one too */
  uint64_t at = sizeof h.header + h.header.command_bytes;
  for (size_t i = 0; i < m->section_count; i++) {
    m->sections[i].relocation_count = (uint32_t)(m->relocations[i].count / sizeof(macho_relocation));
    m->sections[i].relocations_at = m->sections[i].relocation_count ? (uint32_t)at : 0;
    at += m->relocations[i].count;
  }
  h.symbols.symbols_at = (uint32_t)at;
  h.symbols.symbol_count = (uint32_t)(m->symbols.count / sizeof(macho_symbol));
  h.symbols.names_at = (uint32_t)(at + m->symbols.count);
  h.symbols.names_bytes = (uint32_t)m->names.count;
  h.contents_at = macho_round_up(h.symbols.names_at + m->names.count, ALIGNMENT);
  h.segment.at = h.contents_at;
  for (size_t i = 0; i < m->section_count; i++)
    m->sections[i].at = (uint32_t)(h.contents_at + m->sections[i].address);
  return h;
}

static status write_merged(void *context, FILE *file) {
  merge *m = context;
  const uint8_t **contents;
  TRY(move_contents(m, &contents));
  heading h = head_of(m);
  if (h.contents_at + m->sections[m->section_count - 1].address > UINT32_MAX)
    return fail(m->job->arena, STATUS_INPUT,
                "the model and its draft have more than 4 GiB, which no object holds");
  fwrite(&h.header, sizeof h.header, 1, file);
  fwrite(&h.segment, sizeof h.segment, 1, file);
  fwrite(m->sections, sizeof *m->sections, m->section_count, file);
  fwrite(&h.version, sizeof h.version, 1, file);
  fwrite(&h.symbols, sizeof h.symbols, 1, file);
  fwrite(&m->kinds, sizeof m->kinds, 1, file);
  for (size_t i = 0; i < m->section_count; i++)
    fwrite(m->relocations[i].bytes, 1, m->relocations[i].count, file);
  fwrite(m->symbols.bytes, 1, m->symbols.count, file);
  fwrite(m->names.bytes, 1, m->names.count, file);
  uint64_t at = h.symbols.names_at + m->names.count;
  pad(file, h.contents_at - at);
  write_contents(m, contents, h.contents_at, file);
  return OK;
}

/* Code first, then blobs. */
static status read_parts(merge *m) {
  link_job *job = m->job;
  m->parts = ARENA_ARRAY(job->arena, part, job->input_count + 1);
  for (int blobs = 0; blobs < 2; blobs++) {
    for (size_t i = 0; i < job->input_count; i++) {
      if (job->inputs[i].kind != (blobs ? LINK_BLOB : LINK_CODE)) continue;
      part *p = &m->parts[m->part_count];
      p->is_blob = blobs;
      TRY(file_map(job->arena, input_path(job, &job->inputs[i]), &p->view));
      m->part_count++;
      if (!macho_read(p->view.bytes, p->view.count, &p->object)) return damaged(m);
      TRY(place_sections(m, p));
    }
  }
  return m->section_count ? OK : damaged(m);
}

status macho_merge(link_job *job) {
  merge *m = ARENA_NEW(job->arena, merge);
  m->job = job;
  status s = read_parts(m);
  if (!s) {
    address_sections(m);
    s = join_symbols(m);
  }
  if (!s) s = output_write(job, write_merged, m);
  for (size_t i = 0; i < m->part_count; i++) file_unmap(&m->parts[i].view);
  for (size_t i = 0; i < m->section_count; i++) text_free(&m->relocations[i]);
  text_free(&m->symbols);
  text_free(&m->names);
  return s;
}
