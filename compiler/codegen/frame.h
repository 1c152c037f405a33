/*
 * frame.h: what an entry's function does with its frame (smelt/image.h)
 * between kernels, and the control flow that the plan lays around them.
 */
#ifndef SMELT_CODEGEN_FRAME_H
#define SMELT_CODEGEN_FRAME_H

#include "codegen/emit.h"

/* Where the operand's element [0, 0, ...] lies; NULL for an absent one. */
LLVMValueRef frame_pointer(emitter *e, const plan_operand *operand);
/* The counter `claim` of the steps between two meetings. */
LLVMValueRef frame_claims(emitter *e, int claim);
/* All threads meet. */
void frame_barrier(emitter *e);
/*
 * Tells a profile, if there is one, that this thread's part of a step is done. `teller` is made once per
 * object, by frame_make_teller: a call of it is all that a step carries.
 */
void frame_step_done(emitter *e, LLVMValueRef teller, size_t step);
LLVMValueRef frame_make_teller(emitter *e);
/*
 * Gives a symbol its value for all that follows in this thread. Every thread does so for itself, with the
 * same value.
 */
void frame_set_symbol(emitter *e, size_t symbol, LLVMValueRef value);
enum { FRAME_NO_SYMBOL = SIZE_MAX >> 32 };
/* Notes that the call has failed: the symbol (FRAME_NO_SYMBOL: a size) had a `value` that it cannot have. */
void frame_fault(emitter *e, size_t symbol, LLVMValueRef value);

/* ---- control.c ---- */

/* A loop or branch whose end is still to come. */
typedef struct {
  emit_repeat loop;
  emit_branch branch;
  LLVMValueRef turn; /* variable, i64 */
} control_open;

typedef struct {
  control_open open[PLAN_MAX_DEPTH];
  int depth;
} control_stack;

/* A step that is no kernel call. */
void control_emit(emitter *e, const plan_step *step, control_stack *stack);

#endif
