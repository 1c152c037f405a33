/* import_contrib.c: com.microsoft operators of optimised transformers (ONNX Runtime
 * docs/ContribOperators.md). */
#include "onnx/attention.h"

#include <string.h>

/* ---- activations ---- */

static ir_value *import_gelu(onnx_context *c) {
  ir_value *x = c->in[0];
  if (c->in[1]) x = ir_binary(c->b, IR_ADD, x, c->in[1]); /* BiasGelu, FastGelu */
  return ir_unary(c->b, c->row->op, x);
}

/* x * sigmoid(alpha * x) */
static ir_value *import_quick_gelu(onnx_context *c) {
  ir_value *x = c->in[0];
  ir_value *scaled = ir_binary(c->b, IR_MUL, x, onnx_number_like(c, x, onnx_attr_float(c, "alpha", 1.702)));
  return ir_binary(c->b, IR_MUL, x, ir_unary(c->b, IR_SIGMOID, scaled));
}

/* ---- norms after a residual sum ---- */

static ir_value *sum_inputs(onnx_context *c, ir_value *bias) {
  ir_value *sum = ir_binary(c->b, IR_ADD, c->in[0], c->in[1]);
  return bias ? ir_binary(c->b, IR_ADD, sum, bias) : sum;
}

/* Inputs: x, skip, gamma, beta, bias; the fourth output is the sum. */
static ir_value *import_skip_layer_norm(onnx_context *c) {
  ir_value *sum = sum_inputs(c, c->in[4]);
  c->out[3] = sum;
  if (c->in[0]->type.rank < 1) return onnx_fail(c, "needs an input with axes");
  return onnx_build_norm(c, IR_LAYER_NORM, sum, c->in[2], c->in[3], c->in[0]->type.rank - 1,
                         onnx_attr_float(c, "epsilon", 1e-12));
}

/* Inputs: x, skip, gamma, bias */
static ir_value *import_skip_rms_norm(onnx_context *c) {
  ir_value *sum = sum_inputs(c, c->in[3]);
  c->out[3] = sum;
  if (c->in[0]->type.rank < 1) return onnx_fail(c, "needs an input with axes");
  return onnx_build_norm(c, IR_RMS_NORM, sum, c->in[2], NULL, c->in[0]->type.rank - 1,
                         onnx_attr_float(c, "epsilon", 1e-12));
}

static ir_value *import_rms_norm(onnx_context *c) {
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", -1), c->in[0]->type.rank);
  if (onnx_failed(c)) return c->in[0];
  return onnx_build_norm(c, IR_RMS_NORM, c->in[0], c->in[1], NULL, axis, onnx_attr_float(c, "epsilon", 1e-5));
}

/* ---- products ---- */

static ir_value *import_fused_matmul(onnx_context *c) {
  ir_value *x = c->in[0], *y = c->in[1];
  double alpha = onnx_attr_float(c, "alpha", 1);
  if (onnx_attr_int(c, "transBatchA", 0) || onnx_attr_int(c, "transBatchB", 0)) {
    return onnx_fail(c, "transBatchA and transBatchB are not supported");
  }
  if (onnx_attr_int(c, "transA", 0)) x = onnx_swap_last(c, x);
  if (onnx_attr_int(c, "transB", 0)) y = onnx_swap_last(c, y);
  ir_value *product = ir_matmul(c->b, x, y);
  return alpha == 1 ? product : ir_binary(c->b, IR_MUL, product, onnx_number_like(c, c->in[0], alpha));
}

/* ---- rotary ---- */

/* cos or sin of the given positions [B, S] or [1, S]: [B, S, R/2] */
static ir_value *cache_rows(onnx_context *c, ir_value *cache, ir_value *positions) {
  if (cache->type.rank != 2) return onnx_fail(c, "its caches must have rank 2");
  return ir_gather(c->b, cache, positions, 0);
}

/* Positions offset, offset + 1, ...: [1, S] i64 */
static ir_value *counting_positions(onnx_context *c, ir_dim offset, ir_dim count) {
  ir_dim dims[2] = {onnx_dim(c, 1), count};
  return ir_iota(c->b, dims, 2, 1, offset, 1);
}

