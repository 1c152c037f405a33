/* columns.c: widths of characters by the ranges that terminals go by: marks 0, East Asian wide ones and emoji
 * 2, others 1. */
#include "app/columns.h"
#include "text/utf8.h"

/* Sorted. */
static const struct {
  uint32_t first, last;
  int columns;
} ranges[] = {
    {0x0300, 0x036f, 0},   {0x0483, 0x0489, 0},   {0x0591, 0x05bd, 0},   {0x0610, 0x061a, 0},
    {0x064b, 0x065f, 0},   {0x093c, 0x093c, 0},   {0x0941, 0x0948, 0},   {0x0e31, 0x0e31, 0},
    {0x0e34, 0x0e3a, 0},   {0x0e47, 0x0e4e, 0},   {0x1100, 0x115f, 2},   {0x1ab0, 0x1aff, 0},
    {0x1dc0, 0x1dff, 0},   {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0},   {0x2e80, 0x303e, 2},
    {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},
    {0xfe20, 0xfe2f, 0},   {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},
    {0x1f300, 0x1f64f, 2}, {0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2},
    {0xe0100, 0xe01ef, 0},
};

static int columns_of_code(uint32_t code) {
  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && code >= ranges[i].first; i++)
    if (code <= ranges[i].last) return ranges[i].columns;
  return 1;
}

int columns_of(const char *text, size_t bytes) {
  int columns = 0;
  for (size_t at = 0; at < bytes;) {
    uint32_t code;
    at += utf8_next((const uint8_t *)text + at, bytes - at, &code);
    columns += columns_of_code(code);
  }
  return columns;
}

static bool is_mark(const char *text, size_t bytes, size_t at) {
  uint32_t code;
  utf8_next((const uint8_t *)text + at, bytes - at, &code);
  return columns_of_code(code) == 0;
}

size_t columns_before(const char *text, size_t at) {
  size_t end = at;
  while (at > 0) {
    at = utf8_last((const uint8_t *)text, at);
    if (!is_mark(text, end, at)) break;
  }
  return at;
}

size_t columns_after(const char *text, size_t bytes, size_t at) {
  uint32_t code;
  if (at < bytes) at += utf8_next((const uint8_t *)text + at, bytes - at, &code);
  while (at < bytes && is_mark(text, bytes, at))
    at += utf8_next((const uint8_t *)text + at, bytes - at, &code);
  return at;
}
