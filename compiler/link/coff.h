/* coff.h: what the files about COFF share. */
#ifndef SMELT_LINK_COFF_H
#define SMELT_LINK_COFF_H

#include "link/stage.h"

status coff_blob(arena *a, const codegen_target *target, const link_blob *blob, FILE *file);
/* Adds an object that refers to the job's parts: lld does not take what an archive has for `-u` once an
 * object of it was read that refers to the same weakly. */
status coff_add_needs(link_job *job);
bool coff_index_member(archive *ar, const uint8_t *bytes, uint64_t count);

#endif
