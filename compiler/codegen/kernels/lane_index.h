/*
 * lane_index.h: an index (or element offset) that is different in each lane
 * of a vector, kept as base + lane * step while that is exact, so that loads
 * know whether they are one vector, one element, or several.
 */
#ifndef SMELT_LANE_INDEX_H
#define SMELT_LANE_INDEX_H

#include "codegen/emit.h"

typedef struct {
  LLVMValueRef base; /* i64 of lane 0, or a vector: scattered, step is 0 */
  int64_t step;      /* added per lane */
  int64_t multiple;  /* base is a multiple of this; 0: base is 0 */
} lane_index;

lane_index lane_index_of(LLVMValueRef v); /* uniform or scattered; nothing known about multiples */
lane_index lane_index_const(emitter *e, int64_t value);
lane_index lane_index_size(emitter *e, ir_dim dim);
bool lane_index_uniform(const lane_index *i);
bool lane_index_same(const lane_index *a, const lane_index *b);
/* As a value: a scalar if uniform, else a vector of `lanes`. */
LLVMValueRef lane_index_value(emitter *e, lane_index i, int lanes);

lane_index lane_index_add(emitter *e, lane_index a, lane_index b, int lanes);
lane_index lane_index_scale(emitter *e, lane_index a, ir_dim factor, int lanes);
/* Quotient and remainder of an index that is not negative; stays exact where lanes cannot straddle a
 * multiple. */
void lane_index_divide(emitter *e, lane_index a, ir_dim divisor, int lanes, lane_index *quotient,
                       lane_index *remainder);
/* Whether all lanes are on the same side of every multiple of `boundary`. */
bool lane_index_within(const lane_index *i, int64_t boundary, int lanes);

/* Elements at base + offset: one load, one vector, or one by one. */
LLVMValueRef lane_index_load(emitter *e, ir_dtype dtype, LLVMValueRef base, lane_index offset, int lanes);
void lane_index_store(emitter *e, ir_dtype dtype, LLVMValueRef base, lane_index offset, LLVMValueRef v,
                      int lanes);

#endif
