/*
 * decode.h: from logits to text: which tokens may come, which one does, and
 * the loop around the model. Public to runtime/app; users of a compiled model
 * see smelt_generate in model.h.
 */
#ifndef RT_DECODE_H
#define RT_DECODE_H

#include "core/core.h"

/* ---- random numbers (random.c) --------------------------------------------------- */

/* xoshiro256**; the same numbers on every machine. */
typedef struct {
  uint64_t words[4];
} rt_random;

rt_random rt_random_seeded(uint64_t seed);
double rt_random_unit(rt_random *random); /* uniform in [0, 1), 53 bits */
/* The seed of the index-th of several texts; of the first, 0, it is `seed` itself. */
uint64_t rt_random_seed_of(uint64_t seed, int32_t index);

/* The text of the decoder so far. */
typedef struct {
  const int32_t *tokens;
  int32_t count;
  int32_t new_from;        /* the first of its tokens that was generated */
  smelt_token_list source; /* what an encoder has read; of decoders count 0: the tokens before new_from */
} rt_history;

/* ---- constraints ------------------------------------------------------------------- */

/*
 * What the new text has to be: a grammar, say. Belongs to whoever made it and
 * serves one generation at a time. The calls of a generation are reset(), then
 * for each token allowed() and may_end() in any order and number, and accept()
 * of the token that was chosen. Where several texts grow at once (beams), a text
 * is gone back to by reset() and accept() of all its new tokens, so accept() has
 * to be cheap and the work be in allowed().
 */
typedef struct {
  void *user;
  void (*reset)(void *user); /* back to where no new token has come */
  /*
   * A bit per token, token t being bit t % 64 of word t / 64: whether it may come next. As many words as
   * the model's vocabulary needs, which may have more tokens than the tokenizer: those have no text and stay
   * clear. NULL: every token may. Valid until the next call of any of these. The bits of end tokens are not
   * looked at. Where no token may come and the text may end, it ends, end token or not.
   */
  const uint64_t *(*allowed)(void *user);
  /* A token that allowed() had, or an end token where may_end() held; end tokens end the text. */
  void (*accept)(void *user, int32_t token);
  bool (*may_end)(void *user); /* whether the text so far is complete: end tokens may come exactly then */
  /* A generation begins, before its first reset(): `before` has decoded what the new text goes on from. Not
   * called where there is no tokenizer; may be NULL. */
  void (*begin)(void *user, const rt_decoder *before);
  /* Changes the scores of the next token after all else has; may be NULL. */
  void (*rescore)(void *user, const rt_history *history, float *scores);
} rt_constraint;

/* The calls of options->constraint (constraint.c); NULL where it is NULL. */
const rt_constraint *rt_constraint_of(const smelt_generate_options *options);

/* ---- scores (processors.c) ------------------------------------------------------------ */

/* What changes scores before a token is chosen from them. */
typedef struct {
  const smelt_generate_options *options;
  const rt_manifest *manifest;     /* whose generation has what no option says */
  const rt_constraint *constraint; /* NULL: none */
  int32_t vocab_size;
  int32_t *end_tokens; /* the model's own and the options', [end_token_count] */
  int32_t end_token_count;
  float *end_scores; /* room for the scores of end_tokens */
  uint32_t *counts;  /* [vocab_size], zeros between calls */
} rt_processors;

/* `options` and `constraint` stay the caller's. False: out of memory; rt_processors_free is allowed either
 * way. */
bool rt_processors_init(rt_processors *p, const rt_manifest *manifest, const smelt_generate_options *options,
                        const rt_constraint *constraint);
void rt_processors_free(rt_processors *p);

/*
 * Changes scores[vocab_size] of the token that follows `history`. What may not come has -INFINITY
 * afterwards, and so has what was NaN.
 */
void rt_processors_apply(const rt_processors *p, const rt_history *history, float *scores);
/* Whether any of them has something to do. */
bool rt_processors_are_idle(const rt_processors *p);
bool rt_is_end(const rt_processors *p, int32_t token);

