/*
 * image.c: the symbol smelt_model_NAME, a smelt_image (image.h) that ties
 * together the entries of all levels and the pieces that the link stage adds
 * as hidden symbols NAME_manifest, NAME_weights and NAME_tokenizer.
 */
#include "codegen/stage.h"

static LLVMValueRef outside(emitter *e, const char *name) {
  return LLVMAddGlobal(e->module, LLVMInt8TypeInContext(e->context), name);
}

static LLVMValueRef piece(emitter *e, const codegen_options *options, const char *name) {
  LLVMValueRef symbol = outside(e, arena_format(e->arena, "%s_%s", options->model_name, name));
  LLVMSetVisibility(symbol, LLVMHiddenVisibility);
  return symbol;
}

static LLVMValueRef table(emitter *e, LLVMValueRef contents) {
  LLVMValueRef global = LLVMAddGlobal(e->module, LLVMTypeOf(contents), "");
  LLVMSetInitializer(global, contents);
  LLVMSetGlobalConstant(global, true);
  LLVMSetLinkage(global, LLVMPrivateLinkage);
  return global;
}

/* smelt_entry_code *const entries[] of one level. */
static LLVMValueRef entry_table(emitter *e, const plan_module *plan, const codegen_options *options,
                                const codegen_level *level) {
  LLVMTypeRef params[] = {e->pointer, e->i32, e->i32};
  LLVMTypeRef type = LLVMFunctionType(e->kernel_result, params, 3, false);
  LLVMValueRef *entries = ARENA_ARRAY(e->arena, LLVMValueRef, plan->entry_count + 1);
  for (size_t i = 0; i < plan->entry_count; i++) {
    char *name = entry_symbol(e->arena, options, level, plan->entries[i].graph->name);
    entries[i] = LLVMAddFunction(e->module, name, type);
    LLVMSetVisibility(entries[i], LLVMHiddenVisibility);
  }
  return table(e, LLVMConstArray2(e->pointer, entries, plan->entry_count));
}

void image_emit(emitter *e, const plan_module *plan, const codegen_options *options) {
  LLVMTypeRef level_fields[] = {e->i64, e->pointer, e->i64};
  LLVMTypeRef level_type = LLVMStructTypeInContext(e->context, level_fields, 3, false);
  LLVMValueRef levels[CODEGEN_MAX_LEVELS];
  unsigned level_count = 0;
  const codegen_level *level;
  for (int i = 0; (level = codegen_level_at(options->target, i)); i++) {
    if (!level_wanted(options, plan, i)) continue;
    LLVMValueRef fields[] = {emit_index(e, level->level), entry_table(e, plan, options, level),
                             emit_index(e, level_has_own_bits(plan, level))};
    levels[level_count++] = LLVMConstStructInContext(e->context, fields, 3, false);
  }
  LLVMValueRef none = LLVMConstNull(e->pointer);
  LLVMValueRef fields[] = {
      piece(e, options, "manifest"),
      options->weights_are_beside ? none : piece(e, options, "weights"),
      options->has_tokenizer ? piece(e, options, "tokenizer") : none,
      emit_index(e, level_count),
      table(e, LLVMConstArray2(level_type, levels, level_count)),
      options->speculator ? outside(e, options->speculator) : none,
      options->draft_name ? outside(e, arena_format(e->arena, "smelt_model_%s", options->draft_name)) : none,
      options->weights_source ? outside(e, options->weights_source) : none,
  };
  LLVMValueRef image = LLVMConstStructInContext(e->context, fields, sizeof fields / sizeof *fields, false);
  char *name = arena_format(e->arena, "smelt_model_%s", options->model_name);
  LLVMValueRef global = LLVMAddGlobal(e->module, LLVMTypeOf(image), name);
  LLVMSetInitializer(global, image);
  LLVMSetGlobalConstant(global, true);
}
