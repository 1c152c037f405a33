/*
 * narrow.c: where only a slice of a result is read, only that slice is
 * computed. In prefill the logits of the last position are wanted, so the
 * last layer's feed-forward and the output layer work on one position.
 *
 *   n = layer_norm h, gain, bias : f32[1, s, 64]
 *   y = linear n, w : f32[1, s, 512]
 *   l = slice y {start = [0, s - 1, 0]} : f32[1, 1, 512]
 * becomes
 *   t = slice h {start = [0, s - 1, 0]} : f32[1, 1, 64]
 *   n = layer_norm t, gain, bias : f32[1, 1, 64]
 *   l = linear n, w : f32[1, 1, 512]
 *
 * A slice moves up through a node that nothing else reads. What mixes
 * positions stops it: append, cumsum, reductions and softmax along the axis.
 */
#include "pass/rewrite.h"

#include <string.h>

enum { MAX_ROUNDS = 64 };

/* Elements [start, start + size) along one axis. */
typedef struct {
  int axis;
  ir_dim start, size;
} span;

/* The node above the slice, rebuilt over sliced operands; NULL if the slice cannot move. */
typedef ir_value *push_function(ir_builder *b, const ir_node *n, span s);

static ir_value *cut(ir_builder *b, ir_value *v, int axis, span s) {
  return ir_slice_axis(b, v, axis, s.start, s.size);
}

static ir_value *rebuild(ir_builder *b, const ir_node *n, ir_value *const *operands, const ir_attrs *attrs) {
  return ir_build(b, n->op, operands, n->operand_count, attrs);
}

enum { MAX_OPERANDS = 16 };

static bool copy_operands(const ir_node *n, ir_value **operands) {
  if (n->operand_count > MAX_OPERANDS) return false;
  memcpy(operands, n->operands, sizeof *operands * (size_t)n->operand_count);
  return true;
}

/* Every operand along the axis, save those that are repeated along it. */
static ir_value *push_broadcast(ir_builder *b, const ir_node *n, span s) {
  ir_value *operands[MAX_OPERANDS];
  if (!copy_operands(n, operands)) return NULL;
  for (int i = 0; i < n->operand_count; i++) {
    if (!ir_dim_is(operands[i]->type.dims[s.axis], 1)) operands[i] = cut(b, operands[i], s.axis, s);
  }
  return rebuild(b, n, operands, &n->attrs);
}

/* x alone, on any axis but the last: norms, softmax. */
static ir_value *push_rows(ir_builder *b, const ir_node *n, span s) {
  ir_value *operands[MAX_OPERANDS];
  if (s.axis == n->result->type.rank - 1 || !copy_operands(n, operands)) return NULL;
  operands[0] = cut(b, operands[0], s.axis, s);
  return rebuild(b, n, operands, &n->attrs);
}

static ir_value *push_linear(ir_builder *b, const ir_node *n, span s) {
  ir_value *operands[MAX_OPERANDS];
  if (s.axis == n->result->type.rank - 1 || !copy_operands(n, operands)) return NULL;
  for (int i = 0; i < n->operand_count; i++) {
    bool has_rows = i == 0 || i == 3 || i == 4; /* x, the residual, the scales of x */
    if (has_rows && operands[i]) operands[i] = cut(b, operands[i], s.axis, s);
  }
  return rebuild(b, n, operands, &n->attrs);
}

static ir_value *push_reduce(ir_builder *b, const ir_node *n, span s) {
  if (n->attrs.axes >> s.axis & 1) return NULL;
  ir_value *x = cut(b, n->operands[0], s.axis, s);
  return rebuild(b, n, &x, &n->attrs);
}

static ir_value *push_matmul(ir_builder *b, const ir_node *n, span s) {
  ir_value *operands[2] = {n->operands[0], n->operands[1]};
  int rank = n->result->type.rank;
  if (s.axis == rank - 1) return NULL;
  if (s.axis == rank - 2) {
    operands[0] = cut(b, operands[0], s.axis, s);
    return rebuild(b, n, operands, &n->attrs);
  }
  return push_broadcast(b, n, s);
}

static ir_value *push_transpose(ir_builder *b, const ir_node *n, span s) {
  ir_value *x = cut(b, n->operands[0], n->attrs.perm[s.axis], s);
  return rebuild(b, n, &x, &n->attrs);
}

static ir_value *push_expand(ir_builder *b, const ir_node *n, span s) {
  ir_value *x = n->operands[0];
  ir_attrs attrs = n->attrs;
  attrs.shape[s.axis] = s.size;
  if (!ir_dim_is(x->type.dims[s.axis], 1)) x = cut(b, x, s.axis, s);
  return rebuild(b, n, &x, &attrs);
}

static ir_dim product(ir_module *m, const ir_dim *dims, int count) {
  ir_dim all = ir_dim_const(m, 1);
  for (int i = 0; i < count; i++) all = ir_dim_mul(m, all, dims[i]);
  return all;
}

/* Where the axis is one of the operand's too: the same size, and as many elements before it. */
static ir_value *push_reshape(ir_builder *b, const ir_node *n, span s) {
  ir_module *m = b->graph->module;
  const ir_type *from = &n->operands[0]->type, *to = &n->result->type;
  ir_dim before = product(m, to->dims, s.axis);
  for (int axis = 0; axis < from->rank; axis++) {
    if (!ir_dim_equal(m, from->dims[axis], to->dims[s.axis])) continue;
    if (!ir_dim_equal(m, product(m, from->dims, axis), before)) continue;
    ir_attrs attrs = n->attrs;
    attrs.shape[s.axis] = s.size;
    ir_value *x = cut(b, n->operands[0], axis, s);
    return rebuild(b, n, &x, &attrs);
  }
  return NULL;
}

