/*
 * elementwise.h: the elementwise operators as code on registers. Loop nests
 * and the epilogues of dedicated kernels share these.
 */
#ifndef SMELT_ELEMENTWISE_H
#define SMELT_ELEMENTWISE_H

#include "codegen/emit.h"

/* The result of elementwise `node` from its operands x[], scalars or vectors in register form. */
LLVMValueRef elementwise_emit(emitter *e, const ir_node *node, LLVMValueRef *x);
/* An operator of one operand, x of `dtype`. Also IR_IDENTITY. */
LLVMValueRef elementwise_unary(emitter *e, ir_op op, ir_dtype dtype, LLVMValueRef x);
/* An operator of two operands of the same dtype. */
LLVMValueRef elementwise_binary(emitter *e, ir_op op, ir_dtype dtype, LLVMValueRef x, LLVMValueRef y);
bool elementwise_has(ir_op op, ir_dtype dtype);
/* About how many vector instructions an operator takes, for epilogues that choose between inline and loop. */
int elementwise_cost(ir_op op);

#endif
