/*
 * tokenizer.h: the packed tokenizer. compiler/tokenizer writes it, runtime/text
 * reads it in place: one block of bytes, offsets instead of pointers,
 * little-endian, nothing to parse and nothing to allocate at start-up.
 *
 * A blob is a tok_header, then the sections its table names. Every section
 * starts at a multiple of 8 bytes. The reader trusts nothing: sections are
 * checked when the blob is opened (rt_tokenizer_open), values inside the large
 * tables where they are used.
 *
 * How text becomes ids:
 *   added tokens with raw spelling are cut out        trie, root TOK_ROOT_RAW
 *   each rest is normalised                           steps[0 .. normalizer_steps)
 *   added tokens with normalised spelling are cut out trie, root TOK_ROOT_NORMAL
 *   each rest is split into pieces, by level          splits, each a DFA over code point classes
 *   and prepared before and between the splits        steps[normalizer_steps ..)
 *   pieces become ids as the model has it             tok_model
 *
 * How ids become text: what a merge makes has the texts of its two parts, one
 * after the other. So only some texts are stored: of tokens that no merge makes,
 * and of frequent ones, for speed. sources[id] says where the text is: below
 * merge_count it is the number of a merge, from there on merge_count + the
 * number of a stored text.
 */
#ifndef SMELT_TOKENIZER_H
#define SMELT_TOKENIZER_H

#include <stdint.h>
#include <string.h>

#define TOK_MAGIC "smelttok" /* 8 bytes, no NUL in the blob */
#define TOK_NONE  UINT32_MAX /* no such id */

enum {
  TOK_VERSION = 6,
  TOK_ALIGN_BYTES = 8,
  TOK_MAX_AFFIX_BYTES = 32,
  TOK_MERGED_BYTES = 256, /* longest text that is made of parts; longer ones are stored */
  TOK_CLASS_BLOCK = 256,  /* code points per block of the class table */
  TOK_CODE_POINTS = 0x110000,
  TOK_ROOT_RAW = 0,
  TOK_ROOT_NORMAL = 1,
  TOK_MAX_SPLITS = 16,
};

/* How a piece becomes ids. */
typedef enum {
  TOK_MODEL_BPE,        /* looked up by its spelling (piece_ids), or merged pair by pair (merges) */
  TOK_MODEL_WORD_PIECE, /* the longest token of the trie, again and again; unknown as a whole or not at all */
  TOK_MODEL_UNIGRAM, /* of all ways to cut the piece into tokens of the trie, the one of the highest score */
  TOK_MODEL_WORD_LEVEL, /* looked up by its spelling, or unknown */
  TOK_MODELS
} tok_model;

/* tok_header.flags */
enum {
  TOK_BYTE_LEVEL = 1u << 0,       /* a piece's symbols are its bytes; else its characters */
  TOK_FUSE_UNKNOWN = 1u << 1,     /* neighbouring unknown tokens of a stretch become one */
  TOK_MERGE_REPEATS = 1u << 2,    /* decoding takes a token that repeats as one */
  TOK_TRUNCATE_START = 1u << 6,   /* texts that are too long lose their start, else their end */
  TOK_TRUNCATE_FIRST = 1u << 10,  /* of pairs that are too long the first text alone is cut */
  TOK_TRUNCATE_SECOND = 1u << 11, /* or the second; without both flags the longer one, then both alike */
  TOK_SOURCE_ONLY = 1u << 9,      /* what the model writes has another tokenizer */
  TOK_CLEAN_UP = 1u << 5,         /* decoded text loses spaces before punctuation and the like */
  TOK_SINGLE_SUMS = 1u << 4,      /* Unigram: sums of scores are floats */
  TOK_STRIP_SKIPPING = 1u << 3,   /* strip_start and strip_end hold where special tokens are left out, only */
  TOK_TRIM_ORIGINS = 1u << 7,     /* where a token comes from, spaces at its ends do not count */
  TOK_SPARE_FIRST = 1u << 8,      /* but the first of the text does */
};

