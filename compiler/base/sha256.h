/* sha256.h: SHA-256 (FIPS 180-4), fast, as text. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/base.h"
#include "smelt/sha256.h"

enum { SHA256_TEXT_BYTES = 65 };

typedef smelt_sha256 sha256;

void sha256_begin(sha256 *hash);
void sha256_add(sha256 *hash, const void *bytes, size_t count);
/* 64 hexadecimal digits and a NUL. The hash is then used up. */
void sha256_end(sha256 *hash, char text[SHA256_TEXT_BYTES]);
/* Of a whole file, which need not fit in memory. Fails as file_pass does. */
status sha256_file(arena *a, const char *path, char text[SHA256_TEXT_BYTES]);

#endif
