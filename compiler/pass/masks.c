/*
 * masks.c: every way to spell "a query sees no later keys" becomes a
 * comparison of two counters (masks.h) or a select on it.
 *
 *   tri = const : u8[1, 1, 384, 384]                  lower triangle of ones
 *   s = slice tri {start = [0, 0, past, 0]} : u8[1, 1, S, past + S]
 *   m = cast s {dtype = bool}
 * becomes
 *   k = iota {axis = 3} : i64[1, 1, 1, past + S]
 *   q = iota {axis = 2, start = [past]} : i64[1, 1, S, 1]
 *   m = le k, q
 */
#include "pass/masks.h"

#include <string.h>

enum { MAX_TRIANGLE_BYTES = 1 << 26, MAX_ROUNDS = 16 };

/* ---- reading ---- */

/* Whether v is select(condition, seen, hidden) of two one-element constants. */
static ir_node *scalar_select(const ir_value *v) {
  double value;
  ir_node *select = ir_def(v, IR_SELECT);
  bool has_scalars =
      select && ir_value_scalar(select->operands[1], &value) && ir_value_scalar(select->operands[2], &value);
  return has_scalars ? select : NULL;
}

/* Element size, rows and columns of a constant whose axes before the last two have size 1. */
static bool matrix_of(const ir_value *v, int64_t *rows, int64_t *columns) {
  int rank = v->type.rank;
  if (!ir_value_is_const(v) || rank < 2) return false;
  for (int i = 0; i < rank - 2; i++) {
    if (!ir_dim_is(v->type.dims[i], 1)) return false;
  }
  return ir_dim_is_const(v->type.dims[rank - 2], rows) && ir_dim_is_const(v->type.dims[rank - 1], columns);
}

/* Whether element (s, t) is one value where t <= s + offset, another elsewhere; *seen and *hidden get
 * scalars. */
static bool is_triangle(const ir_value *v, int64_t offset, ir_constant *seen, ir_constant *hidden) {
  int64_t rows, columns;
  arena scratch = {0};
  const void *bytes;
  size_t width = ir_dtype_bytes(v->type.dtype);
  if (!matrix_of(v, &rows, &columns) || rows < 1 || columns < 2 || offset < 0 || offset + 1 >= columns)
    return false;
  if (rows > MAX_TRIANGLE_BYTES / columns / (int64_t)width) return false;
  const ir_constant *c = v->def->attrs.constant;
  if ((!c->data && !c->made_by) || ir_constant_bytes(&scratch, c, &bytes)) return false;
  const char *at = bytes, *below = at, *above = at + (size_t)(offset + 1) * width;
  bool is_one = memcmp(below, above, width) != 0;
  for (int64_t i = 0; i < rows * columns && is_one; i++, at += width) {
    is_one = memcmp(at, i % columns <= i / columns + offset ? below : above, width) == 0;
  }
  if (is_one && c->data && seen) {
    *seen = (ir_constant){.type.dtype = v->type.dtype, .data = below};
    *hidden = (ir_constant){.type.dtype = v->type.dtype, .data = above};
  }
  bool is_found = is_one && (c->data || !seen);
  arena_free(&scratch);
  return is_found;
}

bool mask_is_causal(ir_module *m, const ir_value *seen) {
  position_mask mask;
  int64_t rows, columns;
  if (position_mask_of(seen, &mask)) {
    return !mask.is_hidden && ir_dim_equal(m, mask.offset, ir_dim_sub(m, mask.keys, mask.queries));
  }
  if (!matrix_of(seen, &rows, &columns) || seen->type.dtype != SMELT_BOOL) return false;
  const char *data = ir_value_data(seen);
  return data && *data && is_triangle(seen, columns - rows, NULL, NULL);
}

/* ---- triangles ---- */

static ir_value *scalar_of(ir_builder *b, const ir_constant *c) {
  return ir_const_data(b, &c->type, c->data);
}

