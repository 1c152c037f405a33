/*
 * image.h: the contract between the compiler and the runtime: what a compiled
 * model looks like in memory, and what generated code may assume. Private to
 * smelt; users of a compiled model need model.h only.
 *
 * An image is four read-only pieces: code (LLVM's object files), weights
 * (packed, page aligned), the manifest (this file's structs, little-endian,
 * offsets from its start, no pointers) and the tokenizer tables (tokenizer.h).
 */
#ifndef SMELT_IMAGE_H
#define SMELT_IMAGE_H

#include "smelt/model.h"

/* ---- what generated code sees ----------------------------------------------- */

enum { SMELT_CLAIMS = 8 };

/*
 * One call of an entry. Generated code reads the fields by their numbers (SMELT_FRAME_FIELD); all are
 * pointers, as wide as the target has them.
 */
typedef struct smelt_frame {
  uint8_t *arena;            /* temporaries and outputs of this call; 64-byte aligned */
  const uint8_t *weights;    /* the image's weights; page aligned */
  uint8_t *state;            /* KV caches and other memory kept between calls; 64-byte aligned */
  const void *const *inputs; /* data of the entry's inputs, in the manifest's order */
  int64_t *dims; /* value of each symbol, in the manifest's order; code sets those that it computes itself */
  void (*barrier)(struct smelt_frame *frame); /* all threads of the team meet here */
  void *team;                                 /* the runtime's own */
  /* SMELT_CLAIMS counters by which threads divide what is left of a step; zero after each barrier. */
  uint32_t *claims;
  /*
   * Two words, zero before the call. Code that meets a size beyond what it was built for notes the symbol's
   * index + 1 and the value, goes on with the largest size it has room for, and the call has failed. An index
   * that is no symbol's: two sizes differ that must be equal.
   */
  int64_t *fault;
  /* NULL, or called by each thread after its part of each step, before a barrier: `--profile`. */
  void (*step_done)(struct smelt_frame *frame, int64_t step);
} smelt_frame;

#define SMELT_FRAME_FIELD(name) (offsetof(smelt_frame, name) / sizeof(void *))

/* Every thread of the team calls the entry once, with its own `thread` in [0, thread_count). */
typedef void smelt_entry_code(smelt_frame *frame, int32_t thread, int32_t thread_count);

/*
 * Steps of an entry that are calls of kernels and nothing else stand in a table, which rt_call_kernels walks:
 * in a program of many layers it is a tenth of the code that would do the same.
 */
typedef enum {
  SMELT_CALL_NONE, /* NULL: an absent operand */
  SMELT_CALL_ARENA,
  SMELT_CALL_WEIGHTS,
  SMELT_CALL_STATE,
  SMELT_CALL_CLAIMS,
  SMELT_CALL_INPUT, /* of the number base_bytes */
  SMELT_CALL_SPACE_COUNT
} smelt_call_space;

/* A pointer that a kernel takes: base_bytes into its memory, and symbol_bytes for each of a symbol's value.
 */
typedef struct {
  uint64_t base_bytes;
  uint16_t space; /* smelt_call_space */
  uint16_t symbol;
  uint32_t symbol_bytes;
} smelt_call_operand;

enum {
  SMELT_CALL_ARGUMENTS = 10,    /* pointers that a call in a table has at most */
  SMELT_CALL_BARRIER = 1 << 8,  /* in a row's second word, beside the number of pointers */
  SMELT_CALL_MOST = UINT16_MAX, /* of kernels, and of operands */
  SMELT_CALL_END = UINT16_MAX   /* in place of a kernel: after the last row */
};

/*
 * Calls the kernels of the rows, the first of which is the entry's step number `step`. A row is words: which
 * of `kernels`, how many pointers it takes (and whether all threads meet afterwards), and which of `operands`
 * each of them is.
 */
typedef void smelt_kernel(void);
void rt_call_kernels(smelt_frame *frame, int32_t thread, int32_t thread_count, smelt_kernel *const *kernels,
                     const smelt_call_operand *operands, const uint16_t *rows, int64_t step);

/*
 * Instruction-set levels that one program may carry side by side. The runtime
 * takes the last level in the image that the processor has.
 */
