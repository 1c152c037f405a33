/*
 * text.h: text to token ids and back, over the packed tables of
 * smelt/tokenizer.h. No global state; an encoder or decoder belongs to one
 * thread, a tokenizer may be shared.
 */
#ifndef SMELT_RUNTIME_TEXT_H
#define SMELT_RUNTIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smelt/tokenizer.h"

/* ---- the tables --------------------------------------------------------- */

/* Views into an opened blob: `name` and `name_count` for each section. */
typedef struct {
  const tok_header *header;
  uint32_t merge_slot_count;
#define X(name, type)                                                                                        \
  const type *name;                                                                                          \
  uint32_t name##_count;
  TOK_SECTIONS(X)
#undef X
} rt_tokenizer;

/*
 * Opens `blob` in place; it must stay while `t` is used and be aligned to 8
 * bytes. `bytes` may exceed the blob. Returns NULL, or what is wrong with the
 * blob (a static text). Reads the small tables, not the large ones.
 */
const char *rt_tokenizer_open(rt_tokenizer *t, const void *blob, size_t bytes);

/* The text of token `id` as decoding gives it, in the blob or in `buffer`; empty for ids that do not exist.
 */
const uint8_t *rt_token_text(const rt_tokenizer *t, uint32_t id, uint8_t buffer[TOK_MERGED_BYTES],
                             size_t *bytes);

/* ---- text to ids ----------------------------------------------------------- */

struct rt_source; /* where bytes come from, and who wants to know of tokens; see origins.c */
struct rt_follower;

typedef struct {
  uint8_t *bytes;
  size_t count, capacity;
  struct rt_source *source; /* NULL: nobody asks */
} rt_bytes;

typedef struct {
  uint32_t *items;
  size_t count, capacity;
} rt_words;

struct rt_merge_queue;  /* see merge_queue.h */
struct rt_symbol;       /* of a long piece that is being merged; see bpe.c */
struct rt_way;          /* through a piece; see unigram.c */
struct rt_cached_piece; /* see piece_cache.h */

/* Ids of the last text, and memory that the next one reuses. */
typedef struct {
  const rt_tokenizer *tokenizer;
  rt_words ids;           /* result of the last rt_encode or rt_encode_pair */
  rt_words types;         /* of rt_encode_pair: one for each of ids */
  rt_words first, second; /* the ids of its two texts */
  rt_bytes repaired;      /* the input with U+FFFD for what is not UTF-8 */
  rt_bytes normal[2];     /* a stretch between added tokens, normalised; steps go back and forth */
  rt_bytes prepared[TOK_MAX_SPLITS + 1][2]; /* the same for the steps before each split and after the last */
  rt_words initial;                         /* a long piece as symbols */
  rt_words codes, sorted;                   /* code points of a stretch that NFC works on */
  struct rt_symbol *symbols;
  size_t symbol_capacity;
  struct rt_merge_queue *merge_queue; /* NULL until a piece is long */
  struct rt_way *ways;
  size_t way_count, way_capacity;
  rt_words ways_to;                   /* by end in the piece */
  struct rt_cached_piece *cache;      /* NULL until it is wanted, or where there is no memory for it */
  const struct rt_follower *follower; /* NULL: nobody asks where tokens come from */
} rt_encoder;

void rt_encoder_init(rt_encoder *e, const rt_tokenizer *t);
void rt_encoder_free(rt_encoder *e); /* with its ids */

enum {
  RT_ADD_SPECIAL = 1u << 0,    /* put the template's tokens around the text: BOS, EOS */
  RT_IGNORE_SPECIAL = 1u << 1, /* added tokens spelled in the text are plain text */
  /* Of rt_encode_pair: what loses tokens where there are too many; without any, what the tokenizer is set to.
   */
  RT_CUT_LONGEST = 1u << 2,
  RT_CUT_FIRST = 1u << 3,
  RT_CUT_SECOND = 1u << 4,
};

