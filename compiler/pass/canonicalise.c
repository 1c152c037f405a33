/*
 * canonicalise.c: one spelling for each idea, so that later passes match one
 * pattern where exporters write ten. Each rule shows what it rewrites.
 */
#include "pass/rewrite.h"

#include <math.h>

static bool is_type(ir_module *m, const ir_type *a, const ir_type *b) {
  if (a->dtype != b->dtype || a->rank != b->rank) return false;
  for (int i = 0; i < a->rank; i++) {
    if (!ir_dim_equal(m, a->dims[i], b->dims[i])) return false;
  }
  return true;
}

/* `v` if it can stand for n's result as it is. */
static ir_value *if_fits(ir_builder *b, const ir_node *n, ir_value *v) {
  return is_type(b->graph->module, &v->type, &n->result->type) ? v : NULL;
}

/* The constant scalar among a commutative node's operands comes last; *x gets the other. */
static bool scalar_operand(const ir_node *n, ir_value **x, double *scalar) {
  *x = n->operands[0];
  return ir_value_scalar(n->operands[1], scalar);
}

/* identity x  ->  x */
static ir_value *identity(ir_builder *b, ir_node *n) {
  (void)b;
  return n->operands[0];
}

/* add c, x  ->  add x, c   (constants last in commutative operators) */
static ir_value *constant_last(ir_builder *b, ir_node *n) {
  if (!ir_value_is_const(n->operands[0]) || ir_value_is_const(n->operands[1])) return NULL;
  return ir_build(b, n->op, (ir_value *[]){n->operands[1], n->operands[0]}, 2, &n->attrs);
}

/* add x, 0  ->  x;   add x, neg y  ->  sub x, y */
static ir_value *add(ir_builder *b, ir_node *n) {
  if (rewrite_is_filled(n->operands[1], 0)) return if_fits(b, n, n->operands[0]);
  ir_node *neg = ir_def(n->operands[1], IR_NEG);
  return neg ? ir_binary(b, IR_SUB, n->operands[0], neg->operands[0]) : NULL;
}

/* sub x, 0  ->  x */
static ir_value *sub(ir_builder *b, ir_node *n) {
  return rewrite_is_filled(n->operands[1], 0) ? if_fits(b, n, n->operands[0]) : NULL;
}

/* mul x, 1  ->  x;   mul (mul x, c), d  ->  mul x, c*d where that is exact: one of them a power of two */
static ir_value *mul(ir_builder *b, ir_node *n) {
  double c, d;
  ir_value *x, *y;
  int exponent;
  if (rewrite_is_filled(n->operands[1], 1)) return if_fits(b, n, n->operands[0]);
  if (!scalar_operand(n, &x, &d) || !ir_dtype_is_float(n->result->type.dtype)) return NULL;
  ir_node *inner = rewrite_only_use(x, IR_MUL);
  if (!inner || !scalar_operand(inner, &y, &c)) return NULL;
  if (fabs(frexp(c, &exponent)) != 0.5 && fabs(frexp(d, &exponent)) != 0.5) return NULL;
  return ir_binary(b, IR_MUL, y, ir_const_scalar(b, n->result->type.dtype, c * d));
}

/* div x, 1  ->  x;   div 1, x  ->  reciprocal x;   div x, 2^k  ->  mul x, 2^-k */
static ir_value *divide(ir_builder *b, ir_node *n) {
  double c;
  int exponent;
  bool is_float = ir_dtype_is_float(n->result->type.dtype);
  if (rewrite_is_filled(n->operands[1], 1)) return if_fits(b, n, n->operands[0]);
  if (is_float && rewrite_is_filled(n->operands[0], 1) && if_fits(b, n, n->operands[1])) {
    return ir_unary(b, IR_RECIPROCAL, n->operands[1]);
  }
  if (!is_float || !ir_value_scalar(n->operands[1], &c) || c == 0 || fabs(frexp(c, &exponent)) != 0.5)
    return NULL;
  return ir_binary(b, IR_MUL, n->operands[0], ir_const_scalar(b, n->result->type.dtype, 1 / c));
}

/* reciprocal (sqrt x)  ->  rsqrt x */
static ir_value *reciprocal(ir_builder *b, ir_node *n) {
  ir_node *root = rewrite_only_use(n->operands[0], IR_SQRT);
  return root ? ir_unary(b, IR_RSQRT, root->operands[0]) : NULL;
}

