/* units.h: numbers as people read them. Texts live in the arena. Private to driver/. */
#ifndef SMELT_DRIVER_UNITS_H
#define SMELT_DRIVER_UNITS_H

#include "base/base.h"

/* "497.8 MB", "62 B", "1.24 GFLOP/s": three or four digits and an SI prefix before `unit`. */
char *units_scaled(arena *a, double number, const char *unit);
/* "50,257" */
char *units_grouped(arena *a, int64_t number);
/* "12.3 %"; "0 %" where the whole is nothing */
char *units_share(arena *a, double part, double whole);

#endif
