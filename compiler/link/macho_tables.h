/*
 * macho_tables.h: the tables of Apple's objects as they lie in the file. [Apple, mach-o/loader.h,
 * mach-o/nlist.h and mach-o/reloc.h, as described in "OS X ABI Mach-O File Format Reference"]
 */
#ifndef SMELT_LINK_MACHO_TABLES_H
#define SMELT_LINK_MACHO_TABLES_H

#include "link/stage.h"

typedef struct {
  uint32_t magic, cpu, cpu_kind, file_kind, command_count, command_bytes, flags, reserved;
} macho_header;

typedef struct {
  uint32_t command, command_bytes;
  char name[16];
  uint64_t address, bytes, at, file_bytes;
  uint32_t most_protection, protection, section_count, flags;
} macho_segment;

typedef struct {
  char name[16], segment[16];
  uint64_t address, bytes;
  uint32_t at, alignment_log2, relocations_at, relocation_count, flags, reserved[3];
} macho_section;

typedef struct {
  uint32_t command, command_bytes, platform, least_system, sdk, tool_count;
} macho_version;

typedef struct {
  uint32_t command, command_bytes, symbols_at, symbol_count, names_at, names_bytes;
} macho_symbols;

/* The symbols by their kinds, in this order: an object's own, what it defines for others, what it asks for.
 */
typedef struct {
  uint32_t command, command_bytes;
  struct {
    uint32_t first, count;
  } own, defined, open;
  uint32_t others[12];
} macho_symbol_kinds;

typedef struct {
  uint32_t name_at;
  uint8_t kind, section; /* sections count from 1 */
  uint16_t description;
  uint64_t value; /* an address */
} macho_symbol;

/* `what`: from the lowest bit a symbol, or where it is no symbol's a section, of 24 bits; whether it counts
 * from its own place; log2 of its bytes, of 2 bits; whether it is a symbol; its kind, of 4 bits. */
typedef struct {
  int32_t at; /* in the section */
  uint32_t what;
} macho_relocation;

enum { MACHO_MAGIC = (int)0xfeedfacf, MACHO_OBJECT = 1 };
enum { MACHO_ARM64 = 0x0100000c, MACHO_X86_64 = 0x01000007, MACHO_ALL_X86_64 = 3 };
enum { MACHO_SEGMENT = 0x19, MACHO_SYMBOLS = 2, MACHO_SYMBOL_KINDS = 0xb, MACHO_BUILD_VERSION = 0x32 };
enum {
  MACHO_SECTION_KIND = 0xff,
  MACHO_ZEROS = 1
}; /* of a section's flags; zeros have no bytes in the file */
enum { MACHO_MACOS = 1, MACHO_MACOS_11 = 11 << 16, MACHO_ALL_PROTECTIONS = 7 };
enum { MACHO_IS_EXTERNAL = 1, MACHO_IS_PRIVATE = 0x10, MACHO_OF_SECTION = 0xe };
enum { MACHO_KIND_MASK = 0xe, MACHO_IS_DEBUGGING = 0xe0 };

uint64_t macho_round_up(uint64_t value, uint64_t alignment);

/* An object in memory: its tables lie within `count` bytes, and the names end with NUL. */
typedef struct {
  const uint8_t *bytes;
  uint64_t count;
  macho_header header;
  uint64_t segment_at; /* of the command; the sections' rows are behind it. 0: there is none */
  uint32_t section_count;
  uint64_t symbols_command_at; /* 0: there is none */
  macho_symbols symbols;
} macho_object;

/* False: no sound object. */
bool macho_read(const uint8_t *bytes, uint64_t count, macho_object *object);
macho_section macho_read_section(const macho_object *object, uint32_t index);
macho_symbol macho_read_symbol(const macho_object *object, uint32_t index);
/* NULL: it lies outside the names. */
const char *macho_symbol_name(const macho_object *object, const macho_symbol *symbol);

#endif
