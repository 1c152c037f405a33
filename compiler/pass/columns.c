/* columns.c: joining columns of weights; nothing is copied before the weights are packed. */
#include "pass/columns.h"

static ir_value *bias_of(const ir_node *linear) {
  return linear->operand_count > 2 ? linear->operands[2] : NULL;
}

bool columns_are_bare(const ir_node *n) {
  return ir_value_is_const(n->operands[1]) && (!bias_of(n) || ir_value_is_const(bias_of(n))) &&
         !n->attrs.wide && rewrite_is_bare(n);
}

bool columns_of(ir_module *m, const ir_value *v, column_range *columns) {
  const ir_node *n = v->def;
  if (!n || v->use_count != 1) return false;
  int last = v->type.rank - 1;
  *columns = (column_range){.start = ir_dim_const(m, 0), .count = v->type.dims[last]};
  if (n->op == IR_SLICE) {
    const ir_value *whole = n->operands[0];
    for (int i = 0; i < last; i++) {
      if (!ir_dim_equal(m, whole->type.dims[i], v->type.dims[i])) return false;
    }
    if (n->attrs.step[last] != 1) return false;
    columns->start = n->attrs.start[last];
    n = whole->def;
  }
  if (!n || n->op != IR_LINEAR || !columns_are_bare(n)) return false;
  columns->linear = n;
  columns->x = n->operands[0];
  return true;
}

/* Columns of a constant; a new const node, because the old one may come later in the graph. */
static ir_value *part(ir_builder *b, const ir_value *v, const column_range *range) {
  ir_value *whole = ir_const(b, v->def->attrs.constant);
  return rewrite_lazy(b, ir_slice_axis(b, whole, whole->type.rank - 1, range->start, range->count));
}

static ir_value *part_of_bias(ir_builder *b, const column_range *range, ir_dtype dtype) {
  if (bias_of(range->linear)) return part(b, bias_of(range->linear), range);
  int64_t count;
  ir_type type = {.dtype = dtype, .rank = 1, .dims = {range->count}};
  ir_dim_is_const(range->count, &count);
  return ir_const_data(b, &type,
                       arena_alloc(b->graph->module->arena, (size_t)count * ir_dtype_bytes(type.dtype)));
}

/* Neighbours in one weight are one range. */
static bool follows(ir_module *m, const column_range *before, const column_range *after) {
  return before->linear == after->linear &&
         ir_dim_equal(m, ir_dim_add(m, before->start, before->count), after->start);
}

/* Weights may be narrower than x, but not each another way; so may biases. */
static bool same_dtypes(const column_range *ranges, int count) {
  const ir_value *bias = NULL;
  for (int i = 0; i < count; i++) {
    const ir_value *other = bias_of(ranges[i].linear);
    if (ranges[i].linear->operands[1]->type.dtype != ranges[0].linear->operands[1]->type.dtype) return false;
    if (bias && other && bias->type.dtype != other->type.dtype) return false;
    if (other) bias = other;
  }
  return true;
}

ir_value *columns_join(ir_builder *b, const column_range *ranges, int count, const ir_attrs *attrs) {
  ir_module *m = b->graph->module;
  column_range *merged = ARENA_ARRAY(m->arena, column_range, (size_t)count);
  ir_value **weights = ARENA_ARRAY(m->arena, ir_value *, (size_t)count);
  ir_value **biases = ARENA_ARRAY(m->arena, ir_value *, (size_t)count);
  int parts = 0;
  const ir_value *bias_like = NULL;
  if (!same_dtypes(ranges, count)) return NULL;
  for (int i = 0; i < count; i++) {
    if (!ir_dim_is_const(ranges[i].start, NULL) || !ir_dim_is_const(ranges[i].count, NULL)) return NULL;
    if (bias_of(ranges[i].linear)) bias_like = bias_of(ranges[i].linear);
    if (parts && follows(m, &merged[parts - 1], &ranges[i])) {
      merged[parts - 1].count = ir_dim_add(m, merged[parts - 1].count, ranges[i].count);
    } else {
      merged[parts++] = ranges[i];
    }
  }
  for (int i = 0; i < parts; i++) {
    weights[i] = part(b, merged[i].linear->operands[1], &merged[i]);
    biases[i] = bias_like ? part_of_bias(b, &merged[i], bias_like->type.dtype) : NULL;
  }
  ir_value *weight = rewrite_lazy(b, ir_concat(b, weights, parts, 1));
  ir_value *bias = bias_like ? rewrite_lazy(b, ir_concat(b, biases, parts, 0)) : NULL;
  if (b->failed || !ir_value_is_const(weight) || (bias && !ir_value_is_const(bias))) return NULL;
  return ir_build(b, IR_LINEAR, (ir_value *[]){ranges[0].x, weight, bias}, bias ? 3 : 2, attrs);
}
