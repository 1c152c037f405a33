/* import_contrib_attention.c: com.microsoft's attention over as many keys as queries have heads (ONNX Runtime
 * docs/ContribOperators.md; what its CPU kernels do is onnxruntime/contrib_ops/cpu/bert). */
#include "onnx/contrib_attention.h"

#include <string.h>

/* ---- Attention: with its projection ---- */

/* The widths D, D and E of queries, keys and values: the attribute qkv_hidden_sizes, or thirds. */
static bool read_widths(onnx_context *c, ir_dim all, ir_dim widths[3]) {
  int count;
  const int64_t *sizes = onnx_attr_ints(c, "qkv_hidden_sizes", &count);
  for (int i = 0; i < 3; i++) widths[i] = ir_dim_div(c->m, all, onnx_dim(c, 3));
  if (!sizes || onnx_failed(c)) return !onnx_failed(c);
  bool is_sound = count == 3;
  for (int i = 0; i < count && is_sound; i++) is_sound = sizes[i] > 0 && sizes[i] < 1 << 30;
  if (!is_sound) onnx_fail(c, "its qkv_hidden_sizes must be three sizes");
  for (int i = 0; i < 3 && is_sound; i++) widths[i] = onnx_dim(c, sizes[i]);
  return is_sound;
}

/* Keys and values, [B, H, S, D] each, as one tensor [2, B, H, S, D]. */
static ir_value *stack(onnx_context *c, ir_value *k, ir_value *v) {
  if (onnx_failed(c)) return k;
  ir_dim dims[5] = {onnx_dim(c, 1)};
  memcpy(dims + 1, k->type.dims, 4 * sizeof *dims);
  ir_value *parts[2] = {ir_reshape(c->b, k, dims, 5), NULL};
  memcpy(dims + 1, v->type.dims, 4 * sizeof *dims);
  parts[1] = ir_reshape(c->b, v, dims, 5);
  return ir_concat(c->b, parts, 2, 0);
}

static ir_value *unstack(onnx_context *c, ir_value *both, int64_t which) {
  if (onnx_failed(c)) return both;
  ir_value *one = ir_slice_axis(c->b, both, 0, onnx_dim(c, which), onnx_dim(c, 1));
  return ir_reshape(c->b, one, both->type.dims + 1, 4);
}

static bool refuse_sharing(onnx_context *c) {
  if (onnx_attr_int(c, "past_present_share_buffer", 0) == 0) return true;
  onnx_fail(c, "past_present_share_buffer is not supported");
  return false;
}

ir_value *onnx_attend_projected(onnx_context *c, ir_value *qkv, ir_value *mask, ir_value *past,
                                ir_value *bias) {
  int64_t heads = onnx_attr_int(c, "num_heads", 0);
  ir_dim widths[3], start = onnx_dim(c, 0), past_length = start;
  ir_value *parts[3];
  if (!refuse_sharing(c)) return qkv;
  if (onnx_attr_int(c, "do_rotary", 0)) return onnx_fail(c, "do_rotary is not supported");
  if (onnx_failed(c) || !read_widths(c, qkv->type.dims[2], widths)) return qkv;
  for (int i = 0; i < 3; i++) {
    parts[i] = onnx_split_heads(c, ir_slice_axis(c->b, qkv, 2, start, widths[i]), heads);
    start = ir_dim_add(c->m, start, widths[i]);
  }
  onnx_attention at = {.q = parts[0], .k = parts[1], .v = parts[2]};
  if (past && past->type.rank != 5) return onnx_fail(c, "its past must have rank 5");
  if (past) {
    past_length = past->type.dims[3];
    c->out[1] = ir_concat(c->b, (ir_value *[]){past, stack(c, at.k, at.v)}, 2, 3);
    at.k = unstack(c, c->out[1], 0);
    at.v = unstack(c, c->out[1], 1);
  } else if (c->out_count > 1) {
    c->out[1] = stack(c, at.k, at.v);
  }
  at.scale = onnx_attr_float(c, "scale", 0);
  if (onnx_failed(c)) return qkv;
  at.bias = onnx_add_bias(c, onnx_mask_input_bias(c, mask, &at, past_length), bias);
  if (onnx_attr_int(c, "unidirectional", 0)) onnx_apply_causal(c, &at, parts[1]);
  return onnx_merge_heads(c, onnx_build_attention(c, &at));
}

/* Inputs: x [B, S, K], weights [K, D + D + E], their bias, mask, past, attention bias, past length */
static ir_value *import_attention(onnx_context *c) {
  if (!onnx_need(c, 0, 3, "input") || !onnx_need(c, 1, 2, "weights")) return c->in[0];
  ir_value *qkv = ir_matmul(c->b, c->in[0], c->in[1]);
  if (c->in[2]) qkv = ir_binary(c->b, IR_ADD, qkv, c->in[2]);
  return onnx_attend_projected(c, qkv, c->in[3], c->in[4], c->in[5]);
}

