/* two_level.c: see two_level.h. */
#include "tokenizer/two_level.h"

#include <string.h>

void tok_pack_two_level(tok_build *b, const uint8_t *of_code, int blocks_section, int values_section) {
  enum { BLOCK_COUNT = TOK_CODE_POINTS / TOK_CLASS_BLOCK };
  uint16_t *blocks = ARENA_ARRAY(b->a, uint16_t, BLOCK_COUNT);
  uint8_t *values = ARENA_ARRAY(b->a, uint8_t, TOK_CODE_POINTS);
  uint32_t distinct = 0;
  for (uint32_t i = 0; i < BLOCK_COUNT; i++) {
    const uint8_t *block = of_code + (size_t)i * TOK_CLASS_BLOCK;
    uint32_t k = 0;
    while (k < distinct && memcmp(values + (size_t)k * TOK_CLASS_BLOCK, block, TOK_CLASS_BLOCK) != 0) k++;
    if (k == distinct) memcpy(values + (size_t)distinct++ * TOK_CLASS_BLOCK, block, TOK_CLASS_BLOCK);
    blocks[i] = (uint16_t)k;
  }
  b->sections[blocks_section] = (tok_section_data){blocks, BLOCK_COUNT};
  b->sections[values_section] = (tok_section_data){values, (size_t)distinct * TOK_CLASS_BLOCK};
}
