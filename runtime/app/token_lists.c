/* token_lists.c: options that are lists of tokens, or texts that stand for them. */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>

/* Appends `count` tokens to the list. */
static int append(const app_options *options, app_token_lists *lists, app_list list, const int32_t *tokens,
                  int32_t count) {
  int32_t needed = lists->lists[list].count + count;
  if (needed > lists->lists[list].capacity) {
    int32_t *grown = realloc(lists->lists[list].tokens, 2 * (size_t)needed * sizeof *grown);
    if (!grown) return app_fail(APP_INPUT, "%s: out of memory", options->program);
    lists->lists[list].tokens = grown;
    lists->lists[list].capacity = 2 * needed;
  }
  if (count > 0) memcpy(lists->lists[list].tokens + needed - count, tokens, (size_t)count * sizeof *tokens);
  lists->lists[list].count = needed;
  return APP_OK;
}

/* ---- one item ------------------------------------------------------------------------------ */

static const char *const list_names[APP_LISTS] = {
    [APP_BIAS] = "bias",         [APP_BAD_WORD] = "bad-word", [APP_BAD_IDS] = "bad-ids",
    [APP_SUPPRESS] = "suppress", [APP_STOP] = "stop",         [APP_SUPPRESS_FIRST] = "suppress-first",
    [APP_STOP_IDS] = "stop-id",  [APP_FIRST] = "first-token", [APP_SET] = "set",
};

static int refuse(const app_options *options, const app_item *item, const char *expected) {
  return app_fail(APP_USAGE, "%s: --%s: expected %s, found '%s'", options->program, list_names[item->list],
                  expected, item->text);
}

/* Where an item's tokens go: bad words given as texts and as ids are one list. */
static app_list list_for(const app_item *item) {
  return item->list == APP_BAD_WORD ? APP_BAD_IDS : item->list;
}

/* The tokens of a text as it stands inside another: nothing is added. */
static int add_text(smelt_model *model, const app_options *options, const app_item *item, size_t bytes,
                    app_token_lists *lists) {
  int64_t count = smelt_encode(model, item->text, bytes, false, NULL, 0);
  if (count < 0) return app_fail(APP_INPUT, "%s: %s", options->program, smelt_error(model));
  if (count == 0) return refuse(options, item, "a text that has tokens");
  int code = APP_OK;
  for (int64_t i = 0; i < count && code == APP_OK; i++) {
    int32_t token = (int32_t)model->encoder.ids.items[i];
    code = append(options, lists, list_for(item), &token, 1);
  }
  return code;
}

static int add_ids(const app_options *options, const app_item *item, size_t bytes, app_token_lists *lists) {
  int32_t *ids, count;
  bool are_ids = app_parse_ids(item->text, bytes, &ids, &count);
  int code =
      are_ids ? append(options, lists, list_for(item), ids, count) : refuse(options, item, "token ids");
  free(ids);
  return code;
}

/* An id, or a text that is one token. */
static int add_first(smelt_model *model, const app_options *options, const app_item *item,
                     app_token_lists *lists) {
  size_t bytes = strlen(item->text);
  int32_t before = lists->lists[APP_FIRST].count;
  bool is_id = bytes > 0 && strspn(item->text, "0123456789") == bytes;
  int code = is_id ? add_ids(options, item, bytes, lists) : add_text(model, options, item, bytes, lists);
  if (code == APP_OK && lists->lists[APP_FIRST].count != before + 1)
    return refuse(options, item, "a token id, or a text that is one token");
  return code;
}

