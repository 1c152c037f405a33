/* emit_control.c: loops, branches, strips of vectors, sizes and the share of a thread. */
#include "codegen/emit.h"

static LLVMBasicBlockRef new_block(emitter *e) {
  return LLVMAppendBasicBlockInContext(e->context, e->function, "");
}

emit_loop emit_loop_begin(emitter *e, LLVMValueRef low, LLVMValueRef high, int64_t step) {
  emit_loop loop = {.step = emit_index(e, step)};
  LLVMBasicBlockRef before = LLVMGetInsertBlock(e->builder);
  loop.head = new_block(e);
  LLVMBasicBlockRef body = new_block(e);
  loop.exit = new_block(e);
  LLVMBuildBr(e->builder, loop.head);
  LLVMPositionBuilderAtEnd(e->builder, loop.head);
  loop.index = LLVMBuildPhi(e->builder, e->i64, "");
  LLVMAddIncoming(loop.index, &low, &before, 1);
  LLVMBuildCondBr(e->builder, emit_icmp(e, LLVMIntSLT, loop.index, high), body, loop.exit);
  LLVMPositionBuilderAtEnd(e->builder, body);
  return loop;
}

void emit_loop_end(emitter *e, const emit_loop *loop) {
  LLVMValueRef next = LLVMBuildNSWAdd(e->builder, loop->index, loop->step, "");
  LLVMBasicBlockRef last = LLVMGetInsertBlock(e->builder);
  LLVMBuildBr(e->builder, loop->head);
  LLVMAddIncoming(loop->index, &next, &last, 1);
  LLVMPositionBuilderAtEnd(e->builder, loop->exit);
}

emit_repeat emit_while_begin(emitter *e) {
  emit_repeat loop = {.head = new_block(e), .exit = new_block(e)};
  LLVMBuildBr(e->builder, loop.head);
  LLVMPositionBuilderAtEnd(e->builder, loop.head);
  return loop;
}

void emit_while_test(emitter *e, const emit_repeat *loop, LLVMValueRef condition) {
  LLVMBasicBlockRef body = new_block(e);
  LLVMBuildCondBr(e->builder, condition, body, loop->exit);
  LLVMPositionBuilderAtEnd(e->builder, body);
}

void emit_while_end(emitter *e, const emit_repeat *loop) {
  LLVMBuildBr(e->builder, loop->head);
  LLVMPositionBuilderAtEnd(e->builder, loop->exit);
}

emit_branch emit_if(emitter *e, LLVMValueRef condition) {
  LLVMBasicBlockRef then = new_block(e);
  emit_branch branch = {.otherwise = new_block(e), .exit = new_block(e)};
  LLVMBuildCondBr(e->builder, condition, then, branch.otherwise);
  LLVMPositionBuilderAtEnd(e->builder, then);
  return branch;
}

void emit_else(emitter *e, emit_branch *branch) {
  LLVMBuildBr(e->builder, branch->exit);
  LLVMPositionBuilderAtEnd(e->builder, branch->otherwise);
  branch->has_else = true;
}

void emit_end_if(emitter *e, emit_branch *branch) {
  LLVMBuildBr(e->builder, branch->exit);
  if (!branch->has_else) {
    LLVMPositionBuilderAtEnd(e->builder, branch->otherwise);
    LLVMBuildBr(e->builder, branch->exit);
  }
  LLVMPositionBuilderAtEnd(e->builder, branch->exit);
}

/* ---- strips -------------------------------------------------------------------------- */

