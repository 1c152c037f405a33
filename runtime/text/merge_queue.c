/* merge_queue.c: lists of pairs by rank, one begun after the other. */
#include "text/merge_queue.h"

#include <stdlib.h>

enum { OPEN_WORDS = 4 /* begin, at, end and rank of the list that was left, before the next one's pairs */ };

/* ---- memory ------------------------------------------------------------------------------ */

static bool make_lists(struct rt_merge_queue *q, uint32_t ranks) {
  q->word_count = ranks / 4096 + 1;
  q->filled = calloc((size_t)q->word_count * 64, sizeof *q->filled);
  q->words = calloc(q->word_count, sizeof *q->words);
  if (q->filled && q->words) q->lists = malloc(((size_t)ranks + 1) * sizeof *q->lists);
  return q->lists;
}

struct rt_merge_queue *rt_merge_queue_of(rt_encoder *e, size_t count) {
  struct rt_merge_queue *q = e->merge_queue;
  uint32_t ranks = e->tokenizer->header->merge_count;
  size_t blocks = count / BLOCK_SYMBOLS + (count < ranks ? count : ranks); /* each list's last is not full */
  if (!q) q = e->merge_queue = calloc(1, sizeof *q);
  if (!q || (!q->lists && !make_lists(q, ranks)) ||
      !rt_reserve(&q->blocks, &q->block_capacity, blocks, sizeof *q->blocks))
    return NULL;
  if (q->lowest != TOK_NONE) { /* it is new, or memory ran out while it had pairs */
    memset(q->filled, 0, (size_t)q->word_count * 64 * sizeof *q->filled);
    memset(q->words, 0, q->word_count * sizeof *q->words);
  }
  q->block_count = 0;
  q->free = TOK_NONE;
  q->lowest = TOK_NONE;
  q->begin = q->at = q->end = 0;
  return q;
}

void rt_merge_queue_free(rt_encoder *e) {
  struct rt_merge_queue *q = e->merge_queue;
  if (!q) return;
  free(q->filled);
  free(q->words);
  free(q->lists);
  free(q->blocks);
  free(q->open.items);
  free(q);
}

/* ---- order --------------------------------------------------------------------------------- */

static size_t run_end(const uint32_t *items, size_t at, size_t count) {
  while (++at < count && items[at - 1] <= items[at]) continue;
  return at < count ? at : count;
}

/* Each two neighbouring runs that rise become one, in `to`. True: there is but one now. */
static bool merge_runs(const uint32_t *from, uint32_t *to, size_t count) {
  size_t runs = 0;
  for (size_t at = 0; at < count; runs++) {
    size_t left = at, middle = run_end(from, at, count), right = middle, end = run_end(from, middle, count);
    while (at < end)
      to[at++] = right == end || (left < middle && from[left] <= from[right]) ? from[left++] : from[right++];
  }
  return runs <= 1;
}

/* spare[count] is overwritten. */
static void sort(uint32_t *items, uint32_t *spare, size_t count) {
  if (run_end(items, 0, count) == count) return;
  for (bool done = false; !done;) {
    done = merge_runs(items, spare, count);
    memcpy(items, spare, count * sizeof *items);
  }
}

/* ---- lists ------------------------------------------------------------------------------------ */

static uint32_t lowest_from(const struct rt_merge_queue *q, uint32_t rank) {
  for (uint32_t i = rank / 4096; i < q->word_count; i++) {
    if (!q->words[i]) continue;
    uint32_t word = 64 * i + (uint32_t)__builtin_ctzll(q->words[i]);
    return 64 * word + (uint32_t)__builtin_ctzll(q->filled[word]);
  }
  return TOK_NONE;
}

static void mark_empty(struct rt_merge_queue *q, uint32_t rank) {
  uint64_t *word = &q->filled[rank / 64];
  *word &= ~((uint64_t)1 << rank % 64);
  if (!*word) q->words[rank / 4096] &= ~((uint64_t)1 << rank / 64 % 64);
}

void rt_merge_queue_grow(struct rt_merge_queue *q, rt_rank_list *list) {
  uint32_t block = q->free == TOK_NONE ? (uint32_t)q->block_count++ : q->free;
  if (block == q->free) q->free = q->blocks[block].before;
  q->blocks[block].before = list->last;
  list->last = block;
}

/* Fills items[list.count] and gives the list's blocks back. */
static void take_list(struct rt_merge_queue *q, rt_rank_list list, uint32_t *items) {
  for (uint32_t left = list.count; left > 0;) {
    rt_queue_block *block = &q->blocks[list.last];
    uint32_t count = (left - 1) % BLOCK_SYMBOLS + 1, free = list.last;
    left -= count;
    memcpy(items + left, block->symbols, count * sizeof *items);
    list.last = block->before;
    block->before = q->free;
    q->free = free;
  }
}

bool rt_merge_queue_begin(struct rt_merge_queue *q) {
  rt_rank_list list = q->lists[q->lowest];
  size_t begin = q->end + OPEN_WORDS;
  if (!rt_reserve(&q->open.items, &q->open.capacity, begin + 2 * (size_t)list.count, sizeof(uint32_t)))
    return false;
  uint32_t *items = q->open.items + begin;
  const uint32_t left[OPEN_WORDS] = {(uint32_t)q->begin, (uint32_t)q->at, (uint32_t)q->end, q->rank};
  memcpy(items - OPEN_WORDS, left, sizeof left);
  take_list(q, list, items);
  sort(items, items + list.count, list.count);
  q->begin = q->at = begin;
  q->end = begin + list.count;
  q->rank = q->lowest;
  mark_empty(q, q->rank);
  q->lowest = lowest_from(q, q->rank);
  return true;
}

void rt_merge_queue_end(struct rt_merge_queue *q) {
  uint32_t left[OPEN_WORDS];
  memcpy(left, q->open.items + q->begin - OPEN_WORDS, sizeof left);
  q->begin = left[0];
  q->at = left[1];
  q->end = left[2];
  q->rank = left[3];
}
