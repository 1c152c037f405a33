/* letters.h: what Unicode says of single code points, as normalizers want it. */
#ifndef SMELT_TOKENIZER_LETTERS_H
#define SMELT_TOKENIZER_LETTERS_H

#include "tokenizer/build.h"

/* utf8proc's categories as bits; `code` is below TOK_CODE_POINTS. */
uint32_t tok_category_bit(uint32_t code);
#define TOK_CATEGORY(name) (1u << UTF8PROC_CATEGORY_##name)

bool tok_is_white_space(uint32_t code);
/* The code point as UTF-8, in the arena. */
tok_string tok_code_string(arena *a, uint32_t code);
/* Maps what has one to its full lower-case mapping (Unicode 15, section 3.13, without final sigma). */
void tok_map_lowercase(tok_build *b, uint16_t *map);
/* Maps what compatibility decomposition changes beyond canonical decomposition to its whole decomposition. */
void tok_map_compatible(tok_build *b, uint16_t *map);
/* Maps all of some categories to nothing. */
void tok_map_away(tok_build *b, uint16_t *map, uint32_t categories);
/* The table of letters, where a step wants it. */
void tok_pack_letters(tok_build *b);

#endif
