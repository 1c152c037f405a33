/*
 * sample.h: what a model is tried on, and what its programs make of it. Private to driver/.
 *
 *   decoder           a text, read token by token: the logits of every position
 *   encoder-decoder   each line of a text is answered: the logits of the answer's positions
 *   any other graph   seeded random inputs: its outputs of f32, by rows of their last axis
 */
#ifndef SMELT_DRIVER_SAMPLE_H
#define SMELT_DRIVER_SAMPLE_H

#include "driver/agreement.h"
#include "driver/compile.h"

typedef enum { SAMPLE_TEXT, SAMPLE_ANSWERS, SAMPLE_ARRAYS } sample_kind;

typedef struct {
  sample_kind kind;
  const char *source; /* "the built-in text" */
  option_words words; /* the text, as token ids once it is known; the lines; or a program's arguments */
  int64_t most_tokens;
  int64_t vocab_size; /* of text: columns of the logits */
  int *inputs;        /* files that the arguments name, the sample's to close */
  size_t input_count, input_capacity;
  option_words outputs; /* of arrays: names */
} sample;

/* What one program made of the sample: a piece for the text, each line, or each output. */
typedef struct {
  const float *rows; /* in a mapped file */
  int64_t row_count, columns;
  int32_t *ids; /* of the text, or of the answer */
  int64_t id_count;
  void *mapping;
  size_t mapped_bytes;
} sample_piece;

typedef struct {
  sample_piece *pieces;
  size_t count, capacity;
} sample_result;

/* The sample for a compiled model: from the file `path`, or a built-in one (NULL). */
status sample_take(arena *a, compilation *c, const char *path, sample *s);
/* Makes token ids of the text by the program's tokenizer; once, before sample_run. */
status sample_tokenise(arena *a, sample *s, int program);
/* *result is to be dropped, also after a failure. */
status sample_run(arena *a, const sample *s, int program, sample_result *result);
enum { SAMPLE_MOST_READINGS = 2 };

/* An entry that reads token ids as its input. */
typedef struct {
  const char *entry, *input;
  const int32_t *ids; /* NULL: the sample's arrays are all that it reads */
  int64_t count;
} sample_reading;
/*
 * The output "losses" of the last of the readings' entries, of a program that was built to measure
 * (pass/losses.c). An encoder's reading comes before its decoder's.
 */
status sample_losses(arena *a, const sample *s, int program, const sample_reading *readings, size_t count,
                     sample_piece *losses);
/* The ids of a line, as the encoder reads it, or of the text. */
status sample_ids(arena *a, const sample *s, size_t line, int program, sample_piece *ids);
void sample_drop(sample_result *result);
void sample_end(sample *s);

/* Answers are compared up to their first different token: behind it they answer different texts. */
status sample_compare(arena *a, const sample *s, const sample_result *wanted, const sample_result *found,
                      agreement *sums);

/* ---- random inputs (sample_arrays.c) ---- */

/* An array as a .npy file without a name; *file is the caller's to close. */
status sample_write_array(arena *a, const char *descr, const int64_t *dims, int rank, const void *data,
                          size_t bytes, int *file);
/* Adds an argument --input NAME=FILE for each input of the graph, and the outputs of f32. */
status sample_fill_arrays(arena *a, compilation *c, sample *s);

#endif
