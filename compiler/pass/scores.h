/* scores.h: what happens to attention scores between q k^T and their softmax. Private to pass/. */
#ifndef SMELT_PASS_SCORES_H
#define SMELT_PASS_SCORES_H

#include "pass/rewrite.h"

typedef struct {
  ir_node *product; /* matmul q, k^T: [B, H, S, T] or [N, S, T] */
  double scale;     /* product of all constant factors */
  double softcap;   /* 0: none; else scores become softcap * tanh(scores / softcap) before the bias */
  bool causal;
  ir_value *bias; /* sum of everything added, rank 4; NULL: nothing */
  bool has_heads; /* the scores were seen in rank 4: heads = [B, H] */
  ir_dim heads[2];
} attention_scores;

/* Reads `v`, the operand of a softmax, back to its matrix product; false if something else is on the way. */
bool scores_read(ir_builder *b, ir_value *v, attention_scores *scores);

/* Splits the causal part from a bias: what is left (NULL: nothing) and whether there was one. */
ir_value *scores_split_bias(ir_builder *b, ir_value *bias, ir_dim queries, ir_dim keys, bool *causal);

#endif
