/*
 * call_table.c: runs of steps that are kernel calls and nothing else, as rows
 * of numbers for the runtime's rt_call_kernels (smelt/image.h). Operands of
 * all entries are numbered together, equal ones once.
 */
#include "codegen/call_table.h"

#include <string.h>

enum { MIN_RUN = 4 }; /* steps; what is shorter is less as code */

call_table *call_table_new(emitter *e) {
  call_table *t = ARENA_NEW(e->arena, call_table);
  LLVMTypeRef fields[] = {e->i64, LLVMInt16TypeInContext(e->context), LLVMInt16TypeInContext(e->context),
                          e->i32};
  *t = (call_table){.operand_type = LLVMStructTypeInContext(e->context, fields, 4, false)};
  t->stand_in = LLVMAddGlobal(e->module, t->operand_type, "");
  LLVMTypeRef params[] = {e->pointer, e->i32, e->i32, e->pointer, e->pointer, e->pointer, e->i64};
  t->caller_type = LLVMFunctionType(e->kernel_result, params, sizeof params / sizeof *params, false);
  return t;
}

/* ---- operands ---------------------------------------------------------------------------- */

/* offset = symbol * factor, factor > 0, for some symbol. */
static bool is_multiple(emitter *e, ir_dim offset, ir_dim *symbol, int64_t *factor) {
  for (size_t i = 0; i < ir_dim_symbol_count(e->ir); i++) {
    *symbol = ir_dim_symbol_at(e->ir, i);
    ir_dim at_one = ir_dim_substitute(e->ir, offset, *symbol, ir_dim_const(e->ir, 1));
    if (!ir_dim_is_const(at_one, factor) || *factor <= 0) continue;
    if (ir_dim_equal(e->ir, offset, ir_dim_mul(e->ir, *symbol, at_one))) return true;
  }
  return false;
}

/* The operand as the table has it. False: it takes code to find it. */
static bool describe(emitter *e, const plan_operand *operand, smelt_call_operand *row) {
  static const smelt_call_space SPACES[] = {[PLAN_ARENA] = SMELT_CALL_ARENA,
                                            [PLAN_WEIGHTS] = SMELT_CALL_WEIGHTS,
                                            [PLAN_STATE] = SMELT_CALL_STATE,
                                            [PLAN_INPUT] = SMELT_CALL_INPUT};
  *row = (smelt_call_operand){.space = SMELT_CALL_NONE};
  if (!operand->value) return true;
  const plan_view *view = &operand->view;
  row->space = (uint16_t)SPACES[view->space];
  row->base_bytes = view->base_bytes;
  ir_dim symbol, offset = view->layout == PLAN_STRIDED ? view->offset : NULL;
  int64_t elements, element_bytes = (int64_t)ir_dtype_bytes(operand->value->type.dtype);
  if (!offset || ir_dim_is(offset, 0)) return true;
  if (view->space == PLAN_INPUT) return false; /* its base is a number */
  if (ir_dim_is_const(offset, &elements)) {
    row->base_bytes += (uint64_t)(elements * element_bytes);
    return true;
  }
  if (!is_multiple(e, offset, &symbol, &elements) || elements > UINT32_MAX / element_bytes) return false;
  row->symbol = (uint16_t)ir_dim_symbol_index(symbol);
  row->symbol_bytes = (uint32_t)(elements * element_bytes);
  return true;
}

