/* element.h: reading and writing one element of a tensor of any dtype. Private to ir/. */
#ifndef SMELT_IR_ELEMENT_H
#define SMELT_IR_ELEMENT_H

#include "ir/ir.h"

/*
 * Rows of `count` elements from element `first` on, `step` apart. `data` may have any alignment. Reading as
 * double is exact but for integers beyond 2^53; u64 read as an integer keeps its bits; floats truncate.
 */
void element_doubles(ir_dtype dtype, const void *data, int64_t first, int64_t step, int64_t count, double *x);
void element_integers(ir_dtype dtype, const void *data, int64_t first, int64_t step, int64_t count,
                      int64_t *x);
/*
 * Writes neighbours. Doubles in floats round to nearest, ties to even; in integers they truncate and
 * saturate, and NaN gives 0; bool is x != 0. Integers keep their low bits; in floats they round once, taken
 * as unsigned when `is_unsigned`.
 */
void element_set_doubles(ir_dtype dtype, void *data, int64_t first, int64_t count, const double *x);
void element_set_integers(ir_dtype dtype, void *data, int64_t first, int64_t count, const int64_t *x,
                          bool is_unsigned);

/* The same for one element. */
double element_double(ir_dtype dtype, const void *data, int64_t index);
int64_t element_integer(ir_dtype dtype, const void *data, int64_t index);
void element_set_double(ir_dtype dtype, void *data, int64_t index, double x);
void element_set_integer(ir_dtype dtype, void *data, int64_t index, int64_t x, bool is_unsigned);

#endif
