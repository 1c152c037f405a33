/*
 * entry.c: one function per entry of the plan, its steps: for each, operand
 * pointers from the frame and a call of the step's kernel, or control flow. In
 * a program, runs of calls are a table instead (call_table.c).
 * The kernels are those of a table, so that levels can share this code.
 */
#include "codegen/call_table.h"
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
  return emit_pointer_at(e, emit_argument(e, TABLE_ARGUMENT), number);
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

/* What lies between two steps' calls. */
typedef struct {
  control_stack open;
  int claims; /* counters in use since the threads met */
} step_state;

/* The counter of a step about to be called. */
static int next_claim(step_state *state, const plan_step *step) {
  return CLAIMS[step->kernel] && state->open.depth == 0 ? state->claims++ : SMELT_CLAIMS;
}

static void note_barrier(step_state *state, const plan_step *step) {
  if (step->barrier && state->open.depth == 0)
    state->claims = 0; /* in a body that is not entered, nobody meets */
}

/* The steps from `first` on that a table can call; the first that it cannot. */
static size_t emit_run(emitter *e, call_table *table, const plan_entry *entry, const size_t *numbers,
                       size_t first, step_state *state) {
  size_t end = call_table_reach(e, table, entry, numbers, first);
  if (end == first) return first;
  for (size_t s = first; s < end; s++) {
    const plan_step *step = &entry->steps[s];
    call_table_add(e, table, step, numbers[s], next_claim(state, step));
    note_barrier(state, step);
  }
  call_table_call(e, table, emit_argument(e, TABLE_ARGUMENT), first);
  return end;
}

static void emit_step(emitter *e, const plan_step *step, size_t number, LLVMValueRef teller, size_t index,
                      step_state *state) {
  if (step->control == PLAN_CALL)
    call_step(e, step, number, next_claim(state, step));
  else
    control_emit(e, step, &state->open);
  frame_step_done(e, teller, index);
  if (step->barrier) frame_barrier(e);
  note_barrier(state, step);
}

/* `table`: NULL where no runtime is at hand that could walk through one. */
static void emit_steps(emitter *e, const plan_entry *entry, const size_t *numbers, LLVMValueRef teller,
                       call_table *table) {
  step_state state = {0};
  for (size_t s = 0; s < entry->step_count;) {
    size_t next = table ? emit_run(e, table, entry, numbers, s, &state) : s;
    if (next == s) emit_step(e, &entry->steps[s], numbers[s], teller, next++, &state);
    s = next;
  }
}

bool steps_are_apart(const codegen_options *options) {
  return options->form == CODEGEN_OBJECT && options->has_runtime;
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
  call_table *table = steps_are_apart(options) ? call_table_new(e) : NULL;
  for (size_t i = 0; i < plan->entry_count; i++) {
    const plan_entry *entry = &plan->entries[i];
    emit_function_begin(e, steps_symbol(e->arena, options, entry->graph->name), 1);
    if (steps_are_apart(options))
      LLVMSetVisibility(e->function, LLVMHiddenVisibility);
    else
      LLVMSetLinkage(e->function, LLVMInternalLinkage);
    emit_steps(e, entry, list->numbers[i], teller, table);
    emit_function_end(e);
  }
  if (table) call_table_end(e, table);
}
