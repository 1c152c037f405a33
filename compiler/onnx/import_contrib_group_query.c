/*
 * import_contrib_group_query.c: com.microsoft's GroupQueryAttention (ONNX Runtime docs/ContribOperators.md;
 * what its CPU kernel does is onnxruntime/contrib_ops/cpu/bert/gqa_attention_base.h).
 *
 * The past holds P keys per row of the batch, of which the first past[b] = max(seqlens_k[b] + 1 - S, 0) are
 * meant. The S new ones follow them, then zeros, up to R = max(T, P) rows of the present. Where all rows have
 * P = T - S, which is known at once or becomes so when a generator's batch and mask are bound, this is a
 * concatenation.
 */
#include "onnx/contrib_attention.h"

#include <string.h>

enum { QUERY, KEY, VALUE, PAST_KEY, PAST_VALUE, LENGTHS, TOTAL, COS, SIN, POSITIONS, BIAS, SINK, K_SCALE };
enum { Q_NORM = 14, K_NORM = 15 };

/* What stands where. Lengths are i64 [B, 1, 1, 1]. */
typedef struct {
  ir_dim batch, queries, past, present; /* B, S, P, R */
  ir_value *past_length;                /* past[b] */
  bool is_joined;                       /* past[b] = P for every row, and R = P + S */
} cache_layout;

static ir_value *whole(onnx_context *c, ir_dim d) {
  return ir_dim_scalar(c->b, d);
}

/* start, start + 1, ... along one axis of four */
static ir_value *counter(onnx_context *c, int axis, ir_dim count) {
  ir_dim dims[4];
  for (int i = 0; i < 4; i++) dims[i] = i == axis ? count : onnx_dim(c, 1);
  return ir_iota(c->b, dims, 4, axis, onnx_dim(c, 0), 1);
}

/* ---- operands ---- */

/* query [B, S, (H + 2 G) D] of packed inputs, taken apart. */
static void unpack(onnx_context *c, int64_t heads, int64_t groups, ir_value **q, ir_value **k, ir_value **v) {
  ir_value *packed = *q;
  ir_dim head = ir_dim_div(c->m, packed->type.dims[2], onnx_dim(c, heads + 2 * groups));
  ir_dim wide = ir_dim_mul(c->m, head, onnx_dim(c, heads)),
         narrow = ir_dim_mul(c->m, head, onnx_dim(c, groups));
  *q = ir_slice_axis(c->b, packed, 2, onnx_dim(c, 0), wide);
  *k = ir_slice_axis(c->b, packed, 2, wide, narrow);
  *v = ir_slice_axis(c->b, packed, 2, ir_dim_add(c->m, wide, narrow), narrow);
}

/* The new queries, keys and values as heads. */
static onnx_attention read_operands(onnx_context *c) {
  onnx_attention at = {.q = c->in[QUERY], .k = c->in[KEY], .v = c->in[VALUE]};
  int64_t heads = onnx_attr_int(c, "num_heads", 0), groups = onnx_attr_int(c, "kv_num_heads", 0);
  at.scale = onnx_attr_float(c, "scale", 0);
  at.softcap = onnx_attr_float(c, "softcap", 0);
  if (!onnx_need(c, QUERY, 3, "query")) return at;
  if (heads < 1 || groups < 1 || heads > 1 << 16 || groups > 1 << 16 || heads % groups) {
    onnx_fail(c, "its num_heads must be a multiple of its kv_num_heads");
    return at;
  }
  if (!at.k) {
    unpack(c, heads, groups, &at.q, &at.k, &at.v);
  } else if (!onnx_need(c, VALUE, 3, "value")) {
    return at;
  }
  at.q = onnx_split_heads(c, at.q, heads);
  at.k = onnx_split_heads(c, at.k, groups);
  at.v = onnx_split_heads(c, at.v, groups);
  return at;
}