/*
 * Encodes `bytes` of `text` into e->ids, which belong to the
 * encoder and last until its next call. Time is O(n log n) in the longest
 * piece. Bytes that are not UTF-8 go through byte-level tokenizers unchanged
 * (the splitter sees them as U+FFFD); other tokenizers read each maximal broken
 * sequence as U+FFFD, as Python's and JavaScript's decoders do.
 * False: out of memory, or the text is longer than 2 GiB.
 */
bool rt_encode(rt_encoder *e, const char *text, size_t bytes, unsigned flags);

/* Where a token comes from in the text that was encoded. */
typedef struct {
  uint32_t begin, end; /* bytes of the text, whole characters; both 0 of tokens that are put around it */
  uint32_t word;       /* its word's number; TOK_NONE of tokens that are put around the text */
  bool continues;      /* it is not the first of its word */
} rt_origin;

typedef struct {
  rt_origin *items; /* the caller's to free */
  size_t count, capacity;
} rt_origins;

/*
 * As rt_encode; sets *origins, one for each of e->ids. Offsets are those of the Rust library `tokenizers`:
 * what was put in for something stands for that, a part of a character for all of it. A word is what the
 * splits cut, and where SentencePiece's mark of a space begins a token, one begins there. Slower than
 * rt_encode (origins.c).
 */
bool rt_encode_traced(rt_encoder *e, const char *text, size_t bytes, unsigned flags, rt_origins *origins);

/* Characters in text[0 .. bytes), which are those of UTF-8, and each maximal broken sequence one. */
size_t rt_count_characters(const char *text, size_t bytes);

typedef struct {
  const char *first, *second; /* of first_bytes and second_bytes */
  size_t first_bytes, second_bytes;
} rt_pair;

/*
 * Encodes two texts into e->ids and e->types as the tokenizer puts pairs
 * together, a question and an answer for example. Of more than `most_ids` ids
 * (SIZE_MAX: no limit) the longer text loses its end, then both alike; or one text
 * alone does; or they lose their start, if the tokenizer is set so. Special tokens
 * stay. False also where `most_ids` has no room for these, or for a text that is not cut.
 */
bool rt_encode_pair(rt_encoder *e, rt_pair pair, size_t most_ids, unsigned flags);

/* ---- ids to text ----------------------------------------------------------- */

/* Receives whole UTF-8 sequences. */
typedef void rt_text_sink(void *user, const char *text, size_t bytes);

enum { RT_CLEANING_STAGES = 3 };

/* The end of a text that cleaning may yet change (clean.c). */
typedef struct {
  uint8_t bytes[4], count;
} rt_held;

/* A stream of ids that becomes text. Owns no memory; copy it to try ids out. */
typedef struct {
  const rt_tokenizer *tokenizer;
  unsigned flags;
  uint32_t spaces_to_strip; /* at the start of the text */
  bool at_start;            /* no token was decoded yet */
  uint8_t held[4];          /* the start of a character whose rest has not come */
  uint32_t held_bytes;
  size_t held_spaces;                   /* at the end so far, which decoding may drop */
  uint32_t previous_id;                 /* TOK_NONE at the start */
  rt_held cleaning[RT_CLEANING_STAGES]; /* of tokenizers with TOK_CLEAN_UP */
} rt_decoder;

enum {
  RT_SKIP_SPECIAL = 1u << 0, /* leave special tokens out of the text */
  RT_CLEAN_UP = 1u << 1, /* leave spaces out before punctuation and the like, where the tokenizer says so */
};

void rt_decoder_init(rt_decoder *d, const rt_tokenizer *t, unsigned flags);
/*
 * Passes on the text that token `id` completes, in one or more calls of `sink`,
 * or none. Broken UTF-8 becomes U+FFFD, one per maximal broken sequence; ids out
 * of range are passed over.
 */
void rt_decode(rt_decoder *d, uint32_t id, rt_text_sink *sink, void *user);
/* The end of the stream: what was held back becomes U+FFFD. The decoder is ready for a new text. */
void rt_decode_end(rt_decoder *d, rt_text_sink *sink, void *user);

#endif
