/*
 * kernel.h: what the kernel generators share. A generator fills a function
 * whose arguments are the step's reads in order, then its result; an absent
 * operand's argument is null and must not be touched.
 */
#ifndef SMELT_KERNEL_H
#define SMELT_KERNEL_H

#include "codegen/elementwise.h"
#include "codegen/emit.h"

/*
 * Fills the current function of `e` with the code of `step`. Argument i is element [0, 0, ...] of read i, the
 * last that of the result: where a view begins is the caller's matter, so that steps can share a kernel.
 */
typedef void kernel_generator(emitter *e, const plan_step *step);

#define X(NAME, name, summary) kernel_generator kernel_##name;
PLAN_KERNELS(X)
#undef X

/* Read `index`, or NULL where it is absent. */
const plan_operand *kernel_read(const plan_step *step, int index);
LLVMValueRef kernel_dim(emitter *e, const ir_value *value, int axis);
LLVMValueRef kernel_stride(emitter *e, const plan_operand *operand, int axis);

/*
 * An operand seen as rows along its last axis: `row_count` rows (all earlier axes merged), row_stride
 * elements apart. Rank 1 has one row.
 */
typedef struct {
  LLVMValueRef base, row_stride;
  ir_dtype dtype;
} kernel_rows;
kernel_rows kernel_rows_of(emitter *e, const plan_step *step, int index);
LLVMValueRef kernel_row_count(emitter *e, const ir_value *value);
LLVMValueRef kernel_row(emitter *e, const kernel_rows *rows,
                        LLVMValueRef row); /* pointer to its first element */

/*
 * term(0) o term(1) o ... o term(count - 1) as a scalar, `combine` being o and `neutral` its neutral element:
 * vectors of partial results, then single elements (fold.c). The order depends on count and dtype only.
 */
typedef LLVMValueRef kernel_term(emitter *e, LLVMValueRef index, int lanes, void *user);
LLVMValueRef kernel_fold(emitter *e, LLVMValueRef count, ir_dtype dtype, emit_combine *combine,
                         double neutral, kernel_term *term, void *user);

/* An index over several axes at once, taken apart: index[a] for a in [0, rank), the last axis fastest. */
void kernel_split(emitter *e, LLVMValueRef linear, const LLVMValueRef *sizes, int rank, LLVMValueRef *index);
/* base + sum of index[a] * stride of axis a, over the first `axes` axes; axes of size 1 add nothing. */
LLVMValueRef kernel_at(emitter *e, const plan_operand *operand, LLVMValueRef base, const LLVMValueRef *index,
                       int axes);

#endif
