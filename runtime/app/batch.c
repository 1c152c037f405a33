/*
 * batch.c: lines that the model reads together. Each is worked on twice: first to see what it has the model
 * read, then, when the model has read that of all, with the answers at hand. Texts of about the same length
 * go together, so that little is padding.
 */
#include "app/lines.h"

#include <stdlib.h>
#include <string.h>

enum { RUNS = 16 };                     /* of the model, for which lines are gathered */
enum { MOST_FLOATS = 4 * 1024 * 1024 }; /* of answers, about, after which no more are gathered */

/* What a text has the model read, and the answer: all of it owned. */
typedef struct {
  app_reading reading;
  size_t text;
  float *rows, *last_rows; /* NULL: not answered yet */
} question;

typedef struct {
  app_batch calls;
  smelt_model *model;
  app_text *texts; /* their bytes are owned */
  char **bytes;    /* [text_count] */
  size_t text_count, most_texts, now;
  question *questions;
  size_t count, capacity;
  int64_t floats;      /* of the answers, about */
  app_reading **order; /* [count], the longest first */
} batch;

/* ---- what texts ask --------------------------------------------------------------------- */

static int32_t *copy_ids(const int32_t *ids, int32_t count) {
  int32_t *copy = ids ? malloc((size_t)count * sizeof *copy) : NULL;
  if (copy) memcpy(copy, ids, (size_t)count * sizeof *copy);
  return copy;
}

/* One that there is no memory for is not noted; the text is then read alone. */
static void note(batch *b, const app_reading *reading) {
  if (!rt_reserve(&b->questions, &b->capacity, b->count + 1, sizeof *b->questions)) return;
  question q = {.text = b->now, .reading.count = reading->count};
  q.reading.ids = copy_ids(reading->ids, reading->count);
  q.reading.types = copy_ids(reading->types, reading->count);
  b->questions[b->count++] = q;
  if (q.reading.ids && (q.reading.types || !reading->types)) return;
  app_reading_free(&b->questions[--b->count].reading);
}

static bool are_same(const int32_t *left, const int32_t *right, int32_t count) {
  return left && right ? memcmp(left, right, (size_t)count * sizeof *left) == 0 : left == right;
}

static int read(app_batch *calls, app_reading *reading) {
  batch *b = (batch *)(void *)calls; /* its first member */
  if (calls->asks) {
    note(b, reading);
    return APP_LATER;
  }
  for (size_t i = 0; i < b->count; i++) {
    const question *q = &b->questions[i];
    if (q->text != b->now || !q->rows || q->reading.count != reading->count ||
        !are_same(q->reading.ids, reading->ids, reading->count) ||
        !are_same(q->reading.types, reading->types, reading->count))
      continue;
    reading->rows = q->rows;
    reading->last_rows = q->last_rows;
    reading->row_count = q->reading.row_count;
    reading->columns = q->reading.columns;
    return APP_OK;
  }
  return APP_ALONE;
}

/* ---- gathering ---------------------------------------------------------------------------- */

/* Whether the next line comes without waiting, as far as can be seen. */
static bool is_there(const app_lines *lines) {
  const app_source *s = &lines->source;
  bool is_read = s->count > s->begin && memchr(s->bytes + s->begin, '\n', s->count - s->begin);
  return is_read || s->at_end || rt_host_can_read(s->file);
}

static int64_t answer_width(const smelt_model *model) {
  smelt_tensor_info info;
  int32_t output = model->manifest.reader->output;
  bool is_known = !smelt_output_info(model, smelt_entry_name(model, 0), output, &info) && info.rank > 0;
  return is_known && info.dims[info.rank - 1] > 0 ? info.dims[info.rank - 1] : 1;
}

/* Keeps the text, and finds out what it asks. One that there is no memory for has its place. Returns an exit
 * code. */
static int take_text(batch *b, const app_text *text, app_text_work *work) {
  app_output nowhere = app_output_on(-1);
  char *copy = malloc(text->count + 1);
  b->now = b->text_count++;
  b->bytes[b->now] = copy;
  b->texts[b->now] = *text;
  b->texts[b->now].bytes = copy;
  if (!copy) return APP_OK;
  if (text->count) memcpy(copy, text->bytes, text->count);
  size_t before = b->count;
  int code = work(b->model, &b->texts[b->now], &nowhere);
  for (; before < b->count; before++)
    b->floats += b->questions[before].reading.count * answer_width(b->model);
  return code == APP_USAGE ? code : APP_OK;
}

