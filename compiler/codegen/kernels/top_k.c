/*
 * top_k.c: the indices of the k largest elements of every line along an axis,
 * best first. The result's line is a heap of the best so far with the worst
 * of them at its root; at the end it is sorted in place (heapsort: Williams
 * 1964, Floyd 1964). The order is total, so the result does not depend on how.
 */
#include "codegen/kernels/kernel.h"

typedef struct {
  ir_dtype dtype;
  LLVMValueRef x, x_stride;       /* the line's elements */
  LLVMValueRef heap, heap_stride; /* indices into it, i64 */
} line_heap;

static LLVMValueRef get_index(emitter *e, const line_heap *h, LLVMValueRef slot) {
  return emit_load(e, SMELT_I64, emit_at(e, SMELT_I64, h->heap, emit_mul(e, slot, h->heap_stride)), 1);
}

static void set_index(emitter *e, const line_heap *h, LLVMValueRef slot, LLVMValueRef index) {
  emit_store(e, SMELT_I64, emit_at(e, SMELT_I64, h->heap, emit_mul(e, slot, h->heap_stride)), index);
}

static LLVMValueRef element(emitter *e, const line_heap *h, LLVMValueRef index) {
  return emit_load(e, h->dtype, emit_at(e, h->dtype, h->x, emit_mul(e, index, h->x_stride)), 1);
}

/* x > y, where NaN is greater than any number. */
static LLVMValueRef greater(emitter *e, const line_heap *h, LLVMValueRef x, LLVMValueRef y) {
  if (!ir_dtype_is_float(h->dtype)) {
    return emit_icmp(e, ir_dtype_is_signed(h->dtype) ? LLVMIntSGT : LLVMIntUGT, x, y);
  }
  LLVMValueRef only_x =
      emit_binary(e, LLVMAnd, emit_fcmp(e, LLVMRealUNO, x, x), emit_fcmp(e, LLVMRealORD, y, y));
  return emit_binary(e, LLVMOr, emit_fcmp(e, LLVMRealOGT, x, y), only_x);
}

/* Whether element a comes before element b: it is greater, or equal and first. */
static LLVMValueRef precedes(emitter *e, const line_heap *h, LLVMValueRef a, LLVMValueRef b) {
  LLVMValueRef x = element(e, h, a), y = element(e, h, b);
  LLVMValueRef not_less = LLVMBuildNot(e->builder, greater(e, h, y, x), "");
  LLVMValueRef first = emit_binary(e, LLVMAnd, not_less, emit_icmp(e, LLVMIntSLT, a, b));
  return emit_binary(e, LLVMOr, greater(e, h, x, y), first);
}

/* Puts `index` into the heap of `count` slots from the hole `slot` downwards: worse ones rise. */
static void sift(emitter *e, const line_heap *h, LLVMValueRef slot, LLVMValueRef count, LLVMValueRef index) {
  LLVMValueRef one = emit_index(e, 1), hole = emit_variable(e, e->i64, emit_index(e, 0));
  LLVMValueRef child = emit_variable(e, e->i64, emit_index(e, 0));
  emit_set(e, hole, slot);
  emit_set(e, child, emit_add(e, emit_add(e, slot, slot), one));
  emit_repeat down = emit_while_begin(e);
  emit_while_test(e, &down, emit_icmp(e, LLVMIntSLT, emit_get(e, child), count));
  LLVMValueRef left = emit_get(e, child), right = emit_add(e, left, one);
  emit_branch both = emit_if(e, emit_icmp(e, LLVMIntSLT, right, count));
  LLVMValueRef left_first = precedes(e, h, get_index(e, h, left), get_index(e, h, right));
  emit_set(e, child, emit_select(e, left_first, right, left));
  emit_end_if(e, &both);
  LLVMValueRef worst = emit_get(e, child), candidate = get_index(e, h, worst);
  emit_branch rises = emit_if(e, precedes(e, h, index, candidate));
  set_index(e, h, emit_get(e, hole), candidate);
  emit_set(e, hole, worst);
  emit_set(e, child, emit_add(e, emit_add(e, worst, worst), one));
  emit_else(e, &rises);
  emit_set(e, child, count);
  emit_end_if(e, &rises);
  emit_while_end(e, &down);
  set_index(e, h, emit_get(e, hole), index);
}

/* The first `wanted` elements as a heap: sifted from the last parent to the root. */
static void make_heap(emitter *e, const line_heap *h, LLVMValueRef wanted) {
  LLVMValueRef zero = emit_index(e, 0), one = emit_index(e, 1);
  emit_loop fill = emit_loop_begin(e, zero, wanted, 1);
  set_index(e, h, fill.index, fill.index);
  emit_loop_end(e, &fill);
  LLVMValueRef parents = emit_udiv(e, wanted, emit_index(e, 2));
  emit_loop build = emit_loop_begin(e, zero, parents, 1);
  LLVMValueRef slot = emit_sub(e, emit_sub(e, parents, one), build.index);
  sift(e, h, slot, wanted, get_index(e, h, slot));
  emit_loop_end(e, &build);
}

static void search_line(emitter *e, const line_heap *h, LLVMValueRef size, LLVMValueRef wanted) {
  LLVMValueRef zero = emit_index(e, 0), one = emit_index(e, 1);
  make_heap(e, h, wanted);
  emit_loop rest = emit_loop_begin(e, wanted, size, 1);
  emit_branch better = emit_if(e, precedes(e, h, rest.index, get_index(e, h, zero)));
  sift(e, h, zero, wanted, rest.index);
  emit_end_if(e, &better);
  emit_loop_end(e, &rest);
  /* the root, which is the worst, goes behind the others */
  emit_loop sort = emit_loop_begin(e, one, wanted, 1);
  LLVMValueRef last = emit_sub(e, wanted, sort.index), moved = get_index(e, h, last);
  set_index(e, h, last, get_index(e, h, zero));
  sift(e, h, zero, last, moved);
  emit_loop_end(e, &sort);
}

void kernel_top_k(emitter *e, const plan_step *step) {
  const plan_operand *x = &step->reads[0], *y = &step->result;
  int axis = step->nodes[0]->attrs.axis, rank = x->value->type.rank;
  LLVMValueRef sizes[IR_MAX_RANK], index[IR_MAX_RANK], lines = emit_index(e, 1), low, high;
  LLVMValueRef size = kernel_dim(e, x->value, axis),
               wanted = emit_imin(e, kernel_dim(e, y->value, axis), size);
  for (int a = 0; a < rank; a++) {
    sizes[a] = a == axis ? emit_index(e, 1) : kernel_dim(e, x->value, a);
    lines = emit_mul(e, lines, sizes[a]);
  }
  emit_share(e, lines, emit_mul(e, size, emit_index(e, 8)), &low, &high);
  emit_branch any = emit_if(e, emit_icmp(e, LLVMIntSGT, wanted, emit_index(e, 0)));
  emit_loop line = emit_loop_begin(e, low, high, 1);
  kernel_split(e, line.index, sizes, rank, index);
  index[axis] = emit_index(e, 0);
  line_heap h = {
      .dtype = x->value->type.dtype,
      .x = kernel_at(e, x, emit_argument(e, 0), index, rank),
      .x_stride = kernel_stride(e, x, axis),
      .heap = kernel_at(e, y, emit_argument(e, step->read_count), index, rank),
      .heap_stride = kernel_stride(e, y, axis),
  };
  search_line(e, &h, size, wanted);
  emit_loop_end(e, &line);
  emit_end_if(e, &any);
}
