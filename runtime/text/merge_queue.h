/*
 * merge_queue.h: the pairs of a long piece that may merge, of all the lowest
 * rank first, of equals the leftmost. Text that is long without a space is
 * mostly the same again and again, so its pairs have few ranks: each rank has a
 * list, and a bit says whether that has pairs. Adding takes O(1); a list is put
 * in order when its turn comes, which costs nothing where it grew from left to
 * right. A pair that is no longer there stays: who takes it looks.
 */
#ifndef SMELT_RUNTIME_MERGE_QUEUE_H
#define SMELT_RUNTIME_MERGE_QUEUE_H

#include "text/encoder.h"

enum { BLOCK_SYMBOLS = 15 };

/* Pairs of one rank, each by its first symbol. */
typedef struct {
  uint32_t symbols[BLOCK_SYMBOLS];
  uint32_t before; /* the list's block before it, or the free one */
} rt_queue_block;

typedef struct {
  uint32_t last, count; /* last: its last block; count: of pairs */
} rt_rank_list;

struct rt_merge_queue {
  uint32_t word_count;
  uint64_t *filled; /* a bit per rank: its list has pairs */
  uint64_t *words;  /* a bit per word of `filled` that is not 0 */
  rt_rank_list *lists;
  rt_queue_block *blocks;
  size_t block_count, block_capacity;
  uint32_t free;   /* the last block that was given back, or TOK_NONE */
  uint32_t lowest; /* rank of a list with pairs, or TOK_NONE */
  rt_words open;   /* lists that were begun, each begin[-OPEN_WORDS] on, one on top of the other */
  size_t begin, at, end;
  uint32_t rank; /* of the last one, which is open[at .. end) */
};

typedef struct {
  uint32_t rank; /* TOK_NONE: there is none */
  uint32_t symbol;
} rt_pair_to_merge;

/* The encoder's queue, empty, with room for `count` pairs that will be added; NULL: out of memory. */
struct rt_merge_queue *rt_merge_queue_of(rt_encoder *e, size_t count);

/* Another block for a list. */
void rt_merge_queue_grow(struct rt_merge_queue *q, rt_rank_list *list);

/* Begins the lowest list. False: out of memory. */
bool rt_merge_queue_begin(struct rt_merge_queue *q);

/* Goes back to the list that was left for the one that is done. */
void rt_merge_queue_end(struct rt_merge_queue *q);

static inline void merge_queue_add(struct rt_merge_queue *q, uint32_t rank, uint32_t symbol) {
  rt_rank_list *list = &q->lists[rank];
  uint64_t bit = (uint64_t)1 << rank % 64;
  if (!(q->filled[rank / 64] & bit)) {
    q->filled[rank / 64] |= bit;
    q->words[rank / 4096] |= (uint64_t)1 << rank / 64 % 64;
    list->count = 0;
    if (rank < q->lowest) q->lowest = rank;
  }
  if (list->count % BLOCK_SYMBOLS == 0) rt_merge_queue_grow(q, list);
  q->blocks[list->last].symbols[list->count++ % BLOCK_SYMBOLS] = symbol;
}

/* Takes the next pair. False: out of memory. */
static inline bool merge_queue_take(struct rt_merge_queue *q, rt_pair_to_merge *next) {
  while (q->at == q->end || q->lowest <= q->rank) {
    if (q->at == q->end && q->begin) {
      rt_merge_queue_end(q);
    } else if (q->lowest == TOK_NONE) {
      *next = (rt_pair_to_merge){TOK_NONE, 0};
      return true;
    } else if (!rt_merge_queue_begin(q)) {
      return false;
    }
  }
  *next = (rt_pair_to_merge){q->rank, q->open.items[q->at++]};
  return true;
}

#endif
