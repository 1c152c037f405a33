/*
 * safe_split.c: tokenizers with byte fallback merge over the whole text. Where
 * no merge joins another character with a space mark after it, cutting the text
 * there changes nothing, and pieces become words: short, and mostly one look-up.
 */
#include "tokenizer/build.h"

#include <string.h>

/* What spaces are replaced by, if it is one character of the vocabulary. */
static bool find_space_mark(const tok_build *b, tok_string *mark) {
  for (size_t i = 0; i < b->step_count; i++) {
    const tok_step *step = &b->steps[i];
    if (step->kind != TOK_STEP_REPLACE || step->a_bytes != 1 || b->step_bytes[step->a_offset] != ' ')
      continue;
    *mark = (tok_string){arena_format(b->a, "%.*s", (int)step->b_bytes, b->step_bytes + step->b_offset),
                         step->b_bytes};
    /* Three bytes that begin with 0xe2: the mark is U+2581 or its like. */
    return mark->count == 3 && (uint8_t)mark->bytes[0] == 0xe2 && json_object_get(b->vocab, mark->bytes);
  }
  return false;
}

status tok_add_safe_split(tok_build *b) {
  tok_string mark;
  if (b->split_count > b->header.first_split || b->header.flags & TOK_BYTE_LEVEL || b->ignore_merges ||
      b->continuing_prefix.count || b->ending.count || !find_space_mark(b, &mark))
    return OK;
  for (uint32_t i = 0; i < b->header.merge_count; i++)
    if (tok_begins_with(b->key[b->merges[i].right], mark) && !tok_ends_with(b->key[b->merges[i].left], mark))
      return OK;
  const char *pattern = arena_format(b->a, "%s*[^%s]+|%s+", mark.bytes, mark.bytes, mark.bytes);
  return tok_add_split(b, pattern, strlen(pattern), TOK_SPLIT_ISOLATED);
}
