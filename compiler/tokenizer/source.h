/*
 * source.h: a tokenizer's file in whatever form it comes. Each other form is turned into what its
 * tokenizer.json would say, so that there is one way from there on.
 *
 *   tokenizer.json                                                  source.c
 *   tokenizer.model, spiece.model, sentencepiece.bpe.model          sentence_piece.c, piece_order.c
 *   source.spm with vocab.json                                      sentence_piece.c, marian.c
 *   tokenizer.model of Llama 3, NAME.tiktoken                       tiktoken.c
 *   vocab.json with merges.txt                                      merges_file.c
 *   vocab.txt                                                       vocab_file.c
 */
#ifndef SMELT_TOKENIZER_SOURCE_H
#define SMELT_TOKENIZER_SOURCE_H

#include "base/json_file.h"
#include "tokenizer/build.h"

typedef struct {
  const char *file;       /* the file that was read, which failures name */
  const char *folder;     /* where its companions lie, or NULL */
  json_t *document;       /* in the form of tokenizer.json; NULL until it is read */
  json_t *config;         /* tokenizer_config.json, or NULL */
  tok_normal_rules rules; /* where present, behind the document's normalizer */
  bool single_sums;       /* Unigram adds floats */
  bool *hidden;           /* per id of the model's vocabulary: in no text; or NULL */
  size_t hidden_count;
  bool is_source_only;   /* answers are cut into tokens otherwise */
  size_t unlisted_count; /* ids at the end of the vocabulary that stand for the unknown token */
} tok_source;

/* Reads the file `path`, or the first that the folder `path` has. End the source in any case. */
status tok_read_source(arena *a, const char *path, tok_source *source);
void tok_end_source(tok_source *source);

/* ---- forms: each reads source->file, beside source->config, into source->document ------------- */

status tok_read_sentence_piece(arena *a, const file_view *file, tok_source *source);
status tok_read_tiktoken(arena *a, const file_view *file, tok_source *source);
status tok_read_merges_file(arena *a, const file_view *file, tok_source *source);
status tok_read_vocab_file(arena *a, const file_view *file, tok_source *source);

/* The names of the encodings that tiktoken's files have, by number; NULL after the last. */
const char *tok_encoding_name(size_t i);
/* The lines of a file, without their ends. False where there is no more. */
bool tok_next_line(const file_view *file, size_t *at, tok_string *line);

/* ---- what forms share (source_config.c) -------------------------------------------------------- */

/* tokenizer_class less "Fast", or config.json's model_type; "" where neither is there. */
const char *tok_source_class(arena *a, const tok_source *source);
/* A member of tokenizer_config.json that is true or false. */
bool tok_config_flag(const tok_source *source, const char *name, bool when_absent);
/* A special token of tokenizer_config.json: its spelling, or an object with "content"; else `when_absent`. */
const char *tok_config_token(const tok_source *source, const char *name, const char *when_absent);
/* An added token, unless there is one of that id. `flags`: TOK_SPECIAL, TOK_LSTRIP. */
void tok_add_source_token(tok_source *source, uint32_t id, const char *content, unsigned flags,
                          bool normalized);
/* The same for the token that tokenizer_config.json names so, if it is in the model's vocabulary. */
void tok_add_named_token(tok_source *source, const char *name, const char *when_absent, unsigned flags);
/* What added_tokens_decoder of tokenizer_config.json and added_tokens.json list. They come first. */
status tok_add_listed_tokens(arena *a, tok_source *source);
/* The id of a spelling in the document's vocabulary or added tokens, or TOK_NONE. */
uint32_t tok_source_id(const tok_source *source, const char *spelling);
/* Tokens of templates; NULL or unknown ones are left out. */
typedef struct {
  const char *before, *after, *language;
} tok_template_tokens;

/* How a text is put together, and a pair of texts: a letter for each item, A and B for texts, b, e and l for
 * the tokens before and after, and the language. `types`: from B on, tokens have type 1. */
void tok_set_template(tok_source *source, const char *single, const char *pair,
                      const tok_template_tokens *tokens, bool types);

/* ---- merges from ranks (ranked_merges.c) --------------------------------------------------------- */

/* A token's bytes and its place among all: what merges into the lowest merges first. */
typedef struct {
  tok_string bytes;
  uint32_t rank;        /* none twice */
  uint32_t left, right; /* result: the tokens that merge into this one, by index; TOK_NONE if none do */
} tok_ranked;

/* Of each token, the only two that can merge into it. Symbols are bytes, or characters. */
status tok_find_merges(arena *a, tok_ranked *tokens, size_t count, bool over_bytes);
/* Indices of the tokens that have merges, by rank. */
uint32_t *tok_merge_order(arena *a, const tok_ranked *tokens, size_t count, size_t *merge_count);

#endif
