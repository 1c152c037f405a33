/* frames.c: frames FOLDER: zstd frames of several kinds of bytes, packed at several levels, as seeds. */
#define _GNU_SOURCE
#include "base/base.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { BYTES = 3000, ROOM = 2 * BYTES };

/* Numbers with alike exponents, few symbols, repeated stretches, one byte, noise. */
static uint8_t byte_of(int kind, const uint8_t *bytes, size_t i) {
  switch (kind) {
  case 0:
    return (uint8_t)(i % 4 == 3 ? 60 + rand() % 4 : rand());
  case 1:
    return (uint8_t)("aaaabbbccd"[rand() % 10]);
  case 2:
    return i > 100 && rand() % 40 ? bytes[i - 1 - (size_t)rand() % 3 * 33] : (uint8_t)rand();
  case 3:
    return 7;
  default:
    return (uint8_t)rand();
  }
}
enum { KINDS = 5 };

static bool write_frames(const char *path, const uint8_t *bytes, ZSTD_CCtx *context, bool has_two) {
  uint8_t packed[ROOM];
  size_t first = has_two ? BYTES / 3 : 0, count = 0;
  if (has_two) count = ZSTD_compress2(context, packed, sizeof packed, bytes, first);
  count += ZSTD_compress2(context, packed + count, sizeof packed - count, bytes + first, BYTES - first);
  FILE *file = fopen(path, "wb");
  bool good = file && fwrite(packed, 1, count, file) == count;
  return file && fclose(file) == 0 && good;
}

int main(int argc, char **argv) {
  static const int levels[] = {-3, 1, 3, 12, 19};
  if (argc != 2) return 2;
  arena a = {0};
  ZSTD_CCtx *context = ZSTD_createCCtx();
  bool good = context != NULL;
  for (int kind = 0; kind < KINDS; kind++) {
    uint8_t bytes[BYTES];
    for (size_t i = 0; i < BYTES; i++) bytes[i] = byte_of(kind, bytes, i);
    for (size_t l = 0; good && l < sizeof levels / sizeof *levels; l++) {
      ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, levels[l]);
      ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, (int)(l & 1));
      good = write_frames(arena_format(&a, "%s/%d_%d.zst", argv[1], kind, levels[l]), bytes, context, l > 2);
    }
  }
  ZSTD_freeCCtx(context);
  arena_free(&a);
  return good ? 0 : 1;
}
