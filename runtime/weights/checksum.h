/* checksum.h: XXH64 without a seed, of which the lower half ends a zstd frame. [RFC 8878, 3.1.1; xxHash fast
 * digest algorithm, "XXH64"] */
#ifndef RT_CHECKSUM_H
#define RT_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t rt_checksum(const uint8_t *bytes, size_t count);

#endif
