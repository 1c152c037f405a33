/*
 * model.h: the C ABI of a compiled model. A program that embeds a model made
 * with `smelt build --emit lib` (or obj, shared) includes this header, or the
 * model's own beside it, and links the archive. C99 and later, C++98 and later.
 *
 *     extern const smelt_image smelt_model_NAME;        // NAME as given to --name
 *     smelt_model *model;
 *     smelt_open(&smelt_model_NAME, NULL, &model);
 *     smelt_generate(model, "Once upon a time", NULL, on_token, NULL);
 *     smelt_close(model);
 *
 * Shapes:    tensors are dense and row-major; smelt_input_info and smelt_output_info say dtype and dims.
 * Ownership: what is passed in stays the caller's and is read during the call only, unless a function says
 *            otherwise; what comes out is the model's, until the next call on it.
 * Threads:   an opened model is used by one thread at a time; different ones by different threads at once,
 *            also of one image. Open it as often as there are threads that use it: weights are shared, each
 *            opened model has memory and a team of threads of its own.
 * Errors:    functions that can fail return a smelt_result; smelt_error says what was wrong in a line. A call
 *            that failed leaves the model as usable as before. Nothing is printed, no signal is raised.
 */
#ifndef SMELT_MODEL_H
#define SMELT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default) /* a shared library gives out what is declared here */
#endif

/*
 * Of this header, of the runtime and of images. It changes when a program that was compiled for the one
 * before would not work; smelt_open compares the image's with the runtime's.
 */
#define SMELT_ABI_VERSION 4

typedef struct smelt_image smelt_image; /* a compiled model as it lies in the program (image.h) */
typedef struct smelt_model smelt_model; /* an opened one: memory, threads, state */

/* 0 is success; smelt_error(model) or smelt_result_text(result) says what went wrong. */
typedef enum {
  SMELT_OK = 0,
  SMELT_BAD_ARGUMENT, /* unknown name, wrong dtype or rank, ... */
  SMELT_TOO_LARGE,    /* a size is beyond the limits given at build time */
  SMELT_OUT_OF_MEMORY,
  SMELT_UNSUPPORTED_CPU, /* the processor lacks what the program was compiled for */
  SMELT_CORRUPT_IMAGE,   /* the image does not belong to this runtime or is damaged */
  SMELT_STOPPED,         /* the token callback asked to stop */
  SMELT_INCOMPLETE,      /* tokens ran out before the text was what its constraint asks for */
  SMELT_NO_WEIGHTS,      /* the file of the weights is not there, damaged, or another model's */
  SMELT_WRONG_VERSION    /* the image is for another SMELT_ABI_VERSION than the runtime it is opened with */
} smelt_result;

const char *smelt_result_text(smelt_result result);

/* The runtime's SMELT_ABI_VERSION, for languages that do not read this header. */
int32_t smelt_abi_version(void);

/* Element types; values are ABI. */
#define SMELT_DTYPES(X)                                                                                      \
  X(F32, 0, "f32", 4)                                                                                        \
  X(F16, 1, "f16", 2)                                                                                        \
  X(BF16, 2, "bf16", 2)                                                                                      \
  X(F64, 3, "f64", 8)                                                                                        \
  X(I8, 4, "i8", 1)                                                                                          \
  X(I16, 5, "i16", 2)                                                                                        \
  X(I32, 6, "i32", 4)                                                                                        \
  X(I64, 7, "i64", 8)                                                                                        \
  X(U8, 8, "u8", 1)                                                                                          \
  X(U16, 9, "u16", 2)                                                                                        \
  X(U32, 10, "u32", 4)                                                                                       \
  X(U64, 11, "u64", 8)                                                                                       \
  X(BOOL, 12, "bool", 1) /* one byte, 0 or 1 */

typedef enum {
#define X(NAME, value, text, bytes) SMELT_##NAME = value,
  SMELT_DTYPES(X)
#undef X
      SMELT_DTYPE_COUNT
} smelt_dtype;

enum { SMELT_MAX_RANK = 8 };

/* A dense row-major tensor. Memory is the caller's for inputs, the model's for outputs. */
typedef struct {
  smelt_dtype dtype;
  int32_t rank;
  int64_t dims[SMELT_MAX_RANK];
  void *data;
} smelt_tensor;

