/*
 * ranked_merges.c: merges of vocabularies that have none written down, where any two neighbours merge whose
 * texts together are a token, the lowest rank first. Of a token's ways to be made of two, only one can come
 * about: what goes on inside its bytes while they stay apart from others is the same in every text. So
 * merging the token's own bytes finds it.
 */
#include "tokenizer/source.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { MAX_SYMBOLS = 512 };

/* Open addressing over the tokens' bytes. */
typedef struct {
  const tok_ranked *tokens;
  uint32_t *slots; /* index + 1, or 0 */
  uint32_t mask;
} spelling_map;

static uint32_t find(const spelling_map *map, tok_string bytes) {
  uint32_t at = (uint32_t)tok_hash_bytes((const uint8_t *)bytes.bytes, bytes.count) & map->mask;
  for (; map->slots[at]; at = (at + 1) & map->mask)
    if (tok_equal(map->tokens[map->slots[at] - 1].bytes, bytes)) return map->slots[at] - 1;
  return TOK_NONE;
}

static spelling_map map_spellings(arena *a, const tok_ranked *tokens, size_t count) {
  spelling_map map = {.tokens = tokens, .mask = 63};
  while (map.mask < 2 * count) map.mask = 2 * map.mask + 1;
  map.slots = ARENA_ARRAY(a, uint32_t, (size_t)map.mask + 1);
  for (size_t i = 0; i < count; i++) {
    uint32_t at = (uint32_t)tok_hash_bytes((const uint8_t *)tokens[i].bytes.bytes, tokens[i].bytes.count);
    for (at &= map.mask; map.slots[at]; at = (at + 1) & map.mask) continue;
    map.slots[at] = (uint32_t)i + 1;
  }
  return map;
}

/* Where each symbol begins, and last the end; 0 symbols where there are too many or it is not UTF-8. */
static size_t cut_symbols(tok_string bytes, bool over_bytes, uint32_t starts[MAX_SYMBOLS + 1]) {
  size_t count = 0;
  for (size_t at = 0; at < bytes.count; count++) {
    utf8proc_int32_t code;
    utf8proc_ssize_t length = over_bytes ? 1
                                         : utf8proc_iterate((const utf8proc_uint8_t *)bytes.bytes + at,
                                                            (utf8proc_ssize_t)(bytes.count - at), &code);
    if (length <= 0 || count == MAX_SYMBOLS) return 0;
    starts[count] = (uint32_t)at;
    at += (size_t)length;
  }
  starts[count] = (uint32_t)bytes.count;
  return count;
}

/* The rank of the token that symbols i and i + 1 of `bytes` make, or TOK_NONE. */
static uint32_t pair_rank(const spelling_map *map, tok_string bytes, const uint32_t *starts, size_t i) {
  uint32_t token = find(map, (tok_string){bytes.bytes + starts[i], starts[i + 2] - starts[i]});
  return token == TOK_NONE ? TOK_NONE : map->tokens[token].rank;
}

static void find_merge(const spelling_map *map, tok_ranked *token, bool over_bytes) {
  uint32_t starts[MAX_SYMBOLS + 1], ranks[MAX_SYMBOLS];
  size_t count = cut_symbols(token->bytes, over_bytes, starts);
  token->left = token->right = TOK_NONE;
  for (size_t i = 0; i + 1 < count; i++) ranks[i] = pair_rank(map, token->bytes, starts, i);
  while (count > 2) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; i++)
      if (ranks[i] < ranks[best]) best = i;
    if (ranks[best] == TOK_NONE) return;
    memmove(starts + best + 1, starts + best + 2, (count - best - 1) * sizeof *starts);
    memmove(ranks + best, ranks + best + 1, (count - best - 2) * sizeof *ranks);
    count--;
    if (best + 1 < count) ranks[best] = pair_rank(map, token->bytes, starts, best);
    if (best > 0) ranks[best - 1] = pair_rank(map, token->bytes, starts, best - 1);
  }
  if (count < 2) return;
  token->left = find(map, (tok_string){token->bytes.bytes, starts[1]});
  token->right = find(map, (tok_string){token->bytes.bytes + starts[1], starts[2] - starts[1]});
  if (token->left == TOK_NONE || token->right == TOK_NONE) token->left = token->right = TOK_NONE;
}

status tok_find_merges(arena *a, tok_ranked *tokens, size_t count, bool over_bytes) {
  spelling_map map = map_spellings(a, tokens, count);
  for (size_t i = 0; i < count; i++) {
    if (find(&map, tokens[i].bytes) != i)
      return fail(a, STATUS_INPUT, "two tokens are spelled '%.*s'", (int)tokens[i].bytes.count,
                  tokens[i].bytes.bytes);
    find_merge(&map, &tokens[i], over_bytes);
  }
  return OK;
}

typedef struct {
  uint32_t rank, index;
} order_key;

static int compare_keys(const void *x, const void *y) {
  uint32_t left = ((const order_key *)x)->rank, right = ((const order_key *)y)->rank;
  return left < right ? -1 : left > right;
}

uint32_t *tok_merge_order(arena *a, const tok_ranked *tokens, size_t count, size_t *merge_count) {
  order_key *keys = ARENA_ARRAY(a, order_key, count + 1);
  *merge_count = 0;
  for (size_t i = 0; i < count; i++)
    if (tokens[i].left != TOK_NONE) keys[(*merge_count)++] = (order_key){tokens[i].rank, (uint32_t)i};
  qsort(keys, *merge_count, sizeof *keys, compare_keys);
  uint32_t *order = ARENA_ARRAY(a, uint32_t, *merge_count + 1);
  for (size_t i = 0; i < *merge_count; i++) order[i] = keys[i].index;
  return order;
}
