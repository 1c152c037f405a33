/*
 * attention.h: inside of the attention generator. The keys pass in blocks;
 * each row keeps its largest score, the sum of its exponentials and its
 * weighted sum of values so far (online softmax: Milakov and Gimelshein, 2018;
 * Dao et al., FlashAttention, 2022). So memory does not grow with the number
 * of keys.
 *
 * A unit of work is a block of queries of some heads that share their keys and
 * values, which are then read once for all of them. Row query * heads + head is
 * one query of one head: rows that causality hides from a block of keys are the
 * first ones.
 */
#ifndef SMELT_ATTENTION_H
#define SMELT_ATTENTION_H

#include "codegen/kernels/kernel.h"
#include "codegen/kernels/tile.h"

enum { ATTENTION_Q, ATTENTION_K, ATTENTION_V, ATTENTION_BIAS, ATTENTION_K_SCALE, ATTENTION_V_SCALE };

enum {
  ATTENTION_KEYS = 64, /* per block: a multiple of every tile's columns and every vector */
  ATTENTION_ROWS = 96, /* of a unit, at most, */
  ATTENTION_ROOM_BYTES =
      192 << 10,       /* and no more than fit the stack, and a second-level cache, with their keys */
  ATTENTION_HEADS = 8, /* of a unit, at most */
};

/* Scores are kept as powers of two, which are cheaper: in units of log 2. */
static const double ATTENTION_UNIT = 1.44269504088896340736; /* log2 e */

/* Sums are f32 (f64 for f64). */
typedef struct {
  const plan_step *step;
  const plan_operand *q, *k, *v, *bias; /* bias: NULL where absent */
  const plan_operand *scales[2];        /* of rows of k and v of bytes, else NULL */
  ir_dtype dtype;
  bool causal;
  double scale, softcap; /* softcap: 0: none; both in units of ATTENTION_UNIT */
  bool
      one_query; /* of a unit, S being 1 or queries apart: scores by dot products, without transposing keys */
  bool widens_keys; /* one query: short keys are made wide once for all heads */
  bool in_chunks;   /* one query, whose keys are split: the result is [B, H, S chunks, E + 2] (plan.h) */
  LLVMValueRef B, H, G, S, T, D, E;
  int heads, queries, rows; /* of a unit; rows: heads x queries, whole tiles */
  int tile_rows, vectors, lanes;
  int sum_lanes; /* of sums over features or weights: lanes, or more where programs are steady */
  int64_t depth_room, width_room; /* D and E rounded up to whole vectors and tiles */
  LLVMValueRef stack_q;           /* [rows][depth_room], scaled */
  LLVMValueRef stack_keys; /* [depth_room][ATTENTION_KEYS]: a block of keys, transposed; where widens_keys,
[lanes][depth_room]: a few of them */
  LLVMValueRef stack_scales[2]; /* [ATTENTION_KEYS]: of the block's rows of k and v; NULL: there are none */
  LLVMValueRef stack_scores;    /* [rows][ATTENTION_KEYS] */
  LLVMValueRef stack_sums;      /* [rows][width_room] */
  LLVMValueRef stack_most, stack_fade; /* [rows], and a vector that may begin at any of them */
  LLVMValueRef stack_peaks; /* [rows + lanes][lanes]: of the block, vectors whose largest element counts */
  LLVMValueRef stack_total; /* [rows][sum_lanes]: to be added up */
  LLVMValueRef stack_parts; /* one query, sum_lanes beyond lanes: [sum_lanes / lanes][lanes][lanes], for each
key parts of its score, to be added up */
  /* the current unit */
  LLVMValueRef start_key; /* its first key: 0 but for chunks */
  LLVMValueRef chunk_row; /* of a chunk: query * chunks + chunk */
  LLVMValueRef b, first_head, first_query, query_count, row_count, k_rows, v_rows;
  LLVMValueRef first_key, key_count, tile_row; /* the current block of keys, of which rows before see none */
} attention;

LLVMValueRef attention_element(emitter *e, const attention *t, LLVMValueRef memory, LLVMValueRef row,
                               int64_t row_size, LLVMValueRef column);

/* What a chunk of keys leaves behind its E sums. */
enum { ATTENTION_MOST, ATTENTION_TOTAL };

/* Elements on the stack for `dim` of them, whole steps of `step`. Sizes of heads are known or bounded. */
int64_t attention_room(emitter *e, ir_dim dim, int64_t step);

/* What scores are relative to: the largest, but 0 where all are minus infinity. */
LLVMValueRef attention_reference(emitter *e, LLVMValueRef most);
/* 1 / total; 1 where it is 0: a query that sees no key is 0, an empty sum of values. */
LLVMValueRef attention_factor(emitter *e, ir_dtype dtype, LLVMValueRef total);

/* Keys of the block that the row sees: the first ones. Those of the last row of its tile, up to which tiles
 * go. */
LLVMValueRef attention_row_keys(emitter *e, const attention *t, LLVMValueRef row);
LLVMValueRef attention_tile_keys(emitter *e, const attention *t, LLVMValueRef row);

/* The scales of the current keys and values into stack_scales; `lanes` of them from `key`
 * (attention_scores.c). */
void attention_bring_scales(emitter *e, const attention *t);
LLVMValueRef attention_scales(emitter *e, const attention *t, int of, LLVMValueRef key);
enum { ATTENTION_OF_KEYS, ATTENTION_OF_VALUES };

/* Scores of the current keys into stack_scores, and into stack_peaks as if nothing were added or masked; one
 * query has no peaks yet (attention_scores.c). */
void attention_scores(emitter *e, const attention *t);
/* Cap, bias and mask onto the scores, and what they are relative to: stack_most, stack_fade
 * (attention_rows.c). */
void attention_references(emitter *e, const attention *t);
/* Scores of the tile of rows from `row` to weights in place: exponentials; keeps stack_total
 * (attention_rows.c). */
void attention_weights(emitter *e, const attention *t, LLVMValueRef row);
/* Weights of each tile, then stack_sums = stack_sums * fade + weights x values (attention_scores.c). */
void attention_values(emitter *e, const attention *t);

#endif
