/*
 * verify.c: whether `verify` says of each of several tokens, to the bit, what `decode` says of one after the
 * other.
 *
 *   verify COUNT THREADS        a text of COUNT tokens, in groups of 1 to 8
 *
 * Linked by verify_test.sh with the archive of `smelt build --speculate --emit lib --name tested`. Exits with
 * 1 at the first difference, and says where.
 */
#include <smelt/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TOGETHER = 8 };

extern const smelt_image smelt_model_tested;

static void die(const char *what, const char *detail) {
  fprintf(stderr, "%s: %s\n", what, detail);
  exit(1);
}

/* The logits of the tokens: [count][*vocab], valid until the next call. */
static const float *run(smelt_model *model, const char *entry, int64_t *ids, int count, size_t *vocab) {
  smelt_tensor input = {.dtype = SMELT_I64, .rank = 2, .dims = {1, count}, .data = ids}, output;
  const char *name = "input_ids";
  if (smelt_run(model, entry, &name, &input, 1, &output)) die(entry, smelt_error(model));
  if (output.dtype != SMELT_F32 || output.rank != 3 || output.dims[1] != count)
    die(entry, "there is not a row of f32 logits for each token");
  *vocab = (size_t)output.dims[2];
  return output.data;
}

/* Text that repeats itself as little as a random one. */
static void make_text(int64_t *ids, int count, size_t vocab) {
  uint32_t seed = 1;
  for (int i = 0; i < count; i++) {
    seed = seed * 1664525u + 1013904223u;
    ids[i] = (int64_t)((seed >> 8) % vocab);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) die("usage", "verify COUNT THREADS");
  int count = atoi(argv[1]);
  smelt_model *model;
  char error[256];
  smelt_open_options options = {.threads = atoi(argv[2]), .error = error, .error_bytes = sizeof error};
  if (smelt_open(&smelt_model_tested, &options, &model)) die("open", error);
  int64_t *ids = calloc((size_t)count, sizeof *ids);
  size_t vocab;
  run(model, "decode", ids, 1, &vocab);
  make_text(ids, count, vocab);
  float *alone = malloc((size_t)count * vocab * sizeof *alone);
  smelt_reset(model);
  for (int i = 0; i < count; i++)
    memcpy(alone + (size_t)i * vocab, run(model, "decode", ids + i, 1, &vocab), vocab * sizeof *alone);
  smelt_reset(model);
  for (int begin = 0, together = MOST_TOGETHER; begin < count; begin += together) {
    together = together % MOST_TOGETHER + 1;
    if (together > count - begin) together = count - begin;
    const float *rows = run(model, "verify", ids + begin, together, &vocab);
    for (int r = 0; r < together; r++) {
      if (memcmp(rows + (size_t)r * vocab, alone + (size_t)(begin + r) * vocab, vocab * sizeof *rows) == 0)
        continue;
      fprintf(stderr, "token %d, row %d of %d: the logits are not those of decode\n", begin + r, r, together);
      return 1;
    }
  }
  printf("%d tokens, %zu logits each: the same bits\n", count, vocab);
  free(alone);
  free(ids);
  smelt_close(model);
  return 0;
}
