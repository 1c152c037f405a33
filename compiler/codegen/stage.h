/* stage.h: the parts of code generation, in order: kernels and entries to LLVM, LLVM to files, the image
 * table. */
#ifndef SMELT_CODEGEN_STAGE_H
#define SMELT_CODEGEN_STAGE_H

#include "codegen/emit.h"
#include <llvm-c/TargetMachine.h>

/* A kernel of the plan. Steps that compute the same share one. */
typedef struct {
  const char *key;
  const plan_step *step; /* the first that calls it */
} listed_kernel;

typedef struct {
  listed_kernel *kernels;
  size_t count, capacity;
  size_t **numbers; /* [entry][step]: its kernel's index, where the step is a call */
} kernel_list;

/* Fails where an operator has no code for a dtype. */
status kernels_list(arena *a, const plan_module *plan, kernel_list *list);
/* A kernel's pointers after frame, thread and thread_count: what it reads, its result, its claims' counter.
 */
int kernel_argument_count(const plan_step *step);

/* "NAME_LEVEL_ENTRY" with every character that C does not allow in names replaced by '_': a smelt_entry_code.
 */
char *entry_symbol(arena *a, const codegen_options *options, const codegen_level *level, const char *entry);
/* All kernels into e's module, and the entries that call them by way of their steps. */
void level_emit(emitter *e, const plan_module *plan, const kernel_list *list, const codegen_options *options);

/* "NAME_steps_ENTRY": void(frame, thread, thread_count, kernels), with a table of pointers to kernels. */
char *steps_symbol(arena *a, const codegen_options *options, const char *entry);
/* Whether the entries' steps, the same on all levels, are a module of tables for the runtime. */
bool steps_are_apart(const codegen_options *options);
void steps_emit(emitter *e, const plan_module *plan, const kernel_list *list, const codegen_options *options);
LLVMValueRef steps_declare(emitter *e, const codegen_options *options, const char *entry);

/* The module of the image table smelt_model_NAME over the levels that `options` asks for. */
void image_emit(emitter *e, const plan_module *plan, const codegen_options *options);

/* LLVM's view of a level. The caller disposes of the machine. */
status machine_make(arena *a, const codegen_target *target, const codegen_level *level,
                    LLVMTargetMachineRef *machine);
/* Checks, optimises and writes e's module. */
status machine_write(emitter *e, LLVMTargetMachineRef machine, const codegen_target *target,
                     codegen_form form, text *bytes);

/* Whether the level is generated: asked for alone, or of use to this plan. */
bool level_wanted(const codegen_options *options, const plan_module *plan, int level);
/* Whether it multiplies bf16 by instructions that round in their own way. */
bool level_has_own_bits(const plan_module *plan, const codegen_level *level);

#endif
