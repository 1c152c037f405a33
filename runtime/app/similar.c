/* similar.c: how alike two texts are: the cosine of the angle between their vectors. */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PLAIN_DIGITS = 6, JSON_DIGITS = 9 };

static double product(const double *left, const double *right, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += left[i] * right[i];
  return sum;
}

/* 0 where a vector has no direction. */
static double cosine(const double *left, const double *right, int64_t count) {
  double lengths =
      app_square_root(product(left, left, count)) * app_square_root(product(right, right, count));
  return lengths > 0 ? product(left, right, count) / lengths : 0;
}

static int compare(smelt_model *model, const app_text *left, const app_text *right, app_output *out) {
  double *vectors[2] = {0};
  int64_t width;
  int code = app_make_vector(model, left, 0, &vectors[0], &width);
  if (code == APP_OK || code == APP_LATER) code = app_make_vector(model, right, 1, &vectors[1], &width);
  if (code == APP_OK) {
    bool is_json = left->options->json;
    app_write_text(out, is_json ? "{\"similarity\":" : "");
    app_write_number(out, cosine(vectors[0], vectors[1], width), is_json ? JSON_DIGITS : PLAIN_DIGITS);
    app_write_text(out, is_json ? "}" : "");
  }
  free(vectors[0]);
  free(vectors[1]);
  return code;
}

/* Two texts with a tab between them. */
static int compare_line(smelt_model *model, const app_text *text, app_output *out) {
  const char *tab = memchr(text->bytes, '\t', text->count);
  if (!tab) return app_fail_text(text, "expected two texts with a tab between them");
  app_text left = *text, right = *text;
  left.count = (size_t)(tab - text->bytes);
  right.bytes = tab + 1;
  right.count = text->count - left.count - 1;
  return compare(model, &left, &right, out);
}

static int compare_words(smelt_model *model, const app_options *options) {
  app_text texts[2];
  if (options->word_count != 2 || options->lines_path)
    return app_fail(APP_USAGE, "%s: expected two texts, or --lines FILE alone, found %d", options->program,
                    (int)options->word_count);
  for (int i = 0; i < 2; i++)
    texts[i] = (app_text){.options = options, .bytes = options->words[i], .count = strlen(options->words[i])};
  app_output out = app_output_on(STDOUT_FILENO);
  int code = compare(model, &texts[0], &texts[1], &out);
  if (code == APP_OK) app_write_text(&out, "\n");
  if (app_flush(&out)) return code;
  return app_fail(APP_INPUT, "%s: the result cannot be written", options->program);
}

int app_similar(smelt_model *model, app_options *options) {
  const char *prompt;
  for (int which = 0; which < 2; which++)
    if (app_choose_prompt(model, options, which, &prompt)) return APP_USAGE;
  if (!app_pooling_suits(model, options)) return APP_USAGE;
  return options->word_count ? compare_words(model, options) : app_each_text(model, options, compare_line);
}