/* What a model's configuration alone asks for (own_processors.c): whether it does, and what it does. */
bool rt_has_own_biases(const rt_processors *p);
void rt_add_own_biases(const rt_processors *p, const rt_history *history, float *scores);
bool rt_has_source_penalty(const rt_processors *p);
void rt_penalise_source(const rt_processors *p, const rt_history *history, float *scores);
bool rt_has_source_ngrams(const rt_processors *p);
void rt_forbid_source_ngrams(const rt_processors *p, const rt_history *history, float *scores);
bool rt_has_decay(const rt_processors *p);
void rt_favour_end(const rt_processors *p, const rt_history *history, float *scores);
bool rt_has_normalisation(const rt_processors *p);
void rt_normalise(const rt_processors *p, const rt_history *history, float *scores);
/* Whether the last token of `sequence` is due. As the reference has it, a sequence that is longer than the
 * text does not count, though its beginning may be all of the text. */
bool rt_is_due(const rt_history *history, smelt_token_list sequence);

/* How many new tokens the options allow after `start` tokens; 0: as many as the model holds. */
int32_t rt_most_new_tokens(const smelt_generate_options *options, int32_t start);

/* ---- sampling (sampler.c, warpers.c, exponential.c) --------------------------------------- */

/*
 * e^x for x <= 0 to within 2 units in the last place, in plain IEEE arithmetic
 * in a fixed order, so that all machines agree on every bit. libm does not
 * promise that.
 */
double rt_exponential(double x);
/* The natural logarithm of a normal x > 0, likewise (logarithm.c). */
double rt_logarithm(double x);

typedef struct {
  float score; /* after the processors and temperature */
  int32_t token;
  double weight; /* e^(score - highest score) */
} rt_choice;

typedef struct {
  smelt_generate_options options;
  rt_processors processors;
  int32_t vocab_size;
  rt_random random;
  float *scores;      /* [vocab_size] */
  rt_choice *choices; /* [vocab_size], of which the `count` from `first` on are left */
  int32_t first, count;
  bool best_first;    /* else they are in the order of tokens */
  float highest;      /* score */
  rt_choice *ranking; /* [vocab_size], of typical sampling; NULL without it */
} rt_sampler;

/*
 * Owns memory for the model's vocabulary. `constraint` may be NULL. False: out of memory; rt_sampler_free is
 * allowed either way. The sampler must not move afterwards.
 */
bool rt_sampler_init(rt_sampler *sampler, const rt_manifest *manifest, const smelt_generate_options *options,
                     const rt_constraint *constraint);
void rt_sampler_free(rt_sampler *sampler);

/* Takes away the choices that may not be drawn, warper by warper (warpers.c). At least one is left. */
void rt_warpers_apply(rt_sampler *sampler);

/*
 * Picks the token that follows `history` from logits[vocab_size], by the
 * processors and then the warpers in the order of their tables. Temperature 0
 * takes the highest; ties go to the lowest token. SMELT_NONE: the constraint
 * and the other options together allow no token.
 */
int32_t rt_sampler_pick(rt_sampler *sampler, const rt_history *history, const float *logits);

/* ---- stop texts (stop.c) -------------------------------------------------------------------- */

/* Text on its way to the reader; what may be the beginning of a stop text waits. */
typedef struct {
  const char *const *texts;
  int32_t text_count;
  char *held; /* owned */
  size_t held_bytes, capacity;
  size_t ready_bytes; /* of `held`: what the last call set free */
  bool has_stopped;
} rt_stop;

/* Takes `bytes` of text. False: out of memory. Without stop texts all is ready at once. */
bool rt_stop_add(rt_stop *stop, const char *text, size_t bytes);
/* Forgets what was ready; called before the next text comes. */
void rt_stop_take(rt_stop *stop);
/* The end of the text: what waits is ready. */
void rt_stop_end(rt_stop *stop);

/* ---- a text that grows (session.c) ------------------------------------------------------------- */

/* Called with the logits of each position that was processed, in order. */
typedef void rt_logits_callback(void *user, const float *logits, int32_t vocab_size);

/*
 * The decoder's text, as far as the model has read it. One session at a time
 * uses a model, and nothing else runs the model's decoder meanwhile. After a
 * failure the session is as long as what was read.
 */
typedef struct rt_session {
  smelt_model *model;
  const smelt_manifest_generation *generation;
  rt_logits_callback *on_logits; /* may be set after rt_session_open: then text is read token by token */
  void *user;
  int32_t *tokens; /* the text of the decoder, [model->max_tokens] */
  int32_t count;   /* model->past_tokens */
  int32_t *source; /* what the encoder has read, where that reads text, [source_count] */
  int32_t source_count;
  int32_t text_from;   /* tokens before it are what an encoder-decoder starts from, which is no text */
  const float *logits; /* of what follows tokens[count - 1], [vocab_size]; NULL: not known */
  int32_t marked;      /* count at the mark */
  float *marked_logits;
  int64_t *ids; /* tokens of one call, [ids_capacity] */
  int32_t ids_capacity;
  smelt_tensor *outputs;
  struct rt_session *draft;         /* owned; what the model's draft has read, once it was needed */
  float *draft_logits;              /* room for its logits, where they are fewer */
  int64_t guess_count, right_count; /* guesses so far, and those that came true */
} rt_session;

