/* transcript.h: what was heard, in the forms that people want. */
#ifndef RT_TRANSCRIPT_H
#define RT_TRANSCRIPT_H

#include "app/app.h"
#include "speech/speech.h"

/* A piece, with its text. */
typedef struct {
  double start_s, end_s;
  rt_heard_text text; /* owned */
  int32_t *ids;       /* owned */
  int32_t count;
} transcript_piece;

typedef struct transcript_form transcript_form;

typedef struct {
  smelt_model *model;
  const transcript_form *form;
  app_output *out;
  const char *file;       /* as given */
  bool is_one_of_many;    /* files */
  double seconds;         /* of sound */
  int32_t language;       /* token; SMELT_NONE: unknown */
  int32_t piece_count;    /* with text or ids */
  transcript_piece *kept; /* of forms that are written at the end */
  int32_t kept_count, kept_capacity;
} transcript;

/* What the options ask for; NULL after a message where they ask for two forms. */
const transcript_form *transcript_choose_form(const app_options *options);
/* Whether the form has times. */
bool transcript_tells_times(const transcript_form *form);

void transcript_begin(transcript *t);
/* False: out of memory, or the text cannot be written. */
bool transcript_add(transcript *t, const rt_heard *heard);
void transcript_end(transcript *t);
/* Instead of the end, where the sound could not be heard: `why` is a line. */
void transcript_fail(transcript *t, const char *why);
void transcript_free(transcript *t);

#endif
