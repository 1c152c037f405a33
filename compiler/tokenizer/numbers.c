/* numbers.c: packed numbers: two or three bytes each, one width for the whole tokenizer. */
#include "tokenizer/build.h"

status tok_set_number_bytes(tok_build *b, uint32_t limit) {
  if (b->header.merge_count > limit) limit = b->header.merge_count;
  if (limit > TOK_MAX_NUMBER)
    return fail(b->a, STATUS_INPUT, "the tokenizer has more than 2^24 tokens and merges");
  b->header.number_bytes = limit <= 1u << 16 ? 2 : 3;
  return OK;
}

void tok_pack_numbers(tok_build *b, int section, const uint32_t *numbers, size_t count) {
  uint32_t width = b->header.number_bytes;
  uint8_t *bytes = ARENA_ARRAY(b->a, uint8_t, count *width);
  for (size_t i = 0; i < count; i++)
    for (uint32_t k = 0; k < width; k++) bytes[i * width + k] = (uint8_t)(numbers[i] >> 8 * k);
  b->sections[section] = (tok_section_data){bytes, count * width};
}
