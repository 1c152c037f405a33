/* loops_move.c: movement nodes: which operand element a result element is. */
#include "codegen/kernels/loops.h"

/* ---- reshape -------------------------------------------------------------------------- */

/* Product of dims[from, to). */
static ir_dim product(ir_module *m, const ir_type *type, int from, int to) {
  ir_dim p = ir_dim_const(m, 1);
  for (int a = from; a < to; a++) p = ir_dim_mul(m, p, type->dims[a]);
  return p;
}

/*
 * The smallest runs of axes, in of `in` from *in_end and out of `out` from *out_end, with equal products; all
 * that is left where no shorter ones are seen to be equal. Moves the ends.
 */
static void next_group(ir_module *m, const ir_type *in, const ir_type *out, int *in_end, int *out_end) {
  int in_from = *in_end, out_from = *out_end;
  int in_left = in->rank - in_from, out_left = out->rank - out_from;
  for (int total = 1; total < in_left + out_left; total++)
    for (int taken = 0; taken <= total && taken <= in_left; taken++) {
      if (total - taken > out_left) continue;
      ir_dim p = product(m, in, in_from, in_from + taken);
      ir_dim q = product(m, out, out_from, out_from + total - taken);
      if (!ir_dim_equal(m, p, q)) continue;
      *in_end += taken;
      *out_end += total - taken;
      return;
    }
  *in_end = in->rank;
  *out_end = out->rank;
}

/* Merges and splits within each group of axes; equal axes pass without arithmetic. */
static LLVMValueRef reshape_value(loops *l, const ir_node *node, const lane_index *index) {
  emitter *e = l->e;
  const ir_type *in = &node->operands[0]->type, *out = &node->result->type;
  lane_index at[IR_MAX_RANK] = {0};
  int in_end = 0, out_end = 0;
  while (in_end < in->rank || out_end < out->rank) {
    int in_from = in_end, out_from = out_end;
    next_group(e->ir, in, out, &in_end, &out_end);
    lane_index linear = lane_index_const(e, 0);
    for (int a = out_from; a < out_end; a++) {
      if (ir_dim_is(out->dims[a], 1)) continue;
      linear = lane_index_scale(e, linear, out->dims[a], l->lanes);
      linear = lane_index_add(e, linear, index[a], l->lanes);
    }
    int first = in_from; /* the first axis of the group that is not 1 takes what is left */
    while (first < in_end - 1 && ir_dim_is(in->dims[first], 1)) at[first++] = lane_index_const(e, 0);
    for (int a = in_end - 1; a > first; a--)
      lane_index_divide(e, linear, in->dims[a], l->lanes, &linear, &at[a]);
    if (first < in_end) at[first] = linear;
  }
  return loops_value(l, node->operands[0], at);
}

/* ---- gather ----------------------------------------------------------------------------- */

static LLVMValueRef gather_value(loops *l, const ir_node *node, const lane_index *index) {
  emitter *e = l->e;
  const ir_value *data = node->operands[0], *indices = node->operands[1];
  int axis = node->attrs.axis, index_rank = indices->type.rank;
  LLVMValueRef chosen = loops_value(l, indices, index + axis);
  LLVMTypeRef wide = emit_lanes_type(e->i64, emit_lanes(chosen));
  chosen = LLVMBuildIntCast2(e->builder, chosen, wide, ir_dtype_is_signed(indices->type.dtype), "");
  LLVMValueRef size = kernel_dim(e, data, axis), zero = emit_zero(wide);
  /* from the end where negative; whatever is outside still reads inside */
  chosen = emit_select(e, emit_icmp(e, LLVMIntSLT, chosen, zero), emit_add(e, chosen, size), chosen);
  chosen = emit_imin(e, chosen, emit_sub(e, size, emit_index(e, 1)));
  chosen = emit_imax(e, chosen, zero);
  lane_index at[IR_MAX_RANK] = {0};
  for (int a = 0; a < data->type.rank; a++)
    at[a] = a < axis ? index[a] : a == axis ? lane_index_of(chosen) : index[a + index_rank - 1];
  return loops_value(l, data, at);
}

/* ---- concat and pad: branches, so that nothing outside an operand is read --------------------- */

/* One lane's index decides for all of them; the caller has made sure that they agree. */
static LLVMValueRef first_lane(const lane_index *i) {
  return i->base;
}

static lane_index moved(loops *l, lane_index i, ir_dim start) {
  emitter *e = l->e;
  ir_dim back = ir_dim_sub(e->ir, ir_dim_const(e->ir, 0), start);
  return lane_index_add(e, i, lane_index_size(e, back), l->lanes);
}

/* Whether lanes never lie on both sides of `position`. */
static bool splits_cleanly(loops *l, const lane_index *i, ir_dim position) {
  int64_t at;
  if (lane_index_uniform(i)) return true;
  return ir_dim_is_const(position, &at) && lane_index_within(i, at, l->lanes);
}

static LLVMValueRef give_up(loops *l, const ir_node *node) {
  l->needs_scalar = true;
  return emit_zero(emit_type(l->e, node->result->type.dtype, 1));
}

