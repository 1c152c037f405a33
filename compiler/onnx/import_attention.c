/* import_attention.c: Attention and RotaryEmbedding (opset 23), and the pieces shared with other domains'
 * forms. */
#include "onnx/attention.h"

#include <math.h>
#include <string.h>

/* ---- heads ---- */

ir_value *onnx_split_heads(onnx_context *c, ir_value *x, int64_t heads) {
  if (onnx_failed(c)) return x;
  if (x->type.rank != 3 || heads < 1)
    return onnx_fail(c, "needs inputs [batch, sequence, hidden] and a head count");
  const ir_dim *d = x->type.dims;
  ir_dim count = onnx_dim(c, heads);
  ir_dim dims[4] = {d[0], d[1], count, ir_dim_div(c->m, d[2], count)};
  return ir_transpose(c->b, ir_reshape(c->b, x, dims, 4), (const int[]){0, 2, 1, 3});
}

ir_value *onnx_merge_heads(onnx_context *c, ir_value *x) {
  if (onnx_failed(c) || x->type.rank != 4) return x;
  const ir_dim *d = x->type.dims;
  ir_dim dims[3] = {d[0], d[2], ir_dim_mul(c->m, d[1], d[3])};
  return ir_reshape(c->b, ir_transpose(c->b, x, (const int[]){0, 2, 1, 3}), dims, 3);
}

ir_value *onnx_repeat_heads(onnx_context *c, ir_value *x, ir_dim heads) {
  if (onnx_failed(c)) return x;
  ir_dim d[4];
  memcpy(d, x->type.dims, sizeof d);
  if (ir_dim_equal(c->m, d[1], heads)) return x;
  ir_dim apart[5] = {d[0], d[1], onnx_dim(c, 1), d[2], d[3]}, result[4] = {d[0], heads, d[2], d[3]};
  x = ir_reshape(c->b, x, apart, 5);
  apart[2] = ir_dim_div(c->m, heads, d[1]);
  return ir_reshape(c->b, ir_expand(c->b, x, apart, 5), result, 4);
}

/* ---- scores ---- */

ir_value *onnx_mask_to_bias(onnx_context *c, ir_value *mask, ir_dtype dtype) {
  if (onnx_failed(c) || mask->type.dtype != SMELT_BOOL) return mask;
  return ir_select(c->b, mask, ir_const_scalar(c->b, dtype, 0), ir_const_scalar(c->b, dtype, -INFINITY));
}

/* A bias of 0 where key t <= query s + offset, -inf elsewhere: [S, T] */
static ir_value *causal_bias(onnx_context *c, ir_dim queries, ir_dim keys, ir_dim offset, ir_dtype dtype) {
  ir_dim rows[2] = {queries, onnx_dim(c, 1)}, columns[2] = {onnx_dim(c, 1), keys};
  ir_value *s = ir_iota(c->b, rows, 2, 0, offset, 1), *t = ir_iota(c->b, columns, 2, 1, onnx_dim(c, 0), 1);
  return onnx_mask_to_bias(c, ir_binary(c->b, IR_LE, t, s), dtype);
}

/* A bias of rank 2 to 4 with leading axes of size 1 up to rank 4. */
static ir_value *bias_of_rank_4(onnx_context *c, ir_value *bias) {
  if (onnx_failed(c) || bias->type.rank >= 4) return bias;
  ir_dim dims[4];
  int missing = 4 - bias->type.rank;
  for (int i = 0; i < 4; i++) dims[i] = i < missing ? onnx_dim(c, 1) : bias->type.dims[i - missing];
  return ir_reshape(c->b, bias, dims, 4);
}

static bool check_attention(onnx_context *c, const onnx_attention *at) {
  if (onnx_failed(c)) return false;
  if (at->q->type.rank == 4 && at->k->type.rank == 4 && at->v->type.rank == 4) return true;
  onnx_fail(c, "its queries, keys and values must have rank 4");
  return false;
}