#define SMELT_ISA_LEVELS(X)                                                                                  \
  X(BASELINE, 0, "baseline") /* whatever the target triple guarantees */                                     \
  X(X86_64_V2, 1, "x86-64-v2")                                                                               \
  X(X86_64_V3, 2, "x86-64-v3")                                                                               \
  X(X86_64_V4, 3, "x86-64-v4")                                                                               \
  X(X86_64_VNNI, 4, "x86-64-vnni") /* v4, AVX512-VNNI */                                                     \
  X(X86_64_BF16, 5, "x86-64-bf16") /* and AVX512-BF16 */                                                     \
  X(X86_64_AMX, 6, "x86-64-amx")   /* and matrix tiles for bf16 and int8 */                                  \
  X(ARM64_DOT, 7, "arm64-dot")     /* Armv8.2's dot products of bytes */                                     \
  X(ARM64_MMLA, 8, "arm64-mmla")   /* and Armv8.6's products of bytes and bf16, two rows by two columns */   \
  X(ARMV7_FMA, 9, "armv7-fma")     /* VFPv4: multiply and add in one, and f16 */                             \
  X(RISCV64_V, 10, "riscv64-v")    /* vectors, version 1.0 */                                                \
  X(ARM64_SVE, 11, "arm64-sve")    /* ARM64_MMLA, and SVE with registers of 32 bytes */

typedef enum {
#define X(NAME, value, text) SMELT_ISA_##NAME = value,
  SMELT_ISA_LEVELS(X)
#undef X
} smelt_isa_level;

typedef struct {
  uint64_t isa_level;               /* smelt_isa_level */
  smelt_entry_code *const *entries; /* one per entry, in the manifest's order */
  /* 1: last bits of results are its own, since its products of bf16 round in their own way; 0: the same bits
   * as all other levels of all targets, if the model is rounded at all */
  uint64_t has_own_bits;
} smelt_code_level;

/* How the runtime guesses tokens (runtime/decode/decode.h). */
typedef struct smelt_speculator smelt_speculator;

/* Where weights come from that are not in the image as they are used (runtime/core/weights.h). */
typedef struct smelt_weights_source smelt_weights_source;

/* The symbol smelt_model_NAME; made by codegen's object writer. */
struct smelt_image {
  const void *manifest; /* first in every version, as it says which one this is */
  const void *weights;
  const void *tokenizer; /* NULL when the model has none */
  uint64_t level_count;
  const smelt_code_level *levels; /* ascending */
  /* One of the runtime's, which is linked for being named here; NULL: the model does not guess. */
  const smelt_speculator *speculator;
  const smelt_image *draft; /* the model that guesses for this one; NULL: none */
  /* One of the runtime's, likewise; NULL: `weights` are those that code reads. */
  const smelt_weights_source *source;
};

/* ---- the manifest -------------------------------------------------------------- */

/* Seven letters, and SMELT_ABI_VERSION as a byte. */
#define SMELT_MANIFEST_MAGIC "smeltmf\4"

/* An offset from the manifest's start; 0 means absent. Texts are NUL-terminated. */
typedef uint32_t smelt_offset;

/*
 * A size as a postfix program over int64 words, ended by SMELT_DIM_END:
 * CONST and SYMBOL are followed by one operand word, the others take two
 * values from the stack. At most SMELT_DIM_STACK values deep.
 */
typedef enum {
  SMELT_DIM_END = 0,
  SMELT_DIM_CONST,
  SMELT_DIM_SYMBOL, /* operand: index into the symbols */
  SMELT_DIM_ADD,
  SMELT_DIM_MUL,
  SMELT_DIM_DIV, /* floor */
  SMELT_DIM_MOD, /* sign of the divisor */
  SMELT_DIM_MIN,
  SMELT_DIM_MAX,
} smelt_dim_op;
enum { SMELT_DIM_STACK = 32 };

typedef struct {
  smelt_offset name;
  uint32_t reserved;
  int64_t maximum; /* largest value the image was built for */
} smelt_manifest_symbol;

typedef struct {
  smelt_offset name;
  uint32_t dtype;
  uint32_t rank;
  smelt_offset dims;      /* rank x smelt_offset, each to a postfix program (8-byte aligned) */
  smelt_offset dim_texts; /* rank x smelt_offset, each to the size as text */
  uint32_t reserved;
  uint64_t arena_offset; /* outputs: where in the arena the data is; inputs: unused */
} smelt_manifest_tensor;

