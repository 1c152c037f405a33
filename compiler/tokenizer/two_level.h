/* two_level.h: tables with a value per code point, as blocks of which equal ones are stored once. */
#ifndef SMELT_TOKENIZER_TWO_LEVEL_H
#define SMELT_TOKENIZER_TWO_LEVEL_H

#include "tokenizer/build.h"

enum { TOK_TABLE_BLOCKS = TOK_CODE_POINTS / TOK_CLASS_BLOCK }; /* of one table */

/*
 * `tables`: table_count of them, TOK_CODE_POINTS values of value_bytes each. Fills two sections: of each
 * table in turn its blocks' numbers (uint16_t), of the last one without repetitions at its end, and the
 * distinct blocks of all.
 */
void tok_pack_two_level(tok_build *b, const void *const *tables, size_t table_count, size_t value_bytes,
                        int blocks_section, int values_section);

#endif
