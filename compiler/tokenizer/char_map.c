/* char_map.c: maps from code points to texts, as steps; equal blocks of all maps are stored once. */
#include "tokenizer/two_level.h"

enum { RECENT = 4 };

uint16_t *tok_add_map(tok_build *b, tok_step_kind kind) {
  uint16_t *map = ARENA_ARRAY(b->a, uint16_t, TOK_CODE_POINTS); /* all TOK_MAP_SAME */
  tok_add_step(b, kind, (tok_string){0}, (tok_string){0});
  b->steps[b->step_count - 1].a_offset = (uint32_t)b->map_count * TOK_TABLE_BLOCKS;
  ARENA_PUSH(b->a, b->maps, b->map_count, b->map_capacity) = map;
  return map;
}

/* Neighbouring code points often have the same replacement: the last few are looked at. */
void tok_map_to(tok_build *b, uint16_t *map, uint32_t code, tok_string replacement) {
  size_t i = b->replacement_count, end = i > RECENT ? i - RECENT : 0;
  while (i > end && !tok_equal(b->replacements[i - 1], replacement)) i--;
  if (i == end) {
    ARENA_PUSH(b->a, b->replacements, b->replacement_count, b->replacement_capacity) = replacement;
    i = b->replacement_count;
  }
  map[code] = (uint16_t)(TOK_MAP_REPLACEMENT + i - 1);
}

static void pack_replacements(tok_build *b) {
  uint32_t *starts = ARENA_ARRAY(b->a, uint32_t, b->replacement_count + 1);
  char *bytes = NULL;
  size_t count = 0, capacity = 0;
  for (size_t i = 0; i < b->replacement_count; i++) {
    for (size_t k = 0; k < b->replacements[i].count; k++)
      ARENA_PUSH(b->a, bytes, count, capacity) = b->replacements[i].bytes[k];
    starts[i + 1] = (uint32_t)count;
  }
  TOK_SET_SECTION(b, map_starts, starts, b->replacement_count + 1);
  TOK_SET_SECTION(b, map_bytes, bytes, count);
}

status tok_pack_maps(tok_build *b) {
  if (!b->map_count) return OK;
  if (b->replacement_count > UINT16_MAX - TOK_MAP_REPLACEMENT)
    return fail(b->a, STATUS_INPUT, "the normalizers map to more than 65533 different texts");
  tok_pack_two_level(b, (const void *const *)b->maps, b->map_count, sizeof **b->maps, TOK_SECTION_map_blocks,
                     TOK_SECTION_map_values);
  pack_replacements(b);
  return OK;
}
