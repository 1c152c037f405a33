/*
 * linear.c: products with constant weights become linear, with their bias.
 *
 *   r = reshape x : f32[s, 64]
 *   p = matmul r, w : f32[s, 256]
 *   a = add p, bias : f32[s, 256]
 *   y = reshape a : f32[1, s, 256]      ->    y = linear x, w, bias : f32[1, s, 256]
 *
 * linear takes any number of leading axes, so the reshapes that exporters put
 * around two-dimensional products move down until they meet and cancel.
 */
#include "pass/rewrite.h"

#include <string.h>

static ir_dim last_dim(const ir_value *v) {
  return v->type.dims[v->type.rank - 1];
}

/* Whether v is a constant f32 matrix [K, N], perhaps behind axes of size 1. */
static bool is_weight(const ir_value *v) {
  if (!ir_value_is_const(v) || v->type.dtype != SMELT_F32) return false;
  for (int i = 0; i < v->type.rank - 2; i++) {
    if (!ir_dim_is(v->type.dims[i], 1)) return false;
  }
  return true;
}

/* matmul x [.., M, K], w [1.., K, N]  ->  linear x, w */
static ir_value *product(ir_builder *b, ir_node *n) {
  ir_value *x = n->operands[0], *w = n->operands[1];
  if (!is_weight(w) || ir_value_is_const(x)) return NULL;
  ir_value *weight = rewrite_reshape_constant(b, w, w->type.dims + w->type.rank - 2, 2);
  if (!ir_value_is_const(weight)) return NULL;
  return ir_build(b, IR_LINEAR, (ir_value *[]){x, weight}, 2, &(ir_attrs){.activation = IR_IDENTITY});
}

/* matmul x [.., M, 1], y [.., 1, N]  ->  mul x, y: no sum to make */
static ir_value *outer_product(ir_builder *b, ir_node *n) {
  return ir_dim_is(last_dim(n->operands[0]), 1) ? ir_binary(b, IR_MUL, n->operands[0], n->operands[1]) : NULL;
}

/* add (linear x, w), bias  ->  linear x, w, bias */
static ir_value *take_bias(ir_builder *b, ir_node *n) {
  ir_node *linear = rewrite_only_use(n->operands[0], IR_LINEAR);
  if (!linear || linear->operand_count > 2 || !rewrite_is_bare(linear)) return NULL;
  ir_dim columns = last_dim(linear->result);
  ir_value *v = n->operands[1];
  if (!rewrite_is_vector(b->graph->module, v, columns)) return NULL;
  ir_value *bias = rewrite_reshape_constant(b, v, &columns, 1);
  return ir_build(b, IR_LINEAR, (ir_value *[]){linear->operands[0], linear->operands[1], bias}, 3,
                  &linear->attrs);
}

/* linear (reshape x), ...  ->  reshape (linear x, ...)   where the reshape keeps the last axis */
static ir_value *reshape_after(ir_builder *b, ir_node *n) {
  ir_node *reshape = ir_def(n->operands[0], IR_RESHAPE);
  if (!reshape || !rewrite_is_bare(n)) return NULL;
  ir_value *x = reshape->operands[0];
  if (x->type.rank < 1 || !ir_dim_equal(b->graph->module, last_dim(x), last_dim(reshape->result)))
    return NULL;
  ir_value *operands[3] = {x, n->operands[1], n->operand_count > 2 ? n->operands[2] : NULL};
  ir_value *y = ir_build(b, IR_LINEAR, operands, n->operand_count > 2 ? 3 : 2, &n->attrs);
  return ir_reshape(b, y, n->result->type.dims, n->result->type.rank);
}

/* add (reshape (linear x, w)), bias  ->  reshape (add (linear x, w), bias) */
static ir_value *reshape_after_bias(ir_builder *b, ir_node *n) {
  ir_node *reshape = rewrite_only_use(n->operands[0], IR_RESHAPE);
  ir_node *linear = reshape ? rewrite_only_use(reshape->operands[0], IR_LINEAR) : NULL;
  if (!linear || linear->operand_count > 2 || !rewrite_is_bare(linear)) return NULL;
  ir_dim columns = last_dim(linear->result);
  if (!ir_dim_equal(b->graph->module, last_dim(n->result), columns)) return NULL;
  if (!rewrite_is_vector(b->graph->module, n->operands[1], columns)) return NULL;
  ir_value *bias = rewrite_reshape_constant(b, n->operands[1], &columns, 1);
  ir_value *sum = ir_binary(b, IR_ADD, linear->result, bias);
  return ir_reshape(b, sum, n->result->type.dims, n->result->type.rank);
}

/* reshape (linear (reshape x), ...)  ->  linear (reshape x), ...   where only the last axis is linear's */
static ir_value *reshape_before(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  if (n->result->type.rank < 1) return NULL;
  ir_node *linear = rewrite_only_use(n->operands[0], IR_LINEAR);
  ir_node *inner = linear ? ir_def(linear->operands[0], IR_RESHAPE) : NULL;
  if (!inner || !rewrite_is_bare(linear) || !ir_dim_equal(m, last_dim(n->result), last_dim(linear->result)))
    return NULL;
  ir_value *x = inner->operands[0];
  while (ir_def(x, IR_RESHAPE)) x = x->def->operands[0];
  if (x->type.rank > 0 && ir_dim_equal(m, last_dim(x), last_dim(inner->result))) return NULL; /* moves down */
  ir_dim dims[IR_MAX_RANK];
  memcpy(dims, n->result->type.dims, sizeof dims);
  dims[n->result->type.rank - 1] = last_dim(inner->result);
  ir_value *operands[3] = {ir_reshape(b, x, dims, n->result->type.rank), linear->operands[1],
                           linear->operand_count > 2 ? linear->operands[2] : NULL};
  return ir_build(b, IR_LINEAR, operands, linear->operand_count > 2 ? 3 : 2, &linear->attrs);
}

/* reshape (reshape x)  ->  reshape x, as in canonicalise: the moving ones meet */
static ir_value *merge_reshapes(ir_builder *b, ir_node *n) {
  ir_node *inner = ir_def(n->operands[0], IR_RESHAPE);
  return inner ? ir_reshape(b, inner->operands[0], n->attrs.shape, n->attrs.rank) : NULL;
}

bool pass_linear(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {
      {IR_MATMUL, product},         {IR_MATMUL, outer_product},   {IR_ADD, take_bias},
      {IR_LINEAR, reshape_after},   {IR_ADD, reshape_after_bias}, {IR_RESHAPE, merge_reshapes},
      {IR_RESHAPE, reshape_before},
  };
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
