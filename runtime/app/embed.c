/* embed.c: a text's vector: the graph's own, or its tokens' pooled into one. */
#define _GNU_SOURCE
#include "app/app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define X(NAME, text) text,
static const char *const pooling_names[] = {SMELT_POOLINGS(X)};
#undef X

/* By Newton's steps from above, which fall until they cannot. */
double app_square_root(double x) {
  double root = x > 1 ? x : 1, next;
  while (x > 0 && (next = 0.5 * (root + x / root)) < root) root = next;
  return x > 0 ? root : 0;
}

/* Of the rows from `first` on; where there are none, 0. */
static double pool(const app_reading *reading, int64_t first, int64_t column, smelt_pooling pooling) {
  const float *values = reading->rows + column;
  int64_t columns = reading->columns;
  if (pooling == SMELT_POOLING_CLS) return values[0];
  if (pooling == SMELT_POOLING_LAST) return values[(reading->row_count - 1) * columns];
  if (first >= reading->row_count) return 0;
  double result = pooling == SMELT_POOLING_MAX ? values[first * columns] : 0, weights = 0;
  for (int64_t row = first; row < reading->row_count; row++) {
    double value = values[row * columns], weight = pooling == SMELT_POOLING_WEIGHTED ? (double)(row + 1) : 1;
    weights += weight;
    if (pooling != SMELT_POOLING_MAX)
      result += weight * value;
    else if (value > result)
      result = value;
  }
  if (pooling == SMELT_POOLING_MAX) return result;
  return result / (pooling == SMELT_POOLING_MEAN_SQRT ? app_square_root(weights) : weights);
}

static void normalise(double *vector, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += vector[i] * vector[i];
  double length = app_square_root(sum);
  for (int64_t i = 0; i < count && length > 0; i++) vector[i] /= length;
}

static void write_numbers(app_output *out, const double *vector, int64_t count, bool is_json) {
  enum { DIGITS = 9 }; /* as many as tell all floats apart */
  app_write_text(out, is_json ? "\"vector\":[" : "");
  for (int64_t i = 0; i < count; i++) {
    if (i > 0) app_write_text(out, is_json ? "," : " ");
    app_write_number(out, vector[i], DIGITS);
  }
  app_write_text(out, is_json ? "]" : "");
}

/* The pooling that the options name, or the model's own. */
static smelt_pooling chosen_pooling(const smelt_model *model, const app_options *options) {
  const char *name = options->pooling_name;
  for (int i = 0; name && i < SMELT_POOLING_COUNT; i++)
    if (strcmp(name, pooling_names[i]) == 0) return (smelt_pooling)i;
  return name ? SMELT_POOLING_COUNT : (smelt_pooling)model->manifest.reader->pooling;
}

static bool is_normalised(const smelt_model *model, const app_options *options) {
  return options->normalises || (model->manifest.reader->normalises && !options->leaves_length);
}

bool app_write_vector(app_output *out, const smelt_model *model, const app_options *options,
                      const app_reading *reading) {
  smelt_pooling pooling = chosen_pooling(model, options);
  double *vector = calloc((size_t)reading->columns, sizeof *vector);
  if (!vector) return false;
  for (int64_t i = 0; i < reading->columns; i++) vector[i] = pool(reading, 0, i, pooling);
  if (is_normalised(model, options)) normalise(vector, reading->columns);
  write_numbers(out, vector, reading->columns, options->json);
  free(vector);
  return true;
}

/* The sum of all parts' vectors, each as often as it has tokens. */
typedef struct {
  double *vector;
  int64_t width;
  double weight;
  int64_t skipped; /* tokens of the next part that are the prompt's */
} sum;

static int add_part(void *user, const smelt_model *model, const app_text *text, const app_part *part) {
  sum *s = user;
  const app_reading *reading = &part->reading;
  smelt_pooling pooling = chosen_pooling(model, text->options);
  double weight = part->is_only ? 1 : reading->count;
  s->width = reading->columns;
  if (!s->vector) s->vector = calloc((size_t)s->width, sizeof *s->vector);
  if (!s->vector) return app_fail_text(text, "out of memory");
  for (int64_t i = 0; i < s->width; i++) s->vector[i] += weight * pool(reading, s->skipped, i, pooling);
  s->skipped = 0;
  s->weight += weight;
  return APP_OK;
}