typedef struct {
  int32_t threads;    /* 0: one per processor this process may use */
  int32_t max_tokens; /* 0: the limit given at build time; else at most that */
  bool pins;    /* each thread stays on one processor; so does, from smelt_open on, the thread that called it,
                   with all that it makes later: open a second model before, or from another thread */
  bool repeats; /* run only code whose results are the same to the bit on every processor (for models that are
                   rounded to bf16, bytes or 4 bits; of others only last bits differ): a seed then gives the
                   same text everywhere. It costs where bf16 is multiplied by instructions of its own */
  const char *weights; /* of a model whose weights are in a file: where it is; NULL: what the environment says
                          in SMELT_WEIGHTS, else beside the program or the shared library */
  bool checks_weights; /* read that file whole, and compare its hash with the model's */
  char *error;         /* where smelt_open says in one line why it fails; NULL: nowhere */
  size_t error_bytes;  /* room there */
} smelt_open_options;

/*
 * Opens `image`, which must stay as long as the model is open; `options` may be NULL, and fields of it that
 * are zero mean what is usual. On success *model is the caller's, to be closed with smelt_close; else NULL.
 */
smelt_result smelt_open(const smelt_image *image, const smelt_open_options *options, smelt_model **model);
void smelt_close(smelt_model *model); /* NULL is allowed */

/*
 * In libraries for machines without an operating system alone (docs/microcontroller.md): before smelt_open,
 * gives the runtime memory[bytes] to work in; it takes none from elsewhere, and keeps this for good. More may
 * be given at any time. smelt_memory_bytes: what `image` needs to be opened and to write a text as long as
 * the model allows, one by one and without beams or constraints; 0: the image is damaged.
 */
void smelt_give_memory(void *memory, size_t bytes);
size_t smelt_memory_bytes(const smelt_image *image);

/* One line about the last failure of a call on `model`; valid until the next call. Never NULL. */
const char *smelt_error(const smelt_model *model);

/* ---- running by name ------------------------------------------------------- */

typedef struct {
  const char *name;
  smelt_dtype dtype;
  int32_t rank;
  int64_t dims[SMELT_MAX_RANK];        /* -1 where the size is symbolic */
  const char *symbols[SMELT_MAX_RANK]; /* the symbol's name or expression where dims is -1, else NULL */
} smelt_tensor_info;

/*
 * A model has one or more entries: "run" for a plain graph; "prefill" and
 * "decode" for a text generator, and "encode" before them in an
 * encoder-decoder. Indices run from 0; counts are -1 and infos fail for an
 * entry that does not exist. Texts live as long as the image.
 */
int32_t smelt_entry_count(const smelt_model *model);
const char *smelt_entry_name(const smelt_model *model, int32_t entry);
int32_t smelt_input_count(const smelt_model *model, const char *entry);
int32_t smelt_output_count(const smelt_model *model, const char *entry);
smelt_result smelt_input_info(const smelt_model *model, const char *entry, int32_t index,
                              smelt_tensor_info *info);
smelt_result smelt_output_info(const smelt_model *model, const char *entry, int32_t index,
                               smelt_tensor_info *info);

/* What label number `label` (from 0) of a model that classifies or tags is called; NULL: there is none. */
const char *smelt_label(const smelt_model *model, int32_t label);

/*
 * Runs `entry` once. Inputs are matched by name; each input of the entry must
 * be given once. Outputs are filled in the entry's order: dtype, dims, and
 * `data` pointing into the model's memory, valid until the next call.
 * `outputs` has room for smelt_output_count tensors.
 */
smelt_result smelt_run(smelt_model *model, const char *entry, const char *const *input_names,
                       const smelt_tensor *inputs, int32_t input_count, smelt_tensor *outputs);

/*
 * "prefill" and "decode" go on after the tokens that ran before; this forgets
 * them, so that the next run starts a new text. "encode" and the functions
 * that generate do so themselves.
 */
void smelt_reset(smelt_model *model);

/* ---- text ------------------------------------------------------------------- */

