/* images.c: the images that commands work on, as what a graph over pixels reads, and lines about them. */
#include "app/app.h"
#include "vision/vision.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int app_fail_image(const app_image *image, const char *format, ...) {
  char message[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return app_fail(APP_INPUT, "%s: %s: %s", image->options->program, image->path, message);
}

/* ---- reading ------------------------------------------------------------------------------- */

static int read_pixels(const smelt_model *model, const app_image *image, const char *bytes, size_t count) {
  rt_picture picture;
  const char *wrong = rt_picture_read(bytes, count, &picture);
  if (!wrong) wrong = rt_picture_pixels(model->manifest.vision, &picture, image->pixels);
  rt_picture_free(&picture);
  return wrong ? app_fail_image(image, "%s", wrong) : APP_OK;
}

static int read_image(const smelt_model *model, const app_image *image) {
  bool is_stdin = strcmp(image->path, "-") == 0;
  int file = is_stdin ? STDIN_FILENO : rt_host_open(image->path), code;
  if (file < 0) return app_fail_image(image, "the file cannot be opened");
  char *bytes = NULL;
  size_t count = 0;
  if (app_read_all(file, &bytes, &count))
    code = read_pixels(model, image, bytes, count);
  else
    code = app_fail_image(image, "the file cannot be read");
  free(bytes);
  if (!is_stdin) close(file);
  return code;
}

/* ---- all images ---------------------------------------------------------------------------- */

static int work_on(smelt_model *model, const app_image *image, app_image_work *work, void *context,
                   app_output *out) {
  int code = read_image(model, image);
  if (code == APP_OK) code = work(model, image, context, out);
  return code;
}

int app_each_image(smelt_model *model, const app_options *options, app_image_work *work, void *context) {
  const smelt_manifest_vision *v = model->manifest.vision;
  app_output out = app_output_on(STDOUT_FILENO);
  int code = APP_OK;
  if (options->word_count == 0)
    return app_fail(APP_USAGE,
                    "%s: no image: name one or more files, '-' is standard input; --help says more",
                    options->program);
  app_image image = {.options = options};
  image.pixels = calloc((size_t)v->channels * v->height * v->width, sizeof *image.pixels);
  if (!image.pixels) return app_fail(APP_INPUT, "%s: out of memory", options->program);
  for (int32_t i = 0; i < options->word_count; i++) {
    image.path = options->words[i];
    int failed = work_on(model, &image, work, context, &out);
    if (!failed) app_write_text(&out, "\n");
    if (code == APP_OK) code = failed;
    if (app_flush(&out)) continue;
    code = app_fail(APP_INPUT, "%s: the result cannot be written", options->program);
    break;
  }
  free(image.pixels);
  return code;
}

void app_give_pixels(smelt_model *model, const app_image *image, smelt_tensor *tensor) {
  const smelt_manifest_vision *v = model->manifest.vision;
  *tensor = (smelt_tensor){
      .dtype = SMELT_F32, .rank = 4, .dims = {1, v->channels, v->height, v->width}, .data = image->pixels};
  model->inputs[v->pixels_input] = tensor;
}

/* ---- lines --------------------------------------------------------------------------------- */

void app_begin_image(app_output *out, const app_image *image) {
  if (image->options->json) {
    app_write_text(out, "{\"image\":");
    app_write_json_text(out, image->path);
    app_write_text(out, ",");
  } else if (image->options->word_count > 1) {
    app_write_text(out, image->path);
    app_write_text(out, "\t");
  }
}

void app_write_image_choices(app_output *out, const smelt_model *model, const app_image *image,
                             const app_choice *choices, uint32_t count, const char *const *names) {
  bool is_json = image->options->json;
  uint32_t shown = is_json ? count : 1, asked = (uint32_t)image->options->generate.top_k;
  if (asked > 0) shown = asked < count ? asked : count;
  app_begin_image(out, image);
  for (uint32_t i = 0; i < shown; i++) {
    const char *name =
        names ? names[choices[i].label] : rt_manifest_label(&model->manifest, choices[i].label);
    if (is_json && i == 0) {
      app_write_json_choice(out, name, choices[i].score);
      app_write_text(out, ",\"labels\":[");
    }
    app_write_text(out, is_json ? i > 0 ? ",{" : "{" : i > 0 ? "\t" : "");
    (is_json ? app_write_json_choice : app_write_choice)(out, name, choices[i].score);
    app_write_text(out, is_json ? "}" : "");
  }
  app_write_text(out, is_json ? "]}" : "");
}
