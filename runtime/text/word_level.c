/* word_level.c: a piece is a token or unknown. */
#include "text/encoder.h"

bool rt_encode_word_level(rt_encoder *e, rt_slice piece) {
  const rt_tokenizer *t = e->tokenizer;
  uint32_t id = table_piece(t, piece.bytes, piece.count);
  if (id == TOK_NONE) id = t->header->unknown_id;
  return id == TOK_NONE || rt_push(&e->ids, id);
}