/* On success the session is the caller's, to be closed; so it may be after a failure. `model` must generate.
 */
smelt_result rt_session_open(rt_session *s, smelt_model *model);
void rt_session_close(rt_session *s);

/*
 * A new text: the prompt is read by the encoder, where that reads text, else by the decoder. Checks it, as
 * smelt_generate_ids. Behind an encoder the start tokens come first, and those that are forced, unless a
 * prompt for the decoder replaces them.
 */
smelt_result rt_session_begin(rt_session *s, const int32_t *prompt, int32_t prompt_tokens);

/*
 * Goes on: reads further tokens behind what was read or generated.
 * SMELT_TOO_LARGE: the model has no room for so many, nothing was read.
 */
smelt_result rt_session_read(rt_session *s, const int32_t *tokens, int32_t count);

/*
 * The same of at most verify_tokens tokens, of which only the first is certain to belong to the text: count
 * grows by one. `*rows` are the logits after each of the tokens, [count][vocab_size], until the model runs
 * again. Further tokens that do belong are taken by rt_session_take, the others are forgotten by
 * rt_session_keep(s, s->count), which comes before anything else is read.
 */
smelt_result rt_session_verify(rt_session *s, const int32_t *tokens, int32_t count, const float **rows);
/* The next of the tokens that were verified belongs to the text; `logits` are the row after it. */
void rt_session_take(rt_session *s, const float *logits);

/* Keeps the first `count` tokens of the text and forgets the others: the next ones come behind them. */
void rt_session_keep(rt_session *s, int32_t count);

/*
 * Makes the whole text tokens[count]: keeps as much of its beginning as has been read and reads the rest. So
 * a dialogue may be written anew in full for each answer, and just what is new costs time. For decoders
 * alone.
 */
smelt_result rt_session_become(rt_session *s, const int32_t *tokens, int32_t count);

/* A generation that keeps to `c` goes on from the session's text. NULL is allowed. */
void rt_constraint_begin(const rt_constraint *c, const rt_session *s);

/* Notes the place that rt_session_rewind goes back to, any number of times. False: out of memory. */
bool rt_session_mark(rt_session *s);
void rt_session_rewind(rt_session *s);

/* ---- speculation (speculate.c, draft.c) --------------------------------------------------------- */

enum { RT_MOST_GUESSES = 15 };

/* Tokens that the model has read but that are guesses. Fields after `sampler` begin as zeros. */
typedef struct {
  const smelt_speculator *speculator;  /* NULL: nothing is guessed */
  const rt_sampler *sampler;           /* the generation's, which chooses the tokens that guesses are of */
  int32_t new_from;                    /* the first new token's place in the text */
  int32_t most, draft_most;            /* guesses of the next lookup and draft: few after wrong ones */
  int32_t least_match;                 /* of tokens that suggest a lookup: more after wrong ones */
  bool is_drafted;                     /* the guesses are the draft's */
  int32_t tokens[RT_MOST_GUESSES + 1]; /* the last certain token, then the guesses */
  int32_t count, taken;                /* of the guesses */
  const float *rows;
} rt_speculation;

/* A way to guess. An image names the one that its model needs, and so only that is linked. */
struct smelt_speculator {
  smelt_result (*read)(rt_speculation *p, rt_session *s, int32_t token); /* rt_speculate */
  /* Guesses at most `most` tokens behind s->tokens[0 .. s->count]: p->count of them, p->tokens from 1 on. */
  smelt_result (*guess)(rt_speculation *p, rt_session *s, int32_t most);
  /* p->taken of p->count guesses were right. */
  void (*learn)(rt_speculation *p);
};

/*
 * The text goes on with `token`, which is not read yet: takes it from the guesses that were read, or reads
 * it, and with it guesses where there are any. Afterwards the session's logits are those after `token`.
 */
smelt_result rt_speculate(rt_speculation *p, rt_session *s, int32_t token);

