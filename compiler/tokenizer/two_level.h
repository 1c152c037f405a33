/* two_level.h: a table of one byte per code point, as blocks of which equal ones are stored once. */
#ifndef SMELT_TOKENIZER_TWO_LEVEL_H
#define SMELT_TOKENIZER_TWO_LEVEL_H

#include "tokenizer/build.h"

/* `of_code` has TOK_CODE_POINTS values; fills two sections. */
void tok_pack_two_level(tok_build *b, const uint8_t *of_code, int blocks_section, int values_section);

#endif