static ir_value *push_concat(ir_builder *b, const ir_node *n, span s) {
  ir_value *operands[MAX_OPERANDS];
  if (n->attrs.axis == s.axis || !copy_operands(n, operands)) return NULL;
  for (int i = 0; i < n->operand_count; i++) operands[i] = cut(b, operands[i], s.axis, s);
  return rebuild(b, n, operands, &n->attrs);
}

/* Result axes are data's before the axis, then the indices', then data's behind it. */
static ir_value *push_gather(ir_builder *b, const ir_node *n, span s) {
  ir_value *operands[2] = {n->operands[0], n->operands[1]};
  int first = n->attrs.axis, rank = operands[1]->type.rank;
  if (s.axis >= first && s.axis < first + rank) {
    operands[1] = cut(b, operands[1], s.axis - first, s);
  } else {
    operands[0] = cut(b, operands[0], s.axis < first ? s.axis : s.axis - rank + 1, s);
  }
  return rebuild(b, n, operands, &n->attrs);
}

static ir_value *push_rotary(ir_builder *b, const ir_node *n, span s) {
  if (s.axis != 2) return NULL;
  ir_value *operands[3] = {cut(b, n->operands[0], 2, s), cut(b, n->operands[1], 1, s),
                           cut(b, n->operands[2], 1, s)};
  return rebuild(b, n, operands, &n->attrs);
}

/* Queries. Causal attention counts them from the last: key t is seen iff t <= s + T - S, so only a suffix
 * will do. */
static ir_value *push_attention(ir_builder *b, const ir_node *n, span s) {
  ir_module *m = b->graph->module;
  ir_value *operands[MAX_OPERANDS] = {0};
  if (!copy_operands(n, operands)) return NULL;
  bool is_suffix = ir_dim_equal(m, ir_dim_add(m, s.start, s.size), operands[0]->type.dims[2]);
  if (s.axis != 2 || (n->attrs.causal && !is_suffix)) return NULL;
  operands[0] = cut(b, operands[0], 2, s);
  if (operands[3] && !ir_dim_is(operands[3]->type.dims[2], 1)) operands[3] = cut(b, operands[3], 2, s);
  ir_attrs attrs = n->attrs;
  attrs.causal &= !ir_dim_is(s.size, 1); /* the last query sees all keys */
  return rebuild(b, n, operands, &attrs);
}

static const struct {
  ir_op op;
  push_function *push;
} pushes[] = {
    {IR_LINEAR, push_linear},     {IR_LAYER_NORM, push_rows},     {IR_RMS_NORM, push_rows},
    {IR_SOFTMAX, push_rows},      {IR_MATMUL, push_matmul},       {IR_ATTENTION, push_attention},
    {IR_ROTARY, push_rotary},     {IR_TRANSPOSE, push_transpose}, {IR_RESHAPE, push_reshape},
    {IR_EXPAND, push_expand},     {IR_CONCAT, push_concat},       {IR_GATHER, push_gather},
    {IR_REDUCE_SUM, push_reduce}, {IR_REDUCE_MEAN, push_reduce},  {IR_REDUCE_MAX, push_reduce},
    {IR_REDUCE_MIN, push_reduce}, {IR_REDUCE_PROD, push_reduce},
};

/* The one axis that the slice narrows, by step 1; not one of size 1, along which operands may be repeated. */
static bool one_span(ir_module *m, const ir_node *slice, span *s) {
  const ir_type *whole = &slice->operands[0]->type, *part = &slice->result->type;
  int narrowed = 0;
  for (int i = 0; i < whole->rank; i++) {
    if (ir_dim_equal(m, whole->dims[i], part->dims[i]) && ir_dim_is(slice->attrs.start[i], 0)) continue;
    *s = (span){i, slice->attrs.start[i], part->dims[i]};
    narrowed += slice->attrs.step[i] == 1 && !ir_dim_is(whole->dims[i], 1) ? 1 : 2;
  }
  return narrowed == 1;
}

/* slice (f x)  ->  f (slice x) */
static ir_value *push_up(ir_builder *b, ir_node *n) {
  span s;
  const ir_value *v = n->operands[0];
  if (!v->def || v->use_count != 1 || v->content || !one_span(b->graph->module, n, &s)) return NULL;
  if (ir_op_describe(v->def->op)->op_class == IR_CLASS_ELEMENTWISE) return push_broadcast(b, v->def, s);
  for (size_t i = 0; i < sizeof pushes / sizeof *pushes; i++) {
    if (pushes[i].op == v->def->op) return pushes[i].push(b, v->def, s);
  }
  return NULL;
}

bool pass_narrow(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {{IR_SLICE, push_up}};
  bool changed = false, again = true;
  for (int round = 0; round < MAX_ROUNDS && again && !report->failed; round++) {
    again = rewrite_graph(g, report, REWRITE_RULES(rules));
    /* Equal slices of one value become one, which may then be all that reads it. */
    if (again) pass_dedupe(g, &(pass_report){0});
    changed |= again;
  }
  return changed;
}
