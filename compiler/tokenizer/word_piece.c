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

/* Added tokens are words, too, should normalisation make one. */
status tok_pack_vocabulary_trie(tok_build *b) {
  size_t count = 0;
  tok_trie_key *keys = ARENA_ARRAY(b->a, tok_trie_key, b->vocab_size + b->added_count);
  for (uint32_t id = 0; id < b->vocab_size; id++) keys[count++] = (tok_trie_key){b->key[id], id, 0};
  for (size_t i = 0; i < b->added_count; i++)
    keys[count++] = (tok_trie_key){b->added[i].content, b->added[i].id, 0};
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < keys[i].spelling.count; k++)
      if (!keys[i].spelling.bytes[k])
        return fail(b->a, STATUS_INPUT, "the spelling of token %u holds a NUL", (unsigned)keys[i].id);
  return tok_pack_trie(b, keys, count);
}

status tok_pack_word_piece(tok_build *b) {
  TRY(tok_pack_vocabulary_trie(b));
  b->header.continuing_unit = tok_find_unit(b, b->continuing_prefix);
  return OK;
}
