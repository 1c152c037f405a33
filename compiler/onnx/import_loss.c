/* import_loss.c: losses of classification, as some exported models report them. */
#include "onnx/indexing.h"

#include <string.h>

/* Mean (by weight), sum or all of it, as the attribute `reduction` says. */
static ir_value *reduced(onnx_context *c, ir_value *loss, ir_value *weights) {
  const char *reduction = onnx_attr_text(c, "reduction", "mean");
  uint32_t axes = (1u << loss->type.rank) - 1;
  if (strcmp(reduction, "none") == 0) return loss;
  bool mean = strcmp(reduction, "mean") == 0;
  if (!mean && strcmp(reduction, "sum") != 0) return onnx_fail(c, "unknown reduction '%s'", reduction);
  ir_value *sum = ir_reshape(c->b, ir_reduce(c->b, IR_REDUCE_SUM, loss, axes), NULL, 0);
  if (!mean) return sum;
  ir_value *total = ir_reshape(c->b, ir_reduce(c->b, IR_REDUCE_SUM, weights, axes), NULL, 0);
  return ir_binary(c->b, IR_DIV, sum, total);
}

/*
 * -log_probability[n, target[n, ...], ...] * weight[target]; targets equal to ignore_index weigh nothing.
 * log_probability: [N, C, ...], target: [N, ...], weight: [C] or NULL.
 */
static ir_value *negative_log_likelihood(onnx_context *c, ir_value *log_probability, ir_value *target,
                                         ir_value *weight) {
  int rank = log_probability->type.rank;
  if (onnx_failed(c)) return log_probability;
  if (rank < 2 || target->type.rank != rank - 1) return onnx_fail(c, "its target does not fit its input");
  ir_dim column[IR_MAX_RANK];
  for (int i = 0; i < rank; i++) column[i] = i == 1 ? onnx_dim(c, 1) : target->type.dims[i ? i - 1 : 0];
  target = ir_reshape(c->b, ir_cast(c->b, target, SMELT_I64), column, rank);
  ir_value *zero = onnx_number_like(c, log_probability, 0), *ignored = NULL;
  if (onnx_has_attr(c, "ignore_index")) {
    ir_value *index = onnx_i64(c, onnx_attr_int(c, "ignore_index", 0));
    ignored = ir_binary(c->b, IR_EQ, target, index);
    target = ir_select(c->b, ignored, onnx_i64(c, 0), target);
  }
  ir_value *weights = onnx_number_like(c, log_probability, 1);
  if (weight) weights = ir_gather(c->b, weight, target, 0);
  if (ignored) weights = ir_select(c->b, ignored, zero, weights);
  ir_value *picked = onnx_gather_elements(c, log_probability, target, 1);
  ir_value *loss = ir_binary(c->b, IR_MUL, ir_unary(c->b, IR_NEG, picked), weights);
  if (onnx_failed(c)) return loss;
  weights = ir_expand(c->b, weights, loss->type.dims, rank);
  ir_dim shape[IR_MAX_RANK];
  for (int i = 0; i < rank - 1; i++) shape[i] = column[i ? i + 1 : 0];
  return reduced(c, ir_reshape(c->b, loss, shape, rank - 1), ir_reshape(c->b, weights, shape, rank - 1));
}

static ir_value *import_likelihood(onnx_context *c) {
  return negative_log_likelihood(c, c->in[0], c->in[1], c->in[2]);
}

static ir_value *import_cross_entropy(onnx_context *c) {
  if (c->in[0]->type.rank < 2) return onnx_fail(c, "needs rank 2 or more, not %d", c->in[0]->type.rank);
  ir_value *log_probability = onnx_build_log_softmax(c, c->in[0], 1);
  if (c->out_count > 1) c->out[1] = log_probability;
  return negative_log_likelihood(c, log_probability, c->in[1], c->in[2]);
}

static const onnx_op_row rows[] = {
    {"", "NegativeLogLikelihoodLoss", 12, 0, 2, 3, import_likelihood, IR_MUL},
    {"", "SoftmaxCrossEntropyLoss", 12, 0, 2, 3, import_cross_entropy, IR_MUL},
};
const onnx_op_table onnx_loss_ops = ONNX_OP_TABLE(rows);