extern const smelt_speculator rt_lookup; /* from the text so far */
extern const smelt_speculator rt_draft;  /* that, and a draft: the smaller model of image->draft */

/* ---- generation (generate.c) --------------------------------------------------------- */

typedef struct rt_generation rt_generation;

struct rt_generation {
  const int32_t *prompt;
  int32_t prompt_tokens;
  smelt_generate_options options;
  const rt_constraint *constraint; /* may be NULL; that of the options is rt_constraint_of them */
  /* How more than one beam is searched: rt_generate_by_beams; NULL: programs that were built without fail. */
  smelt_result (*by_beams)(rt_session *s, const rt_generation *request);
  smelt_token_callback *on_token; /* may be NULL */
  rt_logits_callback *on_logits;  /* may be NULL; else the prompt is read token by token */
  void *user;
  bool may_go_on; /* where the model is full: then what no token has made whole waits for another call */
};

/*
 * Tokens of a prompt, special ones added; a prompt of no tokens becomes the
 * model's first token (BOS), where it has one. Nothing is added for a decoder
 * whose encoder reads features. *ids is the caller's to free.
 */
smelt_result rt_encode_prompt(smelt_model *model, const char *text, size_t bytes, int32_t **ids,
                              int32_t *count);

/* How many beams the options ask for; 1: none. */
int32_t rt_beam_count(const smelt_model *model, const smelt_generate_options *options);

/* What is wrong with the options, before anything is read. */
smelt_result rt_check_options(smelt_model *model, const smelt_generate_options *options);

/*
 * Generates after what the session has read; the prompt of `request` and on_logits do not matter. Afterwards
 * the text is all that was generated but, mostly, the last token: what ends a text is not read by the model.
 * Errors as smelt_generate_ids; the session can go on after SMELT_STOPPED and SMELT_TOO_LARGE.
 */
smelt_result rt_session_generate(rt_session *s, const rt_generation *request);

/* Hands tokens that come next to request->on_token, as if they had been generated; nothing is read. */
smelt_result rt_session_tell(rt_session *s, const rt_generation *request, const int32_t *tokens,
                             int32_t count);

/* ---- beam search (beams.c, hypotheses.c) ------------------------------------------------------------ */

/* A text that was found, without its end token. */
typedef struct {
  int32_t *tokens; /* owned */
  int32_t count;
  double score; /* log_probability / length^length_penalty; the length does not count an end token */
  double log_probability;
} rt_found;

/* The texts that have ended, of one group of beams. */
typedef struct {
  rt_found *items; /* owned, [capacity + 1] */
  int32_t count, capacity;
  double worst_score;
} rt_hypotheses;

bool rt_hypotheses_init(rt_hypotheses *h, int32_t capacity);
void rt_hypotheses_free(rt_hypotheses *h);
/* Copies a text of tokens[count] if it is among the best so far; the worst goes where there are too many.
 * False: out of memory. */
bool rt_hypotheses_add(rt_hypotheses *h, const int32_t *tokens, int32_t count, double log_probability,
                       double length_penalty);
/* Whether beams of `length` new tokens, the best of which has `best`, need not go on. `most`: tokens there
 * can be. */
bool rt_hypotheses_are_done(const rt_hypotheses *h, const smelt_generate_options *options, double best,
                            int32_t length, int32_t most);

/* What a beam search found, the best first. */
typedef struct {
  rt_found *items;
  int32_t count;
} rt_found_list;

/*
 * Searches after what the session has read for the texts of the highest score, with rt_beam_count beams, as
 * Hugging Face's beam search (BeamSearchScorer) and, in groups, diverse beam search do. Processors apply to
 * log-probabilities; temperature and what follows it do not. Afterwards the session is where it was, its
 * logits unknown. *list is to be freed with rt_found_free in any case. SMELT_TOO_LARGE: max_new_tokens asked
 * for more than the model holds; the list has what there is.
 */
smelt_result rt_beam_search(rt_session *s, const rt_generation *request, rt_found_list *list);
void rt_found_free(rt_found_list *list);
/* The best text that beams find, told when it is whole. Errors as rt_session_generate. */
smelt_result rt_generate_by_beams(rt_session *s, const rt_generation *request);

/* ---- generation from nothing (generate.c) ------------------------------------------------------------- */

/* As smelt_generate_ids: a session for one text. */
smelt_result rt_generate(smelt_model *model, const rt_generation *request);

#endif
