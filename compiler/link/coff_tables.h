/* coff_tables.h: the tables of a COFF object as they lie in its file. [Microsoft, PE Format] */
#ifndef SMELT_LINK_COFF_TABLES_H
#define SMELT_LINK_COFF_TABLES_H

#include "link/stage.h"

typedef struct {
  uint16_t machine, section_count;
  uint32_t time, symbols_at, symbol_count;
  uint16_t optional_bytes, characteristics;
} coff_header;

typedef struct {
  char name[8];
  uint32_t virtual_bytes, address, bytes, at, relocations_at, lines_at;
  uint16_t relocation_count, line_count;
  uint32_t flags;
} coff_section;

enum { COFF_X86_64 = 0x8664 };
enum {
  COFF_INITIALISED = 0x40,
  COFF_UNINITIALISED = 0x80,
  COFF_READ = 0x40000000,
  COFF_WRITE = (int)0x80000000
};
enum { COFF_ALIGNED_TO_1 = 0x100000, COFF_ALIGNED_TO_2 = 0x200000, COFF_ALIGNED_TO_4 = 0x300000 };
enum { COFF_ALIGNED_TO_8 = 0x400000 };
/* Such a section's first relocation says how many there are. */
enum { COFF_MANY_RELOCATIONS = 0x1000000, COFF_MOST_RELOCATIONS = 0xffff };

/* A symbol is 18 bytes, which no struct of words is: a name of up to 8 bytes, or 0 and where it lies among
 * the names, then these. The names begin with how many bytes they are. */
enum { COFF_SYMBOL_BYTES = 18, COFF_NAME_AT = 4, COFF_VALUE = 8, COFF_SECTION = 12 };
enum { COFF_CLASS = 16, COFF_EXTRA = 17 }; /* rows that follow it */
enum { COFF_EXTERNAL = 2, COFF_STATIC = 3, COFF_SECTION_CLASS = 104, COFF_WEAK_EXTERNAL = 105 };

/* A relocation is 10: where, which symbol, and what is put there. */
enum { COFF_RELOCATION_BYTES = 10, COFF_RELOCATION_SYMBOL = 4, COFF_RELOCATION_KIND = 8, COFF_RVA = 3 };

void coff_store(uint8_t *at, uint64_t value, int bytes);
uint64_t coff_load(const uint8_t *at, int bytes);

/* An object in memory: its tables lie within `count` bytes, and the names end with NUL. */
typedef struct {
  const uint8_t *bytes;
  uint64_t count;
  coff_header header;
  const uint8_t *symbols;
  const char *names;
  uint64_t names_bytes;
} coff_object;

/* False: no sound object. */
bool coff_read(const uint8_t *bytes, uint64_t count, coff_object *object);
/* False: it has not so many. */
bool coff_read_section(const coff_object *object, uint32_t index, coff_section *section);
/* The name of a symbol's row; NULL: it lies outside the names. Text lives in `a`, or as long as the object.
 */
const char *coff_symbol_name(arena *a, const coff_object *object, const uint8_t *symbol);

/* An object on its way: the symbols so far, and the names of those that are longer than 8 bytes. */
typedef struct {
  text symbols, names;
  uint32_t count;
} coff_symbols;

/* Adds `name` in section `section` (0: it is another object's) and returns its number. */
uint32_t coff_add_symbol(coff_symbols *symbols, const char *name, uint32_t value, int section, int class);
/* Writes a name of 8 bytes, or where among the names it is. */
void coff_put_name(coff_symbols *symbols, uint8_t *row, const char *name);
/* Appends the symbols and their names to `out`; both are freed. */
void coff_end_symbols(coff_symbols *symbols, text *out);

/* What stands at `at` of a section gets a symbol's place in the image added. */
typedef struct {
  uint32_t at, symbol;
} coff_relocation;

typedef struct {
  const char *name; /* at most 8 bytes */
  uint32_t flags;
  const void *bytes;
  uint32_t count;
  const coff_relocation *relocations;
  uint16_t relocation_count;
} coff_piece;

/* Appends an object of these sections and symbols to `out`; the symbols are freed. */
void coff_put_object(text *out, const coff_piece *pieces, size_t piece_count, coff_symbols *symbols);

/* A linked file's headers. */
enum { COFF_HEADERS = 4096 };
typedef struct {
  uint32_t optional_at, sections_at, section_count;
} coff_image;

/* False: no whole headers of an image are at the file's begin. */
bool coff_read_image(int descriptor, uint8_t head[COFF_HEADERS], coff_image *image);

#endif
