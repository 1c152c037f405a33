/*
 * vocabulary.h: the tokens that append text, as a trie of their bytes in the
 * order of its depth-first walk. Made once per constraint, from the tokenizer's
 * tables.
 */
#ifndef RT_CONSTRAIN_VOCABULARY_H
#define RT_CONSTRAIN_VOCABULARY_H

#include "constrain/memory.h"
#include "text/text.h"

enum { CON_LONGEST_TOKEN = 1 << 12 }; /* bytes; longer ones are never allowed */

typedef struct {
  uint32_t skip;  /* the next node that is not below this one */
  uint32_t token; /* a token that ends here, or TOK_NONE */
  uint16_t depth; /* of the node that is above it */
  uint8_t byte;
} con_trie_node;

typedef struct {
  uint32_t size;  /* tokens of the model */
  uint32_t words; /* of a set of tokens */
  con_trie_node *nodes;
  uint32_t node_count;
  uint32_t roots[256], root_count; /* nodes of first bytes */
  uint32_t *same;                  /* per token: the next one of the same text, or TOK_NONE */
  bool bytes_there[256];
  const rt_tokenizer *tokenizer;
} con_vocabulary;

/* Adds the tokens of a node, of which `token` is the first, to a set; TOK_NONE is allowed. */
static inline void con_add_token(const con_vocabulary *v, uint32_t token, uint64_t *tokens) {
  for (; token != TOK_NONE; token = v->same[token]) tokens[token / 64] |= (uint64_t)1 << token % 64;
}

void con_vocabulary_make(con_vocabulary *v, con_memory *m, const rt_tokenizer *t, uint32_t vocab_size);

#endif
