/* memory.c: memory that goes at once, and the way out. */
#include "constrain/memory.h"

#include "text/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct con_block {
  con_block *before;
  uint64_t align;
};

enum { BLOCK_BYTES = 1 << 16, ALIGN = 16 };

void *con_take(con_memory *m, size_t bytes) {
  bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
  if (bytes > m->left) {
    size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    con_block *block = calloc(1, sizeof *block + room);
    if (!block) con_fail(m, "no memory for the constraint");
    block->before = m->blocks;
    m->blocks = block;
    m->taken += room;
    if (room > BLOCK_BYTES && m->left) return block + 1; /* what is left of the block before stays of use */
    m->at = (uint8_t *)(block + 1);
    m->left = room;
  }
  void *taken = m->at;
  m->at += bytes;
  m->left -= bytes;
  return taken;
}

void con_release(con_memory *m) {
  for (con_block *block = m->blocks, *before; block; block = before) {
    before = block->before;
    free(block);
  }
  *m = (con_memory){0};
}

void *con_grown(con_memory *m, void *items, uint32_t count, uint32_t *capacity, size_t item_bytes) {
  if (*capacity > UINT32_MAX / 2) con_fail(m, "no memory for the constraint");
  *capacity = *capacity ? 2 * *capacity : 16;
  void *grown = con_take(m, *capacity * item_bytes);
  if (count) memcpy(grown, items, count * item_bytes);
  return grown;
}

void con_fail(con_memory *m, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(m->error, sizeof m->error, format, arguments);
  va_end(arguments);
  longjmp(*m->escape, 1);
}

void con_fail_at(const con_source *s, size_t offset, const char *format, ...) {
  unsigned line = 1, column = 1;
  for (size_t i = 0; i < offset && i < s->bytes; i++) {
    if (s->text[i] == '\n') {
      line++;
      column = 1;
    } else if ((s->text[i] & 0xc0) != 0x80) {
      column++;
    }
  }
  char what[192];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  if (s->whole) con_fail_at(s->whole, s->begins_at, "in this pattern, at its character %u: %s", column, what);
  con_fail(s->memory, "%u:%u: %s", line, column, what);
}

uint32_t con_code_point(con_source *s) {
  uint32_t code;
  size_t length = utf8_next(s->text + s->at, s->bytes - s->at, &code);
  if (code > 0x10ffff) con_fail_at(s, s->at, "this is not UTF-8");
  s->at += length;
  return code;
}

uint32_t con_hex(con_source *s, int digits) {
  uint32_t code = 0;
  size_t first = s->at;
  for (int i = 0; i < digits; i++, s->at++) {
    uint8_t c = con_peek(s, 0);
    uint32_t digit = c - '0' < 10u ? c - '0' : (c | 32u) - 'a' < 6u ? (c | 32u) - 'a' + 10 : 16;
    if (digit > 15) con_fail_at(s, s->at, "expected %d hexadecimal digits, found %s", digits, con_found(s));
    code = code << 4 | digit;
  }
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    con_fail_at(s, first, "U+%X is no character", (unsigned)code);
  return code;
}

const char *con_found(con_source *s) {
  if (s->at >= s->bytes) return "the end";
  uint32_t code;
  size_t length = utf8_next(s->text + s->at, s->bytes - s->at, &code);
  if (code > 0x10ffff || code < 0x20 || code == 0x7f)
    return code == '\n' ? "the end of the line" : "a byte that is no text";
  char *text = con_take(s->memory, length + 3);
  text[0] = '\'';
  memcpy(text + 1, s->text + s->at, length);
  text[length + 1] = '\'';
  return text;
}