/* The norm that Qwen3 puts on each head of queries and keys. */
static void norm_heads(onnx_context *c, onnx_attention *at) {
  double epsilon = onnx_attr_float(c, "qk_norm_epsilon", 1e-6);
  if (onnx_failed(c) || (!c->in[Q_NORM] && !c->in[K_NORM])) return;
  if (!onnx_need(c, Q_NORM, 1, "query norm") || !onnx_need(c, K_NORM, 1, "key norm")) return;
  at->q = onnx_build_norm(c, IR_RMS_NORM, at->q, c->in[Q_NORM], NULL, 3, epsilon);
  at->k = onnx_build_norm(c, IR_RMS_NORM, at->k, c->in[K_NORM], NULL, 3, epsilon);
}

/* ---- where the new keys go ---- */

/* Whether every row's length is known to be past + queries - 1. */
static bool are_all_full(onnx_context *c, const cache_layout *layout) {
  const ir_value *lengths = c->in[LENGTHS];
  int64_t count;
  if (!lengths->content || !ir_type_is_static(&lengths->type, &count)) return false;
  ir_dim full = ir_dim_sub(c->m, ir_dim_add(c->m, layout->past, layout->queries), onnx_dim(c, 1));
  for (int64_t i = 0; i < count; i++) {
    if (!ir_dim_equal(c->m, lengths->content[i], full)) return false;
  }
  return true;
}

/* min(max(seqlens_k + 1 - S, 0), P): i64 [B, 1, 1, 1] */
static ir_value *past_lengths(onnx_context *c, const cache_layout *layout) {
  ir_dim one = onnx_dim(c, 1), dims[4] = {layout->batch, one, one, one};
  ir_value *last = ir_reshape(c->b, ir_cast(c->b, c->in[LENGTHS], SMELT_I64), dims, 4);
  ir_value *length = ir_binary(c->b, IR_ADD, last, whole(c, ir_dim_sub(c->m, one, layout->queries)));
  length = ir_binary(c->b, IR_MAX, length, whole(c, onnx_dim(c, 0)));
  return ir_binary(c->b, IR_MIN, length, whole(c, layout->past));
}

static bool read_layout(onnx_context *c, const onnx_attention *at, cache_layout *layout) {
  ir_value *past = c->in[PAST_KEY];
  ir_dim total;
  *layout = (cache_layout){.batch = at->q->type.dims[0], .queries = at->q->type.dims[2]};
  if (past && (!onnx_need(c, PAST_KEY, 4, "past keys") || !onnx_need(c, PAST_VALUE, 4, "past values")))
    return false;
  layout->past = past ? past->type.dims[2] : onnx_dim(c, 0);
  ir_dim joined = ir_dim_add(c->m, layout->past, layout->queries);
  layout->is_joined = true;
  if (!past || ir_dim_is(layout->past, 0)) {
    layout->present = layout->queries; /* a first prompt: causality hides what is padding */
  } else {
    if (!onnx_need(c, LENGTHS, -1, "key lengths") || !onnx_size(c, TOTAL, "total sequence length", &total)) {
      return false;
    }
    layout->present = ir_dim_max(c->m, total, layout->past);
    layout->is_joined = are_all_full(c, layout) && ir_dim_equal(c->m, layout->present, joined);
  }
  ir_dim one = onnx_dim(c, 1);
  layout->past_length = layout->is_joined
                            ? ir_reshape(c->b, whole(c, layout->past), (ir_dim[]){one, one, one, one}, 4)
                            : past_lengths(c, layout);
  return !onnx_failed(c);
}

/*
 * For row r of the present the row of past and new keys joined, [B, 1, R, 1]: r, and behind past[b] P -
 * past[b] more. *is_filled: whether it has one.
 */
