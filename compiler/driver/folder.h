/* folder.h: model folders as hubs lay them out. Private to driver/. */
#ifndef SMELT_DRIVER_FOLDER_H
#define SMELT_DRIVER_FOLDER_H

#include "base/base.h"
#include "smelt/image.h"

#include <jansson.h>

enum { FOLDER_MAX_END_TOKENS = 8, FOLDER_MAX_FORCED_TOKENS = 8 };

typedef struct {
  int32_t *tokens;
  int32_t count;
} folder_tokens;

/* Paths are NULL where there is no such file; numbers are as the field's comment says where the JSON is
 * silent. */
typedef struct {
  const char *home;      /* where all but the model lies */
  const char *name;      /* the folder's, or the file's without ".onnx" */
  const char *model;     /* the decoder, or the one graph */
  const char *encoder;   /* encoder-decoders */
  const char *first;     /* beside a decoder with past: the one without; or NULL */
  const char *tokenizer; /* tokenizer.json, or another form: tok_locate */
  const char *config_file, *generation_file, *preprocessor_file;
  int64_t positions;                    /* longest text the model was made for; 0: unknown */
  int64_t frames;                       /* longest features that its encoder was made for; 0: unknown */
  int64_t chunk_seconds, sampling_rate; /* of sound that it reads at once; 0: unknown */
  int64_t vocab_size;                   /* 0: unknown */
  int64_t bos_token, pad_token, decoder_start_token; /* -1: none */
  int64_t end_tokens[FOLDER_MAX_END_TOKENS];
  int end_token_count;
  int64_t forced_tokens[FOLDER_MAX_FORCED_TOKENS]; /* behind decoder_start_token; -1: the model's choice */
  int forced_token_count;
  bool samples;                   /* do_sample */
  bool contrasts;                 /* penalty_alpha is above 0: contrastive search */
  smelt_manifest_choices choices; /* 0 where none is given */
  folder_tokens suppressed, suppressed_first;
  folder_tokens bad_words; /* sequences, each ended by -1 */
  folder_tokens forced_first, forced_last;
  folder_tokens biased; /* as bad_words */
  float *biases;        /* [biased.count], a number for each sequence */
} model_folder;

struct json_t;
/* The value in a JSON file; the caller drops it. */
status folder_read_json(arena *a, const char *file, struct json_t **value);
/* The same of preprocessor_config.json, or of that part of processor_config.json. */
status folder_read_preprocessor(arena *a, const char *file, struct json_t **value);

/*
 * Finds the pieces of the model at `path` (a folder, or an .onnx file whose
 * folder may hold the other pieces) and reads preprocessor_config.json,
 * config.json and generation_config.json, later ones over earlier ones. Texts
 * live in `a`.
 */
status folder_open(arena *a, const char *path, model_folder *folder);

/* The field `key` of `file` is no `expected`. */
status folder_wrong_type(arena *a, const char *file, const char *key, const char *expected);

/* Reads how tokens are chosen from the object of a configuration (folder_choices.c). */
status folder_read_choices(arena *a, const char *file, const json_t *object, model_folder *folder);

#endif
