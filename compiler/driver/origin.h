/* origin.h: what a program was made of: the model's files, and what it is linked with. Private to driver/. */
#ifndef SMELT_DRIVER_ORIGIN_H
#define SMELT_DRIVER_ORIGIN_H

#include "base/sha256.h"
#include "driver/compile.h"

typedef struct {
  const char *name; /* below the model's folder */
  char sha256[SHA256_TEXT_BYTES];
} origin_file;

/* Texts live in the compilation's arena. */
typedef struct {
  origin_file *files; /* by name */
  size_t count, capacity;
  char sha256[SHA256_TEXT_BYTES]; /* of what sha256sum prints of all files, in that order */
  const char *license;            /* as README.md states it ("apache-2.0"); NULL: it does not */
  const char *license_file;       /* "LICENSE"; NULL: there is none */
  const char *license_text;       /* its text */
} model_origin;

/* Reads the files of a model whose graphs were imported. */
status origin_find(compilation *c, model_origin *origin);

/* Something that programs are linked with. */
typedef struct {
  const char *name, *version, *license; /* an SPDX expression */
  const char *copyright;
  const char *source;
} origin_part;

/* Part `index` of those that the program has; NULL: there are no more. */
const origin_part *origin_part_at(const compilation *c, size_t index);

/*
 * What a program prints of itself: the text of --version, less what it finds out itself, a NUL, the text of
 * --licenses, a NUL. `draft` and `draft_origin` may be NULL.
 */
void origin_write_about(text *t, const compilation *c, const model_origin *origin, const compilation *draft,
                        const model_origin *draft_origin);

/* Writes the bill of materials of the artefact `made` to `path`: SPDX 2.3 as JSON. `draft` and `draft_origin`
 * may be NULL. */
status origin_write_sbom(compilation *c, const model_origin *origin, const compilation *draft,
                         const model_origin *draft_origin, const char *made, const char *path);

#endif
