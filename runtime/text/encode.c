/* encode.c: text to ids: added tokens cut out, the rest through the stages of encoder.h. */
#include "text/encoder.h"
#include "text/white_space.h"

#include <stdlib.h>

enum { MAX_TEXT_BYTES = INT32_MAX };

bool rt_reserve(void *address_of_items, size_t *capacity, size_t count, size_t element_bytes) {
  if (count <= *capacity) return true;
  size_t wanted = *capacity ? *capacity : 64;
  while (wanted < count) wanted *= 2;
  if (wanted > SIZE_MAX / 2 / element_bytes) return false;
  void *items;
  memcpy(&items, address_of_items, sizeof items);
  void *moved = realloc(items, wanted * element_bytes);
  if (!moved) return false;
  memcpy(address_of_items, &moved, sizeof moved);
  *capacity = wanted;
  return true;
}

bool rt_append(rt_bytes *to, const void *bytes, size_t count) {
  if (count > MAX_TEXT_BYTES - to->count) return false;
  if (!rt_reserve(&to->bytes, &to->capacity, to->count + count, 1)) return false;
  if (count) memcpy(to->bytes + to->count, bytes, count);
  to->count += count;
  return !to->source || to->source->note(to, bytes, count);
}

bool rt_push(rt_words *to, uint32_t item) {
  if (to->count == to->capacity && !rt_reserve(&to->items, &to->capacity, to->count + 1, sizeof *to->items))
    return false;
  to->items[to->count++] = item;
  return true;
}

void rt_encoder_init(rt_encoder *e, const rt_tokenizer *t) {
  *e = (rt_encoder){.tokenizer = t};
}

void rt_encoder_free(rt_encoder *e) {
  free(e->ids.items);
  free(e->types.items);
  free(e->first.items);
  free(e->second.items);
  free(e->repaired.bytes);
  for (int i = 0; i < 2; i++) {
    free(e->normal[i].bytes);
    for (int level = 0; level <= TOK_MAX_SPLITS; level++) free(e->prepared[level][i].bytes);
  }
  free(e->initial.items);
  free(e->codes.items);
  free(e->sorted.items);
  free(e->symbols);
  rt_merge_queue_free(e);
  free(e->ways);
  free(e->ways_to.items);
  free(e->cache);
  *e = (rt_encoder){.tokenizer = e->tokenizer};
}

/* ---- UTF-8 or U+FFFD -------------------------------------------------------------- */

static bool repair(rt_encoder *e, rt_slice *text) {
  size_t done = 0, at = 0;
  rt_clear(&e->repaired);
  while (at < text->count) {
    uint32_t code;
    size_t length = utf8_next(text->bytes + at, text->count - at, &code);
    if (code >= TOK_CODE_POINTS) {
      if (!rt_append(&e->repaired, text->bytes + done, at - done) ||
          !rt_append(&e->repaired, "\xef\xbf\xbd", 3))
        return false;
      done = at + length;
    }
    at += length;
  }
  if (!done) return true;
  if (!rt_append(&e->repaired, text->bytes + done, text->count - done)) return false;
  *text = (rt_slice){e->repaired.bytes, e->repaired.count};
  return true;
}

/* ---- added tokens ------------------------------------------------------------------- */

static const tok_trie_node *trie_child(const rt_tokenizer *t, const tok_trie_node *node, uint8_t byte) {
  uint32_t low = 0, high = node->edge_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (t->trie_edges[node->first_edge + middle].byte < byte)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == node->edge_count || t->trie_edges[node->first_edge + low].byte != byte) return NULL;
  return &t->trie_nodes[t->trie_edges[node->first_edge + low].node];
}

/* The longest added token that starts at `at`, or TOK_NONE. */
static uint32_t added_token_at(const rt_tokenizer *t, uint32_t root, rt_slice text, size_t at, size_t *end) {
  uint32_t id = TOK_NONE;
  const tok_trie_node *node = &t->trie_nodes[root];
  while (at < text.count && (node = trie_child(t, node, text.bytes[at]))) {
    at++;
    if (node->id != TOK_NONE) id = node->id, *end = at;
  }
  return id;
}

/* Whether text[begin .. end) touches a word's letter; see TOK_SINGLE_WORD. */
static bool touches_word(const rt_tokenizer *t, rt_slice text, size_t begin, size_t end) {
  uint32_t code;
  if (end < text.count) {
    utf8_next(text.bytes + end, text.count - end, &code);
    if (table_letter(t, code) & TOK_WORD) return true;
  }
  if (!begin) return false;
  size_t last = utf8_last(text.bytes, begin);
  utf8_next(text.bytes + last, begin - last, &code);
  return table_letter(t, code) & TOK_WORD;
}

/* What is done with the text between added tokens; `is_first`: it begins the input. */
typedef bool stretch_encoder(rt_encoder *e, rt_slice stretch, bool is_first);

