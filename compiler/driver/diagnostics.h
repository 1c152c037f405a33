/* diagnostics.h: failures and progress as the user sees them. Private to driver/. */
#ifndef SMELT_DRIVER_DIAGNOSTICS_H
#define SMELT_DRIVER_DIAGNOSTICS_H

#include "base/base.h"

/* One line on stderr: "error: FILE: NODE: cause (expected ..., found ...); hint". Control characters become
 * '?'. */
void print_failure(status s);
/* The same for what the user should know although the work goes on: "warning: ..." */
void print_warning(status s);

/*
 * What is being done, on one line of a terminal that rewrites itself; silent
 * elsewhere. `done` of `total` draws a bar (total 0: none).
 */
typedef struct {
  bool is_shown;
} progress;

progress progress_begin(bool quiet);
void progress_show(const progress *p, const char *stage, size_t done, size_t total);
void progress_end(const progress *p);

#endif
