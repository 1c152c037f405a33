/* import_flex_attention.c: attention whose scores and weights the model changes by subgraphs of its own
 * (domain ai.onnx.preview). */
#include "onnx/attention.h"

/* The dtype of scores and weights: softmax_precision, else f32 or wider. */
static ir_dtype working_dtype(onnx_context *c) {
  ir_dtype given = c->in[0]->type.dtype, dtype = given == SMELT_F64 ? SMELT_F64 : SMELT_F32;
  int64_t wanted = onnx_attr_int(c, "softmax_precision", 0);
  if (!wanted) return dtype;
  if (wanted < 0 || wanted > 255 || !onnx_dtype((int32_t)wanted, &dtype) || !ir_dtype_is_float(dtype))
    onnx_fail(c, "its softmax_precision %lld is no float type", (long long)wanted);
  return dtype;
}

/* x changed by the subgraph `attribute`, x itself without one. */
static ir_value *modify(onnx_context *c, const char *attribute, ir_value *x) {
  ir_value *result;
  const Onnx__GraphProto *graph = onnx_attr_graph(c, attribute);
  if (onnx_failed(c) || !graph) return x;
  if (graph->n_output != 1) return onnx_fail(c, "its %s must have one output", attribute);
  if (!onnx_import_branch(c, graph, &x, 1, &result)) return x;
  bool same = result->type.dtype == x->type.dtype && result->type.rank == x->type.rank;
  for (int i = 0; same && i < x->type.rank; i++) {
    same = ir_dim_unify(c->m, result->type.dims[i], x->type.dims[i]);
  }
  return same ? result : onnx_fail(c, "its %s changes the shape or element type", attribute);
}

static ir_value *import_flex_attention(onnx_context *c) {
  onnx_attention at = {.q = c->in[0], .k = c->in[1], .v = c->in[2], .scale = onnx_attr_float(c, "scale", 0)};
  ir_dtype dtype = working_dtype(c);
  if (onnx_failed(c)) return at.q;
  bool plain = !onnx_has_attr(c, "score_mod") && !onnx_has_attr(c, "prob_mod");
  if (plain) return onnx_build_attention(c, &at);
  if (at.q->type.rank != 4 || at.k->type.rank != 4 || at.v->type.rank != 4)
    return onnx_fail(c, "its queries, keys and values must have rank 4");
  ir_dim heads = at.q->type.dims[1];
  ir_value *k = onnx_repeat_heads(c, at.k, heads), *v = onnx_repeat_heads(c, at.v, heads);
  ir_value *scores = ir_cast(c->b, ir_matmul(c->b, at.q, onnx_swap_last(c, k)), dtype);
  scores = ir_binary(c->b, IR_MUL, scores, onnx_number_like(c, scores, onnx_attention_scale(c, &at)));
  ir_value *weights = ir_unary(c->b, IR_SOFTMAX, modify(c, "score_mod", scores));
  ir_value *result = ir_matmul(c->b, modify(c, "prob_mod", weights), ir_cast(c->b, v, dtype));
  return ir_cast(c->b, result, c->in[2]->type.dtype);
}

static const onnx_op_row rows[] = {
    {"ai.onnx.preview", "FlexAttention", 1, 0, 3, 3, import_flex_attention, IR_ATTENTION},
};
const onnx_op_table onnx_flex_attention_ops = ONNX_OP_TABLE(rows);
