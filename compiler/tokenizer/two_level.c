/* two_level.c: see two_level.h. */
#include "tokenizer/two_level.h"

#include <string.h>

void tok_pack_two_level(tok_build *b, const void *const *tables, size_t table_count, size_t value_bytes,
                        int blocks_section, int values_section) {
  size_t block_count = table_count * TOK_TABLE_BLOCKS, block_bytes = TOK_CLASS_BLOCK * value_bytes;
  uint16_t *blocks = ARENA_ARRAY(b->a, uint16_t, block_count);
  uint8_t *values = NULL;
  size_t distinct = 0, capacity = 0;
  for (size_t i = 0; i < block_count; i++) {
    const uint8_t *block = (const uint8_t *)tables[i / TOK_TABLE_BLOCKS] + i % TOK_TABLE_BLOCKS * block_bytes;
    size_t k = 0;
    while (k < distinct && memcmp(values + k * block_bytes, block, block_bytes) != 0) k++;
    if (k == distinct) {
      values = arena_grow(b->a, values, distinct, &capacity, block_bytes);
      memcpy(values + distinct++ * block_bytes, block, block_bytes);
    }
    blocks[i] = (uint16_t)k;
  }
  while (block_count > 1 && blocks[block_count - 1] == blocks[block_count - 2]) block_count--;
  b->sections[blocks_section] = (tok_section_data){blocks, block_count};
  b->sections[values_section] = (tok_section_data){values, distinct * TOK_CLASS_BLOCK};
}
