/*
 * answer.c: where in a context the answer to a question stands, as Hugging Face's pipeline for question
 * answering finds it: the context in windows, in each the spans of the highest product of two probabilities.
 */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_TOKENS = 384, USUAL_STRIDE = 128, USUAL_ANSWER_TOKENS = 15, PLAIN_DIGITS = 6, JSON_DIGITS = 9 };

typedef struct {
  double score;
  size_t begin, end; /* bytes of the context; of spans tokens, the last one included */
} span;

typedef struct {
  span *items; /* the best first */
  int32_t count, most;
} spans;

typedef struct {
  const char *context;
  size_t context_bytes;
  int32_t *question_ids, *ids; /* of the context */
  rt_origins origins;          /* of ids */
  int32_t question_count, count;
  int32_t special_count, window_begin, window_count; /* tokens of the context that are read at once */
  int32_t first;                                     /* the window's first token among those that are read */
  bool has_class;                                    /* a special token comes first: "no answer here" */
  double no_answer;                                  /* the least probability of that */
  spans best;                                        /* of a window */
  spans answers;
} asking;

/* ---- what the model reads -------------------------------------------------------------------- */

static bool copy_ids(const rt_encoder *e, int32_t **ids, int32_t *count) {
  *count = (int32_t)e->ids.count;
  *ids = malloc(((size_t)*count + 1) * sizeof **ids);
  if (*ids) memcpy(*ids, e->ids.items, (size_t)*count * sizeof **ids);
  return *ids;
}

static bool encode(asking *a, smelt_model *model, const char *question, size_t question_bytes) {
  rt_encoder *e = &model->encoder;
  const rt_tokenizer *t = &model->tokenizer;
  for (uint32_t i = 0; i < t->pair_items_count; i++)
    a->special_count += t->pair_items[i].kind == TOK_PAIR_TOKEN;
  a->has_class = t->pair_items_count && t->pair_items[0].kind == TOK_PAIR_TOKEN;
  return rt_encode(e, question, question_bytes, 0) && copy_ids(e, &a->question_ids, &a->question_count) &&
         rt_encode_traced(e, a->context, a->context_bytes, 0, &a->origins) && copy_ids(e, &a->ids, &a->count);
}

static void put(app_reading *reading, const int32_t *ids, int32_t count, uint32_t type) {
  for (int32_t i = 0; i < count; i++) {
    reading->ids[reading->count] = ids[i];
    reading->types[reading->count++] = (int32_t)type;
  }
}

/* The question and the window of the context, as the tokenizer puts pairs together. */
static bool put_together(asking *a, const rt_tokenizer *t, app_reading *reading) {
  size_t most = (size_t)(a->special_count + a->question_count + a->window_count) + 1;
  *reading = (app_reading){.ids = malloc(most * sizeof(int32_t)), .types = malloc(most * sizeof(int32_t))};
  if (!reading->ids || !reading->types) return false;
  for (uint32_t i = 0; i < t->pair_items_count; i++) {
    const tok_pair_item *item = &t->pair_items[i];
    int32_t id = (int32_t)item->id;
    if (item->kind == TOK_PAIR_TOKEN) put(reading, &id, 1, item->type);
    if (item->kind == TOK_PAIR_FIRST) put(reading, a->question_ids, a->question_count, item->type);
    if (item->kind != TOK_PAIR_SECOND) continue;
    a->first = reading->count;
    put(reading, a->ids + a->window_begin, a->window_count, item->type);
  }
  return true;
}

/* ---- spans -------------------------------------------------------------------------------------- */

/* Keeps the `most` best; of equal ones the earlier. */
static void keep(spans *best, span s) {
  if (best->count == best->most && s.score <= best->items[best->most - 1].score) return;
  int32_t at = best->count < best->most ? best->count++ : best->most - 1;
  for (; at > 0 && s.score > best->items[at - 1].score; at--) best->items[at] = best->items[at - 1];
  best->items[at] = s;
}

/* ln of the sum of e^logit over the window and the class token. */
static double log_sum(const asking *a, const float *logits) {
  double sum = app_log_sum(logits + a->first, a->window_count);
  if (!a->has_class) return sum;
  double highest = sum > logits[0] ? sum : logits[0];
  return highest + rt_logarithm(rt_exponential(sum - highest) + rt_exponential(logits[0] - highest));
}