static uint16_t number_of(emitter *e, call_table *t, const smelt_call_operand *row) {
  for (size_t i = 0; i < t->operand_count; i++)
    if (memcmp(&t->operands[i], row, sizeof *row) == 0) return (uint16_t)i;
  ARENA_PUSH(e->arena, t->operands, t->operand_count, t->operand_capacity) = *row;
  return (uint16_t)(t->operand_count - 1);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool is_plain(emitter *e, const plan_step *step, size_t kernel) {
  if (step->control != PLAN_CALL || kernel >= SMELT_CALL_MOST) return false;
  if (kernel_argument_count(step) > SMELT_CALL_ARGUMENTS) return false;
  smelt_call_operand ignored;
  for (int i = 0; i < step->read_count; i++)
    if (!describe(e, &step->reads[i], &ignored)) return false;
  return describe(e, &step->result, &ignored);
}

size_t call_table_reach(emitter *e, const call_table *t, const plan_entry *entry, const size_t *kernels,
                        size_t first) {
  size_t end = first, most = (SMELT_CALL_MOST - t->operand_count) / SMELT_CALL_ARGUMENTS; /* all may be new */
  while (end < entry->step_count && end - first < most && is_plain(e, &entry->steps[end], kernels[end]))
    end++;
  return end - first < MIN_RUN ? first : end;
}

static void add_word(emitter *e, call_table *t, size_t word) {
  ARENA_PUSH(e->arena, t->words, t->word_count, t->word_capacity) = (uint16_t)word;
}

static void add_operand(emitter *e, call_table *t, const plan_operand *operand) {
  smelt_call_operand row;
  describe(e, operand, &row);
  add_word(e, t, number_of(e, t, &row));
}

void call_table_add(emitter *e, call_table *t, const plan_step *step, size_t kernel, int claim) {
  smelt_call_operand claims = {.space = SMELT_CALL_NONE};
  if (claim < SMELT_CLAIMS)
    claims = (smelt_call_operand){.space = SMELT_CALL_CLAIMS, .base_bytes = (size_t)claim * sizeof(uint32_t)};
  add_word(e, t, kernel);
  add_word(e, t, (size_t)kernel_argument_count(step) | (step->barrier ? SMELT_CALL_BARRIER : 0));
  for (int i = 0; i < step->read_count; i++) add_operand(e, t, &step->reads[i]);
  add_operand(e, t, &step->result);
  add_word(e, t, number_of(e, t, &claims));
}

/* ---- in the module --------------------------------------------------------------------------- */

static LLVMValueRef constant(emitter *e, LLVMTypeRef type, LLVMValueRef *items, size_t count) {
  LLVMValueRef contents = LLVMConstArray2(type, items, count);
  LLVMValueRef global = LLVMAddGlobal(e->module, LLVMTypeOf(contents), "");
  LLVMSetInitializer(global, contents);
  LLVMSetGlobalConstant(global, true);
  LLVMSetLinkage(global, LLVMPrivateLinkage);
  return global;
}

static LLVMValueRef caller(emitter *e, call_table *t) {
  static const char NAME[] = "rt_call_kernels";
  LLVMValueRef known = LLVMGetNamedFunction(e->module, NAME);
  if (known) return known;
  LLVMValueRef function = LLVMAddFunction(e->module, NAME, t->caller_type);
  LLVMSetVisibility(function, LLVMHiddenVisibility);
  return function;
}

void call_table_call(emitter *e, call_table *t, LLVMValueRef kernels, size_t first) {
  LLVMTypeRef word = LLVMInt16TypeInContext(e->context);
  add_word(e, t, SMELT_CALL_END);
  LLVMValueRef *words = ARENA_ARRAY(e->arena, LLVMValueRef, t->word_count);
  for (size_t i = 0; i < t->word_count; i++) words[i] = LLVMConstInt(word, t->words[i], false);
  LLVMValueRef args[] = {
      LLVMGetParam(e->function, 0),
      LLVMGetParam(e->function, 1),
      LLVMGetParam(e->function, 2),
      kernels,
      t->stand_in,
      constant(e, word, words, t->word_count),
      emit_index(e, (int64_t)first),
  };
  LLVMBuildCall2(e->builder, t->caller_type, caller(e, t), args, sizeof args / sizeof *args, "");
  t->word_count = 0;
}

void call_table_end(emitter *e, call_table *t) {
  LLVMTypeRef half = LLVMInt16TypeInContext(e->context);
  LLVMValueRef *rows = ARENA_ARRAY(e->arena, LLVMValueRef, t->operand_count + 1);
  for (size_t i = 0; i < t->operand_count; i++) {
    const smelt_call_operand *o = &t->operands[i];
    LLVMValueRef fields[] = {LLVMConstInt(e->i64, o->base_bytes, false), LLVMConstInt(half, o->space, false),
                             LLVMConstInt(half, o->symbol, false),
                             LLVMConstInt(e->i32, o->symbol_bytes, false)};
    rows[i] = LLVMConstStructInContext(e->context, fields, 4, false);
  }
  LLVMReplaceAllUsesWith(t->stand_in, constant(e, t->operand_type, rows, t->operand_count));
  LLVMDeleteGlobal(t->stand_in);
}
