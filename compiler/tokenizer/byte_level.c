/*
 * byte_level.c: GPT-2's spelling of bytes as printable characters, undone: keys
 * and texts of tokens become the bytes themselves, so that nothing is left to
 * map at run time.
 */
#include "tokenizer/build.h"

#include <string.h>
#include <utf8proc.h>

enum { ALPHABET_CODES = 256 + 68 }; /* 188 bytes spell themselves, the other 68 are U+0100 onwards */

static bool spells_itself(uint32_t byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

void tok_byte_level_codes(uint16_t codes[256]) {
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < 256; byte++) codes[byte] = (uint16_t)(spells_itself(byte) ? byte : next++);
}

const char *tok_byte_level_spelling(arena *a, tok_string bytes) {
  uint16_t codes[256];
  char *spelling = arena_alloc(a, 2 * bytes.count + 1), *end = spelling;
  tok_byte_level_codes(codes);
  for (size_t i = 0; i < bytes.count; i++)
    end += utf8proc_encode_char(codes[(uint8_t)bytes.bytes[i]], (utf8proc_uint8_t *)end);
  return spelling;
}

/* byte_of[code]: the byte that character `code` spells, or -1. */
static void make_alphabet(int16_t byte_of[ALPHABET_CODES]) {
  uint16_t codes[256];
  tok_byte_level_codes(codes);
  for (uint32_t code = 0; code < ALPHABET_CODES; code++) byte_of[code] = -1;
  for (uint32_t byte = 0; byte < 256; byte++) byte_of[codes[byte]] = (int16_t)byte;
}

/* The bytes that `spelling` spells; false where some character spells none. */
static bool spelled_bytes(arena *a, const int16_t *byte_of, tok_string spelling, tok_string *result) {
  char *bytes = arena_alloc(a, spelling.count + 1);
  size_t count = 0;
  for (size_t at = 0; at < spelling.count;) {
    utf8proc_int32_t code;
    utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)spelling.bytes + at,
                                               (utf8proc_ssize_t)(spelling.count - at), &code);
    if (length <= 0 || code >= ALPHABET_CODES || byte_of[code] < 0) return false;
    bytes[count++] = (char)byte_of[code];
    at += (size_t)length;
  }
  *result = (tok_string){bytes, count};
  return true;
}

void tok_byte_level_texts(tok_build *b) {
  int16_t byte_of[ALPHABET_CODES];
  make_alphabet(byte_of);
  for (uint32_t id = 0; id < b->vocab_size; id++) {
    tok_string bytes;
    if (!spelled_bytes(b->a, byte_of, b->key[id], &bytes)) bytes = (tok_string){0};
    b->key[id] = bytes;
    /* A token with other characters stands for its own spelling, as the reference's decoder has it. */
    if (!spelled_bytes(b->a, byte_of, b->spelling[id], &b->text[id])) b->text[id] = b->spelling[id];
  }
  for (size_t i = 0; i < b->added_count; i++)
    b->text[b->added[i].id] = b->added[i].content; /* never spelled */
}
