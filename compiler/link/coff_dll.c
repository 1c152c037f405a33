/*
 * coff_dll.c: what a DLL gives out: the table in it by which Windows' loader finds names, and the library of
 * imports beside it, by which linkers do. lld would write the one under the name that its output has, which
 * is none, and the other to a file of its own. [Microsoft, PE Format, "The .edata Section", "Import Library
 * Format"]
 */
#define _GNU_SOURCE
#include "link/archive.h"
#include "link/coff.h"
#include "link/coff_tables.h"

#include <string.h>
#include <unistd.h>

#define EXPORTS_SECTION ".exports" /* one that lld puts into no other */

static const char *file_name(const link_job *job) {
  const char *slash = strrchr(job->destination, '/');
  return slash ? slash + 1 : job->destination;
}

/* ---- the table ------------------------------------------------------------- */

enum { DIRECTORY_BYTES = 40, WORD = 4, ORDINAL = 2 };

static void put(text *t, uint64_t value, int bytes) {
  uint8_t word[8];
  coff_store(word, value, bytes);
  text_append(t, word, (size_t)bytes);
}

typedef struct {
  arena *arena;
  text bytes; /* of the section */
  coff_relocation *relocations;
  size_t relocation_count, relocation_capacity;
} table;

/* The place in the image of what lies `offset` bytes behind a symbol. */
static void put_place(table *t, uint32_t symbol, uint64_t offset) {
  ARENA_PUSH(t->arena, t->relocations, t->relocation_count, t->relocation_capacity) =
      (coff_relocation){(uint32_t)t->bytes.count, symbol};
  put(&t->bytes, offset, WORD);
}

/* Symbol 0 is the section's begin, symbol 1 + i export i. Names have to be in order. */
static void fill(table *t, const char *dll, const link_export *exports, size_t count) {
  uint64_t functions_at = DIRECTORY_BYTES, names_at = functions_at + WORD * count;
  uint64_t ordinals_at = names_at + WORD * count, strings_at = ordinals_at + ORDINAL * count;
  put(&t->bytes, 0, 8);
  put(&t->bytes, 0, WORD); /* versions */
  put_place(t, 0, strings_at);
  put(&t->bytes, 1, WORD); /* the first ordinal */
  put(&t->bytes, count, WORD);
  put(&t->bytes, count, WORD);
  put_place(t, 0, functions_at);
  put_place(t, 0, names_at);
  put_place(t, 0, ordinals_at);
  for (size_t i = 0; i < count; i++) put_place(t, 1 + (uint32_t)i, 0);
  uint64_t at = strings_at + strlen(dll) + 1;
  for (size_t i = 0; i < count; at += strlen(exports[i++].name) + 1) put_place(t, 0, at);
  for (size_t i = 0; i < count; i++) put(&t->bytes, i, ORDINAL);
  text_append(&t->bytes, dll, strlen(dll) + 1);
  for (size_t i = 0; i < count; i++) text_append(&t->bytes, exports[i].name, strlen(exports[i].name) + 1);
}

status coff_add_exports(link_job *job, const link_export *exports, size_t count) {
  table t = {.arena = job->arena};
  text object = {0};
  coff_symbols symbols = {0};
  coff_add_symbol(&symbols, "smelt_exports", 0, 1, COFF_STATIC);
  for (size_t i = 0; i < count; i++) coff_add_symbol(&symbols, exports[i].name, 0, 0, COFF_EXTERNAL);
  fill(&t, file_name(job), exports, count);
  coff_piece piece = {.name = EXPORTS_SECTION,
                      .flags = COFF_INITIALISED | COFF_READ | COFF_ALIGNED_TO_8,
                      .bytes = t.bytes.bytes,
                      .count = (uint32_t)t.bytes.count,
                      .relocations = t.relocations,
                      .relocation_count = (uint16_t)t.relocation_count};
  coff_put_object(&object, &piece, 1, &symbols);
  status s = link_add_object(job, "exports", object.bytes, object.count);
  text_free(&object);
  text_free(&t.bytes);
  return s;
}

status coff_place_exports(link_job *job) {
  enum { VIRTUAL_BYTES = 8, TABLES = 112, WIDE = 0x20b };
  uint8_t head[COFF_HEADERS], entry[2 * WORD];
  coff_image image;
  if (coff_read_image(job->output_descriptor, head, &image) &&
      coff_load(head + image.optional_at, 2) == WIDE) {
    for (uint32_t i = 0; i < image.section_count; i++) {
      const uint8_t *section = head + image.sections_at + i * sizeof(coff_section);
      if (memcmp(section, EXPORTS_SECTION, strlen(EXPORTS_SECTION)) != 0) continue;
      memcpy(entry, section + VIRTUAL_BYTES + WORD, WORD);
      memcpy(entry + WORD, section + VIRTUAL_BYTES, WORD);
      if (pwrite(job->output_descriptor, entry, sizeof entry, image.optional_at + TABLES) == sizeof entry)
        return OK;
    }
  }
  return fail_file(job->arena, fail(job->arena, STATUS_DEFECT, "has no table of exports"), job->destination);
}