/* pow x, 2  ->  mul x, x;   pow x, 3  ->  mul (mul x, x), x;   pow x, 0.5  ->  sqrt x;   pow x, 1  ->  x */
static ir_value *power(ir_builder *b, ir_node *n) {
  double c;
  ir_value *x = n->operands[0];
  if (!ir_value_scalar(n->operands[1], &c) || !if_fits(b, n, x)) return NULL;
  if (c == 1) return x;
  if (c == 2) return ir_binary(b, IR_MUL, x, x);
  if (c == 3) return ir_binary(b, IR_MUL, ir_binary(b, IR_MUL, x, x), x);
  if (!ir_dtype_is_float(x->type.dtype)) return NULL;
  if (c == 0.5) return ir_unary(b, IR_SQRT, x);
  if (c == -0.5) return ir_unary(b, IR_RSQRT, x);
  return NULL;
}

/* neg (neg x)  ->  x */
static ir_value *negate(ir_builder *b, ir_node *n) {
  (void)b;
  ir_node *inner = ir_def(n->operands[0], IR_NEG);
  return inner ? inner->operands[0] : NULL;
}

/* max x, 0  ->  relu x */
static ir_value *maximum(ir_builder *b, ir_node *n) {
  bool is_relu = rewrite_is_filled(n->operands[1], 0) && if_fits(b, n, n->operands[0]);
  return is_relu ? ir_unary(b, IR_RELU, n->operands[0]) : NULL;
}

/* cast x to x's dtype  ->  x;   cast (cast bool to any) to bool  ->  bool */
static ir_value *cast(ir_builder *b, ir_node *n) {
  (void)b;
  if (n->operands[0]->type.dtype == n->attrs.dtype) return n->operands[0];
  ir_node *inner = ir_def(n->operands[0], IR_CAST);
  bool is_round_trip = inner && n->attrs.dtype == SMELT_BOOL && inner->operands[0]->type.dtype == SMELT_BOOL;
  return is_round_trip ? inner->operands[0] : NULL;
}

/* not (not x)  ->  x;   not (lt x, y)  ->  ge x, y  for integers, and so on */
static ir_value *negation(ir_builder *b, ir_node *n) {
  static const struct {
    ir_op from, to;
  } opposites[] = {{IR_EQ, IR_NE}, {IR_NE, IR_EQ}, {IR_LT, IR_GE},
                   {IR_GE, IR_LT}, {IR_GT, IR_LE}, {IR_LE, IR_GT}};
  ir_node *inner = n->operands[0]->def;
  if (!inner) return NULL;
  if (inner->op == IR_NOT) return inner->operands[0];
  for (size_t i = 0; i < sizeof opposites / sizeof *opposites; i++) {
    /* A comparison with NaN is false whichever way it is asked. */
    if (inner->op != opposites[i].from || ir_dtype_is_float(inner->operands[0]->type.dtype)) continue;
    return ir_build(b, opposites[i].to, inner->operands, 2, NULL);
  }
  return NULL;
}

/* select (not c), x, y  ->  select c, y, x;   select c, x, x  ->  x;   select c, true, false  ->  c;
 * constant conditions choose */
static ir_value *choose(ir_builder *b, ir_node *n) {
  ir_node *inverted = ir_def(n->operands[0], IR_NOT);
  if (inverted) return ir_select(b, inverted->operands[0], n->operands[2], n->operands[1]);
  for (int value = 0; value <= 1; value++) {
    ir_value *chosen = n->operands[value ? 1 : 2];
    if (!rewrite_is_filled(n->operands[0], value)) continue;
    return ir_expand(b, chosen, n->result->type.dims, n->result->type.rank);
  }
  if (n->operands[1] == n->operands[2]) return if_fits(b, n, n->operands[1]);
  double x, y;
  if (!ir_value_scalar(n->operands[1], &x) || !ir_value_scalar(n->operands[2], &y)) return NULL;
  if (x != y && n->result->type.dtype == SMELT_BOOL) {
    return if_fits(b, n, x != 0 ? n->operands[0] : ir_unary(b, IR_NOT, n->operands[0]));
  }
  if (x != y) return NULL;
  return ir_expand(b, ir_reshape(b, n->operands[1], NULL, 0), n->result->type.dims, n->result->type.rank);
}

/* and x, true  ->  x;   and x, false  ->  false   (broadcast to the result) */
static ir_value *conjunction(ir_builder *b, ir_node *n) {
  bool is_and = n->op == IR_AND;
  if (rewrite_is_filled(n->operands[1], is_and)) {
    return ir_expand(b, n->operands[0], n->result->type.dims, n->result->type.rank);
  }
  if (!rewrite_is_filled(n->operands[1], !is_and)) return NULL;
  return ir_expand(b, ir_const_scalar(b, SMELT_BOOL, !is_and), n->result->type.dims, n->result->type.rank);
}

