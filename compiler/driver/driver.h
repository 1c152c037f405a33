/* driver.h: the smelt command. Nothing else in the compiler includes this. */
#ifndef SMELT_DRIVER_H
#define SMELT_DRIVER_H

#include "base/base.h"

/*
 * Runs one command line: argv[0] is the program's name, argv[argc] is NULL.
 * Returns the exit code: 0 done, 1 the input is at fault, 2 usage, 3 a defect
 * in smelt. Output goes to stdout, failures and progress to stderr.
 */
int driver_main(int argc, char **argv);

#endif
