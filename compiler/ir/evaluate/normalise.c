/* normalise.c: operators over the last axis: softmax, layer_norm, rms_norm. */
#include "ir/evaluate/walk.h"

#include <math.h>

/* Fills results[D] from x[D]; gain and bias have D elements or are NULL. */
typedef void row_rule(const ir_node *node, const double *x, const double *gain, const double *bias, int64_t D,
                      double *results);

static status each_row(arena *scratch, const ir_node *node, const ir_tensor *const *in, ir_tensor *out,
                       row_rule *rule) {
  const ir_tensor *x = in[0];
  int64_t D = x->rank ? x->dims[x->rank - 1] : 1, count = ir_tensor_count(x);
  if (count != ir_tensor_count(out)) return walk_misfit(scratch, node, "result and operand differ in size");
  const double *vectors[2] = {NULL, NULL}; /* gain and bias */
  arena temporary = {0};
  for (int k = 1; k < node->operand_count; k++) {
    if (!in[k]) continue;
    if (ir_tensor_count(in[k]) != D) {
      arena_free(&temporary);
      return walk_misfit(scratch, node, "gain or bias is not of the last axis' size");
    }
    vectors[k - 1] = walk_doubles(&temporary, in[k]);
  }
  double *row = ARENA_ARRAY(&temporary, double, (size_t)D),
         *results = ARENA_ARRAY(&temporary, double, (size_t)D);
  for (int64_t start = 0; start < count; start += D) {
    for (int64_t d = 0; d < D; d++) row[d] = element_double(x->dtype, x->data, start + d);
    rule(node, row, vectors[0], vectors[1], D, results);
    for (int64_t d = 0; d < D; d++) element_set_double(out->dtype, out->data, start + d, results[d]);
  }
  arena_free(&temporary);
  return OK;
}

static void softmax_row(const ir_node *node, const double *x, const double *gain, const double *bias,
                        int64_t D, double *results) {
  (void)node, (void)gain, (void)bias;
  double largest = -INFINITY, sum = 0;
  for (int64_t d = 0; d < D; d++) largest = fmax(largest, x[d]);
  for (int64_t d = 0; d < D; d++) sum += results[d] = exp(x[d] - largest);
  for (int64_t d = 0; d < D; d++) results[d] /= sum;
}

static void norm_row(const ir_node *node, const double *x, const double *gain, const double *bias, int64_t D,
                     double *results) {
  double mean = 0, variance = 0; /* rms_norm: about 0 */
  if (node->op == IR_LAYER_NORM) {
    for (int64_t d = 0; d < D; d++) mean += x[d];
    mean /= (double)D;
  }
  for (int64_t d = 0; d < D; d++) variance += (x[d] - mean) * (x[d] - mean);
  double scale = 1 / sqrt(variance / (double)D + node->attrs.epsilon);
  for (int64_t d = 0; d < D; d++)
    results[d] = (x[d] - mean) * scale * (gain ? gain[d] : 1) + (bias ? bias[d] : 0);
}

status ir_evaluate_softmax(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                           const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  return each_row(scratch, node, in, out, softmax_row);
}

status ir_evaluate_norm(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                        const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  return each_row(scratch, node, in, out, norm_row);
}
