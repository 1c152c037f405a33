/* json_file.h: a file of JSON as hubs have it. */
#ifndef SMELT_BASE_JSON_FILE_H
#define SMELT_BASE_JSON_FILE_H

#include <jansson.h>

#include "base/base.h"

/*
 * Reads the file `path`; the caller drops the document. Integers of 19 digits and more, which Python writes
 * for "no limit", become the largest of 18. Fails with STATUS_INPUT naming file, line and cause.
 */
status json_file_read(arena *a, const char *path, json_t **document);

#endif