double onnx_attention_scale(onnx_context *c, const onnx_attention *at) {
  int64_t head_dim;
  if (at->scale != 0) return at->scale;
  if (ir_dim_is_const(ir_dim_resolve(c->m, at->q->type.dims[3]), &head_dim) && head_dim > 0) {
    return 1 / sqrt((double)head_dim);
  }
  onnx_fail(c, "the size of a head must be known");
  return 1;
}

/* Weights of a query that sees no key at all are 0, where softmax alone makes them NaN. */
static ir_value *zero_where_masked(onnx_context *c, ir_value *scores, ir_value *weights) {
  ir_value *largest = ir_reduce(c->b, IR_REDUCE_MAX, scores, 1u << 3);
  ir_value *masked = ir_binary(c->b, IR_EQ, largest, onnx_number_like(c, scores, -INFINITY));
  return ir_select(c->b, masked, onnx_number_like(c, scores, 0), weights);
}

ir_value *onnx_spell_attention(onnx_context *c, const onnx_attention *at, onnx_attention_scores *stages) {
  if (!check_attention(c, at)) return c->in[0];
  ir_dim heads = at->q->type.dims[1];
  ir_value *k = onnx_repeat_heads(c, at->k, heads), *v = onnx_repeat_heads(c, at->v, heads);
  ir_value *scores = ir_matmul(c->b, at->q, onnx_swap_last(c, k));
  ir_value *scale = onnx_number_like(c, at->q, onnx_attention_scale(c, at));
  stages->products = scores = ir_binary(c->b, IR_MUL, scores, scale);
  if (at->softcap != 0) {
    ir_value *cap = onnx_number_like(c, at->q, at->softcap);
    scores = ir_binary(c->b, IR_MUL, ir_unary(c->b, IR_TANH, ir_binary(c->b, IR_DIV, scores, cap)), cap);
  }
  stages->capped = scores;
  if (at->bias) scores = ir_binary(c->b, IR_ADD, scores, at->bias);
  if (at->causal) {
    ir_dim queries = at->q->type.dims[2], keys = at->k->type.dims[2];
    ir_dim offset = ir_dim_sub(c->m, keys, queries);
    scores = ir_binary(c->b, IR_ADD, scores, causal_bias(c, queries, keys, offset, at->q->type.dtype));
  }
  stages->masked = scores;
  stages->weights = ir_unary(c->b, IR_SOFTMAX, scores);
  if (at->bias || at->causal) stages->weights = zero_where_masked(c, scores, stages->weights);
  return ir_matmul(c->b, stages->weights, v);
}

ir_value *onnx_build_attention(onnx_context *c, const onnx_attention *at) {
  if (!check_attention(c, at)) return c->in[0];
  ir_attrs attrs = {.scale = onnx_attention_scale(c, at), .softcap = at->softcap, .causal = at->causal};
  ir_value *operands[4] = {at->q, at->k, at->v, at->bias ? bias_of_rank_4(c, at->bias) : NULL};
  return ir_build(c->b, IR_ATTENTION, operands, at->bias ? 4 : 3, &attrs);
}

/* ---- Attention, opset 23 ---- */

ir_value *onnx_with_past(onnx_context *c, ir_value *past, ir_value *fresh) {
  if (!past || onnx_failed(c)) return fresh;
  if (past->type.rank != 4) return onnx_fail(c, "its past must have rank 4");
  return ir_concat(c->b, (ir_value *[]){past, fresh}, 2, 2);
}

/* ---- masks by place ---- */

ir_value *onnx_seen_by_place(onnx_context *c, const onnx_attention *at, const onnx_places *places) {
  ir_dim one = onnx_dim(c, 1), zero = onnx_dim(c, 0), rows[4] = {one, one, at->q->type.dims[2], one},
         columns[4] = {one, one, one, at->k->type.dims[2]};
  ir_value *key = ir_iota(c->b, columns, 4, 3, zero, 1), *seen = NULL;
  ir_value *query = ir_binary(c->b, IR_ADD, ir_iota(c->b, rows, 4, 2, zero, 1), places->first);
  if (places->right >= 0) {
    ir_value *last = ir_binary(c->b, IR_ADD, query, onnx_number_like(c, key, (double)places->right));
    seen = ir_binary(c->b, IR_LE, key, places->right ? last : query);
  }
  if (places->left >= 0) {
    ir_value *first = ir_binary(c->b, IR_SUB, query, onnx_number_like(c, key, (double)places->left));
    ir_value *near = ir_binary(c->b, IR_GE, key, places->left ? first : query);
    seen = seen ? ir_binary(c->b, IR_AND, seen, near) : near;
  }
  if (places->length) {
    ir_value *filled = ir_binary(c->b, IR_LT, key, places->length);
    seen = seen ? ir_binary(c->b, IR_AND, seen, filled) : filled;
  }
  return seen;
}

