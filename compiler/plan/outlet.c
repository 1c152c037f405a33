/*
 * outlet.c: columns of a product that go straight into a cache. Queries, keys and values are one product,
 * whose rows hold all three; keys and values belong, head by head, behind what the caches have: %1 = linear
 * %x, %w: f32[1, S, 2304] %2 = transpose reshape slice %1 [.., 768:1536]: f32[1, 12, S, 64] append %past, %2
 * In place of a copy after the product, the product writes those columns where they belong, if nobody else
 * reads them.
 */
#include "plan/planner.h"

/* Columns [first, first + count) of a value's last axis. */
typedef struct {
  int64_t first, count;
} columns;

/* The columns that a slice takes; false: unknown. */
static bool sliced_columns(const ir_node *n, columns *c) {
  int last = n->result->type.rank - 1;
  return n->op == IR_SLICE && n->attrs.step[last] == 1 && ir_dim_is_const(n->attrs.start[last], &c->first) &&
         ir_dim_is_const(n->result->type.dims[last], &c->count);
}

/* Whether of all readers of x only `ours` reads the columns `c`. */
static bool has_to_itself(const ir_value *x, const ir_node *ours, columns c) {
  int uses = 0;
  for (const ir_node *n = x->def->next; n; n = n->next) {
    for (int i = 0; i < n->operand_count; i++) {
      if (n->operands[i] != x) continue;
      columns other;
      uses++;
      if (n == ours) continue;
      if (!sliced_columns(n, &other)) return false;
      if (other.first < c.first + c.count && c.first < other.first + other.count) return false;
    }
  }
  return uses == x->use_count; /* else it is an output, or read inside a loop */
}

/* The product whose columns v is, moved, and the reader of the product that leads to v. */
static ir_node *maker_of(const ir_value *v, const ir_node **reader) {
  *reader = NULL;
  while (v->use_count == 1 && ir_op_describe(v->def->op)->op_class == IR_CLASS_MOVEMENT) {
    *reader = v->def;
    v = v->def->operands[0];
    if (!v->def) return NULL;
  }
  return *reader && v->def->op == IR_LINEAR ? v->def : NULL;
}

/* The step that makes x, if everything since is sure to run after it. */
static plan_step *step_of(planner *p, const ir_value *x) {
  for (size_t i = p->entry->step_count; i-- > 0;) {
    plan_step *step = &p->entry->steps[i];
    if (step->control != PLAN_CALL) return NULL;
    if (step->result.value == x) return step->kernel == PLAN_LINEAR ? step : NULL;
  }
  return NULL;
}

static int outlet_count(const plan_step *step) {
  int count = 0;
  for (int i = 0; i < step->read_count; i++) count += step->reads[i].is_outlet;
  return count;
}

static void add_outlet(planner *p, plan_step *step, const plan_operand *outlet) {
  plan_operand *reads = ARENA_ARRAY(p->a, plan_operand, (size_t)step->read_count + 1);
  for (int i = 0; i < step->read_count; i++) reads[i] = step->reads[i];
  reads[step->read_count++] = *outlet;
  step->reads = reads;
}

/* Whether v, [1, H, S, D] at `source`, is columns *c of rows [1, S, N] that lie at `rows_view`, head by head.
 */
static bool is_heads_of_rows(planner *p, const ir_type *v, const plan_view *source, const ir_type *rows,
                             const plan_view *rows_view, columns *c) {
  int64_t H, D;
  if (v->rank != 4 || rows->rank != 3 || v->dtype != rows->dtype) return false;
  if (!ir_dim_is(v->dims[0], 1) || !ir_dim_is(rows->dims[0], 1)) return false;
  if (!ir_dim_equal(p->m, v->dims[2], rows->dims[1])) return false;
  if (!ir_dim_is_const(v->dims[1], &H) || !ir_dim_is_const(v->dims[3], &D)) return false;
  if (!ir_dim_is_const(source->offset, &c->first) || !ir_dim_is(source->stride[3], 1)) return false;
  c->count = H * D;
  bool is_beside = H == 1 || ir_dim_is(source->stride[1], D);
  bool is_below = ir_dim_is(v->dims[2], 1) || ir_dim_equal(p->m, source->stride[2], rows_view->stride[1]);
  return is_beside && is_below && D % PLAN_OUTLET_COLUMNS == 0 && c->first % PLAN_OUTLET_COLUMNS == 0;
}

bool plan_add_outlet(planner *p, ir_value *v, const plan_view *source, const plan_view *view) {
  const ir_node *reader, *maker = v->def ? maker_of(v, &reader) : NULL;
  plan_step *step = maker ? step_of(p, maker->result) : NULL;
  columns c;
  if (!step || outlet_count(step) == PLAN_MAX_OUTLETS || !ir_dim_is(view->stride[3], 1)) return false;
  const plan_view *made = &step->result.view; /* v may be a copy of it, in another order */
  if (source->space != made->space || source->base_bytes != made->base_bytes) return false;
  if (!is_heads_of_rows(p, &v->type, source, &maker->result->type, made, &c)) return false;
  if (!has_to_itself(maker->result, reader, c)) return false;
  add_outlet(p, step, &(plan_operand){.value = v, .view = *view, .is_outlet = true, .first_column = c.first});
  return true;
}