/* ---- queries, keys and values as they come ---- */

/* Part `which` of a packed tensor [B, S, H, parts, D] as [B, S, H * D] */
static ir_value *packed_part(onnx_context *c, ir_value *packed, int64_t which) {
  if (onnx_failed(c)) return packed;
  const ir_dim *d = packed->type.dims;
  ir_dim dims[3] = {d[0], d[1], ir_dim_mul(c->m, d[2], d[4])};
  return ir_reshape(c->b, ir_slice_axis(c->b, packed, 3, onnx_dim(c, which), onnx_dim(c, 1)), dims, 3);
}

/* q, k, v taken out of one tensor, or k and v: [B, S, H * D] each. */
static void unpack(onnx_context *c, ir_value **q, ir_value **k, ir_value **v) {
  if (!*k && (*q)->type.rank == 5) {
    ir_value *packed = *q;
    *q = packed_part(c, packed, 0);
    *k = packed_part(c, packed, 1);
    *v = packed_part(c, packed, 2);
  } else if (!*k && (*q)->type.rank == 3) {
    ir_value *packed = *q;
    ir_dim third = ir_dim_div(c->m, packed->type.dims[2], onnx_dim(c, 3));
    *q = ir_slice_axis(c->b, packed, 2, onnx_dim(c, 0), third);
    *k = ir_slice_axis(c->b, packed, 2, third, third);
    *v = ir_slice_axis(c->b, packed, 2, ir_dim_add(c->m, third, third), third);
  } else if (*k && !*v && (*k)->type.rank == 5) {
    ir_value *packed = *k;
    *k = packed_part(c, packed, 0);
    *v = packed_part(c, packed, 1);
  }
  if (!onnx_failed(c) && (!*k || !*v)) onnx_fail(c, "its keys or values are missing");
}

/* x [B, S, N] + bias[from .. from + N) as heads; x that has heads already has no bias. */
static ir_value *with_bias(onnx_context *c, ir_value *x, ir_value *bias, ir_dim from, int64_t heads) {
  if (onnx_failed(c) || x->type.rank == 4) return x;
  if (x->type.rank != 3) return onnx_fail(c, "its queries, keys and values must have rank 3");
  if (bias) x = ir_binary(c->b, IR_ADD, x, ir_slice_axis(c->b, bias, 0, from, x->type.dims[2]));
  return onnx_split_heads(c, x, heads);
}

/* The operands of attention from inputs 0 to 2 and a bias for all three, [D + D + E]. */
static onnx_attention read_operands(onnx_context *c, ir_value *bias) {
  onnx_attention at = {.q = c->in[0], .k = c->in[1], .v = c->in[2]};
  int64_t heads = onnx_attr_int(c, "num_heads", 0);
  at.scale = onnx_attr_float(c, "scale", 0);
  unpack(c, &at.q, &at.k, &at.v);
  if (bias && bias->type.rank != 1) onnx_fail(c, "its bias must have rank 1");
  if (onnx_failed(c) || at.q->type.rank != 3) {
    if (!onnx_failed(c)) onnx_fail(c, "its queries must have rank 3");
    return at;
  }
  ir_dim width = at.q->type.dims[2];
  at.q = with_bias(c, at.q, bias, onnx_dim(c, 0), heads);
  at.k = with_bias(c, at.k, bias, width, heads);
  at.v = with_bias(c, at.v, bias, ir_dim_add(c->m, width, width), heads);
  return at;
}

/* The node's first result, and its fourth, the masked scores, if it has one. */
static ir_value *attend(onnx_context *c, const onnx_attention *at) {
  if (c->out_count < 4 || !*onnx_text(c->node->output[3])) {
    return onnx_merge_heads(c, onnx_build_attention(c, at));
  }
  onnx_attention_scores scores = {0};
  ir_value *y = onnx_spell_attention(c, at, &scores);
  c->out[3] = scores.masked;
  return onnx_merge_heads(c, y);
}

/* ---- MultiHeadAttention ---- */

/*
 * Inputs: query, key, value, bias, mask, attention bias, past key, past value. query [B, S, D] with key [B,
 * L, D], packed keys and values [B, L, H, 2, D / H] or ready keys [B, H, L, D / H]; or all in one [B, S, H,
 * 3, D / H].
 */
