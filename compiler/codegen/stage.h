/* stage.h: the parts of code generation, in order: entries and kernels to LLVM, LLVM to files, the image
 * table. */
#ifndef SMELT_CODEGEN_STAGE_H
#define SMELT_CODEGEN_STAGE_H

#include "codegen/emit.h"
#include <llvm-c/TargetMachine.h>

/* "NAME_LEVEL_ENTRY" with every character that C does not allow in names replaced by '_'. */
char *entry_symbol(arena *a, const codegen_options *options, const codegen_level *level, const char *entry);
/* All entries of the plan, and their kernels, into e's module. Fails where an operator has no code for a
 * dtype. */
status entries_emit(emitter *e, const plan_module *plan, const codegen_options *options);

/* The module of the image table smelt_model_NAME over the levels that `options` asks for. */
status image_emit(emitter *e, const plan_module *plan, const codegen_options *options);

/* LLVM's view of a level. The caller disposes of the machine. */
status machine_make(arena *a, const codegen_target *target, const codegen_level *level,
                    LLVMTargetMachineRef *machine);
/* Checks, optimises and writes e's module. */
status machine_write(emitter *e, LLVMTargetMachineRef machine, const codegen_target *target,
                     codegen_form form, text *bytes);

/* Whether the level is generated: asked for alone, or of use to this plan. */
bool level_wanted(const codegen_options *options, const plan_module *plan, int level);

#endif