/* Whether the model is to read more before it answers. */
static bool has_room(const batch *b) {
  size_t one_run = (size_t)b->model->manifest.reader->most_rows;
  return b->text_count < one_run || (b->text_count < b->most_texts && b->floats < MOST_FLOATS);
}

/* Lines, from the next one on, until there are enough, or the next one would have to be waited for. */
static int gather(batch *b, app_lines *lines, app_text *text, app_text_work *work) {
  int code = APP_OK;
  b->calls.asks = true;
  while (code == APP_OK && has_room(b) && (b->text_count == 0 || is_there(lines)) &&
         app_next_line(lines, text))
    code = take_text(b, text, work);
  b->calls.asks = false;
  return code;
}

/* ---- answers -------------------------------------------------------------------------------- */

static int compare_lengths(const void *left, const void *right) {
  const app_reading *const *a = left, *const *b = right;
  if ((*a)->count != (*b)->count) return (*a)->count > (*b)->count ? -1 : 1;
  return *a < *b ? -1 : *a > *b;
}

static float *copy_rows(const float *rows, const app_reading *reading) {
  size_t bytes = (size_t)reading->row_count * (size_t)reading->columns * sizeof *rows;
  float *copy = rows ? malloc(bytes) : NULL;
  if (copy) memcpy(copy, rows, bytes);
  return copy;
}

/* What the model says of all questions. Those of a run that fails stay open: their texts are read alone, and
 * tell why. */
static void answer(batch *b) {
  int64_t most = b->model->manifest.reader->most_rows;
  b->order = malloc((b->count + 1) * sizeof(app_reading *));
  for (size_t i = 0; i < b->count && b->order; i++) b->order[i] = &b->questions[i].reading;
  if (b->order) qsort(b->order, b->count, sizeof(app_reading *), compare_lengths);
  for (size_t first = 0; first < b->count && b->order; first += (size_t)most) {
    int64_t count = (int64_t)(b->count - first) < most ? (int64_t)(b->count - first) : most;
    if (!app_run_readings(b->model, b->order + first, count)) continue;
    for (int64_t i = 0; i < count; i++) {
      question *q = (question *)(void *)b->order[first + (size_t)i]; /* its first member */
      q->rows = copy_rows(q->reading.rows, &q->reading);
      q->last_rows = copy_rows(q->reading.last_rows, &q->reading);
      if (q->reading.last_rows && !q->last_rows) { /* out of memory: half an answer is none */
        free(q->rows);
        q->rows = NULL;
      }
    }
  }
  free(b->order);
}

/* The work on a text that there was no memory for. */
static int tell_lost(smelt_model *model, const app_text *text, app_output *out) {
  (void)model, (void)out;
  return app_fail_text(text, "out of memory");
}

static void forget(batch *b) {
  for (size_t i = 0; i < b->count; i++) {
    app_reading_free(&b->questions[i].reading);
    free(b->questions[i].rows);
    free(b->questions[i].last_rows);
  }
  for (size_t i = 0; i < b->text_count; i++) free(b->bytes[i]);
  b->count = b->text_count = 0;
  b->floats = 0;
}

int app_work_on_batches(smelt_model *model, const app_options *options, app_lines *lines, app_text_work *work,
                        app_output *out) {
  batch b = {.calls = {.read = read}, .model = model};
  b.most_texts = RUNS * (size_t)model->manifest.reader->most_rows;
  b.texts = calloc(b.most_texts, sizeof *b.texts);
  b.bytes = calloc(b.most_texts, sizeof *b.bytes);
  app_text text = {.options = options, .batch = &b.calls};
  int code = b.texts && b.bytes ? APP_OK : app_fail(APP_INPUT, "%s: out of memory", options->program);
  while (b.texts && b.bytes && code != APP_USAGE && !out->failed) {
    int gathered = gather(&b, lines, &text, work);
    if (gathered) code = gathered;
    if (b.text_count == 0) break;
    answer(&b);
    for (b.now = 0; b.now < b.text_count && code != APP_USAGE && !out->failed; b.now++) {
      int worked = app_work_on(model, &b.texts[b.now], b.bytes[b.now] ? work : tell_lost, out);
      if (worked) code = worked;
      app_show_lines(lines, b.texts[b.now].line);
    }
    forget(&b);
  }
  free(b.texts);
  free(b.bytes);
  free(b.questions);
  return code;
}
