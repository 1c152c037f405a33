/* element.h: reading and writing one element of a tensor of any dtype. Private to ir/. */
#ifndef SMELT_IR_ELEMENT_H
#define SMELT_IR_ELEMENT_H

#include "ir/ir.h"

/*
 * `data` may have any alignment. Reading as double is exact but for integers
 * beyond 2^53; u64 read as an integer keeps its bits.
 */
double element_double(ir_dtype dtype, const void *data, int64_t index);
int64_t element_integer(ir_dtype dtype, const void *data, int64_t index); /* floats truncate */
/* Floats round to nearest, ties to even; integers truncate and saturate, NaN gives 0; bool is x != 0. */
void element_set_double(ir_dtype dtype, void *data, int64_t index, double x);
/* Integers keep their low bits; floats round once from the integer, taken as unsigned when `is_unsigned`. */
void element_set_integer(ir_dtype dtype, void *data, int64_t index, int64_t x, bool is_unsigned);

#endif
