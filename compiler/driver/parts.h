/* parts.h: what of the command line a program has. Private to driver/. */
#ifndef SMELT_DRIVER_PARTS_H
#define SMELT_DRIVER_PARTS_H

#include "driver/compile.h"
#include "link/link.h"

/* Whether --without names the part, or all. */
bool parts_lack(const driver_options *options, const char *part);

/* Whether --without names parts only, and the result is a program; `form` is the word of --emit. */
status parts_check(arena *a, const driver_options *options, const char *form);

/* Asks for the parts that the program has. */
void parts_add(const compilation *c, link_job *job);

#endif