/* One step of an entry, for --profile: what it is called and how much work it is, as postfix programs. */
typedef struct {
  smelt_offset label; /* "linear 768 x 2304": steps of equal labels do the same work */
  uint32_t dtype;     /* of the factors of its products; SMELT_F32 where it has none */
  smelt_offset flops; /* a multiply-add is 2 (plan/cost.h) */
  smelt_offset bytes; /* read and written, each operand once */
} smelt_manifest_step;

typedef struct {
  smelt_offset name;
  uint32_t input_count, output_count;
  smelt_offset inputs, outputs; /* smelt_manifest_tensor[] */
  uint32_t step_count;
  smelt_offset steps; /* smelt_manifest_step[], numbered as smelt_frame's step_done counts */
  uint32_t reserved;
  uint64_t arena_bytes;
} smelt_manifest_entry;

enum { SMELT_MAX_END_TOKENS = 8, SMELT_MAX_FORCED_TOKENS = 8, SMELT_MAX_BEAMS = 1024, SMELT_NONE = -1 };
enum { SMELT_MAX_LENGTH_PENALTY = 100 }; /* and as much below 0 */

/* Defaults from generation_config.json, as smelt_generate_options says; 0: none. */
typedef struct {
  int32_t max_new_tokens, min_new_tokens, max_length, min_length, no_repeat_ngram, top_k;
  int32_t beams, beam_groups, early_stopping, samples;
  int32_t source_no_repeat_ngram, decay_start, renormalises; /* the last: 0 or 1 */
  float temperature, top_p, min_p, typical_p, epsilon_cutoff, eta_cutoff;
  float repetition_penalty, length_penalty, diversity_penalty;
  float source_penalty, decay_factor;
} smelt_manifest_choices;

/* i32[count] */
typedef struct {
  smelt_offset tokens;
  int32_t count;
} smelt_manifest_tokens;

/* A language that a model hears, and the token that says so. */
typedef struct {
  smelt_offset code; /* "en" */
  int32_t token;
} smelt_manifest_language;

/*
 * How sound becomes what the encoder reads: samples, f32 [1, n], or, where fft_size is not 0, log-mel
 * features, f32 [1, bands, window / hop]. Tokens are SMELT_NONE where the model has none; those of times
 * follow no_timestamps_token, one for each two hops.
 */
typedef struct {
  int32_t rate;                 /* samples per second */
  int32_t fft_size, hop, bands; /* of features; hop is 1 for samples */
  int32_t window;               /* samples of one call at most; features are always of so many */
  uint32_t normalises;          /* samples to mean 0 and variance 1 */
  uint32_t tells_times;         /* unless asked otherwise */
  int32_t no_timestamps_token, transcribe_token, translate_token;
  int32_t most_initial_time;                    /* of the first token of a time; SMELT_NONE: any */
  float no_speech_threshold, logprob_threshold; /* NaN: none */
  uint32_t language_count;
  smelt_offset languages; /* smelt_manifest_language[] */
} smelt_manifest_hearing;

/*
 * How the runtime generates text with the entries. Indices are SMELT_NONE
 * where the model has no such thing. Sizes are tokens.
 *   prefill: one input [1, S] of token ids (i64), S = symbols[sequence_symbol], past length
 *            P = symbols[past_symbol]; S <= prefill_tokens, P + S <= max_tokens; output 0 is the logits of
 * the last position, f32 [1, 1, V]. decode:  the same with S fixed to 1. encode:  leaves its results in the
 * state; one input, either [1, E] of token ids, E = symbols[encoder_symbol] <= max_encoder_tokens, or, where
 * max_encoder_tokens is 0, features: floats, one size of which may be symbols[encoder_symbol].
 * verify: as prefill, of at most verify_tokens; output 0 has a row of logits for each, f32 [1, S, V].
 * The text of a decoder behind an encoder begins with decoder_start_token and the forced tokens.
 */
