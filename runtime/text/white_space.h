/* white_space.h: white space at the ends of a text. */
#ifndef SMELT_RUNTIME_WHITE_SPACE_H
#define SMELT_RUNTIME_WHITE_SPACE_H

#include "text/encoder.h"
#include "text/utf8.h"

/* White_Space of Unicode 15: PropList.txt. */
static inline bool is_white_space(uint32_t code) {
  return (code >= 0x09 && code <= 0x0d) || code == 0x20 || code == 0x85 || code == 0xa0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f ||
         code == 0x205f || code == 0x3000;
}

static inline size_t skip_spaces(rt_slice text, size_t at) {
  while (at < text.count) {
    uint32_t code;
    size_t length = utf8_next(text.bytes + at, text.count - at, &code);
    if (!is_white_space(code)) break;
    at += length;
  }
  return at;
}

static inline size_t trim_spaces(rt_slice text, size_t begin, size_t end) {
  while (end > begin) {
    size_t last = begin + utf8_last(text.bytes + begin, end - begin);
    uint32_t code;
    utf8_next(text.bytes + last, end - last, &code);
    if (!is_white_space(code)) break;
    end = last;
  }
  return end;
}

#endif