/* Token ids in a row. */
typedef struct {
  const int32_t *tokens;
  int32_t count;
} smelt_token_list;

/* `bias` is added to the score of the last token where the text ends with those before it. */
typedef struct {
  smelt_token_list sequence; /* at least one token */
  float bias;                /* -INFINITY: never */
} smelt_token_bias;

/* What guesses the tokens that speculation checks. */
typedef enum {
  SMELT_GUESS_BOTH,   /* the text where it repeats itself, else the draft, where there is one */
  SMELT_GUESS_LOOKUP, /* the text so far: what followed its last tokens where they stood before */
  SMELT_GUESS_DRAFT,  /* the draft, a smaller model: only of models that were compiled with --draft */
  SMELT_GUESS_KINDS
} smelt_guessing;

/* When beam search ends, as Hugging Face's early_stopping has it: once as many texts as beams have ended, and
 */
typedef enum {
  SMELT_STOP_BY_ESTIMATE, /* false: the best beam, as long as it is, is no better than the worst of them */
  SMELT_STOP_EARLY,       /* true: at once */
  SMELT_STOP_NEVER,       /* "never": no beam can become better, however long */
  SMELT_STOP_KINDS
} smelt_early_stopping;

/* What a text has to be (docs/constrain.md): made from a text in one of these languages. */
typedef enum {
  SMELT_GRAMMAR,     /* a grammar in llama.cpp's GBNF: the text is what its rule `root` says */
  SMELT_JSON_SCHEMA, /* a JSON schema: the text is a JSON value that it allows */
  SMELT_REGEX        /* a regular expression, which matches the whole text */
} smelt_constraint_kind;

typedef struct smelt_constraint smelt_constraint;

/*
 * Makes a constraint of the texts that `model` generates, from text[bytes]. On success it is the caller's,
 * for smelt_constraint_free, before the model is closed; it serves one generation at a time. Else *constraint
 * is NULL; SMELT_BAD_ARGUMENT: smelt_error begins with LINE:COLUMN: where the text is wrong.
 */
smelt_result smelt_constraint_create(smelt_model *model, smelt_constraint_kind kind, const char *text,
                                     size_t bytes, smelt_constraint **constraint);
void smelt_constraint_free(smelt_constraint *constraint); /* NULL is allowed */

/*
 * How tokens are chosen: in the order of the fields, as Hugging Face's generate does (docs/using.md,
 * "Choosing tokens"). Lists are the caller's and stay as long as the generation.
 */
typedef struct {
  int32_t max_new_tokens; /* 0: until the end token, max_length or the model's limit */
  int32_t max_length; /* where max_new_tokens is 0: tokens that the decoder's text may have, with its prompt
                         or start tokens; one comes in any case. 0: no such limit */
  int32_t min_new_tokens; /* no end token before so many */
  int32_t min_length;     /* nor before the decoder's text, with its prompt or start tokens, has so many */
  const smelt_token_bias *biases;
  int32_t bias_count;
  float repetition_penalty;      /* 0 or 1: off; of the tokens of the text, prompt included */
  float frequency_penalty;       /* 0: off; subtracted for each time that the new text has the token */
  float presence_penalty;        /* 0: off; subtracted once where the new text has the token */
  int32_t no_repeat_ngram;       /* 0: off; no n tokens in a row come twice */
  smelt_token_list bad_words;    /* sequences that never come, each ended by -1; count 0: none */
  smelt_constraint *constraint;  /* what the new text has to be; NULL: anything */
  smelt_token_list forced_first; /* one of these follows where the decoder's text has one token; 0: any */
  smelt_token_list forced_last; /* one of these is the last that max_new_tokens or max_length allow; 0: any */
  smelt_token_list suppressed;  /* tokens that never come; count 0: none */
  smelt_token_list suppressed_first; /* tokens that do not come first; count 0: none */
  float temperature;                 /* 0: greedy, and what follows does not matter */
  int32_t top_k;                     /* 0: off */
  float top_p;                       /* 0 or 1: off */
  float min_p;                       /* 0: off */
  float typical_p;                   /* 0 or 1: off */
  float epsilon_cutoff;              /* 0: off */
  float eta_cutoff;                  /* 0: off */
  uint64_t seed;
  smelt_token_list stop_ids;     /* end tokens beside the model's own; count 0: none */
  const char *const *stop_texts; /* the text ends before the first of these that the new text has */
  int32_t stop_text_count;
  bool ignore_end; /* go on past the model's end tokens */
  bool speculate;  /* guess tokens and verify several at once: the same text, sooner. Only of models that were
                      compiled with --speculate or --draft; beams do not */
  smelt_guessing guessing; /* where `speculate` is set */
  int32_t beams; /* more than 1: search for the likeliest text, greedily; 0: the model's default if greedy */
  int32_t beam_groups; /* which differ from one another: a divisor of `beams`; 0: 1 */
  float
      diversity_penalty; /* subtracted for each beam of the groups before that has the token at this place */
  float length_penalty;  /* a text's score is its log-probability / its tokens to this power; usually 1 */
  smelt_early_stopping early_stopping;
} smelt_generate_options;

