/* view.c: movement without moving: transposes, slices, expands and most reshapes are strides over their
 * operand. */
#include "plan/planner.h"

void plan_dense_strides(ir_module *m, const ir_type *type, ir_dim *stride) {
  ir_dim run = ir_dim_const(m, 1);
  for (int i = type->rank - 1; i >= 0; i--) {
    stride[i] = run;
    run = ir_dim_mul(m, run, type->dims[i]);
  }
}

bool plan_view_is_dense(ir_module *m, const ir_type *type, const plan_view *view) {
  if (view->layout != PLAN_STRIDED) return false;
  ir_dim dense[IR_MAX_RANK];
  plan_dense_strides(m, type, dense);
  for (int i = 0; i < type->rank; i++) {
    if (!ir_dim_is(type->dims[i], 1) && !ir_dim_equal(m, dense[i], view->stride[i])) return false;
  }
  return true;
}

/* Axes of the operand from `from` up to but not including `to` form one run: each stride is the next one's
 * times its size. */
static bool is_run(ir_module *m, const ir_type *type, const plan_view *view, int from, int to) {
  for (int i = from; i + 1 < to; i++) {
    if (!ir_dim_equal(m, view->stride[i], ir_dim_mul(m, view->stride[i + 1], type->dims[i + 1])))
      return false;
  }
  return true;
}

/* Axes of size 1 have no say in where elements lie: drop them. Returns the rank that is left. */
static int drop_ones(const ir_type *type, const plan_view *view, ir_type *kept_type, plan_view *kept) {
  int rank = 0;
  *kept = *view;
  *kept_type = *type;
  for (int i = 0; i < type->rank; i++) {
    if (ir_dim_is(type->dims[i], 1)) continue;
    kept_type->dims[rank] = type->dims[i];
    kept->stride[rank++] = view->stride[i];
  }
  kept_type->rank = rank;
  return rank;
}

/*
 * Walks both shapes from the left in groups of axes with equal products: a
 * group of operand axes must be one run, which the result's axes then divide.
 */
static bool view_through_reshape(ir_module *m, const ir_node *n, const plan_view *source, plan_view *result) {
  ir_type from;
  plan_view at;
  int rank = drop_ones(&n->operands[0]->type, source, &from, &at);
  const ir_type *to = &n->result->type;
  int i = 0, k = 0;
  while (k < to->rank) {
    if (ir_dim_is(to->dims[k], 1)) {
      k++;
      continue;
    }
    if (i >= rank) return false;
    int first = i, group = k;
    ir_dim left = from.dims[i++], right = to->dims[k++];
    while (!ir_dim_equal(m, left, right)) {
      int64_t lowest, highest;
      ir_dim_bounds(m, ir_dim_sub(m, left, right), &lowest, &highest);
      bool grow_left = highest <= 0 || (lowest < 0 && k >= to->rank) ||
                       (lowest < 0 && ir_dim_is_const(ir_dim_div(m, right, left), NULL));
      if (grow_left ? i >= rank : k >= to->rank) return false;
      if (grow_left) {
        left = ir_dim_mul(m, left, from.dims[i++]);
      } else {
        right = ir_dim_mul(m, right, to->dims[k++]);
      }
    }
    if (!is_run(m, &from, &at, first, i)) return false;
    ir_dim run = at.stride[i - 1];
    for (int a = k - 1; a >= group; a--) {
      result->stride[a] = run;
      run = ir_dim_mul(m, run, to->dims[a]);
    }
  }
  for (k = to->rank - 1; k >= 0; k--) {
    if (!ir_dim_is(to->dims[k], 1)) continue;
    bool is_last = k + 1 == to->rank;
    result->stride[k] = is_last ? ir_dim_const(m, 1) : ir_dim_mul(m, result->stride[k + 1], to->dims[k + 1]);
  }
  return i == rank;
}

bool plan_view_through(ir_module *m, const ir_node *n, const plan_view *source, plan_view *result) {
  if (source->layout != PLAN_STRIDED) return false;
  const ir_type *x = &n->operands[0]->type;
  *result = *source;
  switch (n->op) {
  case IR_IDENTITY:
    return true;
  case IR_RESHAPE:
    return view_through_reshape(m, n, source, result);
  case IR_TRANSPOSE:
    for (int i = 0; i < x->rank; i++) result->stride[i] = source->stride[n->attrs.perm[i]];
    return true;
  case IR_EXPAND:
    for (int i = 0; i < x->rank; i++) {
      if (ir_dim_is(x->dims[i], 1)) result->stride[i] = ir_dim_const(m, 0);
    }
    return true;
  case IR_SLICE:
    for (int i = 0; i < x->rank; i++) {
      result->offset = ir_dim_add(m, result->offset, ir_dim_mul(m, n->attrs.start[i], source->stride[i]));
      result->stride[i] = ir_dim_mul(m, source->stride[i], ir_dim_const(m, n->attrs.step[i]));
    }
    return true;
  default:
    return false;
  }
}

static bool is_unit(const ir_type *type, const plan_view *view) {
  return type->rank == 0 || ir_dim_is(type->dims[type->rank - 1], 1) ||
         ir_dim_is(view->stride[type->rank - 1], 1);
}

/* All axes before the last merge into one, whatever axes of size 1 say. */
static bool is_rows(ir_module *m, const ir_type *type, const plan_view *view) {
  ir_type kept_type;
  plan_view kept;
  ir_type leading = *type;
  leading.rank--;
  int rank = drop_ones(&leading, view, &kept_type, &kept);
  /* The kernels take the row stride from axis rank-2: where there are rows it must be the real one. */
  if (rank && !ir_dim_equal(m, view->stride[type->rank - 2], kept.stride[rank - 1])) return false;
  return is_run(m, &kept_type, &kept, 0, rank);
}

bool plan_wants_dense(ir_op op) {
  switch (op) {
  case IR_CUMSUM:
  case IR_CUMPROD:
  case IR_TOP_K:
  case IR_SCATTER:
  case IR_SCATTER_ADD:
  case IR_SCATTER_MUL:
  case IR_SCATTER_MIN:
  case IR_SCATTER_MAX:
    return true;
  default:
    return false;
  }
}

bool plan_view_suits(ir_module *m, const ir_node *n, int index, const ir_type *type, const plan_view *view) {
  if (view->layout != PLAN_STRIDED) return false;
  if (plan_wants_dense(n->op)) return plan_view_is_dense(m, type, view);
  switch (n->op) {
  case IR_LINEAR:
  case IR_LAYER_NORM:
  case IR_RMS_NORM:
  case IR_SOFTMAX:
    return is_unit(type, view) && (type->rank < 2 || is_rows(m, type, view));
  case IR_ATTENTION:
    if (index == 3) return is_unit(type, view) || ir_dim_is(view->stride[type->rank - 1], 0);
    return is_unit(type, view);
  default:
    return is_unit(type, view);
  }
}
