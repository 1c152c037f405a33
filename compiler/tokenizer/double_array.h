/* double_array.h: spellings with ids -> the trie of smelt/tokenizer.h (tok_unit_base). */
#ifndef SMELT_TOKENIZER_DOUBLE_ARRAY_H
#define SMELT_TOKENIZER_DOUBLE_ARRAY_H

#include "tokenizer/build.h"

/* A spelling of the trie. Of equal ones the later in the array counts. */
typedef struct {
  tok_string spelling; /* without NULs; empty ones are left out */
  uint32_t id;
  uint32_t order; /* filled by tok_pack_trie */
} tok_trie_key;

/* Fills the section of units; sorts `keys`. Fails where the trie is too large. */
status tok_pack_trie(tok_build *b, tok_trie_key *keys, size_t count);
/* The same of the whole vocabulary's keys, with those of added tokens or without. */
status tok_pack_vocabulary_trie(tok_build *b, bool with_added);
/* The unit that the bytes lead to, or TOK_NONE. Wants the trie. */
uint32_t tok_find_unit(const tok_build *b, tok_string bytes);

#endif
