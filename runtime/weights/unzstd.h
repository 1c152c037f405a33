/* unzstd.h: decompression of zstd frames. [RFC 8878] */
#ifndef RT_UNZSTD_H
#define RT_UNZSTD_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decompresses the frame from[bytes], whatever its bytes are, into to[capacity], which it has to fill
 * exactly. Frames that need a dictionary are refused; a checksum is passed over. Returns NULL, or what is
 * wrong as a static text; to[] then holds anything.
 */
const char *rt_unzstd(const uint8_t *from, size_t bytes, uint8_t *to, size_t capacity);

#endif
