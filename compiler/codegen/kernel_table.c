/*
 * kernel_table.c: the plan's kernels, numbered; and what a level's module has:
 * all kernels, a table of pointers to them, and for each entry a function that
 * hands the table to the entry's steps, which are the same code on every level.
 */
#include "codegen/kernels/kernel.h"
#include "codegen/stage.h"

#include <ctype.h>
#include <string.h>

static kernel_generator *const GENERATORS[PLAN_KERNEL_COUNT] = {
#define X(NAME, name, summary) [PLAN_##NAME] = kernel_##name,
    PLAN_KERNELS(X)
#undef X
};

static char *c_name(char *symbol) {
  for (char *c = symbol; *c; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  return symbol;
}

char *entry_symbol(arena *a, const codegen_options *options, const codegen_level *level, const char *entry) {
  return c_name(arena_format(a, "%s_%s_%s", options->model_name, codegen_level_name(level), entry));
}

char *steps_symbol(arena *a, const codegen_options *options, const char *entry) {
  return c_name(arena_format(a, "%s_steps_%s", options->model_name, entry));
}

/* ---- which there are ------------------------------------------------------------------------ */

/*
 * Whether the result may lie where a read does. The plan lets them share memory only as the same place, seen
 * through the same or another view; input and weights are never written.
 */
static bool may_overlap(const plan_operand *read, const plan_operand *result) {
  if (!read->value || read->view.space != result->view.space) return false;
  return read->view.base_bytes == result->view.base_bytes;
}

static bool overlaps(const plan_step *step) {
  for (int i = 0; i < step->read_count; i++)
    if (may_overlap(&step->reads[i], &step->result)) return true;
  return false;
}

/* The step's, and which reads the result may overlap. */
static const char *kernel_key(arena *a, const plan_step *step) {
  char *shared = arena_alloc(a, (size_t)step->read_count + 1);
  for (int i = 0; i < step->read_count; i++)
    shared[i] = may_overlap(&step->reads[i], &step->result) ? 'x' : '-';
  return arena_format(a, "%s %s", step->key, shared);
}

/* Whether every node that is computed in registers has a form for its dtype. */
static status check_step(arena *a, const plan_module *plan, const plan_step *step) {
  for (int i = 0; i < step->node_count; i++) {
    const ir_node *n = step->nodes[i];
    bool is_linear = n->op == IR_LINEAR;
    if (!is_linear && ir_op_describe(n->op)->op_class != IR_CLASS_ELEMENTWISE) continue;
    ir_op op = is_linear ? n->attrs.activation : n->op;
    const ir_value *computed = is_linear ? n->result : n->operands[op == IR_SELECT ? 1 : 0];
    ir_dtype dtype = computed->type.dtype;
    if (elementwise_has(op, dtype)) continue;
    status s = fail(a, STATUS_INPUT, "no code can be generated for %s of %s", ir_op_describe(op)->name,
                    ir_dtype_name(dtype));
    s = n->origin ? fail_node(a, s, "%s", n->origin) : s;
    return fail_file(a, s, plan->module->file);
  }
  return OK;
}

static size_t number_of(arena *a, kernel_list *list, const plan_step *step) {
  const char *key = kernel_key(a, step);
  for (size_t i = 0; i < list->count; i++)
    if (strcmp(list->kernels[i].key, key) == 0) return i;
  ARENA_PUSH(a, list->kernels, list->count, list->capacity) = (listed_kernel){key, step};
  return list->count - 1;
}

status kernels_list(arena *a, const plan_module *plan, kernel_list *list) {
  *list = (kernel_list){.numbers = ARENA_ARRAY(a, size_t *, plan->entry_count + 1)};
  for (size_t i = 0; i < plan->entry_count; i++) {
    const plan_entry *entry = &plan->entries[i];
    list->numbers[i] = ARENA_ARRAY(a, size_t, entry->step_count + 1);
    for (size_t s = 0; s < entry->step_count; s++) {
      if (entry->steps[s].control != PLAN_CALL) continue;
      TRY(check_step(a, plan, &entry->steps[s]));
      list->numbers[i][s] = number_of(a, list, &entry->steps[s]);
    }
  }
  return OK;
}

/* ---- a level's module ----------------------------------------------------------------------- */

/* In a section of its own, so that the linker keeps one of those that are the same on several levels. */
static LLVMValueRef emit_kernel(emitter *e, const plan_step *step, size_t number) {
  static const char NOINLINE[] = "noinline";
  const char *name = arena_format(e->arena, "%s_%zu", plan_kernel_name(step->kernel), number);
  emit_function_begin(e, name, kernel_argument_count(step));
  LLVMSetSection(e->function, arena_format(e->arena, ".text.%s", name));
  e->claims = emit_argument(e, step->read_count + 1);
  LLVMSetLinkage(e->function, LLVMInternalLinkage);
  unsigned noinline = LLVMGetEnumAttributeKindForName(NOINLINE, sizeof NOINLINE - 1);
  LLVMAddAttributeAtIndex(e->function, LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(e->context, noinline, 0));
  if (!overlaps(step)) emit_argument_noalias(e, step->read_count);
  GENERATORS[step->kernel](e, step);
  emit_function_end(e);
  return e->function;
}

static LLVMValueRef emit_table(emitter *e, const kernel_list *list) {
  LLVMValueRef *kernels = ARENA_ARRAY(e->arena, LLVMValueRef, list->count + 1);
  for (size_t i = 0; i < list->count; i++) kernels[i] = emit_kernel(e, list->kernels[i].step, i);
  LLVMValueRef contents = LLVMConstArray2(e->pointer, kernels, list->count);
  LLVMValueRef table = LLVMAddGlobal(e->module, LLVMTypeOf(contents), "kernels");
  LLVMSetInitializer(table, contents);
  LLVMSetGlobalConstant(table, true);
  LLVMSetLinkage(table, LLVMInternalLinkage);
  return table;
}

/* The entry's steps, over the level's kernels. */
static void emit_entry(emitter *e, const char *symbol, LLVMValueRef steps, LLVMValueRef table) {
  emit_function_begin(e, symbol, 0);
  LLVMSetVisibility(e->function, LLVMHiddenVisibility);
  LLVMValueRef args[4] = {[3] = table};
  for (unsigned i = 0; i < 3; i++) args[i] = LLVMGetParam(e->function, i);
  LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(steps), steps, args, 4, "");
  emit_function_end(e);
}

void level_emit(emitter *e, const plan_module *plan, const kernel_list *list,
                const codegen_options *options) {
  static const char NO_ADDRESS_MATTERS[] = ".addrsig"; /* to lld's --icf=safe: no symbol is listed */
  LLVMAppendModuleInlineAsm(e->module, NO_ADDRESS_MATTERS, sizeof NO_ADDRESS_MATTERS - 1);
  LLVMValueRef table = emit_table(e, list);
  if (!steps_are_apart(options)) steps_emit(e, plan, list, options);
  for (size_t i = 0; i < plan->entry_count; i++) {
    const char *name = plan->entries[i].graph->name;
    LLVMValueRef steps = steps_declare(e, options, name);
    emit_entry(e, entry_symbol(e->arena, options, e->level, name), steps, table);
  }
}
