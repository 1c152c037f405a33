/* answer.c: logits for texts that another program chooses. */
#include "answer.h"

#include "decoder.h"
#include "oracle_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_CAPACITY = 1 << 16 };

static void encode(decoder *d, const char *path) {
  tensor features = npy_read(path);
  decoder_encode(d, NULL, 0, &features);
  free(features.data);
}

static void write_last_row(const ort_api *api, ort_value *value) {
  tensor logits = tensor_of(api, value);
  size_t vocab = (size_t)logits.dims[2], row = (size_t)logits.dims[1] - 1;
  fwrite((float *)logits.data + row * vocab, sizeof(float), vocab, stdout);
  fflush(stdout);
}

static void say_next(const ort_api *api, decoder *d, const char *text) {
  int64_t *ids = oracle_array(strlen(text) + 1, sizeof *ids);
  size_t count = 0;
  char *end;
  for (; (ids[count] = strtoll(text, &end, 10), end != text); text = end) count++;
  if (count == 0) oracle_die(ORACLE_EXIT_FAILED, "'next' has no ids");
  decoder_restart(d);
  ort_value *value = decoder_step(d, ids, count);
  write_last_row(api, value);
  api->ReleaseValue(value);
  free(ids);
}

void answer_questions(const ort_api *api, const char *folder, int threads) {
  static char line[LINE_CAPACITY];
  decoder d = decoder_open(api, folder, threads);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (!strncmp(line, "encode ", 7))
      encode(&d, line + 7);
    else if (!strncmp(line, "next ", 5))
      say_next(api, &d, line + 5);
    else
      oracle_die(ORACLE_EXIT_FAILED, "no question: %s", line);
  }
  decoder_close(&d);
}
