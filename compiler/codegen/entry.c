/*
 * entry.c: one function per entry of the plan: for each step, operand
 * pointers from the frame and a call of the step's kernel, or control flow.
 * Steps that compute the same share one kernel.
 */
#include "codegen/frame.h"
#include "codegen/kernels/kernel.h"
#include "codegen/stage.h"

#include <ctype.h>
#include <string.h>

static kernel_generator *const GENERATORS[PLAN_KERNEL_COUNT] = {
#define X(NAME, name, summary) [PLAN_##NAME] = kernel_##name,
    PLAN_KERNELS(X)
#undef X
};

typedef struct {
  const char *key; /* the step's, and which reads the result may overlap */
  LLVMValueRef function;
} made_kernel;

typedef struct {
  emitter *e;
  made_kernel *kernels;
  size_t kernel_count, kernel_capacity;
} entry_maker;

char *entry_symbol(arena *a, const codegen_options *options, const codegen_level *level, const char *entry) {
  char *symbol = arena_format(a, "%s_%s_%s", options->model_name, codegen_level_name(level), entry);
  for (char *c = symbol; *c; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  return symbol;
}

/* ---- kernels ---------------------------------------------------------------------------- */

/*
 * Whether the result may lie where a read does. The plan lets them share memory only as the same place, seen
 * through the same or another view; input and weights are never written.
 */
static bool may_overlap(const plan_operand *read, const plan_operand *result) {
  if (!read->value || read->view.space != result->view.space) return false;
  return read->view.base_bytes == result->view.base_bytes;
}

static const char *kernel_key(arena *a, const plan_step *step, bool *overlaps) {
  char *shared = arena_alloc(a, (size_t)step->read_count + 1);
  *overlaps = false;
  for (int i = 0; i < step->read_count; i++) {
    bool here = may_overlap(&step->reads[i], &step->result);
    shared[i] = here ? 'x' : '-';
    *overlaps = *overlaps || here;
  }
  return arena_format(a, "%s %s", step->key, shared);
}

/* Whether every node that is computed in registers has a form for its dtype. */
static status check_step(emitter *e, const plan_step *step) {
  for (int i = 0; i < step->node_count; i++) {
    const ir_node *n = step->nodes[i];
    bool is_linear = n->op == IR_LINEAR;
    if (!is_linear && ir_op_describe(n->op)->op_class != IR_CLASS_ELEMENTWISE) continue;
    ir_op op = is_linear ? n->attrs.activation : n->op;
    const ir_value *computed = is_linear ? n->result : n->operands[op == IR_SELECT ? 1 : 0];
    ir_dtype dtype = computed->type.dtype;
    if (elementwise_has(op, dtype)) continue;
    status s = fail(e->arena, STATUS_INPUT, "no code can be generated for %s of %s", ir_op_describe(op)->name,
                    ir_dtype_name(dtype));
    s = n->origin ? fail_node(e->arena, s, "%s", n->origin) : s;
    return fail_file(e->arena, s, e->ir->file);
  }
  return OK;
}

static LLVMValueRef kernel_of(entry_maker *m, const plan_step *step) {
  emitter *e = m->e;
  bool overlaps;
  const char *key = kernel_key(e->arena, step, &overlaps);
  for (size_t i = 0; i < m->kernel_count; i++)
    if (strcmp(m->kernels[i].key, key) == 0) return m->kernels[i].function;
  char *name = arena_format(e->arena, "%s_%zu", plan_kernel_name(step->kernel), m->kernel_count);
  emit_function_begin(e, name, step->read_count + 2);
  e->claims = emit_argument(e, step->read_count + 1);
  LLVMSetLinkage(e->function, LLVMInternalLinkage);
  unsigned noinline = LLVMGetEnumAttributeKindForName("noinline", strlen("noinline"));
  LLVMAddAttributeAtIndex(e->function, LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(e->context, noinline, 0));
  if (!overlaps) emit_argument_noalias(e, step->read_count);
  GENERATORS[step->kernel](e, step);
  emit_function_end(e);
  ARENA_PUSH(e->arena, m->kernels, m->kernel_count, m->kernel_capacity) = (made_kernel){key, e->function};
  return e->function;
}

/* ---- entries -------------------------------------------------------------------------------- */

/* Kernels whose pieces are claimed (emit_claim_begin). */
static const bool CLAIMS[PLAN_KERNEL_COUNT] = {
    [PLAN_LINEAR] = true, [PLAN_MATMUL] = true, [PLAN_ATTENTION] = true, [PLAN_ATTENTION_CHUNKS] = true};

/* `claim`: which of the frame's counters; from SMELT_CLAIMS on none. */
static void call_step(emitter *e, const plan_step *step, LLVMValueRef kernel, int claim) {
  int count = step->read_count + 5;
  LLVMValueRef *args = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)count);
  for (unsigned i = 0; i < 3; i++) args[i] = LLVMGetParam(e->function, i);
  for (int i = 0; i < step->read_count; i++) args[i + 3] = frame_pointer(e, &step->reads[i]);
  args[count - 2] = frame_pointer(e, &step->result);
  args[count - 1] = claim < SMELT_CLAIMS ? frame_claims(e, claim) : LLVMConstNull(e->pointer);
  LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(kernel), kernel, args, (unsigned)count, "");
}

static void emit_steps(emitter *e, const plan_entry *entry, LLVMValueRef const *kernels,
                       LLVMValueRef teller) {
  control_stack open = {0};
  int claims = 0; /* counters in use since the threads met */
  for (size_t s = 0; s < entry->step_count; s++) {
    const plan_step *step = &entry->steps[s];
    if (step->control == PLAN_CALL) {
      bool claiming = CLAIMS[step->kernel] && open.depth == 0;
      call_step(e, step, kernels[s], claiming ? claims++ : SMELT_CLAIMS);
    } else {
      control_emit(e, step, &open);
    }
    frame_step_done(e, teller, s);
    if (!step->barrier) continue;
    frame_barrier(e);
    if (open.depth == 0) claims = 0; /* in a body that is not entered, nobody meets */
  }
}

status entries_emit(emitter *e, const plan_module *plan, const codegen_options *options) {
  entry_maker m = {.e = e};
  LLVMValueRef teller = frame_make_teller(e);
  for (size_t i = 0; i < plan->entry_count; i++) {
    const plan_entry *entry = &plan->entries[i];
    LLVMValueRef *kernels = ARENA_ARRAY(e->arena, LLVMValueRef, entry->step_count + 1);
    for (size_t s = 0; s < entry->step_count; s++) {
      if (entry->steps[s].control != PLAN_CALL) continue;
      TRY(check_step(e, &entry->steps[s]));
      kernels[s] = kernel_of(&m, &entry->steps[s]);
    }
    emit_function_begin(e, entry_symbol(e->arena, options, e->level, entry->graph->name), 0);
    LLVMSetVisibility(e->function, LLVMHiddenVisibility);
    emit_steps(e, entry, kernels, teller);
    emit_function_end(e);
  }
  return OK;
}