void onnx_hide_by_place(onnx_context *c, onnx_attention *at, const onnx_places *places) {
  ir_value *seen = onnx_failed(c) ? NULL : onnx_seen_by_place(c, at, places);
  if (!seen) return;
  ir_value *bias = onnx_mask_to_bias(c, seen, at->q->type.dtype);
  at->bias = at->bias ? ir_binary(c->b, IR_ADD, at->bias, bias) : bias;
}

/* d as i64 [1, 1, 1, 1] */
static ir_value *place(onnx_context *c, ir_dim d) {
  ir_dim one = onnx_dim(c, 1), dims[4] = {one, one, one, one};
  return ir_reshape(c->b, ir_dim_scalar(c->b, d), dims, 4);
}

void onnx_apply_causal(onnx_context *c, onnx_attention *at, const ir_value *fresh_k) {
  if (onnx_failed(c)) return;
  ir_dim fresh = fresh_k->type.dims[2];
  if (ir_dim_equal(c->m, at->q->type.dims[2], fresh)) {
    at->causal = true;
    return;
  }
  ir_dim past = ir_dim_sub(c->m, at->k->type.dims[2], fresh);
  onnx_hide_by_place(c, at, &(onnx_places){.first = place(c, past), .left = -1});
}

/*
 * is_causal, and from opset 25 the window sizes and nonpad_kv_seqlen: the keys each sequence of the batch
 * has. Queries stand behind the past or, with nonpad_kv_seqlen, so that the last meets the last key.
 */
static void mask_by_place(onnx_context *c, onnx_attention *at, const ir_value *fresh_k) {
  bool is_causal = onnx_attr_int(c, "is_causal", 0) != 0;
  onnx_places places = {.left = onnx_attr_int(c, "left_window_size", -1),
                        .right = onnx_attr_int(c, "right_window_size", -1)};
  if (places.left < -1 || places.right < -1) onnx_fail(c, "its window sizes must be -1 or more");
  if (onnx_failed(c)) return;
  if (is_causal && !c->in[6] && places.left < 0) {
    onnx_apply_causal(c, at, fresh_k);
    return;
  }
  if (is_causal) places.right = 0;
  places.first = place(c, ir_dim_sub(c->m, at->k->type.dims[2], fresh_k->type.dims[2]));
  if (c->in[6]) {
    ir_dim one = onnx_dim(c, 1), dims[4] = {at->q->type.dims[0], one, one, one};
    places.length = ir_reshape(c->b, ir_cast(c->b, c->in[6], SMELT_I64), dims, 4);
    places.first = ir_binary(c->b, IR_SUB, places.length, ir_dim_scalar(c->b, at->q->type.dims[2]));
  }
  onnx_hide_by_place(c, at, &places);
}

/* A mask that ends before the keys do hides those behind it. */
static ir_value *mask_bias(onnx_context *c, const onnx_attention *at) {
  ir_value *mask = c->in[3];
  int64_t given, keys;
  if (!mask) return NULL;
  int last = mask->type.rank - 1;
  ir_value *bias = onnx_mask_to_bias(c, mask, at->q->type.dtype);
  if (onnx_failed(c) || last < 0 || !ir_dim_is_const(ir_dim_resolve(c->m, mask->type.dims[last]), &given) ||
      !ir_dim_is_const(ir_dim_resolve(c->m, at->k->type.dims[2]), &keys) || given == 1 || given >= keys) {
    return bias;
  }
  ir_attrs pad = {.rank = mask->type.rank, .value = -INFINITY};
  for (int i = 0; i <= last; i++) {
    pad.start[i] = onnx_dim(c, 0);
    pad.shape[i] = i == last ? onnx_dim(c, keys) : mask->type.dims[i];
  }
  return ir_build(c->b, IR_PAD, &bias, 1, &pad);
}

