/* merges.c: model.merges -> pairs of ids that become one, the lowest rank first. */
#include "tokenizer/build.h"

#include <string.h>

/* A merge is "left right" or ["left", "right"]. Texts are NUL-terminated and live in the arena or document.
 */
static status read_pair(tok_build *b, const json_view *item, const char **left, const char **right) {
  const char *bytes;
  size_t count;
  if (json_is_array(item->value)) {
    json_view first = view_item(item, 0), second = view_item(item, 1);
    TRY(view_string(b->a, &first, left, &count));
    return view_string(b->a, &second, right, &count);
  }
  TRY(view_string(b->a, item, &bytes, &count));
  const char *space = strchr(bytes, ' ');
  if (!space || strchr(space + 1, ' '))
    return view_fail(b->a, item, "a merge is two tokens with a space between");
  char *copy = arena_copy(b->a, bytes, count + 1);
  copy[space - bytes] = 0;
  *left = copy;
  *right = copy + (space - bytes) + 1;
  return OK;
}

static status find_token(tok_build *b, const json_view *item, const char *spelling, uint32_t *id) {
  json_t *value = json_object_get(b->vocab, spelling);
  if (!value)
    return view_fail(b->a, item, "the merge needs the token '%s', which is not in the vocabulary", spelling);
  *id = (uint32_t)json_integer_value(value);
  return OK;
}

/* Inside a word, the right part loses the prefix that says so. */
static const char *merged_spelling(tok_build *b, const char *left, const char *right) {
  bool marked = tok_begins_with((tok_string){right, strlen(right)}, b->continuing_prefix);
  return arena_format(b->a, "%s%s", left, marked ? right + b->continuing_prefix.count : right);
}

status tok_read_merges(tok_build *b, const json_view *model) {
  json_view items = view_member(model, "merges");
  TRY(view_array(b->a, &items));
  size_t count = view_item_count(&items);
  if (count > TOK_MAX_NUMBER) return view_fail(b->a, &items, "there are more than 2^24 merges");
  b->merges = ARENA_ARRAY(b->a, tok_merge, count);
  b->header.merge_count = (uint32_t)count;
  for (size_t i = 0; i < count; i++) {
    json_view item = view_item(&items, i);
    const char *left, *right;
    tok_merge *merge = &b->merges[i];
    TRY(read_pair(b, &item, &left, &right));
    TRY(find_token(b, &item, left, &merge->left));
    TRY(find_token(b, &item, right, &merge->right));
    TRY(find_token(b, &item, merged_spelling(b, left, right), &merge->merged));
  }
  if (!tok_index_merges(b)) return view_fail(b->a, &items, "a pair of tokens is merged twice");
  return OK;
}
