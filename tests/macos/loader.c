/*
 * loader.c: does what macOS' loader does with a shared library: segments into memory, addresses moved, names
 * bound. [Apple, mach-o/loader.h, as described in "OS X ABI Mach-O File Format Reference" and dyld's sources'
 * comments on its opcodes]
 */
#define _GNU_SOURCE
#include "loader.h"
#include "system.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SEGMENT = 0x19, SYMBOLS = 2, FIXUPS = (int)0x80000022, MOST_SEGMENTS = 16 };

struct library {
  uint8_t *file, *base;
  uint64_t segments[MOST_SEGMENTS]; /* their addresses */
  int segment_count;
  uint32_t symbols_at, symbol_count, names_at;
};

static void expect(bool is_so, const char *what) {
  if (is_so) return;
  fprintf(stderr, "loader: %s\n", what);
  exit(1);
}

static uint32_t word(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static uint64_t wide(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static uint8_t *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  expect(file && fseek(file, 0, SEEK_END) == 0, "cannot be opened");
  size_t bytes = (size_t)ftell(file);
  uint8_t *contents = malloc(bytes);
  rewind(file);
  expect(contents && fread(contents, 1, bytes, file) == bytes, "cannot be read");
  fclose(file);
  return contents;
}

/* ---- opcodes: the high half of a byte, and a small number in the low one ---------- */

typedef struct {
  const uint8_t *at, *end;
  library *loaded;
  uint64_t address; /* in the library */
  const char *name;
  int64_t addend;
} machine;

static uint64_t number(machine *m) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    uint8_t byte = *m->at++;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

static void set_address(machine *m, int segment) {
  expect(segment < m->loaded->segment_count, "a fixup of no segment");
  m->address = m->loaded->segments[segment] + number(m);
}

static void move(machine *m, uint64_t count, uint64_t skipped) {
  for (; count > 0; count--, m->address += 8 + skipped) {
    uint8_t *place = m->loaded->base + m->address;
    uint64_t value = wide(place) + (uintptr_t)m->loaded->base;
    memcpy(place, &value, sizeof value);
  }
}

static void move_addresses(machine m) {
  while (m.at < m.end) {
    int code = *m.at & 0xf0, small = *m.at & 0xf;
    m.at++;
    switch (code >> 4) {
    case 0:
      return;
    case 1:
      expect(small == 1, "a rebase that is no pointer's");
      break;
    case 2:
      set_address(&m, small);
      break;
    case 3:
      m.address += number(&m);
      break;
    case 4:
      m.address += 8u * (unsigned)small;
      break;
    case 5:
      move(&m, (uint64_t)small, 0);
      break;
    case 6:
      move(&m, number(&m), 0);
      break;
    case 7:
      move(&m, 1, number(&m));
      break;
    case 8: {
      uint64_t count = number(&m);
      move(&m, count, number(&m));
      break;
    }
    default:
      expect(false, "an unknown rebase");
    }
  }
}

static void bind(machine *m, uint64_t count, uint64_t skipped) {
  uint8_t *found = strcmp(m->name, "dyld_stub_binder") == 0 ? m->loaded->base : system_function(m->name);
  if (!found) fprintf(stderr, "loader: %s\n", m->name);
  expect(found, "is a name that libSystem lacks");
  uint64_t value = (uintptr_t)found + (uint64_t)m->addend;
  for (; count > 0; count--, m->address += 8 + skipped)
    memcpy(m->loaded->base + m->address, &value, sizeof value);
}

/* What would be bound when it is first called is bound at once: there DONE only ends each one's part. */
static void bind_names(machine m) {
  while (m.at < m.end) {
    int code = *m.at & 0xf0, small = *m.at & 0xf;
    m.at++;
    switch (code >> 4) {
    case 0:
    case 1:
    case 3:
      break;
    case 2:
      number(&m);
      break;
    case 4:
      m.name = (const char *)m.at;
      m.at += strlen(m.name) + 1;
      break;
    case 5:
      expect(small == 1, "a bind that is no pointer's");
      break;
    case 6:
      expect(false, "an addend");
      break;
    case 7:
      set_address(&m, small);
      break;
    case 8:
      m.address += number(&m);
      break;
    case 9:
      bind(&m, 1, 0);
      break;
    case 10:
      bind(&m, 1, number(&m));
      break;
    case 11:
      bind(&m, 1, 8u * (unsigned)small);
      break;
    case 12: {
      uint64_t count = number(&m);
      bind(&m, count, number(&m));
      break;
    }
    default:
      expect(false, "an unknown bind");
    }
  }
}

/* ---- the file ------------------------------------------------------------------------ */

static void load_segments(library *loaded) {
  enum { ALIGNMENT = 1 << 16 };
  const uint8_t *command = loaded->file + 32;
  uint64_t end = 0;
  for (uint32_t i = 0; i < word(loaded->file + 16); i++, command += word(command + 4)) {
    if (word(command) != SEGMENT) continue;
    expect(loaded->segment_count < MOST_SEGMENTS, "too many segments");
    loaded->segments[loaded->segment_count++] = wide(command + 24);
    if (wide(command + 24) + wide(command + 32) > end) end = wide(command + 24) + wide(command + 32);
  }
  uint8_t *memory =
      mmap(NULL, end + ALIGNMENT, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  expect(memory != MAP_FAILED, "no memory");
  loaded->base = memory + (-(uintptr_t)memory & (ALIGNMENT - 1));
  command = loaded->file + 32;
  for (uint32_t i = 0; i < word(loaded->file + 16); i++, command += word(command + 4))
    if (word(command) == SEGMENT)
      memcpy(loaded->base + wide(command + 24), loaded->file + wide(command + 40), wide(command + 48));
  __builtin___clear_cache((char *)loaded->base, (char *)loaded->base + end);
}

static machine machine_of(library *loaded, const uint8_t *place) {
  const uint8_t *at = loaded->file + word(place);
  return (machine){.at = at, .end = at + word(place + 4), .loaded = loaded};
}

library *library_load(const char *path) {
  library *loaded = calloc(1, sizeof *loaded);
  expect(loaded, "no memory");
  loaded->file = read_file(path);
  expect(word(loaded->file) == 0xfeedfacf && word(loaded->file + 12) == 6, "is no shared library for macOS");
  load_segments(loaded);
  const uint8_t *command = loaded->file + 32;
  for (uint32_t i = 0; i < word(loaded->file + 16); i++, command += word(command + 4)) {
    if (word(command) == (uint32_t)FIXUPS) {
      enum { REBASE = 8, BIND = 16, LAZY = 32 };
      move_addresses(machine_of(loaded, command + REBASE));
      bind_names(machine_of(loaded, command + BIND));
      bind_names(machine_of(loaded, command + LAZY));
    } else if (word(command) == SYMBOLS) {
      loaded->symbols_at = word(command + 8);
      loaded->symbol_count = word(command + 12);
      loaded->names_at = word(command + 16);
    }
  }
  return loaded;
}

void *library_symbol(const library *loaded, const char *name) {
  for (uint32_t i = 0; i < loaded->symbol_count; i++) {
    const uint8_t *symbol = loaded->file + loaded->symbols_at + 16 * i;
    const char *found = (const char *)loaded->file + loaded->names_at + word(symbol);
    bool is_given_out = (symbol[4] & 1) && (symbol[4] & 0xe) == 0xe && !(symbol[4] & 0x10);
    if (is_given_out && found[0] == '_' && strcmp(found + 1, name) == 0)
      return loaded->base + wide(symbol + 8);
  }
  fprintf(stderr, "loader: no %s\n", name);
  exit(1);
}
