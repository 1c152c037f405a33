/* contrib_attention.h: pieces that com.microsoft's attention operators share. Private to compiler/onnx. */
#ifndef SMELT_ONNX_CONTRIB_ATTENTION_H
#define SMELT_ONNX_CONTRIB_ATTENTION_H

#include "onnx/attention.h"

/*
 * The attributes and optional inputs of Attention and QAttention, whose queries, keys and values are made
 * from one input: qkv [B, S, D + D + E], their bias added; mask: see contrib_mask.c; past [2, B, H, P, D /
 * H]; bias [B or 1, H or 1, S, T]. NULL: none. Sets the node's second result, the present.
 */
ir_value *onnx_attend_projected(onnx_context *c, ir_value *qkv, ir_value *mask, ir_value *past,
                                ir_value *bias);

/*
 * A bias that hides what the mask does: 0 where a key is seen, the attribute mask_filter_value elsewhere. It
 * broadcasts to the scores [B, H, S, T] of queries that follow `past` keys. Forms of the mask, integers:
 *   [B]            how many keys of each row are seen         [B, T]        1 where a key is seen
 *   [2 B]          where the seen keys end, where they begin  [B, S, T]     for each query
 *   [3 B + 2]      the first B as [B]                         [B, 1, M, M]  for each position; M >= T
 * NULL without a mask, and where one of [B, 1] says the same of all keys.
 */
ir_value *onnx_mask_input_bias(onnx_context *c, ir_value *mask, const onnx_attention *at, ir_dim past);

/* The sum of two biases, each of which may be NULL. */
ir_value *onnx_add_bias(onnx_context *c, ir_value *x, ir_value *y);

#endif