static ir_value *source_rows(onnx_context *c, const cache_layout *layout, ir_value **is_filled) {
  ir_value *row = counter(c, 2, layout->present), *zero = whole(c, onnx_dim(c, 0));
  ir_value *gap = ir_binary(c->b, IR_SUB, whole(c, layout->past), layout->past_length);
  ir_value *end = ir_binary(c->b, IR_ADD, layout->past_length, whole(c, layout->queries));
  ir_value *is_past = ir_binary(c->b, IR_LT, row, layout->past_length);
  *is_filled = ir_binary(c->b, IR_LT, row, end);
  ir_value *source = ir_binary(c->b, IR_ADD, row, ir_select(c->b, is_past, zero, gap));
  return ir_select(c->b, *is_filled, source, zero);
}

/* past [B, G, P, D] and fresh [B, G, S, D] as the present [B, G, R, D] */
static ir_value *put_behind(onnx_context *c, const cache_layout *layout, ir_value *past, ir_value *fresh) {
  static const int swap[4] = {0, 2, 1, 3};
  if (!past) return fresh;
  ir_value *joined = onnx_with_past(c, past, fresh), *is_filled;
  if (layout->is_joined || onnx_failed(c)) return joined;
  const ir_dim *d = joined->type.dims;
  ir_dim rows[2] = {ir_dim_mul(c->m, d[0], d[2]), ir_dim_mul(c->m, d[1], d[3])};
  ir_dim heads[4] = {d[0], layout->present, d[1], d[3]}, places[2] = {d[0], layout->present};
  ir_value *place = source_rows(c, layout, &is_filled);
  place = ir_binary(c->b, IR_ADD, place, ir_binary(c->b, IR_MUL, counter(c, 0, d[0]), whole(c, d[2])));
  ir_value *flat = ir_reshape(c->b, ir_transpose(c->b, joined, swap), rows, 2);
  ir_value *found = ir_gather(c->b, flat, ir_reshape(c->b, place, places, 2), 0);
  found = ir_transpose(c->b, ir_reshape(c->b, found, heads, 4), swap);
  return ir_select(c->b, is_filled, found, onnx_number_like(c, fresh, 0));
}

/* ---- positions and masks ---- */

/* q and the new k turned to positions past[b] + s, or those given. */
static void turn(onnx_context *c, const cache_layout *layout, onnx_attention *at) {
  if (!onnx_attr_int(c, "do_rotary", 0)) return;
  if (!onnx_need(c, COS, 2, "cosines") || !onnx_need(c, SIN, 2, "sines")) return;
  bool interleaved = onnx_attr_int(c, "rotary_interleaved", 0) != 0;
  ir_value *positions = c->in[POSITIONS];
  if (!positions) {
    positions = ir_binary(c->b, IR_ADD, counter(c, 1, layout->queries), layout->past_length);
    if (onnx_failed(c)) return;
    positions = ir_reshape(c->b, positions, positions->type.dims, 2);
  }
  ir_value *cos = ir_gather(c->b, c->in[COS], positions, 0), *sin = ir_gather(c->b, c->in[SIN], positions, 0);
  at->q = onnx_build_rotary(c, at->q, cos, sin, interleaved);
  at->k = onnx_build_rotary(c, at->k, cos, sin, interleaved);
}

/* Query s of row b sees keys up to past[b] + s, and of a window only the last. */
static void hide(onnx_context *c, const cache_layout *layout, onnx_attention *at) {
  int64_t window = onnx_attr_int(c, "local_window_size", -1);
  bool is_causal = onnx_attr_int(c, "causal", 1) != 0, has_window = window > 0 && window < INT32_MAX;
  at->causal = is_causal && !has_window && layout->is_joined;
  if (at->causal) return;
  onnx_places places = {
      .first = layout->past_length, .left = has_window ? window - 1 : -1, .right = is_causal ? 0 : -1};
  if (!is_causal && !layout->is_joined)
    places.length = ir_binary(c->b, IR_ADD, layout->past_length, whole(c, layout->queries));
  onnx_hide_by_place(c, at, &places);
}

