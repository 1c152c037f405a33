/* image_matches.c: which of the texts that the command line gives suits an image: CLIP without training. */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>

/* The texts as the graph takes them: rows of `length` ids, the shorter ones padded. */
typedef struct {
  int64_t *ids, *mask;        /* [count * length] */
  int64_t *types, *positions; /* likewise */
  float *logits;              /* [count] */
  app_choice *choices;        /* [count] */
  int32_t count, length;
  smelt_scoring scoring;
} texts;

static void free_texts(texts *t) {
  free(t->ids);
  free(t->mask);
  free(t->types);
  free(t->positions);
  free(t->logits);
  free(t->choices);
}

/* The ids of every text, one behind the other in *all; lengths[i] of text i. */
static int tokenize(smelt_model *model, const app_options *options, int32_t **all, int32_t *lengths) {
  const smelt_manifest_reader *r = model->manifest.reader;
  int32_t used = 0;
  *all = NULL;
  for (int32_t i = 0; i < options->label_count; i++) {
    app_text text = {.options = options, .bytes = options->labels[i], .count = strlen(options->labels[i])};
    int32_t *ids = NULL;
    int code = app_text_ids(model, &text, r->max_tokens, &ids, &lengths[i]);
    if (code == APP_OK && lengths[i] == 0) code = app_fail_text(&text, "a text of --labels has no tokens");
    int32_t *grown = code ? NULL : realloc(*all, ((size_t)used + (size_t)lengths[i]) * sizeof **all);
    if (code == APP_OK && !grown) code = app_fail_text(&text, "out of memory");
    if (grown) *all = grown;
    if (grown) memcpy(*all + used, ids, (size_t)lengths[i] * sizeof *ids);
    free(ids);
    if (code) return code;
    used += lengths[i];
  }
  return APP_OK;
}

static bool make_rows(const smelt_manifest_reader *r, const int32_t *all, const int32_t *lengths, texts *t) {
  for (int32_t i = 0; i < t->count; i++)
    if (lengths[i] > t->length) t->length = lengths[i];
  if (r->is_fixed) t->length = r->max_tokens;
  size_t cells = (size_t)t->count * (size_t)t->length;
  t->ids = calloc(cells, sizeof *t->ids);
  t->mask = calloc(cells, sizeof *t->mask);
  t->types = calloc(cells, sizeof *t->types);
  t->positions = calloc(cells, sizeof *t->positions);
  t->logits = calloc((size_t)t->count, sizeof *t->logits);
  t->choices = calloc((size_t)t->count, sizeof *t->choices);
  if (!t->ids || !t->mask || !t->types || !t->positions || !t->logits || !t->choices) return false;
  for (int32_t i = 0; i < t->count; i++) {
    size_t row = (size_t)i * (size_t)t->length;
    int64_t *ids = t->ids + row, *mask = t->mask + row, *positions = t->positions + row;
    for (int32_t at = 0; at < t->length; at++) {
      mask[at] = at < lengths[i];
      ids[at] = mask[at] ? *all++ : r->pad_token;
      positions[at] = at;
    }
  }
  return true;
}

/* The logits of texts first .. first + count - 1. */
static int run(smelt_model *model, const app_image *image, texts *t, int32_t first, int32_t count,
               smelt_tensor *outputs) {
  const smelt_manifest_reader *r = model->manifest.reader;
  const struct {
    int32_t input;
    int64_t *data;
  } wanted[] = {{r->ids_input, t->ids},
                {r->mask_input, t->mask},
                {r->types_input, t->types},
                {r->positions_input, t->positions}};
  enum { WANTED = sizeof wanted / sizeof wanted[0] };
  smelt_tensor tensors[WANTED], pixels;
  app_give_pixels(model, image, &pixels);
  for (int i = 0; i < WANTED; i++) {
    if (wanted[i].input == SMELT_NONE) continue;
    tensors[i] = (smelt_tensor){.dtype = SMELT_I64,
                                .rank = 2,
                                .dims = {count, t->length},
                                .data = wanted[i].data + (size_t)first * (size_t)t->length};
    model->inputs[wanted[i].input] = &tensors[i];
  }
  if (rt_run(model, 0, outputs)) return app_fail_image(image, "%s", smelt_error(model));
  const smelt_tensor *answer = &outputs[r->output];
  if (answer->dims[0] != 1 || answer->dims[1] != count)
    return app_fail_image(image, "the model's output has no column for each text");
  memcpy(t->logits + first, answer->data, (size_t)count * sizeof *t->logits);
  return APP_OK;
}

static int match(smelt_model *model, const app_image *image, void *context, app_output *out) {
  texts *t = context;
  int32_t most = (int32_t)model->manifest.vision->most_texts;
  smelt_tensor *outputs = calloc(model->manifest.entries[0].output_count, sizeof *outputs);
  int code = outputs ? APP_OK : app_fail_image(image, "out of memory");
  for (int32_t first = 0; code == APP_OK && first < t->count; first += most)
    code = run(model, image, t, first, t->count - first < most ? t->count - first : most, outputs);
  free(outputs);
  if (code) return code;
  app_score_labels(t->logits, (uint32_t)t->count, t->scoring, t->choices);
  app_write_image_choices(out, model, image, t->choices, (uint32_t)t->count, image->options->labels);
  return APP_OK;
}

int app_match_images(smelt_model *model, app_options *options) {
  if (options->label_count == 0)
    return app_fail(APP_USAGE, "%s: no --labels: name the texts that images are compared with",
                    options->program);
  texts t = {.count = options->label_count, .scoring = app_scoring(model, options)};
  if (t.scoring == SMELT_SCORING_COUNT) return APP_USAGE;
  int32_t *all = NULL, *lengths = calloc((size_t)t.count, sizeof *lengths);
  int code = lengths ? tokenize(model, options, &all, lengths) : APP_INPUT;
  if (!lengths || (code == APP_OK && !make_rows(model->manifest.reader, all, lengths, &t)))
    code = app_fail(APP_INPUT, "%s: out of memory", options->program);
  free(all);
  free(lengths);
  if (code == APP_OK) code = app_each_image(model, options, match, &t);
  free_texts(&t);
  return code;
}