/* The model's own generation defaults (generation_config.json at build time). */
smelt_generate_options smelt_generate_defaults(const smelt_model *model);

/*
 * Called once per generated token. `text` holds the whole UTF-8 sequences that
 * became complete with it (may be empty), `bytes` its length; not
 * NUL-terminated, valid during the call. Return false to stop. The end token
 * that stops generation is not reported. Text that waits for what follows (what
 * may begin a stop text, spaces, half a character) comes with a later token, or
 * in a last call whose `token` is -1, which is none.
 */
typedef bool smelt_token_callback(void *user, int32_t token, const char *text, size_t bytes);

/*
 * Tokenizes `prompt` (NUL-terminated UTF-8), then generates. `options` NULL: the model's defaults.
 * Where the encoder reads features (speech), run "encode" on them first: the text then goes on from the
 * model's start tokens and `prompt`, which may be empty; one that is not replaces the tokens that the model's
 * configuration forces (Whisper's language and task).
 * SMELT_TOO_LARGE: the prompt has more tokens than the model holds; or, after as many tokens as fit were
 * generated, max_new_tokens asked for more. SMELT_INCOMPLETE: neither that limit nor max_new_tokens, or no
 * token of the vocabulary, let the text become what options->constraint asks for; what was made was reported.
 */
smelt_result smelt_generate(smelt_model *model, const char *prompt, const smelt_generate_options *options,
                            smelt_token_callback *callback, void *user);
/* The same from token ids; nothing is added to them. */
smelt_result smelt_generate_ids(smelt_model *model, const int32_t *prompt, int32_t prompt_tokens,
                                const smelt_generate_options *options, smelt_token_callback *callback,
                                void *user);

/*
 * Text <-> ids with the model's own tokenizer. smelt_encode writes at most `capacity` ids and returns how
 * many the text has (negative: the model has no tokenizer). smelt_decode writes at most `capacity` bytes
 * likewise.
 */
int64_t smelt_encode(smelt_model *model, const char *text, size_t bytes, bool add_special, int32_t *ids,
                     int64_t capacity);
/*
 * The same of two texts, a question and an answer for example, as the tokenizer puts pairs together: writes
 * at most `capacity` ids and as many types (which of the texts; either may be NULL). `most` ids at most, 0:
 * all there are; more are cut off as `cut` says, special tokens stay. Negative too where there is no room for
 * what is not cut.
 */
typedef enum {
  SMELT_CUT_AS_SET,  /* what the tokenizer's file says, else SMELT_CUT_LONGEST */
  SMELT_CUT_LONGEST, /* the longer text, then both alike */
  SMELT_CUT_FIRST,   /* the first text alone */
  SMELT_CUT_SECOND
} smelt_cut;

typedef struct {
  const char *first, *second; /* UTF-8, of first_bytes and second_bytes */
  size_t first_bytes, second_bytes;
  int64_t most;
  smelt_cut cut;
  bool add_special;
} smelt_pair;

int64_t smelt_encode_pair(smelt_model *model, const smelt_pair *pair, int32_t *ids, int32_t *types,
                          int64_t capacity);
int64_t smelt_decode(smelt_model *model, const int32_t *ids, int64_t count, bool skip_special, char *text,
                     int64_t capacity);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
