/*
 * position.c: counters, and comparisons of one with another. Exporters make
 * positions with Range, Add, Cast, Unsqueeze, Slice; here they become one
 * iota each, and what compares two of them the normal form of masks.h.
 *
 *   r = iota {axis = 0} : i64[S]
 *   a = add r, 1 : i64[S]
 *   q = reshape a : i64[S, 1]
 *   k = reshape r : i64[1, S]
 *   m = lt k, q                 ->    m = le (iota {axis = 1}), (iota {axis = 0})
 */
#include "pass/masks.h"

#include <string.h>

/* A tensor whose elements count up by one along `axis`; a single element has axis -1. */
typedef struct {
  int axis;
  ir_dim start, size;
} position;

static int long_axis(const ir_type *type) {
  int axis = -1;
  for (int i = 0; i < type->rank; i++) {
    if (ir_dim_is(type->dims[i], 1)) continue;
    if (axis >= 0) return -2;
    axis = i;
  }
  return axis;
}

static bool position_of(ir_module *m, const ir_value *v, position *p) {
  const ir_node *iota = ir_def(v, IR_IOTA);
  p->axis = long_axis(&v->type);
  if (p->axis < -1 || !ir_dtype_is_integer(v->type.dtype)) return false;
  p->size = p->axis < 0 ? ir_dim_const(m, 1) : v->type.dims[p->axis];
  if (iota) {
    p->start = iota->attrs.start[0];
    return p->axis < 0 || (iota->attrs.axis == p->axis && iota->attrs.step[0] == 1);
  }
  int64_t count;
  if (!v->content || !ir_dim_is_const(p->size, &count) || count < 1) return false;
  p->start = v->content[0];
  for (int64_t i = 1; i < count; i++) {
    if (!ir_dim_is(ir_dim_sub(m, v->content[i], p->start), i)) return false;
  }
  return true;
}

static bool is_at_least(ir_module *m, ir_dim d, int64_t least) {
  int64_t lowest, highest;
  ir_dim_bounds(m, d, &lowest, &highest);
  return lowest >= least;
}

/* ---- the normal form ---- */

bool position_mask_of(const ir_value *v, position_mask *mask) {
  const ir_node *n = v->def;
  if (!n || (n->op != IR_LE && n->op != IR_GT)) return false;
  const ir_node *key = ir_def(n->operands[0], IR_IOTA), *query = ir_def(n->operands[1], IR_IOTA);
  int last = v->type.rank - 1;
  bool is_normal = key && query && key->attrs.axis == last && query->attrs.axis == last - 1 &&
                   key->attrs.step[0] == 1 && query->attrs.step[0] == 1 && ir_dim_is(key->attrs.start[0], 0);
  if (!is_normal || long_axis(&key->result->type) != last) return false;
  int query_axis = long_axis(&query->result->type);
  if (query_axis != last - 1 && query_axis != -1) return false;
  *mask = (position_mask){v->type.dims[last - 1], v->type.dims[last], query->attrs.start[0], n->op == IR_GT};
  return true;
}

/* Whether all queries see all keys (*seen), or none any. The last key is T - 1, the last query's limit S - 1
 * + offset. */
static bool is_one_sided(ir_module *m, const position_mask *mask, bool *seen) {
  ir_dim limit = ir_dim_add(m, mask->offset, mask->queries);
  *seen = is_at_least(m, ir_dim_sub(m, mask->offset, mask->keys), -1);
  return *seen || is_at_least(m, ir_dim_sub(m, ir_dim_const(m, 0), limit), 0);
}

ir_value *position_mask_build(ir_builder *b, const position_mask *mask, int rank) {
  ir_module *m = b->graph->module;
  ir_dim key_dims[IR_MAX_RANK], query_dims[IR_MAX_RANK], dims[IR_MAX_RANK];
  ir_dim one = ir_dim_const(m, 1), zero = ir_dim_const(m, 0);
  for (int i = 0; i < rank; i++) key_dims[i] = query_dims[i] = dims[i] = one;
  key_dims[rank - 1] = dims[rank - 1] = mask->keys;
  query_dims[rank - 2] = dims[rank - 2] = mask->queries;
  bool all_seen;
  if (is_one_sided(m, mask, &all_seen)) {
    return ir_expand(b, ir_const_scalar(b, SMELT_BOOL, all_seen != mask->is_hidden), dims, rank);
  }
  ir_value *key = ir_iota(b, key_dims, rank, rank - 1, zero, 1);
  ir_value *query = ir_iota(b, query_dims, rank, rank - 2, mask->offset, 1);
  return ir_binary(b, mask->is_hidden ? IR_GT : IR_LE, key, query);
}