typedef struct {
  int32_t prefill_entry, decode_entry, encode_entry, verify_entry;
  int32_t sequence_symbol, past_symbol, encoder_symbol;
  int32_t vocab_size, max_tokens, prefill_tokens, max_encoder_tokens, verify_tokens;
  int32_t bos_token, pad_token, decoder_start_token;
  int32_t end_token_count;
  int32_t end_tokens[SMELT_MAX_END_TOKENS];
  int32_t forced_token_count;
  int32_t forced_tokens[SMELT_MAX_FORCED_TOKENS]; /* SMELT_NONE: what the model likes best */
  smelt_manifest_choices choices;
  smelt_manifest_tokens suppressed, suppressed_first;
  smelt_manifest_tokens bad_words; /* sequences, each ended by -1 */
  smelt_manifest_tokens forced_first, forced_last;
  smelt_manifest_tokens biased; /* as bad_words */
  smelt_offset biases;          /* f32 for each of the sequences of `biased` */
  smelt_offset hearing;         /* smelt_manifest_hearing, or 0 */
} smelt_manifest_generation;

/* What a graph over token ids or pixels makes of a text or an image. */
typedef enum {
  SMELT_HEAD_STATES,       /* f32 [batch, tokens, width], to be pooled into one vector */
  SMELT_HEAD_VECTOR,       /* f32 [batch, width]: the text's vector */
  SMELT_HEAD_LABELS,       /* f32 [batch, labels]: how well each label suits the text */
  SMELT_HEAD_TOKEN_LABELS, /* f32 [batch, tokens, labels]: the same for each token */
  SMELT_HEAD_NEXT_TOKENS,  /* f32 [batch, tokens, vocabulary]: logits of the token that follows each */
  SMELT_HEAD_MATCHES,      /* f32 [images, texts]: how well each text suits each image */
  SMELT_HEAD_FILLINGS,     /* f32 [batch, tokens, vocabulary]: logits of the token that a mask stands for */
  SMELT_HEAD_ANSWERS, /* f32 [batch, tokens] twice: logits of the first and of the last token of an answer */
  SMELT_HEAD_COUNT
} smelt_head;

/* How the vectors of a text's tokens become one. */
#define SMELT_POOLINGS(X)                                                                                    \
  X(MEAN, "mean")                                                                                            \
  X(CLS, "cls") /* the first token's */                                                                      \
  X(MAX, "max")                                                                                              \
  X(LAST, "last")                                                                                            \
  X(MEAN_SQRT, "mean-sqrt") /* the sum over the root of their count */                                       \
  X(WEIGHTED, "weighted")   /* the mean, in which each counts as often as its place says, from 1 */

typedef enum {
#define X(NAME, text) SMELT_POOLING_##NAME,
  SMELT_POOLINGS(X)
#undef X
      SMELT_POOLING_COUNT
} smelt_pooling;

/* How the logits of labels become scores. */
#define SMELT_SCORINGS(X)                                                                                    \
  X(SOFTMAX, "softmax") /* one label suits */                                                                \
  X(SIGMOID, "sigmoid") /* each by itself */                                                                 \
  X(NONE, "none")       /* they are numbers to be taken as they are */

typedef enum {
#define X(NAME, text) SMELT_SCORING_##NAME,
  SMELT_SCORINGS(X)
#undef X
      SMELT_SCORING_COUNT
} smelt_scoring;

/* What is put before a text, and what that is called: both texts. */
typedef struct {
  smelt_offset name, text;
} smelt_manifest_prompt;

enum { SMELT_MOST_ROWS = 65535 }; /* texts of one call */

/*
 * How entry 0, a graph over token ids, reads a text and which output answers. Inputs are i64 or i32 [1, n], n
 * at most max_tokens, or exactly that where it is fixed; SMELT_NONE where the graph has no such input. Only a
 * graph over pixels (smelt_manifest_vision) may do without ids_input; beside pixels, inputs may have several
 * rows.
 */
