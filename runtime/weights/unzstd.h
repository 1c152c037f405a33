/* unzstd.h: decompression of zstd frames. [RFC 8878] */
#ifndef RT_UNZSTD_H
#define RT_UNZSTD_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decompresses the frames of from[bytes], one at least, whatever its bytes are, into to[capacity], which they
 * have to fill exactly, one behind the other. Frames that need a dictionary are refused; a checksum is
 * compared where a frame has one. Returns NULL, or what is wrong as a static text; to[] then holds anything.
 *
 * Threads can share the work: each makes the frames whose number, counted from 0, is its `share` modulo
 * `sharers`. Alone: 0, 1.
 */
const char *rt_unzstd(const uint8_t *from, size_t bytes, uint8_t *to, size_t capacity, int32_t share,
                      int32_t sharers);

#endif
