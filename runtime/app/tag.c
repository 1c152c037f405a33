/*
 * tag.c: what is named in a text and where: labels of tokens, joined to spans as Hugging Face's pipeline for
 * token classification joins them.
 */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>

#define X(NAME, text) text,
static const char *const aggregation_names[] = {APP_AGGREGATIONS(X)};
#undef X

enum { PLAIN_DIGITS = 6, JSON_DIGITS = 9 };

/* A token, a word or a span. */
typedef struct {
  uint32_t label, first_label; /* of a span: that of its first word */
  double score;
  uint32_t begin, end; /* bytes of the text */
  bool continues;      /* a token: it goes on with the word of the one before */
} entity;

typedef struct {
  entity *items;
  size_t count, capacity;
} entities;

/* What is known of a text so far. */
typedef struct {
  app_aggregation aggregation;
  entities found; /* of all parts */
  entities now;   /* of this part */
  double *scores; /* [now.count, labels], of its tokens */
  size_t score_capacity;
  size_t part_count;
} tagging;

static bool add(entities *to, entity e) {
  if (!rt_reserve(&to->items, &to->capacity, to->count + 1, sizeof *to->items)) return false;
  to->items[to->count++] = e;
  return true;
}

/* ---- tokens ------------------------------------------------------------------------------------ */

/* The best label; of equal ones the lower. */
static void choose_label(const double *scores, uint32_t count, entity *e) {
  e->label = 0;
  for (uint32_t i = 1; i < count; i++)
    if (scores[i] > scores[e->label]) e->label = i;
  e->score = scores[e->label];
}

/* Whether a token goes on with a word: WordPiece's tokens say so, others do where no space is before. */
static bool goes_on(const smelt_model *model, const app_text *text, const rt_origin *origin, int32_t id) {
  const tok_header *header = model->tokenizer.header;
  if ((uint32_t)id == header->unknown_id) return false;
  if (header->model == TOK_MODEL_WORD_PIECE) return origin->continues;
  return origin->begin > 0 && text->bytes[origin->begin - 1] != ' ' &&
         (origin->begin >= text->count || text->bytes[origin->begin] != ' ');
}

/* The part's tokens but for those that are put around the text; false: no memory. */
static bool take_tokens(tagging *t, const smelt_model *model, const app_text *text, const app_part *part) {
  const app_reading *reading = &part->reading;
  uint32_t labels = (uint32_t)reading->columns;
  t->now.count = 0;
  for (int64_t i = 0; i < reading->row_count; i++) {
    const rt_origin *origin = &part->origins[i];
    const float *logits = reading->rows + i * labels;
    if (origin->word == TOK_NONE) continue;
    size_t first = t->now.count * labels;
    if (!rt_reserve(&t->scores, &t->score_capacity, first + labels, sizeof *t->scores)) return false;
    double log_sum = app_log_sum(logits, labels);
    for (uint32_t k = 0; k < labels; k++) t->scores[first + k] = rt_exponential(logits[k] - log_sum);
    entity token = {.begin = origin->begin, .end = origin->end};
    token.continues = goes_on(model, text, origin, reading->ids[i]);
    choose_label(t->scores + first, labels, &token);
    token.first_label = token.label;
    if (!add(&t->now, token)) return false;
  }
  return true;
}

/* ---- words --------------------------------------------------------------------------------------- */

/* Tokens [begin .. end) become one; `scores` are theirs. */
static entity make_word(const tagging *t, size_t begin, size_t end, uint32_t labels) {
  entity word = t->now.items[begin];
  double *sums = t->scores + begin * labels;
  word.end = t->now.items[end - 1].end;
  for (size_t i = begin + 1; i < end && t->aggregation == APP_AGGREGATION_MAX; i++) {
    const entity *token = &t->now.items[i];
    if (token->score > word.score) word.label = token->label, word.score = token->score;
  }
  if (t->aggregation == APP_AGGREGATION_AVERAGE) {
    for (uint32_t k = 0; k < labels; k++) {
      for (size_t i = begin + 1; i < end; i++) sums[k] += t->scores[i * labels + k];
      sums[k] /= (double)(end - begin);
    }
    choose_label(sums, labels, &word);
  }
  word.first_label = word.label;
  return word;
}

static void join_words(tagging *t, uint32_t labels) {
  size_t count = 0;
  for (size_t begin = 0, end; begin < t->now.count; begin = end) {
    for (end = begin + 1; end < t->now.count && t->now.items[end].continues;) end++;
    t->now.items[count++] = make_word(t, begin, end, labels);
  }
  t->now.count = count;
}

/* ---- spans ----------------------------------------------------------------------------------------- */

/* A label's name without what says where in a span it is; *begins: it can only be the first. */
static const char *tag_of(const smelt_model *model, uint32_t label, bool *begins) {
  const char *name = rt_manifest_label(&model->manifest, label);
  *begins = strncmp(name, "B-", 2) == 0;
  return *begins || strncmp(name, "I-", 2) == 0 ? name + 2 : name;
}

static bool joins(const smelt_model *model, const entity *before, const entity *next) {
  bool begins, before_begins;
  const char *tag = tag_of(model, next->label, &begins);
  return strcmp(tag, tag_of(model, before->label, &before_begins)) == 0 && !begins;
}

/* Neighbours of one kind become one; its score is their mean. */
static void join_spans(tagging *t, const smelt_model *model) {
  size_t count = 0, members = 0;
  double sum = 0;
  entity before = {0};
  for (size_t i = 0; i < t->now.count; i++) {
    entity next = t->now.items[i];
    bool is_joined = i > 0 && joins(model, &before, &next);
    before = next;
    if (!is_joined) t->now.items[count++] = next, members = 0, sum = 0;
    entity *span = &t->now.items[count - 1];
    sum += next.score;
    span->end = next.end;
    span->score = sum / (double)++members;
  }
  t->now.count = count;
}