/* slice (constant triangle)  ->  select (le keys, queries), seen, hidden */
static ir_value *triangle(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  ir_constant seen, hidden;
  int rank = n->result->type.rank;
  if (ir_type_is_static(&n->result->type, NULL) || !is_triangle(n->operands[0], 0, &seen, &hidden))
    return NULL;
  if (n->attrs.step[rank - 1] != 1 || n->attrs.step[rank - 2] != 1) return NULL;
  position_mask mask = {.queries = n->result->type.dims[rank - 2], .keys = n->result->type.dims[rank - 1]};
  mask.offset = ir_dim_sub(m, n->attrs.start[rank - 2], n->attrs.start[rank - 1]);
  ir_value *condition = position_mask_build(b, &mask, rank);
  if (n->result->type.dtype == SMELT_BOOL) {
    return *(const char *)seen.data ? condition : ir_unary(b, IR_NOT, condition);
  }
  return ir_select(b, condition, scalar_of(b, &seen), scalar_of(b, &hidden));
}

/* Whether v is the same known element everywhere. */
static bool is_uniform(const ir_value *v, double *value) {
  ir_node *expand = ir_def(v, IR_EXPAND);
  return ir_value_scalar(expand ? expand->operands[0] : v, value);
}

/* concat (expand 0), (select seen, 0, f)  ->  select seen', 0, f   over all keys: the past is seen whole */
static ir_value *past_before(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  int rank = n->result->type.rank;
  double past, seen, lowest_hidden;
  position_mask mask;
  if (n->operand_count != 2 || n->attrs.axis != rank - 1 || !is_uniform(n->operands[0], &past)) return NULL;
  ir_node *select = scalar_select(n->operands[1]);
  if (!position_mask_of(select ? select->operands[0] : n->operands[1], &mask)) return NULL;
  if (select) {
    ir_value_scalar(select->operands[1], &seen);
    ir_value_scalar(select->operands[2], &lowest_hidden);
    if (mask.is_hidden || past != seen) return NULL;
  } else if (past != !mask.is_hidden) {
    return NULL;
  }
  int64_t lowest, highest;
  ir_dim_bounds(m, mask.offset, &lowest, &highest);
  if (lowest < -1) return NULL; /* the last key of the past would be hidden */
  mask.offset = ir_dim_add(m, mask.offset, n->operands[0]->type.dims[rank - 1]);
  mask.keys = n->result->type.dims[rank - 1];
  ir_value *condition = position_mask_build(b, &mask, rank);
  return select ? ir_select(b, condition, select->operands[1], select->operands[2]) : condition;
}

/* ---- arithmetic on masks ---- */

/* select c, true, false  ->  c, for arms already computed; select c, x, y otherwise */
static ir_value *select_scalars(ir_builder *b, const ir_node *n, ir_value *condition, ir_value *x,
                                ir_value *y) {
  double seen, hidden;
  if (!ir_value_scalar(x, &seen) || !ir_value_scalar(y, &hidden)) return NULL;
  if (seen == hidden) {
    return ir_expand(b, ir_reshape(b, x, NULL, 0), n->result->type.dims, n->result->type.rank);
  }
  if (n->result->type.dtype != SMELT_BOOL) return ir_select(b, condition, x, y);
  return seen != 0 ? condition : ir_unary(b, IR_NOT, condition);
}

/* mul (select c, x, y), k  ->  select c, x * k, y * k;   sub 1, (cast c)  ->  select c, 0, 1 */
static ir_value *arithmetic(ir_builder *b, ir_node *n) {
  if (ir_op_describe(n->op)->op_class != IR_CLASS_ELEMENTWISE || n->op == IR_SELECT || n->operand_count > 2)
    return NULL;
  double value;
  for (int i = 0; i < n->operand_count; i++) {
    if (n->operand_count == 2 && !ir_value_scalar(n->operands[1 - i], &value)) continue;
    ir_node *select = scalar_select(n->operands[i]), *cast = ir_def(n->operands[i], IR_CAST);
    if (cast && (n->operand_count < 2 || cast->operands[0]->type.dtype != SMELT_BOOL)) cast = NULL;
    if (!select && !cast) continue;
    ir_value *condition = select ? select->operands[0] : cast->operands[0], *results[2];
    for (int arm = 0; arm < 2; arm++) {
      ir_value *x = select ? select->operands[1 + arm] : ir_const_scalar(b, cast->attrs.dtype, !arm);
      if (n->operand_count == 1) {
        results[arm] = ir_build(b, n->op, &x, 1, &n->attrs);
      } else {
        results[arm] =
            i == 0 ? ir_binary(b, n->op, x, n->operands[1]) : ir_binary(b, n->op, n->operands[0], x);
      }
    }
    return select_scalars(b, n, condition, results[0], results[1]);
  }
  return NULL;
}