typedef struct {
  int32_t ids_input, mask_input, types_input, positions_input;
  int32_t output, last_output; /* last_output: SMELT_HEAD_ANSWERS' second, else SMELT_NONE */
  int32_t mask_token;          /* SMELT_HEAD_FILLINGS */
  uint32_t head;               /* smelt_head */
  int32_t max_tokens, is_fixed, pad_token;
  int32_t most_rows; /* texts of one call, as long as the longest: inputs are [most_rows, n] then */
  uint32_t pooling, normalises;        /* defaults of vectors: smelt_pooling, 0 or 1 */
  uint32_t scoring;                    /* default of labels: smelt_scoring */
  uint32_t label_count;                /* as many as the output's last axis has; else 0 */
  smelt_offset labels;                 /* label_count x smelt_offset, each to a text */
  uint32_t prompt_count, skips_prompt; /* of vectors; skips_prompt: pooling leaves the prompt's tokens out */
  uint32_t default_prompt;             /* its number from 1; 0: none, unless one is asked for */
  smelt_offset prompts;                /* smelt_manifest_prompt[] */
} smelt_manifest_reader;

/* How an image gets another size, before it is cropped. */
typedef enum {
  SMELT_RESIZE_NONE,
  SMELT_RESIZE_EXACT,      /* to resize_width x resize_height */
  SMELT_RESIZE_SHORT_EDGE, /* the shorter side to resize_width, the other in proportion */
  SMELT_RESIZE_COUNT
} smelt_resize;

/* PIL's filters, numbered as there. */
typedef enum {
  SMELT_RESAMPLING_NEAREST,
  SMELT_RESAMPLING_LANCZOS,
  SMELT_RESAMPLING_BILINEAR,
  SMELT_RESAMPLING_BICUBIC,
  SMELT_RESAMPLING_BOX,
  SMELT_RESAMPLING_HAMMING,
  SMELT_RESAMPLING_COUNT
} smelt_resampling;

/*
 * How entry 0 reads an image, in this order: resized, cropped to its middle (with zeros around it where it is
 * smaller), each byte rescaled and normalised, in planes of channels. The input is f32
 * [1, channels, height, width]; what answers is the reader's matter.
 */
typedef struct {
  int32_t pixels_input;
  uint32_t channels, height, width;            /* channels: 3 */
  uint32_t resize, resample;                   /* smelt_resize, smelt_resampling */
  uint32_t resize_height, resize_width, crops; /* crops: to height x width; 0: it has that size */
  uint32_t swaps_red_and_blue, rescales, normalises;
  uint32_t most_texts; /* of one call, where texts are matched with the image; at most SMELT_MOST_ROWS */
  float mean[3], deviation[3];
  double rescale_factor;
} smelt_manifest_vision;

/*
 * A memory of the state that grows with the text: `parts` (heads, say) of `capacity` rows each, one behind
 * the other; row r of a part belongs to token r of the text.
 */
typedef struct {
  uint64_t state_offset;
  uint64_t parts, capacity;
  uint64_t row_bytes;
} smelt_manifest_cache;

typedef struct {
  char magic[8];
  uint32_t bytes; /* of the whole manifest */
  uint32_t entry_count;
  uint32_t symbol_count;
  smelt_offset entries;    /* smelt_manifest_entry[] */
  smelt_offset symbols;    /* smelt_manifest_symbol[] */
  smelt_offset generation; /* smelt_manifest_generation, or 0 */
  smelt_offset reader;     /* smelt_manifest_reader, or 0 */
  smelt_offset model_name;
  smelt_offset smelt_version;
  uint32_t cache_count;
  smelt_offset caches; /* smelt_manifest_cache[] */
  uint32_t chat_bytes;
  smelt_offset chat;    /* the compiled chat template (chat.h), [chat_bytes], 8-byte aligned; or 0 */
  smelt_offset vision;  /* smelt_manifest_vision, or 0; where it is there, so is reader */
  uint64_t arena_bytes; /* the largest of the entries' */
  uint64_t state_bytes;
  uint64_t weights_bytes;
  uint64_t tokenizer_bytes;  /* of the tokenizer tables; 0: the model has none */
  uint64_t parameters;       /* elements in the model's weights, for --version and inspect */
  uint64_t stored_bytes;     /* of a zstd frame that holds the weights in the image; 0: it has none */
  uint8_t weights_hash[32];  /* SHA-256 of the weights, where they are in a file or compressed */
  smelt_offset weights_file; /* its name, without a folder; 0: they are in the image */
  uint32_t reserved;
} smelt_manifest;

#endif
