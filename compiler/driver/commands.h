/* commands.h: one function per command; driver.c's table names them. Private to driver/. */
#ifndef SMELT_DRIVER_COMMANDS_H
#define SMELT_DRIVER_COMMANDS_H

#include "driver/options.h"

/*
 * Each prints its own failure and returns the exit code; `a` outlives the
 * call.
 */
int command_build(arena *a, const driver_options *options);
int command_run(arena *a, const driver_options *options);
int command_inspect(arena *a, const driver_options *options);
int command_bench(arena *a, const driver_options *options);
int command_check(arena *a, const driver_options *options);

/* Compiles options->path into the program `output`; what build and run share. */
status build_program(arena *a, const driver_options *options, const char *output);

#endif
