/* concrete.h: sizes and types as numbers, once symbols have values. Private to ir/. */
#ifndef SMELT_IR_EVALUATE_CONCRETE_H
#define SMELT_IR_EVALUATE_CONCRETE_H

#include "ir/ir.h"

/* A symbol without a value. No size is that small. */
#define CONCRETE_UNKNOWN INT64_MIN

/* Fails where a dim is negative or the tensor is too large to evaluate: no product of some of its dims may
 * overflow, zeros or not. */
status concrete_check_size(arena *scratch, const ir_tensor *t);
/* Whether all symbols of d have values; `symbols` NULL: none has. */
bool concrete_is_known(ir_dim d, const int64_t *symbols);
/* Fails where a symbol of d has no value. */
status concrete_dim(arena *scratch, ir_dim d, const int64_t *symbols, int64_t *size);
/* t's dtype, rank and dims; not its data. */
status concrete_type(arena *scratch, const ir_type *type, const int64_t *symbols, ir_tensor *t);

#endif