/* ---- the library of imports --------------------------------------------------- */

enum { IDATA = COFF_INITIALISED | COFF_READ | COFF_WRITE };

static void add_member(archive *ar, const char *dll, text *bytes) {
  archive_add_member(ar, dll, arena_copy(ar->arena, bytes->bytes, bytes->count), bytes->count);
  text_free(bytes);
}

/* What all imports of the DLL share: its row of the table of imports, that table's end, and the ends of the
 * two lists of its names. */
static void add_frame(archive *ar, const char *dll) {
  static const uint8_t zeros[20];
  const char *point = strrchr(dll, '.');
  const char *stem = arena_format(ar->arena, "%.*s", point ? (int)(point - dll) : (int)strlen(dll), dll);
  const char *row = arena_format(ar->arena, "__IMPORT_DESCRIPTOR_%s", stem),
             *end = "__NULL_IMPORT_DESCRIPTOR";
  const char *list_end = arena_format(ar->arena, "\x7f%s_NULL_THUNK_DATA", stem);
  text bytes = {0};
  coff_symbols symbols = {0};
  coff_add_symbol(&symbols, row, 0, 1, COFF_EXTERNAL);
  coff_add_symbol(&symbols, ".idata$2", 0, 1, COFF_SECTION_CLASS);
  const coff_relocation places[] = {{12, coff_add_symbol(&symbols, ".idata$6", 0, 2, COFF_STATIC)},
                                    {0, coff_add_symbol(&symbols, ".idata$4", 0, 0, COFF_SECTION_CLASS)},
                                    {16, coff_add_symbol(&symbols, ".idata$5", 0, 0, COFF_SECTION_CLASS)}};
  coff_add_symbol(&symbols, end, 0, 0, COFF_EXTERNAL);
  coff_add_symbol(&symbols, list_end, 0, 0, COFF_EXTERNAL);
  const coff_piece first[] = {
      {".idata$2", IDATA | COFF_ALIGNED_TO_4, zeros, sizeof zeros, places, 3},
      {".idata$6", IDATA | COFF_ALIGNED_TO_2, dll, (uint32_t)strlen(dll) + 1, NULL, 0}};
  coff_put_object(&bytes, first, 2, &symbols);
  add_member(ar, dll, &bytes);
  archive_add_symbol(ar, row);

  const coff_piece last = {".idata$3", IDATA | COFF_ALIGNED_TO_4, zeros, sizeof zeros, NULL, 0};
  coff_add_symbol(&symbols, end, 0, 1, COFF_EXTERNAL);
  coff_put_object(&bytes, &last, 1, &symbols);
  add_member(ar, dll, &bytes);
  archive_add_symbol(ar, end);

  const coff_piece ends[] = {{".idata$5", IDATA | COFF_ALIGNED_TO_8, zeros, 8, NULL, 0},
                             {".idata$4", IDATA | COFF_ALIGNED_TO_8, zeros, 8, NULL, 0}};
  coff_add_symbol(&symbols, list_end, 0, 1, COFF_EXTERNAL);
  coff_put_object(&bytes, ends, 2, &symbols);
  add_member(ar, dll, &bytes);
  archive_add_symbol(ar, list_end);
}

/* A member of the short form: a header of 20 bytes, the name, the DLL. */
static void add_import(archive *ar, const char *dll, const link_export *e, size_t hint) {
  enum { ANY_MACHINE = 0, IMPORT = 0xffff, CODE = 0, DATA = 1, BY_NAME = 1 << 2 };
  text bytes = {0};
  put(&bytes, ANY_MACHINE, 2);
  put(&bytes, IMPORT, 2);
  put(&bytes, 0, 2); /* version */
  put(&bytes, COFF_X86_64, 2);
  put(&bytes, 0, WORD); /* time */
  put(&bytes, strlen(e->name) + strlen(dll) + 2, WORD);
  put(&bytes, hint, 2);
  put(&bytes, BY_NAME | (e->is_data ? DATA : CODE), 2);
  text_append(&bytes, e->name, strlen(e->name) + 1);
  text_append(&bytes, dll, strlen(dll) + 1);
  add_member(ar, dll, &bytes);
  archive_add_symbol(ar, arena_format(ar->arena, "__imp_%s", e->name));
  if (!e->is_data) archive_add_symbol(ar, e->name);
}

static status write_archive(void *context, FILE *file) {
  archive_write_common(context, file);
  return OK;
}

status coff_add_imports(link_job *job, const link_export *exports, size_t count) {
  if (!job->imports) return OK;
  archive ar = {.arena = job->arena, .format = job->format};
  add_frame(&ar, file_name(job));
  for (size_t i = 0; i < count; i++) add_import(&ar, file_name(job), &exports[i], i);
  return link_add_companion(job, job->imports, write_archive, &ar);
}
