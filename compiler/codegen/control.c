/* control.c: loops and branches between kernels, and sizes that are computed while the model runs. */
#include "codegen/frame.h"

/* The scalar at operand's place: i1 for bool, i64 for integers. */
static LLVMValueRef load_scalar(emitter *e, const plan_operand *operand) {
  ir_dtype dtype = operand->value->type.dtype;
  LLVMValueRef x = emit_load(e, dtype, frame_pointer(e, operand), 1);
  if (dtype == SMELT_BOOL) return x;
  return ir_dtype_is_signed(dtype) ? LLVMBuildSExtOrBitCast(e->builder, x, e->i64, "")
                                   : LLVMBuildZExtOrBitCast(e->builder, x, e->i64, "");
}

/* Faults where `wrong` holds. */
static void fault_if(emitter *e, LLVMValueRef wrong, size_t symbol, LLVMValueRef value) {
  emit_branch branch = emit_if(e, wrong);
  frame_fault(e, symbol, value);
  emit_end_if(e, &branch);
}

static void measure(emitter *e, const plan_step *step) {
  ir_dim size = step->nodes[0]->attrs.dim_list[0];
  LLVMValueRef value = emit_imax(e, load_scalar(e, &step->reads[0]), emit_index(e, 0));
  if (!ir_dim_is_symbol(size)) { /* it had to be equal to another size */
    LLVMValueRef expected = emit_size_now(e, size);
    fault_if(e, emit_icmp(e, LLVMIntNE, value, expected), FRAME_NO_SYMBOL, value);
    return;
  }
  size_t symbol = ir_dim_symbol_index(size);
  int64_t maximum = ir_dim_maximum(e->ir, size);
  if (maximum < INT64_MAX) {
    fault_if(e, emit_icmp(e, LLVMIntSGT, value, emit_index(e, maximum)), symbol, value);
    value = emit_imin(e, value, emit_index(e, maximum));
  }
  frame_set_symbol(e, symbol, value);
}

/* Whether the next turn comes. One beyond the limit that memory was planned for is a fault. */
static LLVMValueRef goes_on(emitter *e, const plan_step *step, LLVMValueRef turn) {
  ir_dim number = step->nodes[0]->attrs.dim_list[0];
  LLVMValueRef more = emit_icmp(e, LLVMIntSLT, turn, load_scalar(e, &step->reads[0]));
  more = emit_binary(e, LLVMAnd, more, load_scalar(e, &step->reads[1]));
  int64_t maximum = ir_dim_maximum(e->ir, number);
  if (maximum == INT64_MAX) return more;
  LLVMValueRef beyond = emit_icmp(e, LLVMIntSGE, turn, emit_index(e, maximum));
  fault_if(e, emit_binary(e, LLVMAnd, more, beyond), ir_dim_symbol_index(number), turn);
  return emit_binary(e, LLVMAnd, more, LLVMBuildNot(e->builder, beyond, ""));
}

static void begin_loop(emitter *e, const plan_step *step, control_open *open) {
  open->turn = emit_variable(e, e->i64, emit_index(e, 0));
  emit_set(e, open->turn, emit_index(e, 0)); /* a loop inside another begins anew each time */
  open->loop = emit_while_begin(e);
  LLVMValueRef turn = emit_get(e, open->turn);
  emit_while_test(e, &open->loop, goes_on(e, step, turn));
  frame_set_symbol(e, ir_dim_symbol_index(step->nodes[0]->attrs.dim_list[0]), turn);
}

static void end_loop(emitter *e, const plan_step *step, const control_open *open) {
  emit_set(e, open->turn, emit_add(e, emit_get(e, open->turn), emit_index(e, 1)));
  emit_while_end(e, &open->loop);
  emit_branch first = emit_if(e, emit_icmp(e, LLVMIntEQ, e->thread, emit_index(e, 0)));
  emit_store(e, SMELT_I64, frame_pointer(e, &step->result), emit_get(e, open->turn));
  emit_end_if(e, &first);
}

void control_emit(emitter *e, const plan_step *step, control_stack *stack) {
  switch (step->control) {
  case PLAN_MEASURE:
    measure(e, step);
    break;
  case PLAN_LOOP:
    begin_loop(e, step, &stack->open[stack->depth++]);
    break;
  case PLAN_LOOP_END:
    end_loop(e, step, &stack->open[--stack->depth]);
    break;
  case PLAN_BRANCH:
    stack->open[stack->depth++].branch = emit_if(e, load_scalar(e, &step->reads[0]));
    break;
  case PLAN_BRANCH_ELSE:
    emit_else(e, &stack->open[stack->depth - 1].branch);
    break;
  case PLAN_BRANCH_END:
    emit_end_if(e, &stack->open[--stack->depth].branch);
    break;
  case PLAN_CALL:
    break;
  }
}
