/* macho.h: what the files about Mach-O share. */
#ifndef SMELT_LINK_MACHO_H
#define SMELT_LINK_MACHO_H

#include "link/stage.h"

status macho_blob(arena *a, const codegen_target *target, const link_blob *blob, FILE *file);
/* Where the segments of the linked file end; 0: it is none. */
uint64_t macho_end(int descriptor);
bool macho_index_member(archive *ar, const uint8_t *bytes, uint64_t count);
status macho_add_prefix(link_job *job, const link_input *input);
/* One object of all the job's, which lld does not make. */
status macho_merge(link_job *job);

#endif
