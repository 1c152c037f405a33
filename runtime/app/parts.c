/* parts.c: texts that are longer than the model reads: their first part, or all of them part by part. */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>

/* A text's tokens: special ones, its own, special ones. */
typedef struct {
  int32_t *ids;
  rt_origins origins; /* empty: nobody asked */
  int32_t count, prefix, suffix;
} tokens;

static int encode(smelt_model *model, const app_text *text, bool wants_origins, tokens *all) {
  const app_options *options = text->options;
  bool has_special = !options->no_special && !options->prompt_ids;
  *all = (tokens){0};
  if (has_special) {
    all->prefix = (int32_t)model->tokenizer.prefix_ids_count;
    all->suffix = (int32_t)model->tokenizer.suffix_ids_count;
  }
  if (!wants_origins) return app_text_ids(model, text, INT32_MAX, &all->ids, &all->count);
  rt_encoder *e = &model->encoder;
  if (!rt_encode_traced(e, text->bytes, text->count, has_special ? RT_ADD_SPECIAL : 0, &all->origins))
    return app_fail_text(text, "the text is too long");
  all->count = (int32_t)e->ids.count;
  all->ids = malloc(((size_t)all->count + 1) * sizeof *all->ids);
  if (!all->ids) return app_fail_text(text, "out of memory");
  memcpy(all->ids, e->ids.items, (size_t)all->count * sizeof *all->ids);
  return APP_OK;
}

int64_t app_next_window(int64_t begin, int64_t count, int64_t room, int64_t stride) {
  return begin + room >= count ? count : begin + room - stride;
}

static void warn(const smelt_model *model, const app_text *text, int32_t count) {
  const smelt_manifest_reader *r = model->manifest.reader;
  const char *hint = r->head == SMELT_HEAD_FILLINGS ? "" : "; --window reads it part by part";
  app_fail_text(text, "warning: the text has %d tokens, the model reads at most %d: the rest is left out%s",
                (int)count, (int)r->max_tokens, hint);
}

/* The part whose own tokens are all's number `begin` and the `count` from there on. */
static int read_part(smelt_model *model, const app_text *text, const tokens *all, int64_t begin,
                     int64_t count, bool is_only, app_part_work *work, void *user) {
  app_part part = {.is_only = is_only};
  app_reading *reading = &part.reading;
  size_t total = (size_t)(all->prefix + count + all->suffix);
  rt_origin *origins = calloc(total + 1, sizeof *origins);
  reading->ids = calloc(total + 1, sizeof *reading->ids);
  reading->count = (int32_t)total;
  int code = origins && reading->ids ? APP_OK : app_fail_text(text, "out of memory");
  for (size_t i = 0; code == APP_OK && i < total; i++) {
    int64_t at = (int64_t)i;
    if (at >= all->prefix) at += begin;
    if ((int64_t)i >= all->prefix + count) at = all->count - (int64_t)(total - i);
    reading->ids[i] = all->ids[at];
    if (all->origins.count) origins[i] = all->origins.items[at];
  }
  if (all->origins.count) part.origins = origins;
  if (code == APP_OK) code = app_run_reading(model, text, reading);
  if (code == APP_OK) code = work(user, model, text, &part);
  app_reading_free(reading);
  free(origins);
  return code;
}

int app_read_parts(smelt_model *model, const app_text *text, bool wants_origins, app_part_work *work,
                   void *user) {
  const app_options *options = text->options;
  int64_t most = model->manifest.reader->max_tokens;
  tokens all;
  if (options->pair) return app_read_pair(model, text, work, user);
  if (options->cut_name) return app_fail(APP_USAGE, "%s: --cut goes with --pair", options->program);
  int code = encode(model, text, wants_origins, &all);
  int64_t own = all.count - all.prefix - all.suffix, room = most - all.prefix - all.suffix;
  int64_t stride = options->stride < 0 ? 0 : options->stride;
  int64_t begin = 0;
  bool is_whole = all.count <= most;
  if (code == APP_OK && room < 1) code = app_fail_text(text, "the model has no room for a text");
  if (code == APP_OK && options->windows && stride >= room)
    code = app_fail(APP_USAGE, "%s: --stride: expected less than the %d tokens of a window, found %d",
                    options->program, (int)room, (int)stride);
  if (code == APP_OK && !is_whole && !options->windows) {
    if (!options->truncates) warn(model, text, all.count);
    if (model->tokenizer.header->flags & TOK_TRUNCATE_START)
      begin = own - room;
    else
      own = room;
  }
  bool is_only = is_whole || !options->windows;
  do {
    int64_t count = own - begin < room ? own - begin : room;
    if (code == APP_OK) code = read_part(model, text, &all, begin, count, is_only, work, user);
    begin = app_next_window(begin, own, room, stride);
  } while (code == APP_OK && begin < own);
  free(all.ids);
  free(all.origins.items);
  return code;
}

int64_t app_characters_at(const char *text, app_place *place, size_t bytes) {
  if (bytes < place->bytes) *place = (app_place){0};
  place->characters += (int64_t)rt_count_characters(text + place->bytes, bytes - place->bytes);
  place->bytes = bytes;
  return place->characters;
}