static int take_part(void *user, const smelt_model *model, const app_text *text, const app_part *part) {
  tagging *t = user;
  uint32_t labels = (uint32_t)part->reading.columns;
  bool ok = take_tokens(t, model, text, part);
  bool by_word = t->aggregation > APP_AGGREGATION_SIMPLE;
  if (ok && by_word) join_words(t, labels);
  if (ok && t->aggregation != APP_AGGREGATION_NONE) join_spans(t, model);
  for (size_t i = 0; ok && i < t->now.count; i++) {
    const entity *e = &t->now.items[i];
    bool is_nothing = strcmp(rt_manifest_label(&model->manifest, e->first_label), "O") == 0;
    if (!is_nothing || text->options->all) ok = add(&t->found, *e);
  }
  t->part_count++;
  return ok ? APP_OK : app_fail_text(text, "out of memory");
}

/* ---- parts that share tokens --------------------------------------------------------------------------- */

static int compare_begins(const void *left, const void *right) {
  const entity *a = left, *b = right;
  if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
  return a->end < b->end ? -1 : a->end > b->end;
}

/* Of two that begin in one another the longer stays, of equally long ones that of the higher score. */
static void drop_overlaps(entities *found) {
  size_t count = 0;
  qsort(found->items, found->count, sizeof *found->items, compare_begins);
  for (size_t i = 0; i < found->count; i++) {
    entity next = found->items[i], *last = count ? &found->items[count - 1] : NULL;
    if (!last || next.begin >= last->end) {
      found->items[count++] = next;
      continue;
    }
    uint32_t length = next.end - next.begin, last_length = last->end - last->begin;
    if (length > last_length || (length == last_length && next.score > last->score)) *last = next;
  }
  found->count = count;
}

/* ---- writing ----------------------------------------------------------------------------------------------
 */

/* A token has its label, a span what is behind its label's first hyphen. */
static const char *name_of(const tagging *t, const smelt_model *model, const entity *e) {
  const char *name = rt_manifest_label(&model->manifest, e->first_label), *hyphen = strchr(name, '-');
  return hyphen && t->aggregation != APP_AGGREGATION_NONE ? hyphen + 1 : name;
}

static void write_json(app_output *out, const app_text *text, const char *name, const entity *e,
                       app_place *place) {
  app_write_text(out, "{\"label\":");
  app_write_json_text(out, name);
  app_write_text(out, ",\"score\":");
  app_write_number(out, e->score, JSON_DIGITS);
  app_write_text(out, ",\"start\":");
  app_write_integer(out, app_characters_at(text->bytes, place, e->begin));
  app_write_text(out, ",\"end\":");
  app_write_integer(out, app_characters_at(text->bytes, place, e->end));
  app_write_text(out, ",\"text\":");
  app_write_json_bytes(out, text->bytes + e->begin, e->end - e->begin);
  app_write_text(out, "}");
}

/* One text: a line a span. Of many, each has a line: label, start and end of its spans. */
static void write_plain(app_output *out, const app_text *text, const char *name, const entity *e,
                        app_place *place) {
  app_write_text(out, name);
  app_write_text(out, text->line ? " " : "\t");
  if (!text->line) {
    app_write_number(out, e->score, PLAIN_DIGITS);
    app_write_text(out, "\t");
  }
  app_write_integer(out, app_characters_at(text->bytes, place, e->begin));
  app_write_text(out, text->line ? " " : "\t");
  app_write_integer(out, app_characters_at(text->bytes, place, e->end));
  if (text->line) return;
  app_write_text(out, "\t");
  app_write_visible(out, (const uint8_t *)text->bytes + e->begin, e->end - e->begin);
}

static void write_spans(app_output *out, const smelt_model *model, const app_text *text, const tagging *t) {
  bool is_json = text->options->json;
  app_place place = {0};
  if (is_json) app_write_text(out, "{\"spans\":[");
  for (size_t i = 0; i < t->found.count; i++) {
    const entity *e = &t->found.items[i];
    if (i > 0) app_write_text(out, is_json ? "," : text->line ? "\t" : "\n");
    (is_json ? write_json : write_plain)(out, text, name_of(t, model, e), e, &place);
  }
  if (is_json) app_write_text(out, "]}");
}

/* ---- the command
 * ---------------------------------------------------------------------------------------------- */

static app_aggregation chosen_aggregation(const app_options *options) {
  const char *name = options->aggregation_name;
  for (int i = 0; name && i < APP_AGGREGATIONS_COUNT; i++)
    if (strcmp(name, aggregation_names[i]) == 0) return (app_aggregation)i;
  return name ? APP_AGGREGATIONS_COUNT : APP_AGGREGATION_SIMPLE;
}

static int tag(smelt_model *model, const app_text *text, app_output *out) {
  tagging t = {.aggregation = chosen_aggregation(text->options)};
  int code = app_read_parts(model, text, true, take_part, &t);
  if (code == APP_OK && t.part_count > 1) drop_overlaps(&t.found);
  if (code == APP_OK) write_spans(out, model, text, &t);
  free(t.found.items);
  free(t.now.items);
  free(t.scores);
  return code;
}

int app_tag(smelt_model *model, app_options *options) {
  if (chosen_aggregation(options) == APP_AGGREGATIONS_COUNT)
    return app_fail(APP_USAGE, "%s: --aggregation: expected none, simple, first, max or average, found '%s'",
                    options->program, options->aggregation_name);
  return app_each_text(model, options, tag);
}
