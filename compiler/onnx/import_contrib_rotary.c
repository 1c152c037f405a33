/* import_contrib_rotary.c: com.microsoft's rotary positions (ONNX Runtime docs/ContribOperators.md). */
#include "onnx/contrib_attention.h"

/* ---- RotaryEmbedding ---- */

/* The head count of x [B, S, N]: the attribute num_heads, else heads are as wide as the caches turn. */
static int64_t head_count(onnx_context *c) {
  int64_t heads = onnx_attr_int(c, "num_heads", 0), hidden, half;
  if (heads > 0) return heads;
  bool is_known = ir_dim_is_const(c->in[0]->type.dims[2], &hidden) &&
                  ir_dim_is_const(c->in[2]->type.dims[1], &half) && half > 0;
  if (!is_known) onnx_fail(c, "its head count is not known");
  return is_known ? hidden / (2 * half) : 1;
}

/* Positions first, first + 1, ...: [1, S] i64 */
static ir_value *count_from(onnx_context *c, ir_value *first, ir_dim count) {
  ir_dim dims[2] = {onnx_dim(c, 1), count};
  ir_value *counted = ir_iota(c->b, dims, 2, 1, onnx_dim(c, 0), 1);
  return ir_binary(c->b, IR_ADD, counted, ir_reshape(c->b, ir_cast(c->b, first, SMELT_I64), NULL, 0));
}

/* Inputs: x, position_ids ([B, S], or [1]: the first position), cos_cache, sin_cache [positions, R / 2] */
static ir_value *import_rotary(onnx_context *c) {
  ir_value *x = c->in[0], *positions = c->in[1];
  bool flat = x->type.rank == 3;
  if (!onnx_need(c, 2, 2, "cosines") || !onnx_need(c, 3, 2, "sines")) return x;
  if (onnx_attr_int(c, "is_packed_batching", 0)) return onnx_fail(c, "is_packed_batching is not supported");
  if (flat) x = onnx_split_heads(c, x, head_count(c));
  if (onnx_failed(c)) return x;
  if (x->type.rank != 4) return onnx_fail(c, "its input must have rank 3 or 4");
  if (positions->type.rank == 1) positions = count_from(c, positions, x->type.dims[2]);
  ir_value *cos = ir_gather(c->b, c->in[2], positions, 0), *sin = ir_gather(c->b, c->in[3], positions, 0);
  ir_value *result = onnx_build_rotary(c, x, cos, sin, onnx_attr_int(c, "interleaved", 0) != 0);
  return flat ? onnx_merge_heads(c, result) : result;
}

static const onnx_op_row rows[] = {
    {ONNX_MICROSOFT, "RotaryEmbedding", 1, 0, 4, 4, import_rotary, IR_ROTARY},
};
const onnx_op_table onnx_contrib_rotary_ops = ONNX_OP_TABLE(rows);