/* Any elementwise node reads through an expand, since it broadcasts anyway: add (expand x), y  ->  add x, y
 */
static ir_value *read_through_expand(ir_builder *b, ir_node *n) {
  if (ir_op_describe(n->op)->op_class != IR_CLASS_ELEMENTWISE || n->operand_count < 2) return NULL;
  for (int i = 0; i < n->operand_count; i++) {
    ir_node *expand = ir_def(n->operands[i], IR_EXPAND);
    if (!expand) continue;
    ir_value *operands[3];
    for (int k = 0; k < n->operand_count; k++) operands[k] = k == i ? expand->operands[0] : n->operands[k];
    ir_value *narrower = ir_build(b, n->op, operands, n->operand_count, &n->attrs);
    return ir_expand(b, narrower, n->result->type.dims, n->result->type.rank);
  }
  return NULL;
}

/* cast (expand x)  ->  expand (cast x), for every elementwise node of one operand */
static ir_value *expand_after(ir_builder *b, ir_node *n) {
  if (ir_op_describe(n->op)->op_class != IR_CLASS_ELEMENTWISE || n->operand_count != 1) return NULL;
  ir_node *expand = rewrite_only_use(n->operands[0], IR_EXPAND);
  if (!expand) return NULL;
  ir_value *narrow = ir_build(b, n->op, expand->operands, 1, &n->attrs);
  return ir_expand(b, narrow, n->result->type.dims, n->result->type.rank);
}

/* expand (expand x)  ->  expand x;   expand x to x's shape  ->  x */
static ir_value *expand(ir_builder *b, ir_node *n) {
  if (if_fits(b, n, n->operands[0])) return n->operands[0];
  ir_node *inner = ir_def(n->operands[0], IR_EXPAND);
  return inner ? ir_expand(b, inner->operands[0], n->attrs.shape, n->attrs.rank) : NULL;
}

/* reshape (reshape x)  ->  reshape x */
static ir_value *reshape(ir_builder *b, ir_node *n) {
  if (if_fits(b, n, n->operands[0])) return n->operands[0];
  ir_node *inner = ir_def(n->operands[0], IR_RESHAPE);
  return inner ? ir_reshape(b, inner->operands[0], n->attrs.shape, n->attrs.rank) : NULL;
}

/* transpose (transpose x)  ->  transpose x with both perms applied */
static ir_value *transpose(ir_builder *b, ir_node *n) {
  int perm[IR_MAX_RANK];
  bool moves = false;
  ir_node *inner = ir_def(n->operands[0], IR_TRANSPOSE);
  for (int i = 0; i < n->result->type.rank; i++) {
    perm[i] = inner ? inner->attrs.perm[n->attrs.perm[i]] : n->attrs.perm[i];
    moves |= perm[i] != i;
  }
  if (!moves) return inner ? inner->operands[0] : n->operands[0];
  return inner ? ir_transpose(b, inner->operands[0], perm) : NULL;
}

/* slice of everything  ->  x;   slice (slice x)  ->  slice x */
static ir_value *slice(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  ir_value *x = n->operands[0];
  ir_node *inner = ir_def(x, IR_SLICE);
  ir_dim start[IR_MAX_RANK];
  int64_t step[IR_MAX_RANK];
  if (!inner) return ir_slice(b, x, n->attrs.start, n->attrs.shape, n->attrs.step) == x ? x : NULL;
  for (int i = 0; i < x->type.rank; i++) {
    ir_dim moved = ir_dim_mul(m, n->attrs.start[i], ir_dim_const(m, inner->attrs.step[i]));
    start[i] = ir_dim_add(m, inner->attrs.start[i], moved);
    if (__builtin_mul_overflow(inner->attrs.step[i], n->attrs.step[i], &step[i])) return NULL;
  }
  return ir_slice(b, inner->operands[0], start, n->attrs.shape, step);
}