/* Cuts out the added tokens below `root` (leftmost, longest) and hands the rest to `encode_rest`. What comes
 * after one with a raw spelling is no longer first. */
static bool cut_added_tokens(rt_encoder *e, rt_slice text, uint32_t root, bool is_first,
                             stretch_encoder *encode_rest) {
  const rt_tokenizer *t = e->tokenizer;
  bool starts[256] = {false}, cuts_raw = root == TOK_ROOT_RAW;
  const tok_trie_node *node = &t->trie_nodes[root];
  for (uint32_t i = 0; i < node->edge_count; i++)
    starts[(uint8_t)t->trie_edges[node->first_edge + i].byte] = true;

  size_t begin = 0;
  for (size_t at = 0; at < text.count && node->edge_count;) {
    size_t end = at;
    uint32_t id = starts[text.bytes[at]] ? added_token_at(t, root, text, at, &end) : TOK_NONE;
    if (id == TOK_NONE) {
      at++;
      continue;
    }
    uint32_t flags = table_flags(t, id);
    if (flags & TOK_SINGLE_WORD && touches_word(t, text, at, end)) {
      at = end;
      continue;
    }
    size_t rest = flags & TOK_LSTRIP ? trim_spaces(text, begin, at) : at;
    if (rest > begin &&
        !encode_rest(e, (rt_slice){text.bytes + begin, rest - begin}, is_first && !(cuts_raw && begin)))
      return false;
    if (!rt_push(&e->ids, id)) return false;
    begin = at = flags & TOK_RSTRIP ? skip_spaces(text, end) : end;
    if (e->follower && !e->follower->added(e, (rt_slice){text.bytes + rest, at - rest})) return false;
  }
  return begin == text.count ||
         encode_rest(e, (rt_slice){text.bytes + begin, text.count - begin}, is_first && !(cuts_raw && begin));
}

/* Neighbouring unknown tokens from number `begin` on become one. */
static void fuse_unknown(rt_encoder *e, size_t begin) {
  uint32_t *ids = e->ids.items, unknown = e->tokenizer->header->unknown_id;
  size_t count = begin;
  if (e->follower) e->follower->fused(e, begin);
  for (size_t i = begin; i < e->ids.count; i++)
    if (i == begin || ids[i] != unknown || ids[i - 1] != unknown) ids[count++] = ids[i];
  e->ids.count = count;
}

/* Pieces without an id of their own become unknown, each by itself. */
static void forget_unlisted(rt_encoder *e, size_t begin) {
  for (size_t i = begin; i < e->ids.count; i++)
    if (e->ids.items[i] >= e->tokenizer->header->first_unlisted)
      e->ids.items[i] = e->tokenizer->header->unknown_id;
}

static bool encode_split(rt_encoder *e, rt_slice text, bool is_first) {
  size_t begin = e->ids.count;
  if (!rt_encode_split(e, text, e->tokenizer->header->first_split, is_first)) return false;
  if (e->tokenizer->header->flags & TOK_FUSE_UNKNOWN) fuse_unknown(e, begin);
  if (e->tokenizer->header->first_unlisted < e->tokenizer->header->vocab_size) forget_unlisted(e, begin);
  return true;
}

static bool encode_normalised(rt_encoder *e, rt_slice text, bool is_first) {
  const rt_tokenizer *t = e->tokenizer;
  return rt_apply_steps(e, t->steps, t->header->normalizer_steps, e->normal, is_first, &text) &&
         cut_added_tokens(e, text, TOK_ROOT_NORMAL, is_first, encode_split);
}

/* As encode_normalised, for text in which no added token is to be found. */
static bool encode_plain(rt_encoder *e, rt_slice text, bool is_first) {
  const rt_tokenizer *t = e->tokenizer;
  return rt_apply_steps(e, t->steps, t->header->normalizer_steps, e->normal, is_first, &text) &&
         encode_split(e, text, is_first);
}

bool rt_encode(rt_encoder *e, const char *text, size_t bytes, unsigned flags) {
  const rt_tokenizer *t = e->tokenizer;
  rt_slice input = {(const uint8_t *)text, bytes};
  e->ids.count = 0;
  if (bytes > MAX_TEXT_BYTES) return false;
  if (flags & RT_ADD_SPECIAL)
    for (uint32_t i = 0; i < t->prefix_ids_count; i++)
      if (!rt_push(&e->ids, t->prefix_ids[i])) return false;
  if (!(t->header->flags & TOK_BYTE_LEVEL) && !repair(e, &input)) return false;
  bool ok = flags & RT_IGNORE_SPECIAL ? !input.count || encode_plain(e, input, true)
                                      : cut_added_tokens(e, input, TOK_ROOT_RAW, true, encode_normalised);
  if (!ok) return false;
  if (flags & RT_ADD_SPECIAL)
    for (uint32_t i = 0; i < t->suffix_ids_count; i++)
      if (!rt_push(&e->ids, t->suffix_ids[i])) return false;
  return true;
}
