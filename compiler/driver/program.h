/* program.h: programs that smelt builds to run them itself. Private to driver/. */
#ifndef SMELT_DRIVER_PROGRAM_H
#define SMELT_DRIVER_PROGRAM_H

#include "driver/options.h"

/* A file without a name in $TMPDIR or /tmp, gone however smelt ends; programs that are run inherit it. */
status program_scratch(arena *a, int *file);

/* `options` without what a build says to people: for programs that are compared, not asked for. */
driver_options program_silent(const driver_options *options);

/*
 * Builds options->path into a program for this machine that has no name: *file is open for reading, and the
 * caller's to close.
 */
status program_build(arena *a, const driver_options *options, int *file);

/*
 * Runs the program in `file` with arguments argv, ended by NULL. Its standard output goes
 * to `output`, or where smelt's goes (-1). *code is its exit code, or 128 and the signal that ended it.
 */
status program_run(arena *a, int file, const char *const *argv, int output, int *code);

#endif