/* attention_bias [.., T] with columns for the rows of a buffer that is longer. */
static ir_value *widen(onnx_context *c, ir_value *bias, ir_dim columns) {
  if (!bias || onnx_failed(c) || bias->type.rank != 4 || ir_dim_equal(c->m, bias->type.dims[3], columns))
    return bias;
  ir_attrs attrs = {.rank = 4};
  for (int i = 0; i < 4; i++) {
    attrs.shape[i] = i == 3 ? columns : bias->type.dims[i];
    attrs.start[i] = onnx_dim(c, 0);
  }
  return ir_build(c->b, IR_PAD, &bias, 1, &attrs);
}

/*
 * A softmax whose sum has one term more, e^sink[h] (e^0 without sinks): a key of zeros before the others,
 * whose value is 0 and whose bias is the sink.
 */
static void add_sink(onnx_context *c, onnx_attention *at) {
  ir_value *sink = c->in[SINK], *columns[2];
  if (onnx_failed(c) || (!sink && onnx_attr_int(c, "smooth_softmax", 0) != 1)) return;
  ir_dim one = onnx_dim(c, 1), heads = at->q->type.dims[1], rows[4];
  for (int i = 0; i < 2; i++) {
    ir_value **x = i ? &at->v : &at->k;
    memcpy(rows, (*x)->type.dims, sizeof rows);
    rows[2] = one;
    *x = ir_concat(c->b, (ir_value *[]){ir_expand(c->b, onnx_number_like(c, *x, 0), rows, 4), *x}, 2, 2);
  }
  if (onnx_failed(c) || (!sink && !at->bias)) return;
  ir_dim dims[4] = {one, heads, at->q->type.dims[2], ir_dim_sub(c->m, at->k->type.dims[2], one)};
  if (at->bias) dims[0] = at->bias->type.dims[0];
  columns[1] = at->bias ? at->bias : onnx_number_like(c, at->q, 0);
  columns[1] = ir_expand(c->b, columns[1], dims, 4);
  dims[3] = one;
  columns[0] =
      sink ? ir_reshape(c->b, sink, (ir_dim[]){one, heads, one, one}, 4) : onnx_number_like(c, at->q, 0);
  columns[0] = ir_expand(c->b, columns[0], dims, 4);
  at->bias = ir_concat(c->b, columns, 2, 3);
}

/* ---- the operator ---- */

static bool refuse(onnx_context *c) {
  if (c->in[K_SCALE] || strcmp(onnx_attr_text(c, "k_quant_type", "NONE"), "NONE") != 0)
    onnx_fail(c, "a quantised cache is not supported");
  else if (onnx_attr_int(c, "sliding_window_cache", 0))
    onnx_fail(c, "sliding_window_cache is not supported");
  else if (onnx_attr_int(c, "qk_output", 0))
    onnx_fail(c, "qk_output is not supported");
  return onnx_failed(c);
}

/*
 * Inputs: query, key, value (or all in the query), past key and value, seqlens_k, total_sequence_length,
 * cos_cache, sin_cache, position_ids, attention_bias, head_sink, .., q_norm_weight, k_norm_weight
 */
static ir_value *import_group_query(onnx_context *c) {
  cache_layout layout;
  if (refuse(c)) return c->in[0];
  onnx_attention at = read_operands(c);
  norm_heads(c, &at);
  if (onnx_failed(c) || !read_layout(c, &at, &layout)) return c->in[0];
  turn(c, &layout, &at);
  c->out[1] = at.k = put_behind(c, &layout, c->in[PAST_KEY], at.k);
  c->out[2] = at.v = put_behind(c, &layout, c->in[PAST_VALUE], at.v);
  if (onnx_failed(c)) return c->in[0];
  at.bias = widen(c, c->in[BIAS], layout.present);
  hide(c, &layout, &at);
  add_sink(c, &at);
  return onnx_merge_heads(c, onnx_build_attention(c, &at));
}

static const onnx_op_row rows[] = {
    {ONNX_MICROSOFT, "GroupQueryAttention", 1, 0, 1, 16, import_group_query, IR_ATTENTION},
};
const onnx_op_table onnx_contrib_group_query_ops = ONNX_OP_TABLE(rows);
