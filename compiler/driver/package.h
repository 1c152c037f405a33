/* package.h: what lies beside an object or a library for those who use it. Private to driver/. */
#ifndef SMELT_DRIVER_PACKAGE_H
#define SMELT_DRIVER_PACKAGE_H

#include "driver/compile.h"
#include "link/link.h"

/* Whether all that package_add would write may be written. */
status package_check(arena *a, const driver_options *options, const codegen_target *target, const char *form,
                     const char *output);

/*
 * Adds the header to the job whose result is `output` and, where the options ask for a package, what
 * pkg-config and CMake read. `image`: the model is the symbol smelt_model_IMAGE.
 */
status package_add(compilation *c, link_job *job, const char *form, const char *image, const char *output);

#endif
