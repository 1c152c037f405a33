/* loops_value.c: values at an index: memory, sources and elementwise nodes. */
#include "codegen/kernels/loops.h"

bool loops_uniform(const ir_value *v, const lane_index *index) {
  for (int a = 0; a < v->type.rank; a++)
    if (!lane_index_uniform(&index[a])) return false;
  return true;
}

const ir_node *loops_node_of(const loops *l, const ir_value *v) {
  for (int i = 0; i < l->step->node_count; i++)
    if (l->step->nodes[i]->result == v) return l->step->nodes[i];
  return NULL;
}

/* ---- memory ------------------------------------------------------------------------- */

/* Element (k, n) of panels: ((n / P) * ceil(K / R) + k / R) * R P + (n % P) * R + k % R (plan.h). */
static lane_index panel_offset(loops *l, int together, ir_dim K, lane_index k, lane_index n) {
  emitter *e = l->e;
  ir_module *m = e->ir;
  ir_dim R = ir_dim_const(m, together);
  ir_dim groups = ir_dim_div(m, ir_dim_add(m, K, ir_dim_const(m, together - 1)), R);
  lane_index panel, column, group, within;
  lane_index_divide(e, n, ir_dim_const(m, PLAN_PANEL), l->lanes, &panel, &column);
  lane_index_divide(e, k, R, l->lanes, &group, &within);
  group = lane_index_add(e, lane_index_scale(e, panel, groups, l->lanes), group, l->lanes);
  group = lane_index_scale(e, group, ir_dim_const(m, (int64_t)together * PLAN_PANEL), l->lanes);
  column = lane_index_add(e, lane_index_scale(e, column, R, l->lanes), within, l->lanes);
  return lane_index_add(e, group, column, l->lanes);
}

lane_index loops_offset(loops *l, const plan_operand *operand, const lane_index *index) {
  const ir_type *type = &operand->value->type;
  if (plan_is_transposed(operand->view.layout))
    return panel_offset(l, plan_rows_together(operand->view.layout), type->dims[1], index[1], index[0]);
  lane_index sum = lane_index_const(l->e, 0);
  for (int a = 0; a < type->rank; a++)
    if (!ir_dim_is(type->dims[a], 1))
      sum = lane_index_add(l->e, sum, lane_index_scale(l->e, index[a], operand->view.stride[a], l->lanes),
                           l->lanes);
  return sum;
}

/*
 * The number at `offset` among nibbles as if each had a byte of its own: of the 2 PLAN_QUAD rows of a column
 * that lie together, row r is half r / PLAN_QUAD of byte r % PLAN_QUAD (plan.h).
 */
static LLVMValueRef load_nibbles(loops *l, LLVMValueRef base, lane_index offset) {
  emitter *e = l->e;
  ir_dim quad = ir_dim_const(e->ir, PLAN_QUAD);
  lane_index byte, half, within;
  lane_index_divide(e, offset, quad, l->lanes, &half, &within);
  lane_index_divide(e, half, ir_dim_const(e->ir, 2), l->lanes, &byte, &half);
  byte = lane_index_add(e, lane_index_scale(e, byte, quad, l->lanes), within, l->lanes);
  LLVMValueRef bytes = lane_index_load(e, SMELT_I8, base, byte, l->lanes);
  LLVMValueRef is_high = lane_index_value(e, half, l->lanes);
  is_high = emit_icmp(e, LLVMIntNE, is_high, emit_zero(LLVMTypeOf(is_high)));
  LLVMTypeRef type = LLVMTypeOf(bytes);
  bytes = emit_select(e, is_high, emit_binary(e, LLVMLShr, bytes, emit_integer(type, 4)), bytes);
  return emit_sub(e, emit_binary(e, LLVMAnd, bytes, emit_integer(type, 15)), emit_integer(type, 8));
}

static LLVMValueRef from_memory(loops *l, const ir_value *v, const lane_index *index) {
  for (int i = 0; i < l->step->read_count; i++) {
    const plan_operand *read = &l->step->reads[i];
    if (read->value != v) continue;
    lane_index offset = loops_offset(l, read, index);
    LLVMValueRef base = emit_argument(l->e, i);
    if (read->view.layout == PLAN_NIBBLES_TRANSPOSED) return load_nibbles(l, base, offset);
    return lane_index_load(l->e, v->type.dtype, base, offset, l->lanes);
  }
  return LLVMGetUndef(emit_type(l->e, v->type.dtype, 1)); /* the plan names every value that is read */
}

/* ---- sources --------------------------------------------------------------------------- */

/* A scalar known now; bytes are aligned for the dtype. */
static LLVMValueRef immediate(emitter *e, ir_dtype dtype, const void *bytes) {
  LLVMTypeRef type = emit_type(e, dtype, 1);
  switch (dtype) {
  case SMELT_F32:
    return emit_number(type, *(const float *)bytes);
  case SMELT_F64:
    return emit_number(type, *(const double *)bytes);
  case SMELT_I8:
    return emit_integer(type, *(const int8_t *)bytes);
  case SMELT_I16:
    return emit_integer(type, *(const int16_t *)bytes);
  case SMELT_I32:
    return emit_integer(type, *(const int32_t *)bytes);
  case SMELT_U8:
    return emit_integer(type, *(const uint8_t *)bytes);
  case SMELT_U16:
    return emit_integer(type, *(const uint16_t *)bytes);
  case SMELT_U32:
    return emit_integer(type, *(const uint32_t *)bytes);
  case SMELT_BOOL:
    return emit_integer(type, *(const uint8_t *)bytes != 0);
  case SMELT_I64:
  case SMELT_U64:
    return emit_integer(type, *(const int64_t *)bytes);
  default: {
    LLVMValueRef bits = LLVMConstInt(LLVMInt16TypeInContext(e->context), *(const uint16_t *)bytes, false);
    return emit_widen(e, dtype, LLVMConstBitCast(bits, emit_memory_type(e, dtype, 1)));
  }
  }
}