/*
 * Ids, merge numbers and sources come packed: tok_header.number_bytes (2 or 3)
 * bytes each, the lowest first. The count of such a section is in bytes.
 */
typedef uint8_t tok_packed;

/* tok_flagged.flags */
enum {
  TOK_SPECIAL = 1u << 0,     /* left out of decoded text on request */
  TOK_LSTRIP = 1u << 1,      /* an added token that swallows white space before it */
  TOK_RSTRIP = 1u << 2,      /* and after it */
  TOK_CLOSED = 1u << 3,      /* a word of its own whose text has lost the space before it, as punctuation's */
  TOK_SINGLE_WORD = 1u << 4, /* an added token that is one only where no letter of a word touches it */
};

/* The ids that have flags, sorted. */
typedef struct {
  uint32_t id, flags;
} tok_flagged;

/* A change of a stretch of text, applied in order. `a` and `b` are slices of step_bytes. */
typedef enum {
  TOK_STEP_PREPEND,               /* a before the text, unless the text is empty */
  TOK_STEP_PREPEND_MISSING,       /* a before the text, unless the text starts with b */
  TOK_STEP_PREPEND_MISSING_FIRST, /* the same, only where the stretch begins the whole input */
  TOK_STEP_REPLACE,               /* every a by b, left to right */
  TOK_STEP_NFC,                   /* Unicode normalization form C */
  TOK_STEP_NFD,                   /* and form D */
  TOK_STEP_MAP,             /* every code point by itself; the map's first block is map_blocks[a_offset] */
  TOK_STEP_LOWERCASE,       /* a map, and capital sigma at the end of a word becomes final sigma */
  TOK_STEP_STRIP_LEFT,      /* no white space at the start */
  TOK_STEP_STRIP_RIGHT,     /* nor at the end */
  TOK_STEP_REPLACE_MATCHES, /* every match of splits[a_offset] by b; a_bytes is 0 */
  TOK_STEP_CHARSMAP,        /* the longest text that has a rule in charsmap_units, at each place */
  TOK_STEP_SQUEEZE, /* runs of spaces become one, and none is at the ends; nor a at the end, if there is a */
  TOK_STEP_KINDS
} tok_step_kind;

/* A map's value of a code point. */
enum {
  TOK_MAP_SAME = 0,
  TOK_MAP_SPACED = 1,      /* itself with a space before and after */
  TOK_MAP_REPLACEMENT = 2, /* from here on: replacement value - 2 of map_starts */
};

/* What `letters` knows of a code point. */
enum {
  TOK_CASED = 1u << 0,          /* Unicode 15, section 3.13: D135 */
  TOK_CASE_IGNORABLE = 1u << 1, /* D136 */
  TOK_WORD = 1u << 2,           /* \w of regular expressions */
};

typedef struct {
  uint32_t kind;
  uint32_t a_offset, a_bytes, b_offset, b_bytes;
} tok_step;

/* What becomes of the stretches that a split matches, and of those between. */
typedef enum {
  TOK_SPLIT_ISOLATED,       /* matches and gaps are pieces */
  TOK_SPLIT_KEEP_MATCHES,   /* gaps are dropped */
  TOK_SPLIT_REMOVE_MATCHES, /* matches are dropped */
  TOK_SPLIT_JOIN_PREVIOUS,  /* a match after a gap belongs to that gap's piece */
  TOK_SPLIT_JOIN_NEXT,      /* a gap after a match belongs to that match's piece */
  TOK_SPLIT_JOIN_SAME,      /* matches without a gap between are one piece */
  TOK_SPLIT_KINDS
} tok_split_kind;

/*
 * A DFA that finds the leftmost-first match (Perl's priorities) from a given
 * place. transition[state * class_count + class] is next_state * 2 + m, where
 * m says that a match ends here, before the code point of that class: so
 * acceptance may depend on the next code point, which is all that \s+(?!\S)
 * needs. Class class_count - 1 is the end of the text. State 0 is dead, state 1
 * the start.
 */