/* What `left OP right` says about key and query: hidden or seen, and the limit moved by `shift`. */
static const struct {
  ir_op op;
  bool key_is_left, is_hidden;
  int shift;
} relations[] = {
    {IR_LT, true, false, -1}, {IR_LE, true, false, 0},  {IR_GT, true, true, 0},    {IR_GE, true, true, -1},
    {IR_LT, false, true, 0},  {IR_LE, false, true, -1}, {IR_GT, false, false, -1}, {IR_GE, false, false, 0},
};

/* lt q, k and the like  ->  gt k, q: later axis left, starting at 0; what is always so becomes a constant */
static ir_value *compare(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  position left, right;
  position_mask mask;
  int rank = n->result->type.rank;
  if (!position_of(m, n->operands[0], &left) || !position_of(m, n->operands[1], &right)) return NULL;
  bool key_is_left = left.axis > right.axis;
  position key = key_is_left ? left : right, query = key_is_left ? right : left;
  bool is_pair = rank >= 2 && key.axis == rank - 1 && (query.axis == rank - 2 || query.axis == -1);
  if (!is_pair || n->result->content) return NULL;
  mask = (position_mask){
      .queries = query.size, .keys = key.size, .offset = ir_dim_sub(m, query.start, key.start)};
  for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
    if (relations[i].op != n->op || relations[i].key_is_left != key_is_left) continue;
    mask.is_hidden = relations[i].is_hidden;
    mask.offset = ir_dim_add(m, mask.offset, ir_dim_const(m, relations[i].shift));
  }
  position_mask normal;
  bool all_seen;
  if (position_mask_of(n->result, &normal) && !is_one_sided(m, &mask, &all_seen)) return NULL;
  return position_mask_build(b, &mask, rank);
}

/* le (cast i), (cast j)  ->  le i, j   for positions i and j, which are small integers */
static ir_value *compare_uncast(ir_builder *b, ir_node *n) {
  position p;
  ir_node *left = ir_def(n->operands[0], IR_CAST), *right = ir_def(n->operands[1], IR_CAST);
  if (!left || !right || !position_of(b->graph->module, left->operands[0], &p)) return NULL;
  if (!position_of(b->graph->module, right->operands[0], &p)) return NULL;
  if (left->operands[0]->type.dtype != right->operands[0]->type.dtype) return NULL;
  return ir_binary(b, n->op, left->operands[0], right->operands[0]);
}

/* lt (iota : [T]), T  ->  true   where all positions of one side are on one side of all of the other */
static ir_value *compare_apart(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  position x, y;
  int64_t least, most, ignored;
  if (!position_of(m, n->operands[0], &x) || !position_of(m, n->operands[1], &y)) return NULL;
  ir_dim one = ir_dim_const(m, 1), apart = ir_dim_sub(m, x.start, y.start);
  ir_dim_bounds(m, ir_dim_sub(m, apart, ir_dim_sub(m, y.size, one)), &least, &ignored);
  ir_dim_bounds(m, ir_dim_add(m, apart, ir_dim_sub(m, x.size, one)), &ignored, &most);
  bool is_below = n->op == IR_LT ? most < 0 : most <= 0, is_above = n->op == IR_LT ? least >= 0 : least > 0;
  if (n->op == IR_GT || n->op == IR_GE) {
    is_below = n->op == IR_GT ? most <= 0 : most < 0;
    is_above = n->op == IR_GT ? least > 0 : least >= 0;
  }
  if (!is_below && !is_above) return NULL;
  bool holds = is_below == (n->op == IR_LT || n->op == IR_LE);
  return ir_expand(b, ir_const_scalar(b, SMELT_BOOL, holds), n->result->type.dims, n->result->type.rank);
}

/* lt (sub i, j), c  ->  lt (sub i, c), j   for positions i and j, which are far from overflow */
static ir_value *compare_distance(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  ir_node *sub = ir_def(n->operands[0], IR_SUB);
  position i, j, c;
  if (!sub || !ir_dtype_is_signed(sub->result->type.dtype)) return NULL;
  if (!position_of(m, n->operands[1], &c) || c.axis != -1) return NULL;
  if (!position_of(m, sub->operands[0], &i) || !position_of(m, sub->operands[1], &j) || j.axis < 0)
    return NULL;
  return ir_binary(b, n->op, ir_binary(b, IR_SUB, sub->operands[0], n->operands[1]), sub->operands[1]);
}

static ir_value *comparison(ir_builder *b, ir_node *n) {
  ir_value *same = compare_uncast(b, n);
  if (!same) same = compare_distance(b, n);
  if (!same) same = compare(b, n);
  return same ? same : compare_apart(b, n);
}

/* ---- arithmetic and movement of counters ---- */

/* A counter of the type's dims; all but one are 1. */
static ir_value *rebuild(ir_builder *b, const ir_type *type, int axis, ir_dim start) {
  return ir_iota(b, type->dims, type->rank, axis, start, 1);
}