/* Inputs: x, position_ids ([B, S], or [1]: the first position), cos_cache, sin_cache [positions, R/2] */
static ir_value *import_rotary(onnx_context *c) {
  ir_value *x = c->in[0], *positions = c->in[1];
  bool flat = x->type.rank == 3;
  int64_t heads = onnx_attr_int(c, "num_heads", 0), size;
  if (c->in[2]->type.rank != 2) return onnx_fail(c, "its caches must have rank 2");
  if (flat && heads == 0) { /* heads are as wide as the caches turn */
    int64_t hidden, half;
    if (!ir_dim_is_const(x->type.dims[2], &hidden) || !ir_dim_is_const(c->in[2]->type.dims[1], &half) ||
        half < 1) {
      return onnx_fail(c, "its head count is not known");
    }
    heads = hidden / (2 * half);
  }
  if (flat) x = onnx_split_heads(c, x, heads);
  if (onnx_failed(c) || x->type.rank != 4)
    return onnx_failed(c) ? x : onnx_fail(c, "its input must have rank 3 or 4");
  if (positions->type.rank == 1 || (ir_type_is_static(&positions->type, &size) && size == 1)) {
    ir_value *first = ir_reshape(c->b, ir_cast(c->b, positions, SMELT_I64), NULL, 0);
    ir_value *counted = counting_positions(c, onnx_dim(c, 0), x->type.dims[2]);
    positions = ir_binary(c->b, IR_ADD, counted, first);
  }
  ir_value *cos = cache_rows(c, c->in[2], positions), *sin = cache_rows(c, c->in[3], positions);
  ir_value *result = onnx_build_rotary(c, x, cos, sin, onnx_attr_int(c, "interleaved", 0) != 0);
  return flat ? onnx_merge_heads(c, result) : result;
}

/* ---- attention ---- */

/* Columns [from, from + width) of x [B, S, N]. */
static ir_value *columns(onnx_context *c, ir_value *x, ir_dim from, ir_dim width) {
  return ir_slice_axis(c->b, x, 2, from, width);
}

/* query [B, S, (H + 2 G) D] of packed inputs, taken apart. */
static void unpack_qkv(onnx_context *c, int64_t heads, int64_t groups, ir_value **q, ir_value **k,
                       ir_value **v) {
  ir_value *packed = *q;
  if (packed->type.rank != 3 || heads < 1 || groups < 1 || heads > 1 << 16 || groups > 1 << 16) {
    onnx_fail(c, "its packed query must have rank 3, with num_heads and kv_num_heads");
    return;
  }
  ir_dim head = ir_dim_div(c->m, packed->type.dims[2], onnx_dim(c, heads + 2 * groups));
  ir_dim wide = ir_dim_mul(c->m, head, onnx_dim(c, heads)),
         narrow = ir_dim_mul(c->m, head, onnx_dim(c, groups));
  *q = columns(c, packed, onnx_dim(c, 0), wide);
  *k = columns(c, packed, wide, narrow);
  *v = columns(c, packed, ir_dim_add(c->m, wide, narrow), narrow);
}

/*
 * Inputs: query, key, value, past_key, past_value, seqlens_k, total_sequence_length, cos_cache, sin_cache.
 * Sequences are not padded here, so the past's size gives the positions, and seqlens_k is not needed.
 */
static ir_value *import_group_query(onnx_context *c) {
  ir_value *q = c->in[0], *k = c->in[1], *v = c->in[2];
  int64_t heads = onnx_attr_int(c, "num_heads", 0), groups = onnx_attr_int(c, "kv_num_heads", 0);
  if (onnx_attr_int(c, "local_window_size", -1) > 0)
    return onnx_fail(c, "local_window_size is not supported");
  if (onnx_attr_int(c, "smooth_softmax", 0)) return onnx_fail(c, "smooth_softmax is not supported");
  if (!k) unpack_qkv(c, heads, groups, &q, &k, &v);
  if (onnx_failed(c) || !v) return onnx_failed(c) ? c->in[0] : onnx_fail(c, "its value is missing");
  q = onnx_split_heads(c, q, heads);
  k = onnx_split_heads(c, k, groups);
  v = onnx_split_heads(c, v, groups);
  if (onnx_failed(c)) return q;
  if (onnx_attr_int(c, "do_rotary", 0)) {
    if (!c->in[7] || !c->in[8]) return onnx_fail(c, "its rotary caches are missing");
    bool interleaved = onnx_attr_int(c, "rotary_interleaved", 0) != 0;
    ir_dim past = c->in[3] && c->in[3]->type.rank == 4 ? c->in[3]->type.dims[2] : onnx_dim(c, 0);
    ir_value *positions = counting_positions(c, past, q->type.dims[2]);
    ir_value *cos = cache_rows(c, c->in[7], positions), *sin = cache_rows(c, c->in[8], positions);
    q = onnx_build_rotary(c, q, cos, sin, interleaved);
    k = onnx_build_rotary(c, k, cos, sin, interleaved);
  }
  onnx_attention at = {
      .q = q, .k = onnx_with_past(c, c->in[3], k), .v = onnx_with_past(c, c->in[4], v), .causal = true};
  at.scale = onnx_attr_float(c, "scale", 0);
  at.softcap = onnx_attr_float(c, "softcap", 0);
  c->out[1] = at.k;
  c->out[2] = at.v;
  return onnx_merge_heads(c, onnx_build_attention(c, &at));
}

