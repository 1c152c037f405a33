/*
 * norm.c: layer normalisation (Ba et al. 2016) and root-mean-square
 * normalisation (Zhang and Sennrich 2019), over the last axis.
 *
 *   m = reduce_mean x {axes = [2]}
 *   c = sub x, m
 *   q = mul c, c
 *   v = reduce_mean q {axes = [2]}
 *   e = add v, 1e-05
 *   s = sqrt e
 *   d = div c, s
 *   g = mul d, gain
 *   y = add g, bias                ->    y = layer_norm x, gain, bias {epsilon = 1e-05}
 *
 * and without m, c and bias: y = rms_norm x, gain. One rule finds the root
 * mean square of anything, one that this anything was centred, and two take
 * in gain and bias.
 */
#include "pass/rewrite.h"

static bool is_last_axis(const ir_node *reduce, const ir_value *x) {
  return reduce->attrs.axes == 1u << (x->type.rank - 1);
}

/* v = mean(x^2) + epsilon over the last axis: x, else NULL. */
static ir_value *mean_square(const ir_value *v, double *epsilon) {
  ir_node *sum = ir_def(v, IR_ADD);
  if (!sum || !ir_value_scalar(sum->operands[1], epsilon)) return NULL;
  ir_node *mean = ir_def(sum->operands[0], IR_REDUCE_MEAN);
  ir_node *square = mean ? ir_def(mean->operands[0], IR_MUL) : NULL;
  if (!square || square->operands[0] != square->operands[1]) return NULL;
  return is_last_axis(mean, square->operands[0]) ? square->operands[0] : NULL;
}

/* v is x's root mean square (op SQRT) or one over it (op RSQRT). */
static bool is_root_of(const ir_value *v, ir_op op, const ir_value *x, double *epsilon) {
  ir_node *root = ir_def(v, op);
  if (!root && op == IR_RSQRT) {
    ir_node *inverse = ir_def(v, IR_RECIPROCAL);
    root = inverse ? ir_def(inverse->operands[0], IR_SQRT) : NULL;
  }
  return root && mean_square(root->operands[0], epsilon) == x;
}

static ir_value *build_rms(ir_builder *b, ir_value *x, double epsilon) {
  return ir_build(b, IR_RMS_NORM, &x, 1, &(ir_attrs){.epsilon = epsilon});
}

/* div x, (sqrt (add (reduce_mean (mul x, x)), epsilon))  ->  rms_norm x */
static ir_value *divided_by_root(ir_builder *b, ir_node *n) {
  double epsilon = 0;
  ir_value *x = n->operands[0];
  return is_root_of(n->operands[1], IR_SQRT, x, &epsilon) ? build_rms(b, x, epsilon) : NULL;
}

/* mul x, (rsqrt (add (reduce_mean (mul x, x)), epsilon))  ->  rms_norm x */
static ir_value *times_inverse_root(ir_builder *b, ir_node *n) {
  double epsilon = 0;
  for (int i = 0; i < 2; i++) {
    ir_value *x = n->operands[i];
    if (is_root_of(n->operands[1 - i], IR_RSQRT, x, &epsilon)) return build_rms(b, x, epsilon);
  }
  return NULL;
}

/* rms_norm (sub x, (reduce_mean x)), gain  ->  layer_norm x, gain */
static ir_value *centred(ir_builder *b, ir_node *n) {
  ir_node *difference = ir_def(n->operands[0], IR_SUB);
  ir_node *mean = difference ? ir_def(difference->operands[1], IR_REDUCE_MEAN) : NULL;
  if (!mean || mean->operands[0] != difference->operands[0] || !is_last_axis(mean, mean->operands[0]))
    return NULL;
  ir_value *operands[2] = {mean->operands[0], n->operand_count > 1 ? n->operands[1] : NULL};
  return ir_build(b, IR_LAYER_NORM, operands, n->operand_count, &n->attrs);
}

static ir_value *operand_or_null(const ir_node *n, int i) {
  return i < n->operand_count ? n->operands[i] : NULL;
}

/* A constant that broadcasts along the last axis of n's result, as a vector; NULL if v is none. */
static ir_value *vector(ir_builder *b, const ir_node *n, ir_value *v) {
  ir_dim size = n->result->type.dims[n->result->type.rank - 1];
  return rewrite_is_vector(b->graph->module, v, size) ? rewrite_reshape_constant(b, v, &size, 1) : NULL;
}

/* Whether all that reads the norm multiplies it by a gain: then each gain has a norm of its own. */
static bool feeds_gains(ir_builder *b, const ir_node *norm) {
  int gains = 0;
  for (const ir_node *n = norm->next; n; n = n->next) {
    for (int i = 0; n->op == IR_MUL && i < 2; i++) {
      gains += n->operands[i] == norm->result && vector(b, norm, n->operands[1 - i]) != NULL;
    }
  }
  return gains == norm->result->use_count;
}

/* The norm that v is, if nothing but gains reads it. */
static ir_node *norm_for_gain(ir_builder *b, const ir_value *v) {
  ir_node *norm = ir_def(v, IR_RMS_NORM);
  if (!norm) norm = ir_def(v, IR_LAYER_NORM);
  return norm && (v->use_count == 1 || feeds_gains(b, norm)) ? norm : NULL;
}

/* mul (layer_norm x), gain  ->  layer_norm x, gain */
static ir_value *take_gain(ir_builder *b, ir_node *n) {
  for (int i = 0; i < 2; i++) {
    ir_node *norm = norm_for_gain(b, n->operands[i]);
    if (!norm || operand_or_null(norm, 1) || operand_or_null(norm, 2)) continue;
    ir_value *gain = vector(b, norm, n->operands[1 - i]);
    if (gain) return ir_build(b, norm->op, (ir_value *[]){norm->operands[0], gain}, 2, &norm->attrs);
  }
  return NULL;
}

/* add (layer_norm x, gain), bias  ->  layer_norm x, gain, bias */
static ir_value *take_bias(ir_builder *b, ir_node *n) {
  ir_node *norm = rewrite_only_use(n->operands[0], IR_LAYER_NORM);
  if (!norm || operand_or_null(norm, 2)) return NULL;
  ir_value *bias = vector(b, norm, n->operands[1]);
  ir_value *operands[3] = {norm->operands[0], operand_or_null(norm, 1), bias};
  return bias ? ir_build(b, IR_LAYER_NORM, operands, 3, &norm->attrs) : NULL;
}

bool pass_norm(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {
      {IR_DIV, divided_by_root}, {IR_MUL, times_inverse_root}, {IR_RMS_NORM, centred},
      {IR_MUL, take_gain},       {IR_ADD, take_bias},
  };
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
