/* limits.h: what a target has no room for, found before code is made. Private to driver/. */
#ifndef SMELT_DRIVER_LIMITS_H
#define SMELT_DRIVER_LIMITS_H

#include "driver/compile.h"

/*
 * Whether the model, with its draft (NULL: it has none), fits into the target's memory, and what it has of
 * weights into an artefact of that form (CODEGEN_EXE, ...). How much compressed weights take is known only
 * when they are.
 */
status limits_check(compilation *c, const compilation *draft, unsigned form);

#endif
