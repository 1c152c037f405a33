/* coff.h: what the files about COFF share. */
#ifndef SMELT_LINK_COFF_H
#define SMELT_LINK_COFF_H

#include "link/stage.h"

status coff_blob(arena *a, const codegen_target *target, const link_blob *blob, FILE *file);
/* Adds an object that refers to the job's parts: lld does not take what an archive has for `-u` once an
 * object of it was read that refers to the same weakly. */
status coff_add_needs(link_job *job);
bool coff_index_member(archive *ar, const uint8_t *bytes, uint64_t count);
status coff_add_prefix(link_job *job, const link_input *input);
/* One object of all the job's, which lld does not make. */
status coff_merge(link_job *job);

/* Adds the DLL's table of exports, and, where the job asks for it, the library of its imports. */
status coff_add_exports(link_job *job, const link_export *exports, size_t count);
status coff_add_imports(link_job *job, const link_export *exports, size_t count);
/* Has the linked file's header say where that table is. */
status coff_place_exports(link_job *job);

#endif
