/*
 * entry.c: one function per entry of the plan, its steps: for each, operand
 * pointers from the frame and a call of the step's kernel, or control flow.
 * The kernels are those of a table, so that levels can share this code.
 */
#include "codegen/frame.h"
#include "codegen/kernels/kernel.h"
#include "codegen/stage.h"

/* Kernels whose pieces are claimed (emit_claim_begin). */
static const bool CLAIMS[PLAN_KERNEL_COUNT] = {
    [PLAN_LINEAR] = true, [PLAN_MATMUL] = true, [PLAN_ATTENTION] = true, [PLAN_ATTENTION_CHUNKS] = true};

enum { FRAME_AND_THREADS = 3, TABLE_ARGUMENT = 0 };

int kernel_argument_count(const plan_step *step) {
  return step->read_count + 2;
}

/* Kernel `number` of the table: read anew for each call, or all would wait in registers. */
static LLVMValueRef kernel_at_number(emitter *e, size_t number) {
  LLVMValueRef offset = emit_index(e, (int64_t)number);
  LLVMValueRef place =
      LLVMBuildInBoundsGEP2(e->builder, e->pointer, emit_argument(e, TABLE_ARGUMENT), &offset, 1, "");
  return LLVMBuildLoad2(e->builder, e->pointer, place, "");
}

/* `claim`: which of the frame's counters; from SMELT_CLAIMS on none. */
static void call_step(emitter *e, const plan_step *step, size_t number, int claim) {
  int count = FRAME_AND_THREADS + kernel_argument_count(step);
  LLVMValueRef *args = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)count);
  LLVMTypeRef *types = ARENA_ARRAY(e->arena, LLVMTypeRef, (size_t)count);
  for (unsigned i = 0; i < FRAME_AND_THREADS; i++) args[i] = LLVMGetParam(e->function, i);
  for (int i = 0; i < step->read_count; i++) args[i + FRAME_AND_THREADS] = frame_pointer(e, &step->reads[i]);
  args[count - 2] = frame_pointer(e, &step->result);
  args[count - 1] = claim < SMELT_CLAIMS ? frame_claims(e, claim) : LLVMConstNull(e->pointer);
  for (int i = 0; i < count; i++) types[i] = LLVMTypeOf(args[i]);
  LLVMTypeRef type = LLVMFunctionType(e->kernel_result, types, (unsigned)count, false);
  LLVMBuildCall2(e->builder, type, kernel_at_number(e, number), args, (unsigned)count, "");
}

static void emit_steps(emitter *e, const plan_entry *entry, const size_t *numbers, LLVMValueRef teller) {
  control_stack open = {0};
  int claims = 0; /* counters in use since the threads met */
  for (size_t s = 0; s < entry->step_count; s++) {
    const plan_step *step = &entry->steps[s];
    if (step->control == PLAN_CALL) {
      bool claiming = CLAIMS[step->kernel] && open.depth == 0;
      call_step(e, step, numbers[s], claiming ? claims++ : SMELT_CLAIMS);
    } else {
      control_emit(e, step, &open);
    }
    frame_step_done(e, teller, s);
    if (!step->barrier) continue;
    frame_barrier(e);
    if (open.depth == 0) claims = 0; /* in a body that is not entered, nobody meets */
  }
}

bool steps_are_apart(const codegen_options *options) {
  return options->form == CODEGEN_OBJECT && options->only_level < 0;
}

LLVMValueRef steps_declare(emitter *e, const codegen_options *options, const char *entry) {
  const char *symbol = steps_symbol(e->arena, options, entry);
  LLVMValueRef known = LLVMGetNamedFunction(e->module, symbol);
  if (known) return known;
  LLVMTypeRef types[] = {e->pointer, e->i32, e->i32, e->pointer};
  LLVMTypeRef type = LLVMFunctionType(e->kernel_result, types, sizeof types / sizeof *types, false);
  LLVMValueRef steps = LLVMAddFunction(e->module, symbol, type);
  LLVMSetVisibility(steps, LLVMHiddenVisibility);
  return steps;
}

void steps_emit(emitter *e, const plan_module *plan, const kernel_list *list,
                const codegen_options *options) {
  LLVMValueRef teller = frame_make_teller(e);
  for (size_t i = 0; i < plan->entry_count; i++) {
    const plan_entry *entry = &plan->entries[i];
    emit_function_begin(e, steps_symbol(e->arena, options, entry->graph->name), 1);
    if (steps_are_apart(options))
      LLVMSetVisibility(e->function, LLVMHiddenVisibility);
    else
      LLVMSetLinkage(e->function, LLVMInternalLinkage);
    emit_steps(e, entry, list->numbers[i], teller);
    emit_function_end(e);
  }
}
