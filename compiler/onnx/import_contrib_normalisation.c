/* import_contrib_normalisation.c: com.microsoft's norms, with what they add up first (ONNX Runtime
 * docs/ContribOperators.md). */
#include "onnx/attention.h"

/* ---- after a residual sum, which is the fourth result ---- */

static ir_value *sum_inputs(onnx_context *c, ir_value *bias) {
  ir_value *sum = ir_binary(c->b, IR_ADD, c->in[0], c->in[1]);
  return bias ? ir_binary(c->b, IR_ADD, sum, bias) : sum;
}

static ir_value *norm_of_sum(onnx_context *c, ir_value *sum, ir_value *bias) {
  c->out[3] = sum;
  if (c->in[0]->type.rank < 1) return onnx_fail(c, "needs an input with axes");
  return onnx_build_norm(c, c->row->op, sum, c->in[2], bias, c->in[0]->type.rank - 1,
                         onnx_attr_float(c, "epsilon", 1e-12));
}

/* Inputs: x, skip, gamma, beta, bias */
static ir_value *import_skip_layer_norm(onnx_context *c) {
  return norm_of_sum(c, sum_inputs(c, c->in[4]), c->in[3]);
}

/* Inputs: x, skip, gamma, bias */
static ir_value *import_skip_rms_norm(onnx_context *c) {
  return norm_of_sum(c, sum_inputs(c, c->in[3]), NULL);
}

static ir_value *import_rms_norm(onnx_context *c) {
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", -1), c->in[0]->type.rank);
  if (onnx_failed(c)) return c->in[0];
  return onnx_build_norm(c, IR_RMS_NORM, c->in[0], c->in[1], NULL, axis, onnx_attr_float(c, "epsilon", 1e-5));
}

/* ---- of embeddings ---- */

/* How many elements of each row of the mask [B, S] are 1; without a mask 0: i32 [B] */
static ir_value *mask_index(onnx_context *c, ir_value *mask, ir_dim batch) {
  if (!mask) return ir_expand(c->b, ir_const_scalar(c->b, SMELT_I32, 0), &batch, 1);
  ir_value *is_one = ir_binary(c->b, IR_EQ, mask, onnx_number_like(c, mask, 1));
  return ir_reshape(c->b, ir_reduce(c->b, IR_REDUCE_SUM, ir_cast(c->b, is_one, SMELT_I32), 1u << 1), &batch,
                    1);
}

/* Rows of the position table: of the given ids, else the first S. */
static ir_value *position_rows(onnx_context *c, ir_value *table, ir_value *ids, ir_dim sequence) {
  if (ids) return ir_gather(c->b, table, ids, 0);
  return ir_slice_axis(c->b, table, 0, onnx_dim(c, 0), sequence);
}

/*
 * Inputs: input_ids [B, S], segment_ids, word, position and segment tables [N, D], gamma, beta, mask [B, S],
 * position_ids ([B, S] or [1, S]). Results: the norm, the mask's row sums, the sum of the embeddings.
 */
static ir_value *import_embed_layer_norm(onnx_context *c) {
  ir_value *ids = c->in[0], *segment_ids = c->in[1], *segments = c->in[4], *mask = c->in[7];
  bool is_sound = onnx_need(c, 0, 2, "input ids") && onnx_need(c, 2, 2, "word table") &&
                  onnx_need(c, 3, 2, "position table") && onnx_need(c, 5, 1, "gamma") &&
                  onnx_need(c, 6, 1, "beta") && (!mask || onnx_need(c, 7, 2, "mask"));
  if (!is_sound) return ids;
  ir_value *sum = ir_binary(c->b, IR_ADD, ir_gather(c->b, c->in[2], ids, 0),
                            position_rows(c, c->in[3], c->in[8], ids->type.dims[1]));
  if (segments && segment_ids) sum = ir_binary(c->b, IR_ADD, sum, ir_gather(c->b, segments, segment_ids, 0));
  c->out[1] = mask_index(c, mask, ids->type.dims[0]);
  c->out[2] = sum;
  if (onnx_failed(c)) return sum;
  return onnx_build_norm(c, IR_LAYER_NORM, sum, c->in[5], c->in[6], 2, onnx_attr_float(c, "epsilon", 1e-12));
}

static const onnx_op_row rows[] = {
    {ONNX_MICROSOFT, "SimplifiedLayerNormalization", 1, 0, 2, 2, import_rms_norm, IR_RMS_NORM},
    {ONNX_MICROSOFT, "SkipLayerNormalization", 1, 0, 3, 5, import_skip_layer_norm, IR_LAYER_NORM},
    {ONNX_MICROSOFT, "SkipSimplifiedLayerNormalization", 1, 0, 3, 4, import_skip_rms_norm, IR_RMS_NORM},
    {ONNX_MICROSOFT, "EmbedLayerNormalization", 1, 0, 1, 9, import_embed_layer_norm, IR_LAYER_NORM},
};
const onnx_op_table onnx_contrib_normalisation_ops = ONNX_OP_TABLE(rows);