int app_make_vector(smelt_model *model, const app_text *text, int which, double **vector, int64_t *width) {
  sum s = {0};
  app_text whole;
  char *memory = NULL;
  const char *prompt;
  int code = app_choose_prompt(model, text->options, which, &prompt);
  if (code == APP_OK) code = app_put_prompt(text, prompt, &whole, &memory);
  if (code == APP_OK) {
    s.skipped = app_prompt_tokens(model, text, prompt);
    code = app_read_parts(model, &whole, false, add_part, &s);
  }
  free(memory);
  for (int64_t i = 0; code == APP_OK && i < s.width; i++) s.vector[i] /= s.weight;
  if (code == APP_OK && is_normalised(model, text->options)) normalise(s.vector, s.width);
  *vector = s.vector;
  *width = s.width;
  return code;
}

/* How long vectors are; 0: the graph does not say. */
static int64_t vector_width(const smelt_model *model) {
  smelt_tensor_info info;
  int32_t output = model->manifest.reader->output;
  if (smelt_output_info(model, smelt_entry_name(model, 0), output, &info) || info.rank < 1) return 0;
  return info.dims[info.rank - 1] > 0 ? info.dims[info.rank - 1] : 0;
}

/* As f32, the lowest byte first; of a line that failed, no numbers. */
static void write_binary(app_output *out, const double *vector, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    float value = vector ? (float)vector[i] : __builtin_nanf("");
    app_write(out, &value, sizeof value);
  }
}

static int embed(smelt_model *model, const app_text *text, app_output *out) {
  bool is_json = text->options->json;
  double *vector;
  int64_t width;
  int code = app_make_vector(model, text, 0, &vector, &width);
  if (text->options->binary) {
    if (code == APP_OK || text->line)
      write_binary(out, code ? NULL : vector, code ? vector_width(model) : width);
  } else if (code == APP_OK) {
    app_write_text(out, is_json ? "{" : "");
    write_numbers(out, vector, width, is_json);
    app_write_text(out, is_json ? "}" : "");
  }
  free(vector);
  return code;
}

bool app_pooling_suits(const smelt_model *model, const app_options *options) {
  if (options->pooling_name && model->manifest.reader->head == SMELT_HEAD_VECTOR)
    app_fail(APP_USAGE, "%s: --pooling: the model gives one vector of its own", options->program);
  else if (chosen_pooling(model, options) == SMELT_POOLING_COUNT)
    app_fail(APP_USAGE, "%s: --pooling: expected mean, cls, max, last, mean-sqrt or weighted, found '%s'",
             options->program, options->pooling_name);
  else
    return true;
  return false;
}

/* ---- files ------------------------------------------------------------------------------------ */

enum { HEADER_BYTES = 128 }; /* that npy_write_header gives for [rows, width] of f32 */

/* Puts the header before the vectors, which lie behind its place. */
static bool write_npy_header(const smelt_model *model, int file) {
  int64_t width = vector_width(model);
  off_t bytes = lseek(file, 0, SEEK_END) - HEADER_BYTES;
  smelt_tensor vectors = {.dtype = SMELT_F32, .rank = 2, .dims = {0, width}};
  if (width) vectors.dims[0] = bytes / (int64_t)sizeof(float) / width;
  app_output out = app_output_on(file);
  npy_write_header(&out, &vectors);
  return bytes >= 0 && lseek(file, 0, SEEK_SET) == 0 && out.count == HEADER_BYTES && app_flush(&out);
}

/* --output-file: a NumPy array of vectors where it is called .npy, else what would be on standard output. */
static int embed_to_file(smelt_model *model, app_options *options) {
  static const char room[HEADER_BYTES] = {0};
  const char *path = options->output_path;
  bool is_npy = app_ends_with(path, ".npy");
  app_output out;
  if (!app_output_create(&out, path))
    return app_fail(APP_INPUT, "%s: %s: the file cannot be made", options->program, path);
  if (is_npy) app_write(&out, room, sizeof room);
  bool ok = app_flush(&out);
  options->output_file = out.file;
  options->binary |= is_npy;
  int code = ok ? app_each_text(model, options, embed) : APP_OK;
  if (ok && is_npy && code != APP_USAGE) ok = write_npy_header(model, out.file);
  if (close(out.file) != 0) ok = false;
  return ok ? code : app_fail(APP_INPUT, "%s: %s: the file cannot be written", options->program, path);
}

int app_embed(smelt_model *model, app_options *options) {
  const char *prompt;
  if (!app_pooling_suits(model, options) || app_choose_prompt(model, options, 0, &prompt)) return APP_USAGE;
  if (options->json &&
      (options->binary || (options->output_path && app_ends_with(options->output_path, ".npy"))))
    return app_fail(APP_USAGE, "%s: --json and binary numbers exclude each other", options->program);
  return options->output_path ? embed_to_file(model, options) : app_each_text(model, options, embed);
}
