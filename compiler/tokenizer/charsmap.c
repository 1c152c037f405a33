/* charsmap.c: how a SentencePiece model normalises -> steps. Its rules stay as the trie that the model holds.
 */
#include "tokenizer/build.h"

#include <string.h>

/* The charsmap: the bytes of a trie (smelt/tokenizer.h, charsmap_units), the trie, and NUL-terminated texts.
 */
static status add_charsmap(tok_build *b, tok_string charsmap) {
  uint32_t trie_bytes = 0;
  if (charsmap.count > sizeof trie_bytes) memcpy(&trie_bytes, charsmap.bytes, sizeof trie_bytes);
  size_t rest = charsmap.count < sizeof trie_bytes ? 0 : charsmap.count - sizeof trie_bytes;
  if (!trie_bytes || trie_bytes % sizeof(uint32_t) || trie_bytes >= rest ||
      charsmap.bytes[charsmap.count - 1])
    return fail_node(b->a, fail(b->a, STATUS_INPUT, "not a trie with texts (damaged, or cut short)"),
                     "normalizer_spec.precompiled_charsmap");
  const char *trie = charsmap.bytes + sizeof trie_bytes;
  TOK_SET_SECTION(b, charsmap_units, arena_copy(b->a, trie, trie_bytes), trie_bytes / sizeof(uint32_t));
  TOK_SET_SECTION(b, charsmap_texts, trie + trie_bytes, rest - trie_bytes);
  tok_add_step(b, TOK_STEP_CHARSMAP, (tok_string){0}, (tok_string){0});
  return OK;
}

status tok_add_normal_rules(tok_build *b, const tok_normal_rules *rules) {
  tok_string space = {" ", 1}, mark = {"\xe2\x96\x81", 3};
  if (rules->charsmap.count) TRY(add_charsmap(b, rules->charsmap));
  if (rules->squeeze)
    tok_add_step(b, TOK_STEP_SQUEEZE, rules->escape ? mark : (tok_string){0}, (tok_string){0});
  if (rules->prefix) tok_add_step(b, TOK_STEP_PREPEND, space, (tok_string){0});
  if (rules->escape) tok_add_step(b, TOK_STEP_REPLACE, space, mark);
  b->header.normalizer_steps = (uint32_t)b->step_count;
  b->added_as_spelled = true;
  return OK;
}