/* iota over more axes than its own  ->  expand (iota over its own) */
static ir_value *narrow_iota(ir_builder *b, ir_node *n) {
  int axis = n->attrs.axis;
  ir_type narrow = n->result->type;
  for (int i = 0; i < narrow.rank; i++)
    narrow.dims[i] = i == axis ? narrow.dims[i] : ir_dim_const(b->graph->module, 1);
  if (rewrite_same_dims(b->graph->module, &narrow, &n->result->type)) return NULL;
  ir_value *iota = ir_iota(b, narrow.dims, narrow.rank, axis, n->attrs.start[0], n->attrs.step[0]);
  return ir_expand(b, iota, n->result->type.dims, n->result->type.rank);
}

/* reshape (iota [S])  ->  iota [1, S, 1] */
static ir_value *reshape_iota(ir_builder *b, ir_node *n) {
  ir_node *iota = ir_def(n->operands[0], IR_IOTA);
  position p;
  int axis = long_axis(&n->result->type);
  if (!iota || axis < 0 || !position_of(b->graph->module, n->operands[0], &p)) return NULL;
  if (p.axis < 0 || !ir_dim_equal(b->graph->module, p.size, n->result->type.dims[axis])) return NULL;
  return rebuild(b, &n->result->type, axis, p.start);
}

/* slice (iota {start = a}) {start = b}  ->  iota {start = a + b} */
static ir_value *slice_iota(ir_builder *b, ir_node *n) {
  ir_node *iota = ir_def(n->operands[0], IR_IOTA);
  position p;
  if (!iota || !position_of(b->graph->module, n->operands[0], &p) || p.axis < 0 ||
      n->attrs.step[p.axis] != 1) {
    return NULL;
  }
  return rebuild(b, &n->result->type, p.axis, ir_dim_add(b->graph->module, p.start, n->attrs.start[p.axis]));
}

/* add (iota {start = a}), c  ->  iota {start = a + c};   sub likewise */
static ir_value *shift_iota(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  for (int i = 0; i < (n->op == IR_ADD ? 2 : 1); i++) {
    const ir_value *other = n->operands[1 - i];
    position p, shift;
    if (!ir_def(n->operands[i], IR_IOTA) || !position_of(m, n->operands[i], &p) || p.axis < 0) continue;
    if (!position_of(m, other, &shift) || shift.axis != -1) continue;
    ir_dim start =
        n->op == IR_ADD ? ir_dim_add(m, p.start, shift.start) : ir_dim_sub(m, p.start, shift.start);
    return rebuild(b, &n->result->type, p.axis, start);
  }
  return NULL;
}

/* cumsum (expand 1)  ->  iota {start = 1}   as exports count positions in a mask of ones */
static ir_value *count_up(ir_builder *b, ir_node *n) {
  double step;
  ir_node *expand = ir_def(n->operands[0], IR_EXPAND);
  if (!expand || !ir_value_scalar(expand->operands[0], &step) || step != 1) return NULL;
  const ir_type *type = &n->result->type;
  ir_value *iota = ir_iota(b, type->dims, type->rank, n->attrs.axis, ir_dim_const(b->graph->module, 1), 1);
  return ir_cast(b, iota, type->dtype);
}

/* gather x, (dims {list = [past, past + 1]})  ->  gather x, (iota {start = [past]})   positions of a few
 * tokens */
static ir_value *gather_position(ir_builder *b, ir_node *n) {
  const ir_type *type = &n->operands[1]->type;
  ir_node *reshape = ir_def(n->operands[1], IR_RESHAPE);
  ir_node *dims = ir_def(reshape ? reshape->operands[0] : n->operands[1], IR_DIMS);
  if (!dims || dims->attrs.dim_count < 1) return NULL;
  const ir_dim *list = dims->attrs.dim_list;
  for (int64_t i = 1; i < dims->attrs.dim_count; i++) {
    if (!ir_dim_is(ir_dim_sub(b->graph->module, list[i], list[0]), i)) return NULL;
  }
  int axis = long_axis(type) == -1 ? type->rank - 1 : long_axis(type);
  if (axis < 0) return NULL;
  ir_value *position = ir_iota(b, type->dims, type->rank, axis, list[0], 1);
  return ir_gather(b, n->operands[0], position, n->attrs.axis);
}

const rewrite_rule position_rules[POSITION_RULE_COUNT] = {
    {IR_IOTA, narrow_iota}, {IR_RESHAPE, reshape_iota}, {IR_SLICE, slice_iota},       {IR_ADD, shift_iota},
    {IR_SUB, shift_iota},   {IR_LT, comparison},        {IR_LE, comparison},          {IR_GT, comparison},
    {IR_GE, comparison},    {IR_CUMSUM, count_up},      {IR_GATHER, gather_position},
};
