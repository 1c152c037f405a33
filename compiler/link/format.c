/* format.c: what link/ does for each object format, behind one set of functions. */
#define _POSIX_C_SOURCE 200809L
#include "link/stage.h"

/* What is not here yet is a target whose row in codegen's table has no such form. */
static const link_format *const FORMATS[CODEGEN_FORMAT_COUNT] = {[CODEGEN_ELF] = &link_elf,
                                                                 [CODEGEN_WASM] = &link_wasm,
                                                                 [CODEGEN_COFF] = &link_coff,
                                                                 [CODEGEN_MACHO] = &link_macho};

const link_format *link_format_of(const codegen_target *target) {
  return FORMATS[target->format];
}

/* The row promises each form that it lists. */
static status finish(link_job *job, status (*form)(link_job *job)) {
  if (form) return form(job);
  return fail(job->arena, STATUS_DEFECT, "nothing links this form for target %s", job->target->name);
}

status link_blob_object(arena *a, const codegen_target *target, const link_blob *blob, FILE *file) {
  return link_format_of(target)->write_blob(a, target, blob, file);
}

status link_executable(link_job *job) {
  return finish(job, job->format->executable);
}

status link_shared(link_job *job) {
  return finish(job, job->format->shared);
}

status link_object(link_job *job) {
  return finish(job, job->format->object);
}

status link_library(link_job *job) {
  return finish(job, job->format->index_member ? archive_write : NULL);
}

bool link_has_prefix(const codegen_target *target) {
  return link_format_of(target)->add_prefix != NULL;
}