/* slice (concat x, y) inside x or inside y  ->  slice of that one */
static ir_value *slice_of_concat(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  ir_node *concat = ir_def(n->operands[0], IR_CONCAT);
  if (!concat) return NULL;
  int axis = concat->attrs.axis;
  if (n->attrs.step[axis] != 1) return NULL;
  ir_dim before = ir_dim_const(m, 0);
  for (int k = 0; k < concat->operand_count; k++) {
    ir_value *x = concat->operands[k];
    ir_dim start = ir_dim_sub(m, n->attrs.start[axis], before);
    ir_dim room = ir_dim_sub(m, ir_dim_sub(m, x->type.dims[axis], start), n->attrs.shape[axis]);
    int64_t least_start, least_room, most;
    ir_dim_bounds(m, start, &least_start, &most);
    ir_dim_bounds(m, room, &least_room, &most);
    if (least_start >= 0 && least_room >= 0) {
      ir_dim starts[IR_MAX_RANK];
      for (int i = 0; i < x->type.rank; i++) starts[i] = i == axis ? start : n->attrs.start[i];
      return ir_slice(b, x, starts, n->attrs.shape, n->attrs.step);
    }
    before = ir_dim_add(m, before, x->type.dims[axis]);
  }
  return NULL;
}

/* gather x, constant scalar  ->  reshape (slice x): a place known at build time is a view */
static ir_value *gather(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  ir_value *x = n->operands[0];
  double index;
  int64_t size;
  int axis = n->attrs.axis;
  if (!ir_value_scalar(n->operands[1], &index)) return NULL;
  if (!ir_dim_is_const(x->type.dims[axis], &size) || index < (double)-size || index >= (double)size)
    return NULL;
  ir_dim start = ir_dim_const(m, (int64_t)index + (index < 0 ? size : 0));
  ir_value *picked = ir_slice_axis(b, x, axis, start, ir_dim_const(m, 1));
  return ir_reshape(b, picked, n->result->type.dims, n->result->type.rank);
}

/* gather x, (iota over all of an axis)  ->  reshape x */
static ir_value *gather_all(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  ir_node *iota = ir_def(n->operands[1], IR_IOTA);
  if (!iota || !ir_dim_is(iota->attrs.start[0], 0) || iota->attrs.step[0] != 1) return NULL;
  const ir_type *type = &iota->result->type;
  ir_dim all = n->operands[0]->type.dims[n->attrs.axis];
  bool is_whole = ir_dim_equal(m, type->dims[iota->attrs.axis], all) &&
                  ir_dim_equal(m, ir_type_element_count(m, type), all);
  return is_whole ? ir_reshape(b, n->operands[0], n->result->type.dims, n->result->type.rank) : NULL;
}

/* reshape, transpose or slice of (expand x), x one element  ->  expand x: the same element everywhere */
static ir_value *move_uniform(ir_builder *b, ir_node *n) {
  ir_node *expand = ir_def(n->operands[0], IR_EXPAND);
  int64_t count;
  if (!expand || !ir_type_is_static(&expand->operands[0]->type, &count) || count != 1) return NULL;
  ir_value *scalar = ir_reshape(b, expand->operands[0], NULL, 0);
  return ir_expand(b, scalar, n->result->type.dims, n->result->type.rank);
}

/* concat x  ->  x */
static ir_value *concat(ir_builder *b, ir_node *n) {
  (void)b;
  return n->operand_count == 1 ? n->operands[0] : NULL;
}

static const rewrite_rule rules[] = {
    {IR_IDENTITY, identity},
    {IR_ADD, constant_last},
    {IR_MUL, constant_last},
    {IR_MIN, constant_last},
    {IR_MAX, constant_last},
    {IR_AND, constant_last},
    {IR_OR, constant_last},
    {IR_EQ, constant_last},
    {IR_ADD, add},
    {IR_SUB, sub},
    {IR_MUL, mul},
    {IR_DIV, divide},
    {IR_RECIPROCAL, reciprocal},
    {IR_POW, power},
    {IR_NEG, negate},
    {IR_MAX, maximum},
    {IR_CAST, cast},
    {IR_NOT, negation},
    {IR_SELECT, choose},
    {IR_AND, conjunction},
    {IR_OR, conjunction},
    {IR_EXPAND, expand},
    {IR_RESHAPE, reshape},
    {IR_TRANSPOSE, transpose},
    {IR_SLICE, slice},
    {IR_SLICE, slice_of_concat},
    {IR_GATHER, gather},
    {IR_GATHER, gather_all},
    {IR_RESHAPE, move_uniform},
    {IR_TRANSPOSE, move_uniform},
    {IR_SLICE, move_uniform},
    {IR_CONCAT, concat},
    {REWRITE_ANY_OP, read_through_expand},
    {REWRITE_ANY_OP, expand_after},
};

bool pass_canonicalise(ir_graph *g, pass_report *report) {
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
