/*
 * attention.h: inside of the attention generator. The keys pass in blocks;
 * each row of a block of queries keeps its largest score, the sum of its
 * exponentials and its weighted sum of values so far (online softmax:
 * Milakov and Gimelshein, 2018; Dao et al., FlashAttention, 2022). So memory
 * does not grow with the number of keys.
 */
#ifndef SMELT_ATTENTION_H
#define SMELT_ATTENTION_H

#include "codegen/kernels/kernel.h"
#include "codegen/kernels/tile.h"

enum { ATTENTION_Q, ATTENTION_K, ATTENTION_V, ATTENTION_BIAS };

enum {
  ATTENTION_KEYS = 64,    /* per block: a multiple of every tile's columns and every vector */
  ATTENTION_QUERIES = 48, /* per block, about: whole tiles of rows */
};

/* Sums are f32 (f64 for f64). Everything named stack_* has rows of queries in it. */
typedef struct {
  const plan_step *step;
  const plan_operand *q, *k, *v, *bias; /* bias: NULL where absent */
  ir_dtype dtype;
  bool causal;
  double scale, softcap; /* softcap: 0: none */
  bool one_query;        /* S is 1: scores by dot products, without transposing keys */
  LLVMValueRef B, H, G, S, T, D, E;
  int queries, tile_rows, vectors, lanes;
  int64_t depth_room, width_room; /* D and E rounded up to whole vectors and tiles */
  LLVMValueRef stack_q;           /* [queries][depth_room], scaled */
  LLVMValueRef stack_keys;        /* [depth_room][ATTENTION_KEYS]: a block of keys, transposed */
  LLVMValueRef stack_scores;      /* [queries][ATTENTION_KEYS] */
  LLVMValueRef stack_sums;        /* [queries][width_room] */
  LLVMValueRef stack_most, stack_total, stack_fade; /* [queries], whole vectors */
  /* the current unit */
  LLVMValueRef b, h, first_query, query_count, k_rows, v_rows;
  /* the current block of keys */
  LLVMValueRef first_key, key_count;
} attention;

LLVMValueRef attention_element(emitter *e, const attention *t, LLVMValueRef memory, LLVMValueRef row,
                               int64_t row_size, LLVMValueRef column);

/* Scores of the current keys into stack_scores (attention_scores.c). */
void attention_scores(emitter *e, const attention *t);
/* Scores to weights in place: scale, bias, mask, exponential; keeps stack_most, _total, _fade
 * (attention_rows.c). */
void attention_weights(emitter *e, const attention *t);
/* stack_sums = stack_sums * fade + weights x values (attention_scores.c). */
void attention_values(emitter *e, const attention *t);

#endif
