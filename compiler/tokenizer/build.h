/* build.h: what the parts of the tokenizer compiler fill in, one file per part of tokenizer.json. */
#ifndef SMELT_TOKENIZER_BUILD_H
#define SMELT_TOKENIZER_BUILD_H

#include "base/base.h"
#include "smelt/tokenizer.h"
#include "tokenizer/json_view.h"
#include "tokenizer/perfect_hash.h"
#include "tokenizer/regex.h"
#include "tokenizer/tokenizer.h"

typedef struct {
  const char *bytes;
  size_t count;
} tok_string;

/* string.c. */
bool tok_begins_with(tok_string string, tok_string part);
bool tok_ends_with(tok_string string, tok_string part);
bool tok_equal(tok_string x, tok_string y);
/* Every `from`, which is not empty, becomes `to`, left to right. The bytes live in `a`. */
tok_string tok_replace_all(arena *a, tok_string string, tok_string from, tok_string to);

/* A token that is cut out of the text before anything else. */
typedef struct {
  tok_string content;
  uint32_t id;
  bool normalized; /* searched for in normalised text, and normalised itself */
} tok_added_token;

/* Neighbours `left` and `right` become `merged`. */
typedef struct {
  uint32_t left, right, merged;
} tok_merge;

/* How a SentencePiece model normalises, which no tokenizer.json can say. */
typedef struct {
  bool present;
  tok_string charsmap;          /* or empty */
  bool squeeze, prefix, escape; /* spaces: runs become one; one begins the text; they become U+2581 */
} tok_normal_rules;

/* A section's data before packing. Sections with the same data are stored once. */
typedef struct {
  const void *data;
  size_t count;
} tok_section_data;

struct tok_build;

/* A type of models: what its options are, how its vocabulary is written in the file, how it is packed. */
typedef struct {
  const char *type, *family; /* family: for people */
  tok_model model;
  status (*read_options)(struct tok_build *b, const json_view *model);
  status (*read_spellings)(struct tok_build *b, const json_view *model); /* sets spelling and vocab */
  status (*pack)(struct tok_build *b);
} tok_model_row;

typedef struct tok_build {
  arena *a;
  tok_header header;
  tok_section_data sections[TOK_SECTION_COUNT];
  uint32_t vocab_size;

  json_t *vocab;        /* model.vocab: spelling -> id */
  tok_string *spelling; /* per id, as the JSON has it; count 0 for holes */
  tok_string *key;      /* per id, as pieces of text have it; count 0 where no piece can be it */
  tok_string *text;     /* per id, as decoding gives it */
  uint8_t *flags;       /* per id: TOK_SPECIAL ... */
  uint32_t mask_id;     /* TOK_NONE: there is none */
  bool byte_fallback, ignore_merges;
  const tok_model_row *model;
  double *scores;               /* Unigram: vocab_size + 1, the last of an unknown character */
  tok_string continuing_prefix; /* WordPiece, BPE: what spellings of the insides of words begin with */
  tok_string ending;            /* BPE: what spellings of the ends of words end with */

  tok_merge *merges; /* by rank; header.merge_count of them */
  perfect_hash merge_hash;
  uint32_t *merge_slots; /* the ranks in the order of the hash's slots */

  tok_added_token *added;
  size_t added_count, added_capacity;
  bool added_as_spelled; /* normalized ones are spelled in normalised text as they are */

  tok_step *steps;
  size_t step_count, step_capacity;
  char *step_bytes;
  size_t step_bytes_count, step_bytes_capacity;

  uint16_t **maps; /* of each of the steps that are maps: TOK_CODE_POINTS values */
  size_t map_count, map_capacity;
  tok_string *replacements;
  size_t replacement_count, replacement_capacity;

  struct {
    tok_split_kind kind;
    bool inverted, over_bytes;
    uint32_t steps_end;
  } *splits; /* beside regexes */
  size_t split_count, split_capacity;
  regex_program *programs;
  size_t program_count, program_capacity;
  struct {
    uint32_t split;
    regex_classes classes;
    regex_dfa dfa;
  } normalizing; /* of the split by which normalize.c replaced last */
} tok_build;

enum {
  TOK_MAX_NUMBER = 1 << 24, /* packed numbers are below it */
  TOK_MAX_IDS = 1 << 22,
};

