/* cpu.h: what --cpu names. Private to driver/. */
#ifndef SMELT_DRIVER_CPU_H
#define SMELT_DRIVER_CPU_H

#include "codegen/codegen.h"

typedef struct {
  int level;         /* index into the target's levels */
  bool is_processor; /* this is the best one of a processor, and not asked for itself */
} cpu_choice;

/*
 * `name` is "native" (this machine, where the target is its kind), a level's name or a processor's, as LLVM
 * has it. Failures are of STATUS_USAGE and list names.
 */
status cpu_find(arena *a, const codegen_target *target, const char *name, cpu_choice *choice);

/* All of these for completion, a space between them. Text lives in `a`. */
const char *cpu_names(arena *a, const codegen_target *target);

#endif
