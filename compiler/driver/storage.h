/* storage.h: where the weights go: into the artefact, compressed or not, or into a file beside it. Private to
 * driver/. */
#ifndef SMELT_DRIVER_STORAGE_H
#define SMELT_DRIVER_STORAGE_H

#include "driver/compile.h"
#include "link/link.h"

/* The runtime's symbol that has the weights; NULL: the artefact holds them as they are used. */
const char *storage_source(const driver_options *options);

status storage_check(arena *a, const driver_options *options, bool is_artefact);

/*
 * Packs the weights into the job: as `blob`, whose payload is for this function to say, or as a companion.
 * Fills what the manifest says of them.
 */
status storage_add(compilation *c, link_job *job, link_blob *blob, plan_manifest_info *info);

#endif