typedef struct {
  uint32_t kind;        /* tok_split_kind */
  uint32_t inverted;    /* joins take gaps for matches, matches for gaps */
  uint32_t over_bytes;  /* each byte is a character, of the class that byte_classes says */
  uint32_t steps_end;   /* steps before this one that no earlier split or normalisation took come first */
  uint32_t state_count; /* at most 32767 */
  uint32_t first;       /* of this DFA in the section of transitions */
} tok_split;

/* What two texts are put together from, in order. */
typedef enum { TOK_PAIR_TOKEN, TOK_PAIR_FIRST, TOK_PAIR_SECOND, TOK_PAIR_KINDS } tok_pair_kind;

typedef struct {
  uint32_t kind; /* tok_pair_kind */
  uint32_t id;   /* TOK_PAIR_TOKEN: of a special token */
  uint32_t type; /* of the token, or of all of the text's */
} tok_pair_item;

/* A trie over bytes; edges of a node are sorted by byte. */
typedef struct {
  uint32_t first_edge, edge_count;
  uint32_t id; /* token that ends here, or TOK_NONE */
} tok_trie_node;

typedef struct {
  uint32_t byte, node;
} tok_trie_edge;

/* A canonical mapping of Unicode: `code` decomposes to first, second (second 0: a singleton). */
typedef struct {
  uint32_t code, first, second;
} tok_decomposition;

/* The pair first, second composes to `code`. Sorted by first, then second. */
typedef struct {
  uint32_t first, second, code;
} tok_composition;

/*
 * A merge's number is its rank: the lowest merges first. A string table is two sections: string i
 * is bytes[starts[i] .. starts[i + 1]), so there is one start more than there are strings.
 */
#define TOK_SECTIONS(X)                                                                                      \
  X(merge_seeds, uint16_t)   /* perfect hash: left, right -> slot of merge_slots */                          \
  X(merge_slots, tok_packed) /* merge numbers; compare the merge, it may be another pair's */                \
  X(merges, tok_packed)      /* by number: left, right */                                                    \
  X(merged_ids, tok_packed)  /* by number; empty where it is first_merged_id + number */                     \
  X(sources, tok_packed)     /* by id; empty where tok_usual_source gives them all */                        \
  X(text_starts, uint32_t)   /* the stored texts, as decoding gives them: any bytes */                       \
  X(text_bytes, uint8_t)                                                                                     \
  X(flagged, tok_flagged)                                                                                    \
  X(piece_seeds, uint16_t)  /* perfect hash: bytes -> slot of piece_ids */                                   \
  X(piece_ids, uint32_t)    /* characters' ids, and with ignore_merges those that merging does not give */   \
  X(piece_starts, uint32_t) /* their spellings, by slot */                                                   \
  X(piece_bytes, uint8_t)                                                                                    \
  X(byte_ids, uint32_t) /* 256: id of each byte, TOK_NONE where there is none */                             \
  X(steps, tok_step)                                                                                         \
  X(step_bytes, uint8_t)                                                                                     \
  X(splits, tok_split) /* first those that only steps use */                                                 \
  X(transitions, uint16_t)                                                                                   \
  X(class_blocks, uint16_t) /* code point / 256 -> block; behind the end the last */                         \
  X(classes, uint8_t)       /* block * 256 + code point % 256 -> class */                                    \
  X(byte_classes, uint8_t)  /* 256; empty unless some split is over bytes */                                 \
  X(trie_nodes, tok_trie_node)                                                                               \
  X(trie_edges, tok_trie_edge)                                                                               \
  X(prefix_ids, uint32_t) /* put before the encoded text */                                                  \
  X(suffix_ids, uint32_t) /* and after it */                                                                 \
  X(pair_items, tok_pair_item)                                                                               \
  X(mark_blocks, uint16_t) /* as class_blocks, of marks; empty without TOK_STEP_NFC */                       \
  X(marks, uint8_t)        /* combining class, or TOK_MARK_STARTER for starters that NFC may change */       \
  X(decompositions, tok_decomposition) /* sorted by code */                                                  \
  X(compositions, tok_composition)                                                                           \
  X(map_blocks, uint16_t) /* of each map: code point / 256 -> block; of the last one as class_blocks */      \
  X(map_values, uint16_t) /* block * 256 + code point % 256 -> value */                                      \
  X(map_starts, uint32_t) /* the replacements' bytes */                                                      \
  X(map_bytes, uint8_t)                                                                                      \
  X(letter_blocks, uint16_t) /* as class_blocks, of letters; empty unless a step wants them */               \
  X(letters, uint8_t)                                                                                        \
  X(units, uint32_t)          /* the trie of tokens' spellings: tok_unit_base */                             \
  X(scores, double)           /* Unigram: of each id, and last of an unknown character */                    \
  X(charsmap_units, uint32_t) /* a double array as darts-clone's: base 22 bits from bit 10, shifted by 8 if  \
                                 bit 9 is set; bit 8: a result follows, in unit base; bit 31: is a result */ \
  X(charsmap_texts, uint8_t)  /* results, NUL-terminated */