/* A small constant: an immediate, or an array inside the code. */
static LLVMValueRef constant_value(loops *l, const ir_node *node, const lane_index *index) {
  emitter *e = l->e;
  const ir_type *type = &node->result->type;
  const void *bytes = NULL;
  int64_t count = 0;
  _Alignas(8) uint8_t element[8] = {0};
  if (ir_constant_bytes(e->arena, node->attrs.constant, &bytes) || !ir_type_is_static(type, &count) ||
      count < 1)
    return emit_zero(emit_type(e, type->dtype, 1));
  size_t element_bytes = ir_dtype_bytes(type->dtype);
  if (count == 1) {
    for (size_t i = 0; i < element_bytes; i++) element[i] = ((const uint8_t *)bytes)[i];
    return immediate(e, type->dtype, element);
  }
  LLVMValueRef array = LLVMConstStringInContext2(e->context, bytes, (size_t)count * element_bytes, true);
  LLVMValueRef global = LLVMAddGlobal(e->module, LLVMTypeOf(array), "");
  LLVMSetInitializer(global, array);
  LLVMSetGlobalConstant(global, true);
  LLVMSetLinkage(global, LLVMPrivateLinkage);
  LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
  LLVMSetAlignment(global, PLAN_ALIGN_BYTES);
  lane_index offset = lane_index_const(e, 0);
  for (int a = 0; a < type->rank; a++) {
    offset = lane_index_scale(e, offset, type->dims[a], l->lanes);
    offset = lane_index_add(e, offset, index[a], l->lanes);
  }
  return lane_index_load(e, type->dtype, global, offset, l->lanes);
}

static LLVMValueRef source_value(loops *l, const ir_node *node, const lane_index *index) {
  emitter *e = l->e;
  if (node->op == IR_CONST) return constant_value(l, node, index);
  if (node->op == IR_IOTA) {
    lane_index step =
        lane_index_scale(e, index[node->attrs.axis], ir_dim_const(e->ir, node->attrs.step[0]), l->lanes);
    return lane_index_value(e, lane_index_add(e, step, lane_index_size(e, node->attrs.start[0]), l->lanes),
                            l->lanes);
  }
  /* dims: the element is picked by comparing */
  LLVMValueRef at = lane_index_value(e, index[0], l->lanes), v = emit_index(e, 0);
  for (int64_t i = 0; i < node->attrs.dim_count; i++) {
    LLVMValueRef here = emit_icmp(e, LLVMIntEQ, at, emit_index(e, i));
    v = emit_select(e, here, emit_size(e, node->attrs.dim_list[i]), v);
  }
  return v;
}

/* ---- elementwise -------------------------------------------------------------------------- */

static LLVMValueRef elementwise_value(loops *l, const ir_node *node, const lane_index *index) {
  LLVMValueRef x[3] = {NULL, NULL, NULL};
  int rank = node->result->type.rank;
  for (int i = 0; i < node->operand_count && i < 3; i++) {
    const ir_type *type = &node->operands[i]->type;
    lane_index at[IR_MAX_RANK] = {0};
    for (int a = 0; a < type->rank; a++) /* axes are aligned at the last; a size 1 meets any size */
      at[a] = ir_dim_is(type->dims[a], 1) ? lane_index_const(l->e, 0) : index[a + rank - type->rank];
    x[i] = loops_value(l, node->operands[i], at);
  }
  return elementwise_emit(l->e, node, x);
}

/* ---- any ------------------------------------------------------------------------------------ */

static LLVMValueRef find_known(const loops *l, const ir_value *v, const lane_index *index) {
  for (size_t i = l->known_count; i-- > 0;) {
    const loops_known *known = &l->known[i];
    bool same = known->value == v;
    for (int a = 0; same && a < v->type.rank; a++) same = lane_index_same(&known->index[a], &index[a]);
    if (same) return known->result;
  }
  return NULL;
}

LLVMValueRef loops_value(loops *l, const ir_value *v, const lane_index *index) {
  LLVMValueRef result = find_known(l, v, index);
  if (result) return result;
  const ir_node *node = loops_node_of(l, v);
  if (!node) {
    result = from_memory(l, v, index);
  } else {
    switch (ir_op_describe(node->op)->op_class) {
    case IR_CLASS_SOURCE:
      result = source_value(l, node, index);
      break;
    case IR_CLASS_ELEMENTWISE:
      result = elementwise_value(l, node, index);
      break;
    case IR_CLASS_MOVEMENT:
      result = loops_movement(l, node, index);
      break;
    default:
      result = loops_reduction(l, node, index);
      break;
    }
  }
  loops_known entry = {.value = v, .result = result};
  for (int a = 0; a < v->type.rank; a++) entry.index[a] = index[a];
  ARENA_PUSH(l->e->arena, l->known, l->known_count, l->known_capacity) = entry;
  return result;
}
