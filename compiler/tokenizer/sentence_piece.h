/* sentence_piece.h: the pieces of a SentencePiece model by id. Private to compiler/tokenizer. */
#ifndef SMELT_TOKENIZER_SENTENCE_PIECE_H
#define SMELT_TOKENIZER_SENTENCE_PIECE_H

#include "tokenizer/source.h"

#include "sentencepiece.pb-c.h"

/* Pieces in the order of ids; the last `unlisted_count` are in text but have no id, and become unknown. */
typedef struct {
  Sentencepiece__Piece **items;
  size_t count, unlisted_count;
} tok_piece_list;

/* A class of tokenizers over such models: tokenizer_class, or model_type of config.json. */
typedef struct {
  const char *class, *type;
  const char *before, *after; /* tokens around a text, or NULL */
  const char *single, *pair;  /* tok_set_template */
  bool types;                 /* second texts have type 1 */
  status (*arrange)(arena *a, const tok_source *source, tok_piece_list *list); /* NULL: ids are the model's */
  const char *language; /* the usual one of the texts that are read; NULL: texts have none */
} tok_piece_class;

/* The class of the source's tokenizer; one without names where it is none that is known (piece_order.c). */
const tok_piece_class *tok_class_of_pieces(arena *a, const tok_source *source);

/* A piece that no text becomes by itself. */
Sentencepiece__Piece *tok_new_control(arena *a, const char *text);

/* The piece's text, NUL-terminated. */
const char *tok_piece_text(arena *a, const Sentencepiece__Piece *piece);

/* Ids of Marian's models, which vocab.json has (marian.c). */
status tok_arrange_for_marian(arena *a, const tok_source *source, tok_piece_list *list);

#endif