enum {
#define X(name, type) TOK_SECTION_##name,
  TOK_SECTIONS(X)
#undef X
      TOK_SECTION_COUNT,
  TOK_MARK_STARTER = 255, /* no combining class of Unicode is above 240 */
};

typedef struct {
  uint32_t offset; /* bytes from the start of the blob */
  uint32_t count;  /* elements */
} tok_section;

typedef struct {
  char magic[8];
  uint32_t version;
  uint32_t blob_bytes;
  uint32_t vocab_size; /* ids are below it; holes have no text */
  uint32_t flags;
  uint32_t first_unlisted; /* ids from here on are pieces of text that become the unknown token; none:
                              vocab_size */
  uint32_t bos_id, eos_id, pad_id, unknown_id; /* TOK_NONE where there is none */
  uint32_t normalizer_steps;
  uint32_t class_count;  /* with the class of the text's end */
  uint32_t number_bytes; /* of each packed number: 2 or 3 */
  uint32_t merge_count;
  uint32_t first_merged_id; /* of merge 0 */
  uint32_t first_parted_id; /* where there are no sources: texts from here to the last merged id have parts */
  uint32_t longest_piece_bytes;         /* of the spellings of piece_ids */
  uint32_t strip_start;                 /* leading spaces that decoding drops */
  uint32_t bad_class;                   /* class of U+FFFD, which stands for bytes that are not UTF-8 */
  uint32_t strip_end;                   /* spaces at the end that decoding drops */
  uint32_t first_split;                 /* those before it belong to steps */
  uint32_t model;                       /* tok_model */
  uint32_t longest_word_codes;          /* WordPiece: words of more code points are unknown */
  uint32_t continuing_unit;             /* WordPiece: where the trie is entered inside a word, or TOK_NONE */
  uint32_t prefix_offset, prefix_bytes; /* of step_bytes: what the first token shows before its text unless
                                           that begins with a space or is TOK_CLOSED */
  uint32_t inside_offset, inside_bytes; /* of step_bytes, BPE: before each symbol of a piece but the first */
  uint32_t truncation_length; /* ids of a text or a pair that the tokenizer is set to, or TOK_NONE */
  uint32_t ending_offset, ending_bytes; /* and after the last one; each at most TOK_MAX_AFFIX_BYTES */
  tok_section sections[TOK_SECTION_COUNT];
} tok_header;

/* The source of a token where the table is left out: ids of merges are in a row, and their texts have parts
 * from first_parted_id on. All others are stored, in the order of ids. */
static inline uint32_t tok_usual_source(const tok_header *header, uint32_t id) {
  uint32_t parted_count = header->first_merged_id + header->merge_count - header->first_parted_id;
  if (id < header->first_parted_id) return header->merge_count + id;
  return id - header->first_parted_id < parted_count ? id - header->first_merged_id
                                                     : header->merge_count + id - parted_count;
}