static LLVMValueRef concat_value(loops *l, const ir_node *node, const lane_index *index) {
  emitter *e = l->e;
  int axis = node->attrs.axis, count = node->operand_count, rank = node->result->type.rank;
  lane_index at[IR_MAX_RANK] = {0};
  for (int a = 0; a < rank; a++) at[a] = index[a];
  ir_dim end = ir_dim_const(e->ir, 0);
  for (int i = 0; i < count - 1; i++) {
    end = ir_dim_add(e->ir, end, node->operands[i]->type.dims[axis]);
    if (!splits_cleanly(l, &index[axis], end)) return give_up(l, node);
  }
  int lanes = loops_uniform(node->result, index) ? 1 : l->lanes;
  LLVMValueRef result = emit_variable(e, emit_type(e, node->result->type.dtype, lanes), NULL);
  emit_branch *branches = ARENA_ARRAY(e->arena, emit_branch, (size_t)count);
  ir_dim start = ir_dim_const(e->ir, 0);
  size_t known = l->known_count;
  for (int i = 0; i < count; i++) {
    end = ir_dim_add(e->ir, start, node->operands[i]->type.dims[axis]);
    bool last = i == count - 1;
    if (!last)
      branches[i] = emit_if(e, emit_icmp(e, LLVMIntSLT, first_lane(&index[axis]), emit_size(e, end)));
    at[axis] = moved(l, index[axis], start);
    emit_set(e, result, emit_splat(e, loops_value(l, node->operands[i], at), lanes));
    l->known_count = known; /* what was computed in a branch is not known after it */
    if (!last) emit_else(e, &branches[i]);
    start = end;
  }
  for (int i = count - 1; i-- > 0;) emit_end_if(e, &branches[i]);
  return emit_get(e, result);
}

static LLVMValueRef pad_value(loops *l, const ir_node *node, const lane_index *index) {
  emitter *e = l->e;
  const ir_type *in = &node->operands[0]->type, *out = &node->result->type;
  lane_index at[IR_MAX_RANK] = {0};
  LLVMValueRef inside = LLVMConstInt(e->i1, 1, false);
  for (int a = 0; a < out->rank; a++) {
    ir_dim start = node->attrs.start[a], end = ir_dim_add(e->ir, start, in->dims[a]);
    at[a] = moved(l, index[a], start);
    if (ir_dim_is(start, 0) && ir_dim_equal(e->ir, in->dims[a], out->dims[a])) continue;
    if (!splits_cleanly(l, &index[a], start) || !splits_cleanly(l, &index[a], end)) return give_up(l, node);
    LLVMValueRef i = first_lane(&index[a]);
    inside = emit_binary(e, LLVMAnd, inside, emit_icmp(e, LLVMIntSGE, i, emit_size(e, start)));
    inside = emit_binary(e, LLVMAnd, inside, emit_icmp(e, LLVMIntSLT, i, emit_size(e, end)));
  }
  int lanes = loops_uniform(node->result, index) ? 1 : l->lanes;
  LLVMTypeRef type = emit_type(e, out->dtype, lanes);
  LLVMValueRef fill = ir_dtype_is_float(out->dtype) ? emit_number(type, node->attrs.value)
                                                    : emit_integer(type, (int64_t)node->attrs.value);
  LLVMValueRef result = emit_variable(e, type, fill);
  size_t known = l->known_count;
  emit_branch branch = emit_if(e, inside);
  emit_set(e, result, emit_splat(e, loops_value(l, node->operands[0], at), lanes));
  emit_end_if(e, &branch);
  l->known_count = known;
  return emit_get(e, result);
}

/* ---- any ------------------------------------------------------------------------------------ */

LLVMValueRef loops_movement(loops *l, const ir_node *node, const lane_index *index) {
  emitter *e = l->e;
  const ir_attrs *attrs = &node->attrs;
  const ir_type *in = &node->operands[0]->type;
  lane_index at[IR_MAX_RANK] = {0};
  switch (node->op) {
  case IR_RESHAPE:
    return reshape_value(l, node, index);
  case IR_GATHER:
    return gather_value(l, node, index);
  case IR_CONCAT:
    return concat_value(l, node, index);
  case IR_PAD:
    return pad_value(l, node, index);
  case IR_TRANSPOSE:
    for (int a = 0; a < in->rank; a++) at[attrs->perm[a]] = index[a];
    break;
  case IR_SLICE:
    for (int a = 0; a < in->rank; a++) {
      lane_index step = lane_index_scale(e, index[a], ir_dim_const(e->ir, attrs->step[a]), l->lanes);
      at[a] = lane_index_add(e, step, lane_index_size(e, attrs->start[a]), l->lanes);
    }
    break;
  default: /* expand */
    for (int a = 0; a < in->rank; a++) at[a] = ir_dim_is(in->dims[a], 1) ? lane_index_const(e, 0) : index[a];
    break;
  }
  return loops_value(l, node->operands[0], at);
}