/* Inputs: query, key, value, bias, key_padding_mask, attention_bias, past_key, past_value */
static ir_value *import_multi_head(onnx_context *c) {
  ir_value *q = c->in[0], *k = c->in[1], *v = c->in[2];
  int64_t heads = onnx_attr_int(c, "num_heads", 0);
  if (c->in[4]) return onnx_fail(c, "key_padding_mask is not supported");
  if (!k || !v || q->type.rank != 3) return onnx_fail(c, "packed queries, keys and values are not supported");
  if (c->in[3]) {
    if (c->in[3]->type.rank != 1 || k->type.rank != 3) return onnx_fail(c, "its bias does not fit");
    ir_dim wide = q->type.dims[2], start = onnx_dim(c, 0);
    q = ir_binary(c->b, IR_ADD, q, ir_slice_axis(c->b, c->in[3], 0, start, wide));
    k = ir_binary(c->b, IR_ADD, k, ir_slice_axis(c->b, c->in[3], 0, wide, wide));
    start = ir_dim_add(c->m, wide, wide);
    v = ir_binary(c->b, IR_ADD, v, ir_slice_axis(c->b, c->in[3], 0, start, v->type.dims[2]));
  }
  q = onnx_split_heads(c, q, heads);
  if (k->type.rank == 3) k = onnx_split_heads(c, k, heads);
  if (v->type.rank == 3) v = onnx_split_heads(c, v, heads);
  onnx_attention at = {
      .q = q, .k = onnx_with_past(c, c->in[6], k), .v = onnx_with_past(c, c->in[7], v), .bias = c->in[5]};
  at.causal = onnx_attr_int(c, "unidirectional", 0) != 0;
  at.scale = onnx_attr_float(c, "scale", 0);
  c->out[1] = at.k;
  c->out[2] = at.v;
  return onnx_merge_heads(c, onnx_build_attention(c, &at));
}

#define MICROSOFT "com.microsoft"
static const onnx_op_row rows[] = {
    {MICROSOFT, "Gelu", 1, 0, 1, 1, import_gelu, IR_GELU},
    {MICROSOFT, "BiasGelu", 1, 0, 2, 2, import_gelu, IR_GELU},
    {MICROSOFT, "FastGelu", 1, 0, 1, 2, import_gelu, IR_GELU_TANH},
    {MICROSOFT, "QuickGelu", 1, 0, 1, 1, import_quick_gelu, IR_MUL},
    {MICROSOFT, "SimplifiedLayerNormalization", 1, 0, 2, 2, import_rms_norm, IR_RMS_NORM},
    {MICROSOFT, "SkipLayerNormalization", 1, 0, 3, 5, import_skip_layer_norm, IR_LAYER_NORM},
    {MICROSOFT, "SkipSimplifiedLayerNormalization", 1, 0, 3, 4, import_skip_rms_norm, IR_RMS_NORM},
    {MICROSOFT, "FusedMatMul", 1, 0, 2, 2, import_fused_matmul, IR_MATMUL},
    {MICROSOFT, "RotaryEmbedding", 1, 0, 4, 4, import_rotary, IR_ROTARY},
    {MICROSOFT, "GroupQueryAttention", 1, 0, 1, 9, import_group_query, IR_ATTENTION},
    {MICROSOFT, "MultiHeadAttention", 1, 0, 1, 8, import_multi_head, IR_ATTENTION},
};
const onnx_op_table onnx_contrib_ops = ONNX_OP_TABLE(rows);
