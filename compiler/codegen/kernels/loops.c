/*
 * loops.c: one loop nest for a cluster of elementwise, movement, source and
 * reduction nodes. All axes of the result but the innermost are one loop,
 * split over the threads; the innermost runs in vectors. Everything else is
 * asked for where it is needed: loops_value emits an element from its index.
 */
#include "codegen/kernels/loops.h"

enum { BLOCK_ELEMENTS = 1024 }; /* of the innermost axis, per unit of a thread's work */

typedef struct {
  loops l;
  int rank, inner;            /* inner: the axis that runs in vectors; -1: one element per unit */
  ir_dim extent[IR_MAX_RANK]; /* of the loops; merged axes have 1 but for the last of them */
  lane_index index[IR_MAX_RANK];
} nest;

static bool is_reduction(const ir_node *n) {
  return ir_op_describe(n->op)->op_class == IR_CLASS_REDUCTION;
}

/* ---- merging axes ------------------------------------------------------------------- */

/* Whether v has both axes as the result has them, or neither. */
static bool both_or_neither(const nest *t, const ir_value *v, int axis) {
  const ir_type *result = &t->l.step->result.value->type;
  int first = axis - (t->rank - v->type.rank);
  if (first + 1 < 0) return true;
  if (first < 0) return ir_dim_is(v->type.dims[first + 1], 1);
  bool ones = ir_dim_is(v->type.dims[first], 1) && ir_dim_is(v->type.dims[first + 1], 1);
  return ones ||
         (v->type.dims[first] == result->dims[axis] && v->type.dims[first + 1] == result->dims[axis + 1]);
}

/* Whether an index that runs on through both axes finds the same elements. */
static bool runs_through(const nest *t, const plan_operand *operand, int axis) {
  ir_module *m = t->l.e->ir;
  const ir_type *type = &operand->value->type;
  int first = axis - (t->rank - type->rank);
  if (!both_or_neither(t, operand->value, axis) || operand->view.layout != PLAN_STRIDED) return false;
  if (first < 0 || ir_dim_is(type->dims[first + 1], 1)) return true;
  ir_dim whole = ir_dim_mul(m, operand->view.stride[first + 1], type->dims[first + 1]);
  return ir_dim_equal(m, operand->view.stride[first], whole);
}

static bool can_merge(const nest *t, int axis) {
  const plan_step *step = t->l.step;
  const ir_type *result = &step->result.value->type;
  if (ir_dim_is(result->dims[axis], 1) || ir_dim_is(result->dims[axis + 1], 1)) return false;
  for (int i = 0; i < step->node_count; i++) {
    const ir_node *n = step->nodes[i];
    int64_t count;
    bool scalar = n->op == IR_CONST && ir_type_is_static(&n->result->type, &count) && count == 1;
    if (!scalar && ir_op_describe(n->op)->op_class != IR_CLASS_ELEMENTWISE) return false;
    if (!scalar && !both_or_neither(t, n->result, axis)) return false;
  }
  for (int i = 0; i < step->read_count; i++)
    if (step->reads[i].value && !runs_through(t, &step->reads[i], axis)) return false;
  return runs_through(t, &step->result, axis);
}

static void choose_extents(nest *t) {
  const ir_type *type = &t->l.step->result.value->type;
  ir_module *m = t->l.e->ir;
  t->rank = type->rank;
  t->inner = -1;
  for (int a = 0; a < t->rank; a++) {
    t->extent[a] = type->dims[a];
    if (a > 0 && can_merge(t, a - 1)) {
      t->extent[a] = ir_dim_mul(m, t->extent[a - 1], t->extent[a]);
      t->extent[a - 1] = ir_dim_const(m, 1);
    }
  }
  for (int a = 0; a < t->rank; a++)
    if (!ir_dim_is(t->extent[a], 1)) t->inner = a;
}

/* ---- reductions and the inner axis ------------------------------------------------------ */

static bool reduces_last(const ir_node *n) {
  const ir_type *type = &n->operands[0]->type;
  bool is_arg = n->op == IR_ARG_MAX || n->op == IR_ARG_MIN;
  uint32_t axes = is_arg ? 1u << n->attrs.axis : n->attrs.axes;
  for (int a = type->rank - 1; a >= 0; a--)
    if (!ir_dim_is(type->dims[a], 1)) return axes >> a & 1;
  return false;
}

/* Whether a reduction's value is the same all along the inner axis: it is then computed before that loop. */
static bool constant_along_inner(const nest *t, const ir_node *n) {
  int axis = t->inner - (t->rank - n->result->type.rank);
  return t->inner >= 0 && (axis < 0 || ir_dim_is(n->result->type.dims[axis], 1));
}

static bool hoists(const nest *t) {
  for (int i = 0; i < t->l.step->node_count; i++)
    if (is_reduction(t->l.step->nodes[i]) && constant_along_inner(t, t->l.step->nodes[i])) return true;
  return false;
}

/* A sum along the last axis is a vector loop of its own: there is one element of the result at a time. */
static bool elements_are_sums(const nest *t) {
  for (int i = 0; i < t->l.step->node_count; i++) {
    const ir_node *n = t->l.step->nodes[i];
    if (is_reduction(n) && reduces_last(n) && !constant_along_inner(t, n)) return true;
  }
  return false;
}

