/* fill.c: what may stand where a text has masks. */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>

enum { USUAL_CANDIDATES = 5, PLAIN_DIGITS = 6, JSON_DIGITS = 9 };

typedef struct {
  int32_t token;
  double score;
} candidate;

typedef struct {
  int32_t at;            /* the mask's token */
  candidate *candidates; /* the likeliest first */
} filling;

/* What is known of a text: of each mask the same number of candidates. */
typedef struct {
  int32_t *ids;
  rt_origin *origins;
  int32_t count, mask_count, candidate_count;
  filling *fillings;
  candidate *candidates; /* of all masks */
} fillings;

/* ---- candidates ------------------------------------------------------------------------------- */

/* Keeps the `most` likeliest, in order; of equal ones the lower token comes first. */
static void choose_candidates(const float *logits, int64_t vocabulary, candidate *best, int32_t most) {
  int32_t count = 0;
  for (int64_t token = 0; token < vocabulary; token++) {
    if (count == most && !(logits[token] > best[most - 1].score)) continue;
    int32_t at = count < most ? count++ : most - 1;
    for (; at > 0 && logits[token] > best[at - 1].score; at--) best[at] = best[at - 1];
    best[at] = (candidate){(int32_t)token, logits[token]};
  }
  double log_sum = app_log_sum(logits, vocabulary);
  for (int32_t i = 0; i < count; i++) best[i].score = rt_exponential(best[i].score - log_sum);
}

static int fail_without_mask(const smelt_model *model, const app_text *text) {
  uint8_t buffer[TOK_MERGED_BYTES];
  size_t count;
  const uint8_t *mask =
      rt_token_text(&model->tokenizer, (uint32_t)model->manifest.reader->mask_token, buffer, &count);
  while (count > 0 && *mask == ' ') mask++, count--;
  return app_fail_text(text, "the text has no mask: expected %.*s where something is to be filled in",
                       (int)count, (const char *)mask);
}

static bool copy_part(fillings *f, const app_part *part) {
  size_t count = (size_t)part->reading.count;
  f->ids = malloc(count * sizeof *f->ids);
  f->origins = malloc(count * sizeof *f->origins);
  f->fillings = calloc(count, sizeof *f->fillings);
  if (!f->ids || !f->origins || !f->fillings) return false;
  memcpy(f->ids, part->reading.ids, count * sizeof *f->ids);
  memcpy(f->origins, part->origins, count * sizeof *f->origins);
  f->count = (int32_t)count;
  return true;
}

static int take_part(void *user, const smelt_model *model, const app_text *text, const app_part *part) {
  fillings *f = user;
  const app_reading *reading = &part->reading;
  int32_t wanted = text->options->top ? text->options->top : USUAL_CANDIDATES;
  if (!copy_part(f, part)) return app_fail_text(text, "out of memory");
  for (int32_t i = 0; i < f->count; i++)
    if (f->ids[i] == model->manifest.reader->mask_token) f->fillings[f->mask_count++].at = i;
  if (!f->mask_count) return fail_without_mask(model, text);
  f->candidate_count = wanted < reading->columns ? wanted : (int32_t)reading->columns;
  f->candidates = calloc((size_t)f->mask_count * (size_t)f->candidate_count, sizeof *f->candidates);
  if (!f->candidates) return app_fail_text(text, "out of memory");
  for (int32_t i = 0; i < f->mask_count; i++) {
    filling *filled = &f->fillings[i];
    filled->candidates = f->candidates + (size_t)i * (size_t)f->candidate_count;
    choose_candidates(reading->rows + filled->at * reading->columns, reading->columns, filled->candidates,
                      f->candidate_count);
  }
  return APP_OK;
}

/* ---- writing ------------------------------------------------------------------------------------- */

static void write_decoded(app_output *out, smelt_model *model, const int32_t *ids, int32_t count, bool skips,
                          bool is_json) {
  int64_t bytes = smelt_decode(model, ids, count, skips, NULL, 0);
  char *text = malloc((size_t)bytes + 1);
  if (!text) return;
  smelt_decode(model, ids, count, skips, text, bytes);
  if (is_json)
    app_write_json_bytes(out, text, (size_t)bytes);
  else
    app_write_visible(out, (const uint8_t *)text, (size_t)bytes);
  free(text);
}

