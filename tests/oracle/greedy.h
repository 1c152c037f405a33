/*
 * greedy.h: greedy decoding of a model folder as hubs lay it out, on ONNX Runtime.
 */
#ifndef ORACLE_GREEDY_H
#define ORACLE_GREEDY_H

#include "npy.h"
#include "ort_api.h"

#include <stdbool.h>

typedef struct {
  const char *folder;
  const int64_t *ids; /* [id_count] prompt, or the encoder's input where the folder has encoder_model.onnx */
  size_t id_count;
  const tensor *features; /* NULL, or the encoder's input where it takes no ids */
  const int64_t
      *start_ids; /* [start_count] what an encoder-decoder's decoder starts from; none: config.json's */
  size_t start_count;
  const int64_t *end_ids; /* [end_count] ids that end decoding and are not printed */
  size_t end_count;
  size_t token_count;      /* most tokens to make */
  size_t logit_positions;  /* most positions of logits to keep */
  const char *logits_path; /* NULL, or where the logits go: .npy f32 [positions, vocab] */
  int threads;
  bool report_time; /* tokens per second on stderr */
} greedy_request;

/*
 * Prints the new ids, separated by blanks, and a newline on stdout. Dies on any fault of the model.
 * Row p of the logits is what the model says after position p of prompt and new tokens.
 */
void greedy_decode(const ort_api *api, const greedy_request *request);

#endif
