/* weights.h: a file of weights (docs/weights.md), as the compiler writes it and programs read it. Private to
 * smelt. */
#ifndef SMELT_WEIGHTS_H
#define SMELT_WEIGHTS_H

#include <stdint.h>

#define SMELT_WEIGHTS_MAGIC "smeltwt\1"

/* The weights begin there: a multiple of every target's pages. What is between header and weights is zero. */
enum { SMELT_WEIGHTS_AT = 1 << 16 };

/* The file's first bytes; numbers are little-endian. */
typedef struct {
  char magic[8];
  uint64_t bytes;   /* of the weights */
  uint8_t hash[32]; /* their SHA-256 */
} smelt_weights_header;

#endif
