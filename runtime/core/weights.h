/*
 * weights.h: where the weights of an opened model are that the image does not hold as they are used. A source
 * is linked for being named by the image (smelt_image.source), so that other programs have none of it.
 */
#ifndef RT_WEIGHTS_H
#define RT_WEIGHTS_H

#include "core/core.h"

struct smelt_weights_source {
  /* Fills model->weights, whose image and manifest are there. Failures are told by rt_tell. */
  smelt_result (*open)(smelt_model *model, const smelt_open_options *options);
  void (*close)(smelt_model *model); /* also after a failure of open */
};

extern const smelt_weights_source rt_weights_beside; /* in a file (weights/beside.c) */
extern const smelt_weights_source rt_weights_packed; /* in the image, compressed (weights/packed.c) */

/* The weights of the open file at `path`, which must be this model's, as model->weights. */
smelt_result rt_weights_map(smelt_model *model, const smelt_open_options *options, const char *path,
                            int file);
void rt_weights_unmap(smelt_model *model);
/* Whether model->weights are those that were built. Reads them all. */
bool rt_weights_have_hash(const smelt_model *model);

/* One line in options->error, where there is room for one; returns `result`. */
smelt_result rt_tell(const smelt_open_options *options, smelt_result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
