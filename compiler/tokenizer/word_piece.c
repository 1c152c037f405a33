/* word_piece.c: the options of a WordPiece model, and its vocabulary as a trie. */
#include "tokenizer/build.h"
#include "tokenizer/double_array.h"

enum { USUAL_LONGEST_WORD = 100 };

status tok_read_word_piece(tok_build *b, const json_view *model) {
  json_view longest = view_member(model, "max_input_chars_per_word");
  json_view prefix = view_member(model, "continuing_subword_prefix"),
            unknown = view_member(model, "unk_token");
  b->header.longest_word_codes = USUAL_LONGEST_WORD;
  b->continuing_prefix = (tok_string){"##", 2};
  if (!view_is_absent(&longest))
    TRY(view_unsigned(b->a, &longest, UINT32_MAX, &b->header.longest_word_codes));
  if (!view_is_absent(&prefix))
    TRY(view_string(b->a, &prefix, &b->continuing_prefix.bytes, &b->continuing_prefix.count));
  return view_is_absent(&unknown) ? view_fail(b->a, &unknown, "a WordPiece model needs an unknown token")
                                  : OK;
}

status tok_pack_word_piece(tok_build *b) {
  /* Added tokens are words, too, should normalisation make one. */
  TRY(tok_pack_vocabulary_trie(b, true));
  b->header.continuing_unit = tok_find_unit(b, b->continuing_prefix);
  return OK;
}