static ir_value *import_multi_head(onnx_context *c) {
  onnx_attention at = read_operands(c, c->in[3]);
  if (c->in[8] || c->in[9]) return onnx_fail(c, "buffers shared by past and present are not supported");
  if (onnx_failed(c)) return c->in[0];
  ir_value *fresh = at.k, *past = c->in[6];
  ir_dim past_length = past && past->type.rank == 4 ? past->type.dims[2] : onnx_dim(c, 0);
  c->out[1] = at.k = onnx_with_past(c, past, at.k);
  c->out[2] = at.v = onnx_with_past(c, c->in[7], at.v);
  if (onnx_failed(c)) return at.q;
  at.bias = onnx_add_bias(c, onnx_mask_input_bias(c, c->in[4], &at, past_length), c->in[5]);
  if (onnx_attr_int(c, "unidirectional", 0)) onnx_apply_causal(c, &at, fresh);
  return attend(c, &at);
}

/* ---- DecoderMaskedMultiHeadAttention: one query per row, past and present in one buffer ---- */

/* x [.., T] with zeros behind it, to have M columns. */
static ir_value *widen(onnx_context *c, ir_value *x, ir_dim columns) {
  if (!x || onnx_failed(c)) return x;
  ir_attrs attrs = {.rank = x->type.rank};
  for (int i = 0; i < x->type.rank; i++) {
    attrs.shape[i] = i == x->type.rank - 1 ? columns : x->type.dims[i];
    attrs.start[i] = onnx_dim(c, 0);
  }
  return ir_build(c->b, IR_PAD, &x, 1, &attrs);
}

/* Keys and values become the buffers with the new row; keys behind it are hidden. */
static void append_in_buffer(onnx_context *c, onnx_attention *at) {
  ir_value *past_k = c->in[5], *past_v = c->in[6];
  bool is_sound = onnx_need(c, 5, 4, "past keys") && onnx_need(c, 6, 4, "past values") &&
                  onnx_need(c, 7, -1, "past length");
  if (!is_sound) return;
  ir_dim one = onnx_dim(c, 1), capacity = past_k->type.dims[2], row_dims[4] = {one, one, capacity, one};
  ir_value *place = ir_reshape(c->b, ir_cast(c->b, c->in[7], SMELT_I64), NULL, 0);
  ir_value *row = ir_iota(c->b, row_dims, 4, 2, onnx_dim(c, 0), 1);
  ir_value *is_place = ir_binary(c->b, IR_EQ, row, place);
  c->out[1] = at->k = ir_select(c->b, is_place, at->k, past_k);
  c->out[2] = at->v = ir_select(c->b, is_place, at->v, past_v);
  ir_value *column = ir_iota(c->b, (ir_dim[]){one, one, one, capacity}, 4, 3, onnx_dim(c, 0), 1);
  at->bias = onnx_mask_to_bias(c, ir_binary(c->b, IR_LE, column, place), at->q->type.dtype);
}

/* Inputs: query, key, value, mask, attention bias, past key, past value, past length, beams, their cache,
 * bias */
static ir_value *import_decoder_masked(onnx_context *c) {
  onnx_attention at = read_operands(c, c->in[10]);
  double beams = 1;
  if (c->in[8] && (!onnx_number(c, 8, "beam width", &beams) || beams != 1)) {
    return onnx_failed(c) ? c->in[0] : onnx_fail(c, "more than one beam is not supported");
  }
  if (c->in[9]) return onnx_fail(c, "cache_indirection is not supported");
  if (onnx_failed(c)) return c->in[0];
  if (!ir_dim_unify(c->m, at.q->type.dims[2], onnx_dim(c, 1)))
    return onnx_fail(c, "it must have one query per row");
  bool grows = c->in[5] != NULL;
  if (grows) append_in_buffer(c, &at);
  if (onnx_failed(c)) return at.q;
  ir_dim keys = at.k->type.dims[2];
  ir_value *mask = grows ? widen(c, c->in[3], keys) : c->in[3];
  ir_value *bias = grows ? widen(c, c->in[4], keys) : c->in[4];
  bias = onnx_add_bias(c, onnx_mask_input_bias(c, mask, &at, onnx_dim(c, 0)), bias);
  at.bias = onnx_add_bias(c, bias, at.bias);
  ir_value *y = attend(c, &at);
  if (!grows || !c->out[3] || onnx_failed(c)) return y;
  ir_dim past;
  if (!onnx_size(c, 7, "past length", &past)) return y;
  c->out[3] = ir_slice_axis(c->b, c->out[3], 3, onnx_dim(c, 0), ir_dim_add(c->m, past, onnx_dim(c, 1)));
  return y;
}

static const onnx_op_row rows[] = {
    {ONNX_MICROSOFT, "Attention", 1, 0, 2, 7, import_attention, IR_ATTENTION},
    {ONNX_MICROSOFT, "MultiHeadAttention", 1, 0, 1, 10, import_multi_head, IR_ATTENTION},
    {ONNX_MICROSOFT, "DecoderMaskedMultiHeadAttention", 1, 0, 1, 11, import_decoder_masked, IR_ATTENTION},
};
const onnx_op_table onnx_contrib_attention_ops = ONNX_OP_TABLE(rows);