#define TOK_SET_SECTION(b, name, pointer, element_count)                                                     \
  ((b)->sections[TOK_SECTION_##name] = (tok_section_data){(pointer), (element_count)})

/* ---- in order of use -------------------------------------------------------------- */

/* Finds model.type in the table of models and reads its options (model.c). */
status tok_read_model(tok_build *b, const json_view *root, json_view *model);
/* The options of the models that have any (model.c, word_piece.c, unigram.c). */
status tok_read_bpe(tok_build *b, const json_view *model);
status tok_read_word_piece(tok_build *b, const json_view *model);
status tok_read_unigram(tok_build *b, const json_view *model);
/* model.vocab, an object of ids by spelling (vocabulary.c). */
status tok_read_spellings(tok_build *b, const json_view *model);
/* The same of Unigram, an array of spellings and scores; it becomes an object. Sets scores. */
status tok_read_scored_vocabulary(tok_build *b, const json_view *model);
/* Reads model.vocab and added_tokens (vocabulary.c). */
status tok_read_vocabulary(tok_build *b, const json_view *root);
/* The id of a spelling in the vocabulary or the added tokens, or TOK_NONE. */
uint32_t tok_find(const tok_build *b, const char *spelling);
/* byte_level.c: by which character GPT-2 spells each byte, and keys and decoded texts of byte-level tokens.
 */
void tok_byte_level_codes(uint16_t codes[256]);
const char *tok_byte_level_spelling(arena *a, tok_string bytes);
void tok_byte_level_texts(tok_build *b);

/* A SentencePiece model's rules -> steps (charsmap.c). */
status tok_add_normal_rules(tok_build *b, const tok_normal_rules *rules);
/* normalizer -> steps (normalizer.c). */
status tok_read_normalizer(tok_build *b, const json_view *root);
/* A string after the steps read so far; what the normaliser makes of an added token. */
tok_string tok_normalize(tok_build *b, tok_string string); /* normalize.c */
void tok_add_step(tok_build *b, tok_step_kind kind, tok_string first, tok_string second);
/* A string in step_bytes; returns its offset. */
uint32_t tok_store_step_bytes(tok_build *b, tok_string string);
/* A step that is a map, which is empty so far (char_map.c). */
uint16_t *tok_add_map(tok_build *b, tok_step_kind kind);
void tok_map_to(tok_build *b, uint16_t *map, uint32_t code, tok_string replacement);
/* BertNormalizer -> steps (bert_normalizer.c). */
status tok_read_bert_normalizer(tok_build *b, const json_view *view);
/* The texts of a Replace, in a normalizer as in a decoder: pattern.String, which may not be empty, and
 * content. */
status tok_read_replace(tok_build *b, const json_view *view, tok_string *from, tok_string *to);

/* pre_tokenizer -> steps, splits and the byte-level flag (pre_tokenizer.c). */
status tok_read_pre_tokenizer(tok_build *b, const json_view *root);
status tok_add_split(tok_build *b, const char *pattern, size_t bytes, tok_split_kind kind);
/* The same for what stands at `view`, which failures then name. */
status tok_add_split_of(tok_build *b, const json_view *view, const char *pattern, size_t bytes,
                        tok_split_kind kind);
/* decoder -> texts and flags (decoder.c). Wants the pre-tokenizer's flags. */
status tok_read_decoder(tok_build *b, const json_view *root);
/* post_processor -> prefix and suffix ids, and pairs; truncation (post_processor.c). */
status tok_read_post_processor(tok_build *b, const json_view *root);

/* model.merges -> merges and their hash (merges.c). */
status tok_read_merges(tok_build *b, const json_view *model);
/* Makes merge_hash and merge_slots; false if some pair is there twice (merge_table.c). */
bool tok_index_merges(tok_build *b);
/* The rank of a pair, or TOK_NONE (merge_table.c). */
uint32_t tok_rank(const tok_build *b, uint32_t left, uint32_t right);
/* Texts -> sources and stored texts; settles the width of packed numbers (texts.c). Wants merges and texts.
 */
status tok_pack_texts(tok_build *b);
/* All packed numbers are below `limit`, or below merge_count (numbers.c). */
status tok_set_number_bytes(tok_build *b, uint32_t limit);
void tok_pack_numbers(tok_build *b, int section, const uint32_t *numbers, size_t count);
/* The tables of merges (merge_table.c). */
void tok_pack_merges(tok_build *b);
/* The tables of pieces and bytes, all that WordLevel needs (pieces.c). Wants merges and keys. */
status tok_pack_pieces(tok_build *b);
/* The vocabulary as a trie, and with it all that WordPiece and Unigram need (word_piece.c, unigram.c). */
status tok_pack_word_piece(tok_build *b);
status tok_pack_unigram(tok_build *b);
/* Adds a split that changes no result but makes pieces short, where there is one (safe_split.c). Wants
 * merges. */
status tok_add_safe_split(tok_build *b);
/* Added tokens -> the trie (added_tokens.c). */
status tok_pack_added_tokens(tok_build *b);
/* Regular expressions -> classes and DFAs (splits.c). */
status tok_pack_splits(tok_build *b);
/* The maps of the steps (char_map.c). */
status tok_pack_maps(tok_build *b);
/* Unicode's tables for NFC and NFD (normal_form.c). */
void tok_pack_normal_form(tok_build *b);
/* Header and sections -> bytes (pack.c). */
status tok_pack(tok_build *b, text *blob);

#endif