/* Loops from low in steps of lanes * unroll while a whole step fits below high; returns where it stops. */
static LLVMValueRef strip_loop(emitter *e, LLVMValueRef low, LLVMValueRef high, int lanes, int unroll,
                               emit_body *body, void *user) {
  int64_t step = (int64_t)lanes * unroll, from, to;
  bool known = emit_is_constant(low, &from) && emit_is_constant(high, &to);
  if (known && to - from < step) return low;
  LLVMValueRef whole = emit_sub(e, high, low);
  if (step > 1) {
    /* length rounded down to the step; a negative length stays below low */
    whole = (step & (step - 1)) == 0
                ? emit_binary(e, LLVMAnd, whole, emit_index(e, -step))
                : emit_sub(e, whole, emit_binary(e, LLVMSRem, whole, emit_index(e, step)));
  }
  LLVMValueRef end = emit_imax(e, emit_add(e, low, whole), low);
  if (known) end = emit_index(e, from + (to - from) / step * step);
  emit_loop loop = emit_loop_begin(e, low, end, step);
  for (int part = 0; part < unroll; part++)
    body(e, emit_add(e, loop.index, emit_index(e, (int64_t)part * lanes)), lanes, part, user);
  emit_loop_end(e, &loop);
  return end;
}

void emit_strips(emitter *e, LLVMValueRef low, LLVMValueRef high, int lanes, int unroll, emit_body *body,
                 void *user) {
  if (unroll > 1) low = strip_loop(e, low, high, lanes, unroll, body, user);
  if (lanes > 1) low = strip_loop(e, low, high, lanes, 1, body, user);
  int64_t from, to;
  if (emit_is_constant(low, &from) && emit_is_constant(high, &to) && from >= to) return;
  strip_loop(e, low, high, 1, 1, body, user);
}

/* ---- sizes ------------------------------------------------------------------------------ */

typedef struct {
  emitter *e;
  LLVMValueRef stack[SMELT_DIM_STACK];
  int depth;
} size_machine;

static LLVMValueRef load_symbol(emitter *e, int64_t index) {
  LLVMValueRef dims = emit_pointer_at(e, e->frame, SMELT_FRAME_FIELD(dims));
  return emit_load(e, SMELT_I64, emit_at(e, SMELT_I64, dims, emit_index(e, index)), 1);
}

static void visit_size(void *user, ir_dim_op op, int64_t operand) {
  size_machine *m = user;
  emitter *e = m->e;
  if (op == IR_DIM_CONST || op == IR_DIM_SYMBOL) {
    LLVMValueRef v = op == IR_DIM_CONST ? emit_index(e, operand) : load_symbol(e, operand);
    if (m->depth < SMELT_DIM_STACK) m->stack[m->depth++] = v;
    return;
  }
  if (m->depth < 2) return;
  LLVMValueRef y = m->stack[--m->depth], x = m->stack[--m->depth], v = x;
  switch (op) {
  case IR_DIM_ADD:
    v = emit_add(e, x, y);
    break;
  case IR_DIM_MUL:
    v = emit_mul(e, x, y);
    break;
  case IR_DIM_DIV:
    v = emit_floor_div(e, x, y);
    break;
  case IR_DIM_MOD:
    v = emit_floor_mod(e, x, y);
    break;
  case IR_DIM_MIN:
    v = emit_imin(e, x, y);
    break;
  case IR_DIM_MAX:
    v = emit_imax(e, x, y);
    break;
  default:
    break;
  }
  m->stack[m->depth++] = v;
}

LLVMValueRef emit_size_now(emitter *e, ir_dim dim) {
  size_machine m = {.e = e};
  ir_dim_visit_postfix(dim, visit_size, &m);
  return m.depth ? m.stack[m.depth - 1] : emit_index(e, 0);
}

LLVMValueRef emit_size(emitter *e, ir_dim dim) {
  int64_t value;
  if (ir_dim_is_const(dim, &value)) return emit_index(e, value);
  for (size_t i = 0; i < e->size_count; i++)
    if (e->sizes[i].dim == dim) return e->sizes[i].value;
  LLVMBuilderRef here = e->builder;
  e->builder = e->prologue;
  LLVMValueRef result = emit_size_now(e, dim);
  e->builder = here;
  ARENA_PUSH(e->arena, e->sizes, e->size_count, e->size_capacity) = (emit_known_size){dim, result};
  return result;
}

/* ---- threads ------------------------------------------------------------------------------ */

/* Below this much work a second thread costs more than it brings: about 2 us of vector code. */
enum { SHARED_WORK = 16 * 1024 };

