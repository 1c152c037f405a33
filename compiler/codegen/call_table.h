/*
 * call_table.h: kernel calls as rows of a table in place of code.
 *
 *   for each run of steps:  call_table_reach, then call_table_add for each, then call_table_call
 *   at the module's end:    call_table_end
 */
#ifndef SMELT_CODEGEN_CALL_TABLE_H
#define SMELT_CODEGEN_CALL_TABLE_H

#include "codegen/stage.h"

typedef struct {
  LLVMTypeRef operand_type, caller_type;
  LLVMValueRef stand_in; /* of the table of operands until all are known */
  smelt_call_operand *operands;
  size_t operand_count, operand_capacity;
  uint16_t *words; /* rows of the run at hand */
  size_t word_count, word_capacity;
} call_table;

call_table *call_table_new(emitter *e);
/* The end of the run of steps from `first` on that the table can hold; `first` itself where there is none.
 * kernels[step]: their numbers. */
size_t call_table_reach(emitter *e, const call_table *t, const plan_entry *entry, const size_t *kernels,
                        size_t first);
/* `claim`: which of the frame's counters the step has; from SMELT_CLAIMS on none. */
void call_table_add(emitter *e, call_table *t, const plan_step *step, size_t kernel, int claim);
/* The call that walks through the rows added since the last one; `first` is their first step. */
void call_table_call(emitter *e, call_table *t, LLVMValueRef kernels, size_t first);
void call_table_end(emitter *e, call_table *t);

#endif
