/* tag.c TEXT: what each token of a text names, by ../names/model: tokens into a graph, labels out of it. */
#include <smelt/model.h>

#include <stdio.h>
#include <string.h>

extern const smelt_image smelt_model_names;
enum { MOST = 64 };

int main(int argc, char **argv) {
  int32_t ids[MOST];
  int64_t wide[MOST], ones[MOST];
  smelt_model *model;
  if (argc < 2 || smelt_open(&smelt_model_names, NULL, &model)) return 1;
  int64_t count = smelt_encode(model, argv[1], strlen(argv[1]), true, ids, MOST);
  for (int64_t i = 0; i < count && i < MOST; i++) wide[i] = ids[i], ones[i] = 1;
  const char *const names[] = {"input_ids", "attention_mask"};
  smelt_tensor inputs[] = {{SMELT_I64, 2, {1, count}, wide}, {SMELT_I64, 2, {1, count}, ones}}, logits;
  if (count < 1 || count > MOST || smelt_run(model, "run", names, inputs, 2, &logits)) return 1;
  for (int64_t i = 0; i < count; i++) { /* logits: f32 [1, count, labels] */
    const float *row = (const float *)logits.data + i * logits.dims[2];
    char token[64] = "";
    int32_t best = 0;
    for (int32_t k = 1; k < logits.dims[2]; k++) best = row[k] > row[best] ? k : best;
    smelt_decode(model, &ids[i], 1, false, token, sizeof token - 1);
    printf("%s\t%s\n", token, smelt_label(model, best));
  }
  smelt_close(model);
}