/* How many threads so much work is for: all, or thread 0 alone. */
static LLVMValueRef sharing_threads(emitter *e, LLVMValueRef units, LLVMValueRef unit_work) {
  LLVMValueRef small = emit_icmp(e, LLVMIntSLT, emit_mul(e, units, unit_work), emit_index(e, SHARED_WORK));
  return emit_select(e, small, emit_index(e, 1), e->thread_count);
}

/* This thread's of the first `settled` of `units` pieces, among `count` threads; else [units, units). */
static void settle(emitter *e, LLVMValueRef settled, LLVMValueRef units, LLVMValueRef count,
                   LLVMValueRef *low, LLVMValueRef *high) {
  LLVMValueRef next = emit_add(e, e->thread, emit_index(e, 1));
  LLVMValueRef takes_part = emit_icmp(e, LLVMIntSLT, e->thread, count);
  *low = emit_select(e, takes_part, emit_udiv(e, emit_mul(e, settled, e->thread), count), units);
  *high = emit_select(e, takes_part, emit_udiv(e, emit_mul(e, settled, next), count), units);
}

void emit_share(emitter *e, LLVMValueRef units, LLVMValueRef unit_work, LLVMValueRef *low,
                LLVMValueRef *high) {
  settle(e, units, units, sharing_threads(e, units, unit_work), low, high);
}

enum {
  CLAIMED_PART = 4,       /* one in so many pieces is claimed */
  CLAIMS_OF_A_THREAD = 4, /* in how many portions, where pieces are small enough */
};

emit_claim emit_claim_begin(emitter *e, LLVMValueRef units, LLVMValueRef unit_work) {
  LLVMValueRef zero = emit_index(e, 0), one = emit_index(e, 1), count = sharing_threads(e, units, unit_work);
  LLVMValueRef claims = emit_binary(e, LLVMAnd, emit_icmp(e, LLVMIntSGT, count, one),
                                    LLVMBuildIsNotNull(e->builder, e->claims, ""));
  LLVMValueRef rest =
      emit_udiv(e, emit_add(e, units, emit_index(e, CLAIMED_PART - 1)), emit_index(e, CLAIMED_PART));
  rest = emit_select(e, claims, rest, zero);
  LLVMValueRef portions = emit_mul(e, count, emit_index(e, CLAIMS_OF_A_THREAD));
  emit_claim c = {.units = units, .settled = emit_sub(e, units, rest)};
  c.claims_at_once = emit_select(e, claims, emit_imax(e, one, emit_udiv(e, rest, portions)), zero);
  settle(e, c.settled, units, count, &c.low, &c.high);
  c.next = emit_variable(e, e->i64, zero);
  c.next_end = emit_variable(e, e->i64, zero);
  emit_set(e, c.next, c.low);
  emit_set(e, c.next_end, c.high);
  c.loop = emit_while_begin(e);
  c.low = emit_get(e, c.next);
  c.high = emit_get(e, c.next_end);
  emit_while_test(e, &c.loop, emit_icmp(e, LLVMIntSLT, c.low, units));
  return c;
}

void emit_claim_end(emitter *e, const emit_claim *c) {
  LLVMValueRef nothing = emit_icmp(e, LLVMIntEQ, c->claims_at_once, emit_index(e, 0));
  emit_branch alone = emit_if(e, nothing);
  emit_set(e, c->next, c->units);
  emit_else(e, &alone);
  LLVMValueRef count = LLVMBuildTrunc(e->builder, c->claims_at_once, e->i32, "");
  LLVMValueRef claimed = LLVMBuildAtomicRMW(e->builder, LLVMAtomicRMWBinOpAdd, e->claims, count,
                                            LLVMAtomicOrderingMonotonic, false);
  LLVMValueRef low = emit_add(e, c->settled, LLVMBuildZExt(e->builder, claimed, e->i64, ""));
  emit_set(e, c->next, low);
  emit_set(e, c->next_end, emit_imin(e, c->units, emit_add(e, low, c->claims_at_once)));
  emit_end_if(e, &alone);
  emit_while_end(e, &c->loop);
}