/*
 * The trie is a double array (Aoe, "An Efficient Digital Search Algorithm by
 * Using a Double-Array Structure") of one word a unit, as darts-clone's: the
 * child of unit u by byte b is unit base(u) ^ b, if that has the byte b. No two
 * units have the same base. The id of a spelling that ends at u is in unit
 * base(u). Unit 0 is the root.
 */
enum {
  TOK_UNIT_ENDS = 1u << 8, /* a spelling ends here */
  TOK_UNIT_BASE_SHIFT = 9, /* the base above that, the byte below */
  TOK_MAX_UNITS = 1 << 22,
};
#define TOK_UNIT_VALUE 0x80000000u /* not a node: an id in the other bits, or free */

static inline uint32_t tok_unit_base(uint32_t unit) {
  return (unit & ~TOK_UNIT_VALUE) >> TOK_UNIT_BASE_SHIFT;
}

static inline int tok_unit_has_byte(uint32_t unit, uint8_t byte) {
  return (unit & (TOK_UNIT_VALUE | 0xffu)) == byte;
}

/* ---- hashing, the same on both sides ----------------------------------------- */

/* Both halves of a product of 128 bits, folded by exclusive or. */
static inline uint64_t tok_fold_product(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
  __extension__ typedef unsigned __int128 wide;
  wide product = (wide)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
  uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
  uint64_t low = a_low * b_low, cross = a_high * b_low + (low >> 32);
  uint64_t middle = a_low * b_high + (uint32_t)cross;
  uint64_t high = a_high * b_high + (cross >> 32) + (middle >> 32);
  return (middle << 32 | (uint32_t)low) ^ high;
#endif
}

/* Multiply and fold: the mixing step of wyhash (Wang Yi, public domain description). */
static inline uint64_t tok_mix(uint64_t a, uint64_t b) {
  return tok_fold_product(a ^ 0x9e3779b97f4a7c15u, b ^ 0xe7037ed1a0b428dbu);
}

static inline uint64_t tok_hash_pair(uint32_t left, uint32_t right) {
  return tok_mix((uint64_t)left << 32 | right, 0x8ebc6af09c88c6e3u);
}

static inline uint64_t tok_load(const uint8_t *bytes, size_t count) {
  uint64_t value = 0;
  memcpy(&value, bytes, count);
  return value;
}

static inline uint64_t tok_hash_bytes(const uint8_t *bytes, size_t count) {
  uint64_t hash = count;
  for (; count > 8; bytes += 8, count -= 8) hash = tok_mix(hash, tok_load(bytes, 8));
  if (count == 8) return tok_mix(hash, tok_load(bytes, 8));
  uint64_t last = 0; /* the bytes in little-endian order, without a call */
  if (count & 4) last = tok_load(bytes, 4);
  if (count & 2) last |= tok_load(bytes + (count & 4), 2) << (count & 4) * 8;
  if (count & 1) last |= (uint64_t)bytes[count & 6] << (count & 6) * 8;
  return tok_mix(hash, last);
}

/* Scales 32 random bits to [0, n) (Lemire, "Fast random integer generation in an interval"). */
static inline uint32_t tok_scale(uint32_t bits, uint32_t n) {
  return (uint32_t)((uint64_t)bits * n >> 32);
}

/*
 * Perfect hash by hash and displace (Belazzougui, Botelho, Dietzfelbinger,
 * "Hash, displace, and compress"): the seed of a key's bucket sends it to a
 * slot of its own. A key that is not in the table gets some slot; compare there.
 */
static inline uint32_t tok_bucket(uint64_t hash, uint32_t bucket_count) {
  return tok_scale((uint32_t)(hash >> 32), bucket_count);
}

static inline uint32_t tok_slot(uint64_t hash, uint32_t seed, uint32_t slot_count) {
  return tok_scale((uint32_t)tok_mix(hash, seed), slot_count);
}

#endif
