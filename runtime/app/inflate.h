/* inflate.h: what deflate packed (RFC 1951), as zip files have it. */
#ifndef RT_INFLATE_H
#define RT_INFLATE_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes that a packed one becomes. */
enum { APP_MOST_INFLATION = 1032 };

/* Unpacks from[count] into all of to[size]. False: it is damaged, or becomes another number of bytes. */
bool app_inflate(const void *from, size_t count, void *to, size_t size);

#endif
