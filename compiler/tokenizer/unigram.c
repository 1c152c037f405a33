/* unigram.c: a Unigram model (Kudo, "Subword Regularization"): scores of tokens, and the vocabulary as a
 * trie. */
#include "tokenizer/build.h"
#include "tokenizer/double_array.h"

#include <string.h>

#define UNKNOWN_PENALTY 10.0 /* an unknown character scores that much less than the worst token */

status tok_read_unigram(tok_build *b, const json_view *model) {
  json_view fallback = view_member(model, "byte_fallback");
  b->header.flags |= TOK_FUSE_UNKNOWN;
  return view_bool(b->a, &fallback, false, &b->byte_fallback);
}

/* [spelling, score]; the spelling is copied, as the array goes away. */
static status read_entry(tok_build *b, const json_view *item, const char **spelling, double *score) {
  json_view first = view_item(item, 0), second = view_item(item, 1);
  size_t count;
  TRY(view_array(b->a, item));
  TRY(view_string(b->a, &first, spelling, &count));
  TRY(view_number(b->a, &second, score));
  if (strlen(*spelling) != count) return view_fail(b->a, &first, "a token's spelling holds a NUL");
  *spelling = arena_text(b->a, *spelling);
  return OK;
}

status tok_read_scored_vocabulary(tok_build *b, const json_view *model) {
  json_view vocab = view_member(model, "vocab");
  TRY(view_array(b->a, &vocab));
  uint32_t count = (uint32_t)view_item_count(&vocab);
  if (count > TOK_MAX_NUMBER) return view_fail(b->a, &vocab, "there are more than 2^24 tokens");
  json_t *ids = json_object();
  b->vocab_size = b->vocab_size > count ? b->vocab_size : count;
  b->spelling = ARENA_ARRAY(b->a, tok_string, b->vocab_size);
  b->scores = ARENA_ARRAY(b->a, double, (size_t)b->vocab_size + 1);
  double worst = 0;
  for (uint32_t id = 0; id < count; id++) {
    json_view item = view_item(&vocab, id);
    const char *spelling;
    status s = read_entry(b, &item, &spelling, &b->scores[id]);
    if (s) {
      json_decref(ids);
      return s;
    }
    if (!id || b->scores[id] < worst) worst = b->scores[id];
    b->spelling[id] = (tok_string){spelling, strlen(spelling)};
    json_object_set_new(ids, spelling, json_integer(id)); /* of equal spellings the last counts */
  }
  json_object_set_new(model->value, "vocab", ids);
  b->vocab = ids; /* the model keeps it */
  json_view unknown = view_member(model, "unk_id");
  b->scores[b->vocab_size] = worst - UNKNOWN_PENALTY;
  if (view_is_absent(&unknown)) return OK;
  TRY(view_unsigned(b->a, &unknown, count, &b->header.unknown_id));
  b->scores[b->header.unknown_id] = worst - UNKNOWN_PENALTY;
  return OK;
}

status tok_pack_unigram(tok_build *b) {
  TOK_SET_SECTION(b, scores, b->scores, (size_t)b->vocab_size + 1);
  return tok_pack_vocabulary_trie(b, false);
}