/* "ID=X", "a text=X" */
static int add_bias(smelt_model *model, app_options *options, const app_item *item, app_token_lists *lists) {
  const char *equals = strrchr(item->text, '=');
  double value;
  if (!equals || equals == item->text || !app_parse_decimal(equals + 1, &value))
    return refuse(options, item, "TOKEN=X, the token's id or its text and a number");
  size_t bytes = (size_t)(equals - item->text);
  int32_t before = lists->lists[APP_BIAS].count;
  bool is_id = strspn(item->text, "0123456789") == bytes;
  int code = is_id ? add_ids(options, item, bytes, lists) : add_text(model, options, item, bytes, lists);
  lists->biases[options->generate.bias_count++] =
      (smelt_token_bias){.sequence.count = lists->lists[APP_BIAS].count - before, .bias = (float)value};
  return code;
}

/* A sequence of tokens and the SMELT_NONE that ends it. */
static int add_sequence(smelt_model *model, const app_options *options, const app_item *item,
                        app_token_lists *lists) {
  size_t bytes = strlen(item->text);
  int32_t before = lists->lists[APP_BAD_IDS].count;
  int code = item->list == APP_BAD_WORD ? add_text(model, options, item, bytes, lists)
                                        : add_ids(options, item, bytes, lists);
  if (code) return code;
  if (lists->lists[APP_BAD_IDS].count == before) return refuse(options, item, "token ids");
  return append(options, lists, APP_BAD_IDS, &(int32_t){SMELT_NONE}, 1);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int take_item(smelt_model *model, app_options *options, const app_item *item, app_token_lists *lists) {
  switch (item->list) {
  case APP_STOP:
    if (!*item->text) return refuse(options, item, "a text");
    lists->stop_texts[options->generate.stop_text_count++] = item->text;
    return APP_OK;
  case APP_SET: /* conversation.c's */
    return APP_OK;
  case APP_BIAS:
    return add_bias(model, options, item, lists);
  case APP_FIRST:
    return add_first(model, options, item, lists);
  case APP_BAD_WORD:
  case APP_BAD_IDS:
    return add_sequence(model, options, item, lists);
  default:
    return add_ids(options, item, strlen(item->text), lists);
  }
}

/* The lists lie where they stay; those that were given replace the model's own. */
static void point_to(app_options *options, app_token_lists *lists) {
  smelt_generate_options *generate = &options->generate;
  smelt_token_list *const fields[APP_LISTS] = {[APP_BAD_IDS] = &generate->bad_words,
                                               [APP_SUPPRESS] = &generate->suppressed,
                                               [APP_SUPPRESS_FIRST] = &generate->suppressed_first,
                                               [APP_FIRST] = &generate->forced_first,
                                               [APP_STOP_IDS] = &generate->stop_ids};
  for (int32_t i = 0; i < options->item_count; i++) {
    app_list list = list_for(&options->items[i]);
    if (fields[list]) *fields[list] = (smelt_token_list){lists->lists[list].tokens, lists->lists[list].count};
  }
  const int32_t *at = lists->lists[APP_BIAS].tokens;
  for (int32_t i = 0; i < generate->bias_count; i++) {
    lists->biases[i].sequence.tokens = at;
    at += lists->biases[i].sequence.count;
  }
  generate->biases = lists->biases;
  generate->stop_texts = lists->stop_texts;
}

int app_take_token_lists(smelt_model *model, app_options *options, app_token_lists *lists) {
  size_t room = (size_t)options->item_count + 1;
  lists->biases = calloc(room, sizeof *lists->biases);
  lists->stop_texts = calloc(room, sizeof *lists->stop_texts);
  if (!lists->biases || !lists->stop_texts) return app_fail(APP_INPUT, "%s: out of memory", options->program);
  for (int32_t i = 0; i < options->item_count; i++) {
    int code = take_item(model, options, &options->items[i], lists);
    if (code) return code;
  }
  point_to(options, lists);
  if (rt_check_options(model, &options->generate))
    return app_fail(APP_USAGE, "%s: %s", options->program, smelt_error(model));
  return APP_OK;
}

void app_free_token_lists(app_token_lists *lists) {
  for (int i = 0; i < APP_LISTS; i++) free(lists->lists[i].tokens);
  free(lists->biases);
  free(lists->stop_texts);
}