/* mul (select seen, 0, f), (cast hidden)  ->  select (or seen, (not hidden)), 0, f */
static ir_value *product(ir_builder *b, ir_node *n) {
  position_mask mask;
  for (int i = 0; i < 2; i++) {
    ir_node *select = scalar_select(n->operands[i]), *cast = ir_def(n->operands[1 - i], IR_CAST);
    if (!select || !cast || !rewrite_is_filled(select->operands[1], 0)) continue;
    if (!position_mask_of(select->operands[0], &mask) || !position_mask_of(cast->operands[0], &mask))
      continue;
    ir_value *seen = ir_unary(b, IR_NOT, cast->operands[0]);
    ir_value *either = ir_binary(b, IR_OR, select->operands[0], seen);
    return ir_select(b, either, select->operands[1], select->operands[2]);
  }
  return NULL;
}

/* and (le k, q), (le k, q')  ->  le k, min(q, q');   or likewise, where it is known which is smaller */
static ir_value *combine(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  position_mask x, y;
  if (!position_mask_of(n->operands[0], &x) || !position_mask_of(n->operands[1], &y)) return NULL;
  bool fits =
      x.is_hidden == y.is_hidden && ir_dim_equal(m, x.keys, y.keys) && ir_dim_equal(m, x.queries, y.queries);
  int64_t lowest, highest;
  ir_dim_bounds(m, ir_dim_sub(m, x.offset, y.offset), &lowest, &highest);
  if (!fits || (lowest < 0 && highest > 0)) return NULL;
  bool wants_larger = (n->op == IR_OR) != x.is_hidden, x_is_larger = lowest >= 0;
  return position_mask_build(b, wants_larger == x_is_larger ? &x : &y, n->result->type.rank);
}

/* select (gt k, q), x, y  ->  select (le k, q), y, x */
static ir_value *seen_first(ir_builder *b, ir_node *n) {
  position_mask mask;
  if (!position_mask_of(n->operands[0], &mask) || !mask.is_hidden) return NULL;
  mask.is_hidden = false;
  ir_value *seen = position_mask_build(b, &mask, n->operands[0]->type.rank);
  return ir_select(b, seen, n->operands[2], n->operands[1]);
}

/* select c, (select c, x, y), z  ->  select c, x, z;   the other arm likewise */
static ir_value *same_condition(ir_builder *b, ir_node *n) {
  ir_node *first = ir_def(n->operands[1], IR_SELECT), *second = ir_def(n->operands[2], IR_SELECT);
  bool is_first = first && first->operands[0] == n->operands[0];
  bool is_second = second && second->operands[0] == n->operands[0];
  if (!is_first && !is_second) return NULL;
  return ir_select(b, n->operands[0], is_first ? first->operands[1] : n->operands[1],
                   is_second ? second->operands[2] : n->operands[2]);
}

/*
 * select below, f, (select seen, x, f)  ->  select (and seen, (not below)), x, f
 * A window of keys: below = le k, q' hides what is too far behind. The other arm likewise. At least one key
 * of the window remains, since fillers that are all the same would weigh as much as none.
 */
static ir_value *window(ir_builder *b, ir_node *n) {
  position_mask outer, inner;
  double filler, other;
  if (!position_mask_of(n->operands[0], &outer)) return NULL;
  for (int arm = 1; arm <= 2; arm++) {
    ir_node *select = scalar_select(n->operands[3 - arm]);
    if (!select || !position_mask_of(select->operands[0], &inner) || inner.is_hidden) continue;
    if (!ir_value_scalar(n->operands[arm], &filler) || !ir_value_scalar(select->operands[2], &other))
      continue;
    int64_t lowest, highest;
    ir_dim_bounds(b->graph->module, ir_dim_sub(b->graph->module, inner.offset, outer.offset), &lowest,
                  &highest);
    bool hides_below = (arm == 1) != outer.is_hidden;
    if (filler != other || !hides_below || lowest < 1) continue;
    ir_value *near = arm == 1 ? ir_unary(b, IR_NOT, n->operands[0]) : n->operands[0];
    return ir_select(b, ir_binary(b, IR_AND, select->operands[0], near), select->operands[1],
                     select->operands[2]);
  }
  return NULL;
}

