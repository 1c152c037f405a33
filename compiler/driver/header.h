/* header.h: the C header beside an object or a library. Private to driver/. */
#ifndef SMELT_DRIVER_HEADER_H
#define SMELT_DRIVER_HEADER_H

#include "driver/compile.h"

/* In the first lines of every header that smelt made, and hardly of another. */
#define HEADER_MARK "compiled by smelt"

typedef struct {
  const char *file;   /* "verse.h" */
  const char *image;  /* the image is smelt_model_IMAGE */
  const char *prefix; /* or PREFIX_model_IMAGE; NULL: none */
  bool is_imported;   /* from a DLL, which compilers for Windows want to know of data */
} header_names;

/* Appends the header of the compiled model to `out`: it needs no other file. */
status header_write(compilation *c, const header_names *names, text *out);

#endif