static ir_value *import_attention(onnx_context *c) {
  bool flat = c->in[0]->type.rank == 3;
  ir_value *q = c->in[0], *k = c->in[1], *v = c->in[2];
  if (c->in[6] && c->in[4]) return onnx_fail(c, "it has both a past and nonpad_kv_seqlen");
  if (flat) {
    int64_t heads = onnx_attr_int(c, "q_num_heads", 0), groups = onnx_attr_int(c, "kv_num_heads", 0);
    q = onnx_split_heads(c, q, heads);
    k = onnx_split_heads(c, k, groups);
    v = onnx_split_heads(c, v, groups);
  }
  onnx_attention at = {.q = q, .k = onnx_with_past(c, c->in[4], k), .v = onnx_with_past(c, c->in[5], v)};
  c->out[1] = at.k;
  c->out[2] = at.v;
  if (!check_attention(c, &at)) return q;
  at.scale = onnx_attr_float(c, "scale", 0);
  at.softcap = onnx_attr_float(c, "softcap", 0);
  at.bias = mask_bias(c, &at);
  mask_by_place(c, &at, k);
  ir_value *result;
  if (c->out_count > 3 && *onnx_text(c->node->output[3])) {
    onnx_attention_scores stages = {0};
    int64_t mode = onnx_attr_int(c, "qk_matmul_output_mode", 0);
    result = onnx_spell_attention(c, &at, &stages);
    ir_value *const by_mode[] = {stages.products, stages.capped, stages.masked, stages.weights};
    if (mode < 0 || mode > 3) return onnx_fail(c, "qk_matmul_output_mode is %lld", (long long)mode);
    c->out[3] = by_mode[mode];
  } else {
    result = onnx_build_attention(c, &at);
  }
  return flat ? onnx_merge_heads(c, result) : result;
}

/* ---- RotaryEmbedding, opset 23 ---- */

ir_value *onnx_build_rotary(onnx_context *c, ir_value *x, ir_value *cos, ir_value *sin, bool interleaved) {
  ir_attrs attrs = {.interleaved = interleaved};
  return ir_build(c->b, IR_ROTARY, (ir_value *[]){x, cos, sin}, 3, &attrs);
}

/* x: [B, H, S, D] or [B, S, H * D]; caches: [positions, R/2] with position ids [B, S], else [B, S, R/2] */
static ir_value *import_rotary(onnx_context *c) {
  ir_value *x = c->in[0], *cos = c->in[1], *sin = c->in[2];
  bool flat = x->type.rank == 3, interleaved = onnx_attr_int(c, "interleaved", 0) != 0;
  int64_t turned = onnx_attr_int(c, "rotary_embedding_dim", 0);
  if (flat) x = onnx_split_heads(c, x, onnx_attr_int(c, "num_heads", 0));
  if (c->in[3]) {
    if (cos->type.rank != 2 || sin->type.rank != 2) return onnx_fail(c, "its caches must have rank 2");
    cos = ir_gather(c->b, cos, c->in[3], 0);
    sin = ir_gather(c->b, sin, c->in[3], 0);
  }
  if (onnx_failed(c)) return x;
  if (cos->type.rank != 3) return onnx_fail(c, "its cos and sin must have rank 3");
  if (turned > 0 && !ir_dim_unify(c->m, cos->type.dims[2], onnx_dim(c, turned / 2))) {
    return onnx_fail(c, "its caches do not have rotary_embedding_dim / 2 columns");
  }
  ir_value *result = onnx_build_rotary(c, x, cos, sin, interleaved);
  return flat ? onnx_merge_heads(c, result) : result;
}

static const onnx_op_row rows[] = {
    {"", "Attention", 23, 0, 3, 7, import_attention, IR_ATTENTION},
    {"", "RotaryEmbedding", 23, 0, 3, 4, import_rotary, IR_ROTARY},
};
const onnx_op_table onnx_attention_ops = ONNX_OP_TABLE(rows);
