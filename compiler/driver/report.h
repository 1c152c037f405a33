/* report.h: smelt build --report: what the chosen precision costs. Private to driver/. */
#ifndef SMELT_DRIVER_REPORT_H
#define SMELT_DRIVER_REPORT_H

#include "driver/compile.h"

/*
 * Builds the model in f32, runs both on a sample and prints how far they are apart. `program` is what was
 * built for this machine, or NULL: a program of the same precision is then built for it.
 */
status report_precision(arena *a, compilation *c, const char *program);

#endif
