/*
 * repeat.c: elements that stand several times in a row. PyTorch 1.13 spells x.repeat_interleave(2, -1) by
 * cutting x into its elements along the axis, repeating each, and joining them; here it becomes one expand,
 * as later exporters write it.
 *
 *   a = slice x : f32[B, S, 1]               b = slice x {start = [0, 0, 1]} : f32[B, S, 1]
 *   c = reshape a : f32[B, S, 1, 1]          d = reshape b : f32[B, S, 1, 1]
 *   e = expand c : f32[B, S, 1, 2]           f = expand d : f32[B, S, 1, 2]
 *   g = reshape e : f32[B, S, 2]             h = reshape f : f32[B, S, 2]
 *   y = concat g, h {axis = 2} : f32[B, S, 4]
 * becomes
 *   c = reshape x : f32[B, S, 2, 1]
 *   e = expand c : f32[B, S, 2, 2]
 *   y = reshape e : f32[B, S, 4]
 */
#include "pass/rewrite.h"

#include <string.h>

static ir_value *before_reshape(ir_value *v) {
  ir_node *reshape = ir_def(v, IR_RESHAPE);
  return reshape ? reshape->operands[0] : v;
}

static bool is_product(ir_module *m, const ir_dim *left, const ir_dim *right, int left_count,
                       int right_count) {
  ir_dim product = ir_dim_const(m, 1), wanted = product;
  for (int i = 0; i < left_count; i++) product = ir_dim_mul(m, product, left[i]);
  for (int i = 0; i < right_count; i++) wanted = ir_dim_mul(m, wanted, right[i]);
  return ir_dim_equal(m, product, wanted);
}

/* The slice s, 1 along `axis`, that v holds `times` in a row along it; NULL if it is no such. */
static ir_node *repeated_slice(ir_module *m, ir_value *v, int axis, ir_dim times) {
  const ir_node *expand = ir_def(before_reshape(v), IR_EXPAND);
  ir_node *slice = expand ? ir_def(before_reshape(expand->operands[0]), IR_SLICE) : NULL;
  if (!slice || slice->result->type.rank != v->type.rank) return NULL;
  for (int i = 0; i < v->type.rank; i++) {
    const ir_dim *size = &slice->result->type.dims[i];
    if (i == axis ? !ir_dim_is(*size, 1) : !ir_dim_equal(m, *size, v->type.dims[i])) return NULL;
  }
  const ir_type *from = &expand->operands[0]->type, *to = &expand->result->type;
  int grown = -1;
  for (int i = 0; i < to->rank; i++) {
    if (ir_dim_equal(m, from->dims[i], to->dims[i])) continue;
    if (grown >= 0) return NULL;
    grown = i;
  }
  bool is_along_axis = grown >= 0 && ir_dim_equal(m, to->dims[grown], times) &&
                       is_product(m, to->dims, v->type.dims, grown, axis);
  return is_along_axis ? slice : NULL;
}

/* Whether slice n is where `first` is, but for `further` elements along `axis`. */
static bool follows(ir_module *m, const ir_node *n, const ir_node *first, int axis, int64_t further) {
  if (n->operands[0] != first->operands[0]) return false;
  for (int i = 0; i < n->result->type.rank; i++) {
    int64_t apart = i == axis ? further : 0;
    if (!ir_dim_is(ir_dim_sub(m, n->attrs.start[i], first->attrs.start[i]), apart)) return false;
    if (n->attrs.step[i] != first->attrs.step[i]) return false;
  }
  return true;
}

/* x [.., N, ..] as [.., N, 1, ..], expanded to [.., N, times, ..], as [.., N * times, ..] */
static ir_value *repeat_each(ir_builder *b, ir_value *x, int axis, ir_dim times, const ir_type *result) {
  ir_dim dims[IR_MAX_RANK];
  int rank = x->type.rank;
  memcpy(dims, x->type.dims, sizeof *dims * (size_t)(axis + 1));
  dims[axis + 1] = ir_dim_const(b->graph->module, 1);
  for (int i = axis + 1; i < rank; i++) dims[i + 1] = x->type.dims[i];
  ir_value *apart = ir_reshape(b, x, dims, rank + 1);
  dims[axis + 1] = times;
  return ir_reshape(b, ir_expand(b, apart, dims, rank + 1), result->dims, rank);
}

static ir_value *join_repeats(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  int axis = n->attrs.axis;
  ir_dim times = n->operands[0]->type.dims[axis];
  if (n->result->type.rank >= IR_MAX_RANK || ir_dim_is(times, 1)) return NULL;
  ir_node *first = NULL;
  for (int i = 0; i < n->operand_count; i++) {
    ir_node *slice = repeated_slice(m, n->operands[i], axis, times);
    if (!first) first = slice;
    if (!slice || !follows(m, slice, first, axis, i)) return NULL;
  }
  if (!first) return NULL;
  ir_dim size[IR_MAX_RANK];
  memcpy(size, first->attrs.shape, sizeof size);
  size[axis] = ir_dim_const(m, n->operand_count);
  ir_value *x = ir_slice(b, first->operands[0], first->attrs.start, size, first->attrs.step);
  return repeat_each(b, x, axis, times, &n->result->type);
}

bool pass_repeat(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {{IR_CONCAT, join_repeats}};
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
