/*
 * speech.h: what a model hears in a sound, in pieces with their times. The order of things is that of Hugging
 * Face's generate for Whisper. Public to runtime/app; linked into programs that hear.
 */
#ifndef RT_SPEECH_H
#define RT_SPEECH_H

#include "decode/decode.h"
#include "sound/sound.h"

/* ---- times among the tokens (times.c) ------------------------------------------------------ */

/* What generation keeps to where it writes times, or where it is asked how sure it is of its text. */
typedef struct {
  rt_constraint calls;
  int32_t first_time; /* the token of 0 s; the token before it means that there are no times */
  int32_t end_token;
  int32_t most_initial_time; /* SMELT_NONE: any */
  int32_t vocab_size;
  bool writes_times, is_asked;
  const float *scores; /* of the step, where is_asked */
  double log_sum;      /* ln of the sum of e^scores */
  double log_probability;
  int32_t count; /* of tokens in log_probability */
} rt_times;

/* times->calls is then the constraint of a generation. `times` must not move. */
void rt_times_init(rt_times *times, const smelt_model *model, bool writes_times, bool is_asked);
/* Per token, the end among them, since the last reset. */
double rt_times_mean(const rt_times *times);

/* ---- sounds (hear.c) ------------------------------------------------------------------------- */

typedef struct {
  int32_t language, task; /* tokens; SMELT_NONE: what the model is set to, else the language is heard */
  bool tells_times;       /* always where the sound is longer than the model hears at once */
  int32_t previous_token; /* SMELT_NONE, or what text before a window stands behind, which it then is heard
                             after */
  float no_speech;        /* nothing is said where the model is so sure of it, ... */
  float least_mean;       /* ... and less sure of its text than this, ln; NaN: off */
} rt_hear_options;

typedef struct {
  double start_s, end_s;
  const int32_t *tokens; /* as they were generated, times among them */
  int32_t count;
} rt_heard;

/* A piece's text: that of its tokens which are no times. */
typedef struct {
  char *bytes; /* owned, not NUL-terminated, without spaces at its ends */
  size_t count;
  bool is_apart; /* a space stood before it */
} rt_heard_text;

/* Called with each piece in order. False: stop. */
typedef bool rt_hear_callback(void *user, const rt_heard *piece);

/* The record's defaults. */
rt_hear_options rt_hear_defaults(const smelt_model *model);

/*
 * What `request` generates from the sound, window by window; its callbacks and prompt do not matter.
 * `wave` is at the model's rate. *language: the token of the one that is spoken, or SMELT_NONE. Errors as
 * smelt_generate_ids.
 */
smelt_result rt_hear(rt_session *session, rt_wave *wave, const rt_hear_options *options,
                     const rt_generation *request, rt_hear_callback *callback, void *user, int32_t *language);

/* ---- what goes in and comes out (sound_file.c, words.c) ---------------------------------------- */

/* The WAV file in bytes[count] at the model's rate; wave->samples is the caller's to free, also after a
 * failure. SMELT_BAD_ARGUMENT: it is none, and smelt_error says at which byte. */
smelt_result rt_sound_read(smelt_model *model, const void *bytes, size_t count, rt_wave *wave);

/* The token of a language, "en" or "<|en|>"; SMELT_NONE: the model has none of that name. */
int32_t rt_language_named(const smelt_model *model, const char *name);

/* The token behind which a model is told what was said before, "<|startofprev|>"; SMELT_NONE: it has none. */
int32_t rt_previous_token(smelt_model *model);

/* text->bytes is the caller's to free, also after a failure. False: out of memory. */
bool rt_heard_decode(smelt_model *model, const rt_heard *heard, rt_heard_text *text);

#endif