/* ---- movement of masks ---- */

/* reshape (select c, x, y)  ->  select (reshape c), x, y;   slice and transpose likewise */
static ir_value *move_select(ir_builder *b, ir_node *n) {
  ir_node *select = scalar_select(n->operands[0]);
  if (!select || !rewrite_same_dims(b->graph->module, &select->operands[0]->type, &select->result->type))
    return NULL;
  ir_value *moved = ir_build(b, n->op, select->operands, 1, &n->attrs);
  return ir_select(b, moved, ir_reshape(b, select->operands[1], NULL, 0),
                   ir_reshape(b, select->operands[2], NULL, 0));
}

/* reshape (and (le k, q), (gt k, q')) : [S, T] to [1, 1, S, T]  ->  and of both reshaped */
static ir_value *reshape_both(ir_builder *b, ir_node *n) {
  position_mask mask;
  ir_node *both = ir_def(n->operands[0], IR_AND);
  ir_value *moved[2];
  for (int i = 0; i < 2; i++) {
    if (!both || !position_mask_of(both->operands[i], &mask)) return NULL;
    if (!rewrite_same_dims(b->graph->module, &both->operands[i]->type, &both->result->type)) return NULL;
    moved[i] = ir_reshape(b, both->operands[i], n->result->type.dims, n->result->type.rank);
  }
  return ir_binary(b, IR_AND, moved[0], moved[1]);
}

/* reshape (le k, q) : [S, T] to [1, 1, S, T]  ->  le k', q' */
static ir_value *reshape_mask(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  position_mask mask;
  const ir_type *type = &n->result->type;
  if (ir_def(n->operands[0], IR_AND)) return reshape_both(b, n);
  if (type->rank < 2 || !position_mask_of(n->operands[0], &mask)) return NULL;
  bool fits = ir_dim_equal(m, type->dims[type->rank - 1], mask.keys) &&
              ir_dim_equal(m, type->dims[type->rank - 2], mask.queries);
  for (int i = 0; i < type->rank - 2; i++) fits = fits && ir_dim_is(type->dims[i], 1);
  return fits ? position_mask_build(b, &mask, type->rank) : NULL;
}

/* slice (le k, q)  ->  le (slice k), (slice q) */
static ir_value *slice_mask(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  position_mask mask;
  int rank = n->result->type.rank;
  if (!position_mask_of(n->operands[0], &mask) || n->attrs.step[rank - 1] != 1 ||
      n->attrs.step[rank - 2] != 1) {
    return NULL;
  }
  mask.offset = ir_dim_add(m, mask.offset, ir_dim_sub(m, n->attrs.start[rank - 2], n->attrs.start[rank - 1]));
  mask.queries = n->result->type.dims[rank - 2];
  mask.keys = n->result->type.dims[rank - 1];
  return position_mask_build(b, &mask, rank);
}

static const rewrite_rule mask_rules[] = {
    {IR_SLICE, triangle},       {IR_CONCAT, past_before},    {REWRITE_ANY_OP, arithmetic},
    {IR_MUL, product},          {IR_AND, combine},           {IR_OR, combine},
    {IR_SELECT, seen_first},    {IR_SELECT, same_condition}, {IR_SELECT, window},
    {IR_RESHAPE, move_select},  {IR_SLICE, move_select},     {IR_TRANSPOSE, move_select},
    {IR_RESHAPE, reshape_mask}, {IR_SLICE, slice_mask},
};

bool pass_masks(ir_graph *g, pass_report *report) {
  bool changed = false, again = true;
  pass_report other = {0};
  for (int round = 0; round < MAX_ROUNDS && again && !report->failed; round++) {
    again = rewrite_graph(g, report, position_rules, POSITION_RULE_COUNT);
    again |= rewrite_graph(g, report, REWRITE_RULES(mask_rules));
    if (again) pass_canonicalise(g, &other);
    changed |= again;
  }
  if (!report->failed) report->failed = other.failed;
  return changed;
}
