/* utf8.h: reading and writing UTF-8, as Unicode 15 section 3.9, table 3-7 has it. */
#ifndef SMELT_RUNTIME_UTF8_H
#define SMELT_RUNTIME_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define UTF8_REPLACEMENT 0xfffdu
#define UTF8_BROKEN      0xffffffffu /* not UTF-8 */
#define UTF8_SHORT       0xfffffffeu /* the text ends inside a character */

/* Whether all bytes are below 0x80. Short texts take two loads that overlap. */
static inline bool utf8_is_ascii(const uint8_t *text, size_t bytes) {
  if (bytes < 4) return !bytes || (text[0] | text[bytes / 2] | text[bytes - 1]) < 0x80;
  uint32_t first, last, both = 0;
  for (size_t i = 0; i + 4 < bytes; i += 4) {
    memcpy(&first, text + i, 4);
    both |= first;
  }
  memcpy(&last, text + bytes - 4, 4);
  return !((both | last) & 0x80808080u);
}

/*
 * Reads the code point at text[0 .. bytes), bytes > 0, and returns how many
 * bytes it takes. Where there is none, *code is UTF8_BROKEN or UTF8_SHORT and
 * the bytes taken are the maximal broken sequence, which one U+FFFD replaces.
 */
static inline size_t utf8_next(const uint8_t *text, size_t bytes, uint32_t *code) {
  uint32_t lead = text[0];
  if (lead < 0x80) {
    *code = lead;
    return 1;
  }
  *code = UTF8_BROKEN;
  size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return 1;
  /* Only the second byte has a range of its own: no overlong forms, no surrogates, nothing above U+10FFFF. */
  uint8_t lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  uint8_t highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  uint32_t value = lead & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if (i == bytes) {
      *code = UTF8_SHORT;
      return i;
    }
    if (text[i] < lowest || text[i] > highest) return i;
    value = value << 6 | (text[i] & 0x3f);
    lowest = 0x80, highest = 0xbf;
  }
  *code = value;
  return length;
}

/* Where the last character of text[0 .. bytes) begins, bytes > 0. */
static inline size_t utf8_last(const uint8_t *text, size_t bytes) {
  size_t at = bytes - 1;
  while (at > 0 && bytes - at < 4 && (text[at] & 0xc0) == 0x80) at--;
  return at;
}

/* Writes the UTF-8 form of `code` (a valid code point) and returns its bytes, at most 4. */
static inline size_t utf8_put(uint8_t *out, uint32_t code) {
  if (code < 0x80) {
    out[0] = (uint8_t)code;
    return 1;
  }
  size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; i--, code >>= 6) out[i] = (uint8_t)(0x80 | (code & 0x3f));
  static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  out[0] = (uint8_t)(lead[length] | code);
  return length;
}

#endif