static void choose_spans(asking *a, const app_reading *reading, int32_t longest) {
  const float *begins = reading->rows, *ends = reading->last_rows;
  double begin_sum = log_sum(a, begins), end_sum = log_sum(a, ends);
  a->best.count = 0;
  for (int32_t i = 0; i < a->window_count; i++) {
    double begin = rt_exponential(begins[a->first + i] - begin_sum);
    for (int32_t k = i; k < a->window_count && k < i + longest; k++) {
      double score = begin * rt_exponential(ends[a->first + k] - end_sum);
      keep(&a->best, (span){score, (size_t)(a->window_begin + i), (size_t)(a->window_begin + k)});
    }
  }
  if (!a->has_class) return;
  double none = rt_exponential(begins[0] - begin_sum) * rt_exponential(ends[0] - end_sum);
  if (none < a->no_answer) a->no_answer = none;
}

static char small_letter(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_same_text(const asking *a, span one, span other) {
  bool is_same = one.end - one.begin == other.end - other.begin;
  for (size_t i = 0; is_same && i < one.end - one.begin; i++)
    is_same = small_letter(a->context[one.begin + i]) == small_letter(a->context[other.begin + i]);
  return is_same;
}

static bool push_answer(asking *a, span answer) {
  size_t count = (size_t)a->answers.count;
  if (!(count & (count - 1))) { /* room for twice as many */
    span *grown = realloc(a->answers.items, (count ? 2 * count : 1) * sizeof *grown);
    if (!grown) return false;
    a->answers.items = grown;
  }
  a->answers.items[a->answers.count++] = answer;
  return true;
}

/* A span of tokens as whole words of the window; equal answers add up. */
static bool add_answer(asking *a, span s) {
  const rt_origin *origins = a->origins.items;
  size_t window_end = (size_t)(a->window_begin + a->window_count);
  while (s.begin > (size_t)a->window_begin && origins[s.begin].continues) s.begin--;
  while (s.end + 1 < window_end && origins[s.end + 1].continues) s.end++;
  span answer = {s.score, origins[s.begin].begin, origins[s.end].end};
  for (int32_t i = 0; i < a->answers.count; i++) {
    if (!is_same_text(a, a->answers.items[i], answer)) continue;
    a->answers.items[i].score += answer.score;
    return true;
  }
  return push_answer(a, answer);
}

static int compare_scores(const void *left, const void *right) {
  const span *a = left, *b = right;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  return a->begin < b->begin ? -1 : a->begin > b->begin;
}

/* ---- windows --------------------------------------------------------------------------------------- */

static int read_window(asking *a, smelt_model *model, const app_text *text) {
  const app_options *options = text->options;
  app_reading reading = {0};
  int code = APP_OK;
  if (!put_together(a, &model->tokenizer, &reading)) code = app_fail_text(text, "out of memory");
  if (code == APP_OK) code = app_run_reading(model, text, &reading);
  if (code == APP_OK)
    choose_spans(a, &reading, options->longest_answer ? options->longest_answer : USUAL_ANSWER_TOKENS);
  for (int32_t i = 0; code == APP_OK && i < a->best.count; i++)
    if (!add_answer(a, a->best.items[i])) code = app_fail_text(text, "out of memory");
  app_reading_free(&reading);
  return code;
}

static int read_windows(asking *a, smelt_model *model, const app_text *text) {
  int32_t most =
      model->manifest.reader->max_tokens < MOST_TOKENS ? model->manifest.reader->max_tokens : MOST_TOKENS;
  int32_t room = most - a->special_count - a->question_count, stride = text->options->stride;
  if (room < 1)
    return app_fail_text(text,
                         "the question has %d tokens and leaves no room for the context: the model reads %d",
                         (int)a->question_count, (int)most);
  if (stride >= room)
    return app_fail(APP_USAGE, "%s: --stride: expected less than the %d tokens of a window, found %d",
                    text->options->program, (int)room, (int)stride);
  if (stride < 0) stride = most / 2 < USUAL_STRIDE ? most / 2 : USUAL_STRIDE;
  if (stride >= room) stride = room / 2; /* a long question leaves short windows */
  if (!a->count) return app_fail_text(text, "the context has no tokens");
  int code = APP_OK;
  for (int64_t begin = 0; code == APP_OK && begin < a->count;
       begin = app_next_window(begin, a->count, room, stride)) {
    a->window_begin = (int32_t)begin;
    a->window_count = a->count - a->window_begin < room ? a->count - a->window_begin : room;
    code = read_window(a, model, text);
  }
  return code;
}

/* ---- writing ------------------------------------------------------------------------------------------ */

static void write_answer(app_output *out, const asking *a, const span *s, bool is_json, app_place *place) {
  if (is_json) {
    app_write_text(out, "{\"score\":");
    app_write_number(out, s->score, JSON_DIGITS);
    app_write_text(out, ",\"start\":");
    app_write_integer(out, app_characters_at(a->context, place, s->begin));
    app_write_text(out, ",\"end\":");
    app_write_integer(out, app_characters_at(a->context, place, s->end));
    app_write_text(out, ",\"answer\":");
    app_write_json_bytes(out, a->context + s->begin, s->end - s->begin);
    app_write_text(out, "}");
    return;
  }
  app_write_visible(out, (const uint8_t *)a->context + s->begin, s->end - s->begin);
  app_write_text(out, "\t");
  app_write_number(out, s->score, PLAIN_DIGITS);
  app_write_text(out, "\t");
  app_write_integer(out, app_characters_at(a->context, place, s->begin));
  app_write_text(out, "\t");
  app_write_integer(out, app_characters_at(a->context, place, s->end));
}

static void write_answers(app_output *out, const asking *a, const app_text *text) {
  bool is_json = text->options->json;
  int32_t wanted = text->options->top && (is_json || !text->line) ? text->options->top : 1;
  app_place place = {0};
  if (is_json) app_write_text(out, "{\"answers\":[");
  for (int32_t i = 0; i < a->answers.count && i < wanted; i++) {
    if (i > 0) app_write_text(out, is_json ? "," : "\n");
    write_answer(out, a, &a->answers.items[i], is_json, &place);
  }
  if (is_json) app_write_text(out, "]}");
}

/* ---- the command --------------------------------------------------------------------------------------- */

/* A line without a context of the options is question, tab, context. */
static int take_question(asking *a, const app_text *text, size_t *question_bytes) {
  const app_options *options = text->options;
  *question_bytes = text->count;
  a->context = options->context;
  a->context_bytes = options->context_bytes;
  if (a->context) return APP_OK;
  const char *tab = memchr(text->bytes, '\t', text->count);
  if (!tab) return app_fail_text(text, "expected a question, a tab and a context; or give --context TEXT");
  *question_bytes = (size_t)(tab - text->bytes);
  a->context = tab + 1;
  a->context_bytes = text->count - *question_bytes - 1;
  return APP_OK;
}

static int answer(smelt_model *model, const app_text *text, app_output *out) {
  asking a = {.no_answer = 1e6};
  size_t question_bytes;
  int32_t wanted = text->options->top ? text->options->top : 1;
  a.best.most = 2 * wanted + 10; /* several may be the same words */
  a.best.items = calloc((size_t)a.best.most, sizeof *a.best.items);
  int code = take_question(&a, text, &question_bytes);
  if (code == APP_OK && (!a.best.items || !encode(&a, model, text->bytes, question_bytes)))
    code = app_fail_text(text, "out of memory");
  if (code == APP_OK) code = read_windows(&a, model, text);
  if (code == APP_OK && text->options->impossible && !push_answer(&a, (span){.score = a.no_answer}))
    code = app_fail_text(text, "out of memory");
  if (code == APP_OK) {
    qsort(a.answers.items, (size_t)a.answers.count, sizeof *a.answers.items, compare_scores);
    write_answers(out, &a, text);
  }
  free(a.question_ids);
  free(a.ids);
  free(a.origins.items);
  free(a.best.items);
  free(a.answers.items);
  return code;
}

/* --context-file as the context; *read is the caller's to free. */
static int read_context(app_options *options, char **read) {
  bool is_stdin = strcmp(options->context_path, "-") == 0;
  int file = is_stdin ? STDIN_FILENO : rt_host_open(options->context_path);
  if (file < 0)
    return app_fail(APP_INPUT, "%s: %s: the file cannot be opened", options->program, options->context_path);
  bool ok = app_read_all(file, read, &options->context_bytes);
  if (!is_stdin) close(file);
  if (!ok)
    return app_fail(APP_INPUT, "%s: %s: the file cannot be read", options->program, options->context_path);
  options->context = *read ? *read : "";
  return APP_OK;
}

int app_answer(smelt_model *model, app_options *options) {
  char *read = NULL;
  int code = APP_OK;
  if (options->context && options->context_path)
    return app_fail(APP_USAGE, "%s: --context and --context-file exclude each other", options->program);
  if (options->context) options->context_bytes = strlen(options->context);
  if (options->context_path) code = read_context(options, &read);
  if (code == APP_OK) code = app_each_text(model, options, answer);
  free(read);
  return code;
}
