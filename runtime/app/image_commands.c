/* image_commands.c: which label suits an image, and an image's vector. */
#include "app/app.h"

#include <stdlib.h>

/* Runs the graph on the image; the answer has one row, or one for each token of the image. */
static int read_answer(smelt_model *model, const app_image *image, app_reading *reading) {
  const smelt_manifest_reader *r = model->manifest.reader;
  smelt_tensor pixels, *outputs = calloc(model->manifest.entries[0].output_count, sizeof *outputs);
  if (!outputs) return app_fail_image(image, "out of memory");
  app_give_pixels(model, image, &pixels);
  int code = APP_OK;
  *reading = (app_reading){0};
  if (rt_run(model, 0, outputs)) {
    code = app_fail_image(image, "%s", smelt_error(model));
  } else {
    const smelt_tensor *answer = &outputs[r->output];
    reading->rows = answer->data;
    reading->columns = answer->dims[answer->rank - 1];
    reading->row_count = answer->rank == 2 ? 1 : answer->dims[1];
    if (answer->dims[0] != 1 || reading->columns < 1 || reading->row_count < 1 ||
        (r->label_count && reading->columns != r->label_count))
      code = app_fail_image(image, "the model's output has another shape");
  }
  free(outputs);
  return code;
}

static int classify(smelt_model *model, const app_image *image, void *context, app_output *out) {
  const smelt_scoring *scoring = context;
  app_reading reading;
  int code = read_answer(model, image, &reading);
  if (code) return code;
  uint32_t count = (uint32_t)reading.columns;
  app_choice *choices = calloc(count, sizeof *choices);
  if (!choices) return app_fail_image(image, "out of memory");
  app_score_labels(reading.rows, count, *scoring, choices);
  app_write_image_choices(out, model, image, choices, count, NULL);
  free(choices);
  return APP_OK;
}

int app_classify_images(smelt_model *model, app_options *options) {
  smelt_scoring scoring = app_scoring(model, options);
  if (scoring == SMELT_SCORING_COUNT) return APP_USAGE;
  return app_each_image(model, options, classify, &scoring);
}

static int embed(smelt_model *model, const app_image *image, void *context, app_output *out) {
  (void)context;
  app_reading reading;
  int code = read_answer(model, image, &reading);
  if (code) return code;
  app_begin_image(out, image);
  if (!app_write_vector(out, model, image->options, &reading)) return app_fail_image(image, "out of memory");
  app_write_text(out, image->options->json ? "}" : "");
  return APP_OK;
}

int app_embed_images(smelt_model *model, app_options *options) {
  if (!app_pooling_suits(model, options)) return APP_USAGE;
  return app_each_image(model, options, embed, NULL);
}