static void compute_hoisted(nest *t) {
  for (int i = 0; i < t->l.step->node_count; i++) {
    const ir_node *n = t->l.step->nodes[i];
    if (!is_reduction(n) || !constant_along_inner(t, n)) continue;
    lane_index at[IR_MAX_RANK] = {0};
    for (int a = 0; a < n->result->type.rank; a++)
      at[a] = ir_dim_is(n->result->type.dims[a], 1) ? lane_index_const(t->l.e, 0)
                                                    : t->index[a + t->rank - n->result->type.rank];
    loops_value(&t->l, n->result, at);
  }
}

/* ---- the nest ------------------------------------------------------------------------------ */

static void write_elements(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  nest *t = user;
  (void)part;
  loops *l = &t->l;
  size_t known = l->known_count;
  l->lanes = lanes;
  if (t->inner >= 0) t->index[t->inner] = (lane_index){index, lanes > 1, lanes};
  const ir_value *value =
      l->step->node_count ? l->step->result.value : l->step->reads[0].value; /* else a copy */
  LLVMValueRef v = loops_value(l, value, t->index);
  lane_index offset = loops_offset(l, &l->step->result, t->index);
  lane_index_store(e, l->step->result.value->type.dtype, emit_argument(e, l->step->read_count), offset, v,
                   lanes);
  l->known_count = known;
}

/* About how many operations one result element takes. */
static LLVMValueRef element_work(nest *t) {
  emitter *e = t->l.e;
  int64_t cost = 1;
  ir_dim work = ir_dim_const(e->ir, 1);
  for (int i = 0; i < t->l.step->node_count; i++) {
    const ir_node *n = t->l.step->nodes[i];
    cost += elementwise_cost(n->op);
    if (!is_reduction(n)) continue;
    const ir_type *type = &n->operands[0]->type;
    for (int a = 0; a < type->rank; a++)
      if (ir_dim_is(n->result->type.dims[a], 1)) work = ir_dim_mul(e->ir, work, type->dims[a]);
  }
  /* vectors share one instruction */
  return emit_size(e, ir_dim_mul(e->ir, work, ir_dim_const(e->ir, 1 + cost / 4)));
}

static void emit_nest(nest *t, int lanes) {
  emitter *e = t->l.e;
  LLVMValueRef one = emit_index(e, 1), zero = emit_index(e, 0);
  LLVMValueRef inner = t->inner < 0 ? one : emit_size(e, t->extent[t->inner]);
  int64_t inner_size = 0;
  bool whole =
      t->inner < 0 || hoists(t) || (emit_is_constant(inner, &inner_size) && inner_size <= BLOCK_ELEMENTS);
  LLVMValueRef blocks = whole ? one
                              : emit_udiv(e, emit_add(e, inner, emit_index(e, BLOCK_ELEMENTS - 1)),
                                          emit_index(e, BLOCK_ELEMENTS));
  LLVMValueRef units = blocks;
  for (int a = 0; a < t->rank; a++)
    if (a != t->inner) units = emit_mul(e, units, emit_size(e, t->extent[a]));
  LLVMValueRef low, high, block_size = whole ? inner : emit_index(e, BLOCK_ELEMENTS);
  emit_share(e, units, emit_mul(e, block_size, element_work(t)), &low, &high);
  emit_loop unit = emit_loop_begin(e, low, high, 1);
  LLVMValueRef left = whole ? unit.index : emit_udiv(e, unit.index, blocks), from = zero, to = inner;
  if (!whole) {
    from = emit_mul(e, emit_urem(e, unit.index, blocks), emit_index(e, BLOCK_ELEMENTS));
    to = emit_imin(e, inner, emit_add(e, from, emit_index(e, BLOCK_ELEMENTS)));
  }
  for (int a = t->rank - 1; a >= 0; a--) {
    t->index[a] = lane_index_const(e, 0);
    if (a == t->inner || ir_dim_is(t->extent[a], 1)) continue;
    bool outermost = true;
    for (int b = 0; b < a; b++) outermost = outermost && (b == t->inner || ir_dim_is(t->extent[b], 1));
    LLVMValueRef size = emit_size(e, t->extent[a]);
    t->index[a] = lane_index_of(outermost ? left : emit_urem(e, left, size));
    if (!outermost) left = emit_udiv(e, left, size);
  }
  compute_hoisted(t);
  if (t->inner < 0)
    write_elements(e, zero, 1, 0, t);
  else
    emit_strips(e, from, to, lanes, 1, write_elements, t);
  emit_loop_end(e, &unit);
}

static int lanes_for(const nest *t) {
  emitter *e = t->l.e;
  int lanes = emit_level_lanes(e, t->l.step->result.value->type.dtype);
  int64_t size;
  if (t->inner >= 0 && ir_dim_is_const(t->extent[t->inner], &size))
    while (lanes > 1 && lanes > size) lanes /= 2;
  return lanes;
}

/* Leaves the body and the prologue as emit_function_begin made them. */
static void start_over(emitter *e) {
  LLVMBasicBlockRef first = LLVMGetEntryBasicBlock(e->function), body = LLVMGetNextBasicBlock(first);
  LLVMBasicBlockRef fresh = LLVMInsertBasicBlockInContext(e->context, body, "body");
  LLVMBuildBr(e->builder, fresh); /* what was emitted is unreachable now, and goes */
  LLVMPositionBuilderAtEnd(e->builder, fresh);
}

void kernel_loops(emitter *e, const plan_step *step) {
  nest t = {.l = {.e = e, .step = step}};
  choose_extents(&t);
  if (elements_are_sums(&t)) t.inner = -1;
  int lanes = lanes_for(&t);
  emit_nest(&t, lanes);
  if (!t.l.needs_scalar) return;
  start_over(e);
  t.l.needs_scalar = false;
  t.l.known_count = 0;
  emit_nest(&t, 1);
}