/* The text with a mask's candidate in its place. Other masks stay, and with them all special tokens. */
static void write_sequence(app_output *out, smelt_model *model, const fillings *f, const filling *filled,
                           int32_t token, bool is_json) {
  int32_t mask = f->ids[filled->at];
  f->ids[filled->at] = token;
  write_decoded(out, model, f->ids, f->count, f->mask_count == 1, is_json);
  f->ids[filled->at] = mask;
}

/* The text with the likeliest candidate for each mask. */
static void write_best(app_output *out, smelt_model *model, fillings *f, bool is_json) {
  for (int32_t i = 0; i < f->mask_count; i++) f->ids[f->fillings[i].at] = f->fillings[i].candidates[0].token;
  write_decoded(out, model, f->ids, f->count, true, is_json);
}

static void write_json_mask(app_output *out, smelt_model *model, const app_text *text, const fillings *f,
                            const filling *filled, app_place *place) {
  const rt_origin *origin = &f->origins[filled->at];
  app_write_text(out, "{\"start\":");
  app_write_integer(out, app_characters_at(text->bytes, place, origin->begin));
  app_write_text(out, ",\"end\":");
  app_write_integer(out, app_characters_at(text->bytes, place, origin->end));
  app_write_text(out, ",\"candidates\":[");
  for (int32_t i = 0; i < f->candidate_count; i++) {
    const candidate *c = &filled->candidates[i];
    app_write_text(out, i > 0 ? ",{\"score\":" : "{\"score\":");
    app_write_number(out, c->score, JSON_DIGITS);
    app_write_text(out, ",\"token\":");
    app_write_integer(out, c->token);
    app_write_text(out, ",\"token_str\":");
    write_decoded(out, model, &c->token, 1, false, true);
    app_write_text(out, ",\"sequence\":");
    write_sequence(out, model, f, filled, c->token, true);
    app_write_text(out, "}");
  }
  app_write_text(out, "]}");
}

static void write_json(app_output *out, smelt_model *model, const app_text *text, fillings *f) {
  app_place place = {0};
  app_write_text(out, "{\"masks\":[");
  for (int32_t i = 0; i < f->mask_count; i++) {
    if (i > 0) app_write_text(out, ",");
    write_json_mask(out, model, text, f, &f->fillings[i], &place);
  }
  app_write_text(out, "],\"text\":");
  write_best(out, model, f, true);
  app_write_text(out, "}");
}

/* A line a candidate, behind the mask's number where there are several. */
static void write_plain(app_output *out, smelt_model *model, const fillings *f) {
  for (int32_t i = 0; i < f->mask_count; i++) {
    for (int32_t k = 0; k < f->candidate_count; k++) {
      const candidate *c = &f->fillings[i].candidates[k];
      if (i + k > 0) app_write_text(out, "\n");
      if (f->mask_count > 1) app_write_integer(out, i + 1);
      if (f->mask_count > 1) app_write_text(out, "\t");
      write_decoded(out, model, &c->token, 1, false, false);
      app_write_text(out, "\t");
      app_write_number(out, c->score, PLAIN_DIGITS);
      app_write_text(out, "\t");
      write_sequence(out, model, f, &f->fillings[i], c->token, false);
    }
  }
}

static int fill(smelt_model *model, const app_text *text, app_output *out) {
  fillings f = {0};
  int code = app_read_parts(model, text, true, take_part, &f);
  if (code == APP_OK && text->options->json)
    write_json(out, model, text, &f);
  else if (code == APP_OK && text->line)
    write_best(out, model, &f, false);
  else if (code == APP_OK)
    write_plain(out, model, &f);
  free(f.ids);
  free(f.origins);
  free(f.fillings);
  free(f.candidates);
  return code;
}

int app_fill(smelt_model *model, app_options *options) {
  return app_each_text(model, options, fill);
}
